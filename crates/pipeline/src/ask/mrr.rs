//! MRR, its movements, timelines, cohorts, failed payments and bridges.

use ltv_core::{SupplierId, Timestamp};

use super::business::{
    BridgeAnswer, CohortsAnswer, FailuresAnswer, MovementsPage, MovementsQuestion, MrrAnswer, MrrQuestion,
    TimelineAnswer,
};
use super::types::{AskError, View};
use crate::pipeline::LtvDataPipeline;

fn not_yet<T>() -> Result<T, AskError> {
    Err(AskError::NotFound { what: "such answer yet".to_owned() })
}

impl LtvDataPipeline {
    /// MRR over time.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn mrr(&self, question: &MrrQuestion) -> Result<MrrAnswer, AskError> {
        let _ = question;
        not_yet()
    }

    /// Movements of MRR.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn movements(&self, question: &MovementsQuestion) -> Result<MovementsPage, AskError> {
        let _ = question;
        not_yet()
    }

    /// What happened to a supplier.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn timeline(
        &self,
        id: &SupplierId,
        view: &View,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<TimelineAnswer, AskError> {
        let _ = (id, view, limit, cursor);
        not_yet()
    }

    /// Suppliers by the month of their first MRR, and what is left of them.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn cohorts(&self, view: &View) -> Result<CohortsAnswer, AskError> {
        let _ = view;
        not_yet()
    }

    /// Failed payments, of all suppliers or of one.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn payment_failures(
        &self,
        view: &View,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        supplier: Option<&SupplierId>,
    ) -> Result<FailuresAnswer, AskError> {
        let _ = (view, from, to, supplier);
        not_yet()
    }

    /// Why MRR under `policy_b` is not that under `policy_a`.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn bridge(
        &self,
        view: &View,
        policy_a: &str,
        policy_b: &str,
    ) -> Result<BridgeAnswer, AskError> {
        let _ = (view, policy_a, policy_b);
        not_yet()
    }
}

//! What happened to a supplier, and failed payments.

use ltv_core::{Money, Timestamp};
use pipeline::{FailedInvoice, FailuresAnswer, TimelineAnswer, TimelineEvent};
use serde::Serialize;

use super::figures::{MetaShape, MoneyShape, PageShape, ViewedShape};
use super::ltv::SourceShape;
use super::mrr::MrrNowShape;
use crate::request_id::RequestId;

/// What happened to a supplier, newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineShape {
    supplier_id: String,
    external_refs: Vec<String>,
    #[serde(flatten)]
    viewed: ViewedShape,
    mrr: MrrNowShape,
    steps: Vec<StepShape>,
    #[serde(flatten)]
    pub(crate) page: PageShape<EventShape>,
    meta: MetaShape,
}

/// MRR from a time on.
#[derive(Debug, Serialize)]
struct StepShape {
    at: Timestamp,
    mrr: MoneyShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventShape {
    at: Timestamp,
    kind: &'static str,
    title: String,
    movement: Option<&'static str>,
    amount: Option<MoneyShape>,
    mrr_after: Option<MoneyShape>,
    object: Option<String>,
    sources: Vec<SourceShape>,
}

impl From<TimelineEvent> for EventShape {
    fn from(event: TimelineEvent) -> Self {
        Self {
            at: event.at,
            kind: event.kind,
            title: event.title,
            movement: event.movement.map(|kind| kind.as_str()),
            amount: event.amount.map(MoneyShape::from),
            mrr_after: event.mrr_after.map(MoneyShape::from),
            object: event.object,
            sources: event.sources.into_iter().map(SourceShape::from).collect(),
        }
    }
}

impl TimelineShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: TimelineAnswer, id: &RequestId) -> Self {
        let events = answer.events.into_iter().map(EventShape::from).collect();
        let step = |(at, mrr): (Timestamp, Money)| StepShape { at, mrr: mrr.into() };
        Self {
            supplier_id: answer.supplier_id.to_string(),
            external_refs: vec![answer.party.to_string()],
            viewed: answer.viewed.into(),
            mrr: answer.mrr.into(),
            steps: answer.steps.into_iter().map(step).collect(),
            page: PageShape::new(events, answer.next_cursor),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// Failed payments.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailuresShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    attempts: u64,
    invoices: u64,
    recovered: MoneyShape,
    lost: MoneyShape,
    open: MoneyShape,
    at_risk: MoneyShape,
    recovery_rate: Option<String>,
    voluntary_churn: MoneyShape,
    involuntary_churn: MoneyShape,
    data: Vec<FailedInvoiceShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedInvoiceShape {
    supplier_id: String,
    invoice: String,
    subscription: Option<String>,
    amount: MoneyShape,
    attempts: u64,
    first_failed_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    outcome: &'static str,
    ended_at: Option<Timestamp>,
}

impl From<FailedInvoice> for FailedInvoiceShape {
    fn from(row: FailedInvoice) -> Self {
        Self {
            supplier_id: row.supplier_id.to_string(),
            invoice: row.invoice,
            subscription: row.subscription,
            amount: row.amount.into(),
            attempts: row.attempts,
            first_failed_at: row.first_failed_at,
            next_attempt_at: row.next_attempt_at,
            outcome: row.outcome,
            ended_at: row.ended_at,
        }
    }
}

impl FailuresShape {
    /// Of an answer to a question from `from` to `to`.
    pub(crate) fn new(
        answer: FailuresAnswer,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        id: &RequestId,
    ) -> Self {
        Self {
            viewed: answer.viewed.into(),
            from,
            to,
            attempts: answer.attempts,
            invoices: answer.invoices,
            recovered: answer.recovered.into(),
            lost: answer.lost.into(),
            open: answer.open.into(),
            at_risk: answer.at_risk.into(),
            recovery_rate: answer.recovery_rate,
            voluntary_churn: answer.voluntary_churn.into(),
            involuntary_churn: answer.involuntary_churn.into(),
            data: answer.rows.into_iter().map(FailedInvoiceShape::from).collect(),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

//! Failed payments, and what became of them.

use ltv_core::subscription::{self, DunningOutcome, Failures, SupplierTimeline};
use ltv_core::{SupplierId, Timestamp};

use super::business::{FailedInvoice, FailuresAnswer};
use super::mrr::{check_range, just_after};
use super::types::{AskError, View};
use crate::pipeline::LtvDataPipeline;

/// How many invoices are named.
const ROWS_MAX: usize = 200;

impl LtvDataPipeline {
    /// Failed payments, of all suppliers or of one.
    ///
    /// # Errors
    /// [`AskError::NotFound`] where there is no such supplier, and other [`AskError`]s.
    pub async fn payment_failures(
        &self,
        view: &View,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        supplier: Option<&SupplierId>,
    ) -> Result<FailuresAnswer, AskError> {
        let inner = &self.inner;
        check_range(from, to)?;
        let looked = inner.look(view).await?;
        let from = from.unwrap_or(Timestamp::MIN_UTC);
        let to = to.unwrap_or_else(|| just_after(looked.resolved.shown_as_of));
        let mut meta = looked.meta;
        let (sums, mut rows) = if let Some(id) = supplier {
            let party = inner.known_party(id, &looked.resolved).await?;
            let timeline = inner.timeline_of(&party, &looked.resolved, looked.currency).await?;
            meta.gaps.extend(timeline.gaps.iter().cloned());
            (Failures::of([&timeline], looked.currency, from, to)?, rows_of(id, &timeline, from, to))
        } else {
            let book = inner.book_of_business(&looked.resolved, looked.currency).await?;
            meta.gaps.extend(book.gaps.iter().cloned());
            let each = book.suppliers.iter();
            let rows =
                each.flat_map(|supplier| rows_of(&supplier.id, &supplier.timeline, from, to)).collect();
            (Failures::of(book.timelines(), looked.currency, from, to)?, rows)
        };
        rows.sort_by(|a, b| {
            let newest_first = b.first_failed_at.cmp(&a.first_failed_at);
            newest_first.then_with(|| a.invoice.cmp(&b.invoice))
        });
        rows.truncate(ROWS_MAX);
        Ok(FailuresAnswer {
            viewed: looked.viewed,
            attempts: sums.attempts,
            invoices: sums.invoices,
            recovered: sums.recovered.rounded()?,
            lost: sums.lost.rounded()?,
            open: sums.open.rounded()?,
            at_risk: sums.at_risk.rounded()?,
            recovery_rate: sums.recovery_rate(),
            voluntary_churn: sums.voluntary_churn.rounded()?,
            involuntary_churn: sums.involuntary_churn.rounded()?,
            rows,
            meta,
        })
    }
}

fn rows_of(
    id: &SupplierId,
    timeline: &SupplierTimeline,
    from: Timestamp,
    to: Timestamp,
) -> Vec<FailedInvoice> {
    timeline
        .failures
        .iter()
        .filter(|failed| failed.first_failed_at() >= from && failed.first_failed_at() < to)
        .map(|failed| row_of(id, failed))
        .collect()
}

fn row_of(id: &SupplierId, failed: &subscription::FailedInvoice) -> FailedInvoice {
    let (outcome, ended_at) = match failed.outcome {
        DunningOutcome::Open => ("open", None),
        DunningOutcome::Recovered { at } => ("recovered", Some(at)),
        DunningOutcome::Lost { at } => ("lost", Some(at)),
    };
    FailedInvoice {
        supplier_id: id.clone(),
        invoice: failed.invoice.to_string(),
        subscription: failed.subscription.as_ref().map(ToString::to_string),
        amount: failed.amount,
        attempts: u64::try_from(failed.attempts.len()).unwrap_or(u64::MAX),
        first_failed_at: failed.first_failed_at(),
        next_attempt_at: failed.next_attempt_at(),
        outcome,
        ended_at,
    }
}

//! Failed payments of many suppliers.

use super::exact::ratio_text;
use super::{DunningOutcome, Exact, FailedInvoice, MovementKind, MrrError, SupplierTimeline};
use crate::{Currency, Timestamp};

/// Failed payments in a window, by the time of the first failure of each invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// Attempts that failed.
    pub attempts: u64,
    /// Invoices that failed at least once.
    pub invoices: u64,
    /// Of these: what was paid after all.
    pub recovered: Exact,
    /// Of these: what was given up.
    pub lost: Exact,
    /// Of these: what is still open.
    pub open: Exact,
    /// MRR that is late as of the timelines' end.
    pub at_risk: Exact,
    /// MRR lost in the window because suppliers wanted to go; negative or zero.
    pub voluntary_churn: Exact,
    /// MRR lost in the window because payments failed; negative or zero.
    pub involuntary_churn: Exact,
}

impl Failures {
    /// Sums timelines, all in `currency`, from `from` on and before `until`.
    ///
    /// # Errors
    /// [`MrrError`]
    pub fn of<'a>(
        timelines: impl IntoIterator<Item = &'a SupplierTimeline>,
        currency: Currency,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Self, MrrError> {
        let zero = Exact::zero(currency);
        let mut sums = Self {
            attempts: 0,
            invoices: 0,
            recovered: zero,
            lost: zero,
            open: zero,
            at_risk: zero,
            voluntary_churn: zero,
            involuntary_churn: zero,
        };
        let inside = |at: Timestamp| at >= from && at < until;
        for timeline in timelines {
            sums.at_risk = sums.at_risk.plus(timeline.at_risk())?;
            for failed in timeline.failures.iter().filter(|failed| inside(failed.first_failed_at())) {
                sums.add(failed, zero)?;
            }
            let churned = timeline.movements.iter().filter(|movement| movement.kind == MovementKind::Churn);
            for movement in churned.filter(|movement| inside(movement.at)) {
                let sum = match movement.voluntary {
                    Some(false) => &mut sums.involuntary_churn,
                    Some(true) | None => &mut sums.voluntary_churn,
                };
                *sum = sum.plus(movement.amount)?;
            }
        }
        Ok(sums)
    }

    fn add(&mut self, failed: &FailedInvoice, zero: Exact) -> Result<(), MrrError> {
        let count = u64::try_from(failed.attempts.len()).unwrap_or(u64::MAX);
        self.attempts = self.attempts.saturating_add(count);
        self.invoices = self.invoices.saturating_add(1);
        let sum = match failed.outcome {
            DunningOutcome::Open => &mut self.open,
            DunningOutcome::Recovered { .. } => &mut self.recovered,
            DunningOutcome::Lost { .. } => &mut self.lost,
        };
        *sum = sum.plus(failed.converted.unwrap_or(zero))?;
        Ok(())
    }

    /// Recovered ÷ (recovered + lost), such as `0.7500`; `None`: neither happened.
    #[must_use]
    pub fn recovery_rate(&self) -> Option<String> {
        ratio_text(self.recovered, self.recovered.plus(self.lost).ok()?)
    }
}

impl FailedInvoice {
    /// When it failed for the first time.
    #[must_use]
    pub fn first_failed_at(&self) -> Timestamp {
        self.attempts.first().map_or(Timestamp::UNIX_EPOCH, |attempt| attempt.at)
    }

    /// When the provider tries again, while it is open.
    #[must_use]
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        match self.outcome {
            DunningOutcome::Open => self.attempts.last().and_then(|attempt| attempt.next_at),
            DunningOutcome::Recovered { .. } | DunningOutcome::Lost { .. } => None,
        }
    }
}

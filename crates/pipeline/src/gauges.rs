//! Gauges for monitoring: how messages, dead letters, sources, breakers and jobs stand.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use connector::BreakerState;
use ltv_core::Timestamp;
use store::{DeadLetter, JobStatus, StoreError};

use crate::jobs::status_text;
use crate::pipeline::Inner;

/// How many dead letters are counted by class; there should be none.
const LETTERS_MAX: i64 = 10_000;
/// How many jobs are counted; older ones are left out.
const JOBS_MAX: i64 = 1_000;
/// Cause classes of dead letters.
const CLASSES: [&str; 4] = ["permanent", "poison", "exhausted", "quarantine"];
/// Kinds of jobs.
const KINDS: [&str; 4] =
    [crate::jobs::SWEEP_EVENTS, crate::jobs::SWEEP_LISTS, crate::jobs::FETCH_OBJECTS, crate::jobs::PRUNE];

impl Inner {
    /// Sets all gauges that cost a query.
    pub(crate) async fn set_gauges(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.set_message_gauges(now).await?;
        self.set_source_gauges(now).await?;
        self.set_letter_gauges(now).await?;
        self.set_job_gauges(now).await?;
        self.set_breaker_gauges();
        self.set_ledger_gauges(now).await
    }

    async fn set_message_gauges(&self, now: Timestamp) -> Result<(), StoreError> {
        for (integration, counts) in self.store.status().await? {
            let each = [
                ("accepted", counts.accepted),
                ("done", counts.done),
                ("pending", counts.pending),
                ("dead", counts.dead),
                ("quarantined", counts.quarantined),
            ];
            for (status, count) in each {
                metrics::gauge!("ltv_messages", "integration" => integration.clone(), "status" => status)
                    .set(number(count));
            }
            let waits = counts.oldest_pending_at.map_or(0, |at| seconds_since(at, now));
            metrics::gauge!("ltv_oldest_pending_seconds", "integration" => integration.clone())
                .set(number(waits));
            if let Some(at) = counts.last_message_at {
                metrics::gauge!("ltv_last_message_seconds", "integration" => integration)
                    .set(number(seconds_since(at, now)));
            }
        }
        Ok(())
    }

    async fn set_source_gauges(&self, now: Timestamp) -> Result<(), StoreError> {
        let head = self.store.head().await?;
        for row in self.store.completeness(head.number).await? {
            metrics::gauge!("ltv_complete_through_seconds", "integration" => row.integration)
                .set(number(seconds_since(row.complete_through, now)));
        }
        Ok(())
    }

    async fn set_letter_gauges(&self, now: Timestamp) -> Result<(), StoreError> {
        let letters = self.store.dead_letters(None, LETTERS_MAX).await?;
        let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
        let decisions = if ids.is_empty() { Vec::new() } else { self.store.decisions(&ids).await? };
        let discarded = |letter: &DeadLetter| {
            decisions.iter().any(|row| row.message == letter.id && row.discarded_at.is_some())
        };
        let open: Vec<&DeadLetter> = letters.iter().filter(|letter| !discarded(letter)).collect();
        for integration in self.integrations.live().keys() {
            let own = || open.iter().filter(|letter| letter.integration == *integration);
            for class in CLASSES {
                let count = own().filter(|letter| letter.class == class).count();
                metrics::gauge!("ltv_dead_letters", "integration" => integration.clone(), "class" => class)
                    .set(number(i64::try_from(count).unwrap_or(i64::MAX)));
            }
            let oldest = own().map(|letter| seconds_since(letter.failed_at, now)).max().unwrap_or(0);
            metrics::gauge!("ltv_oldest_dead_letter_seconds", "integration" => integration.clone())
                .set(number(oldest));
        }
        Ok(())
    }

    async fn set_job_gauges(&self, now: Timestamp) -> Result<(), StoreError> {
        let day_ago = now.checked_sub_signed(TimeDelta::days(1)).unwrap_or(now);
        for kind in KINDS {
            for status in [JobStatus::Queued, JobStatus::Running, JobStatus::Failed] {
                let jobs = self.store.jobs(None, Some(kind), Some(status), JOBS_MAX).await?;
                let recent = |ended: Option<Timestamp>| ended.is_none_or(|at| at >= day_ago);
                let count = jobs.iter().filter(|job| recent(job.ended_at)).count();
                metrics::gauge!("ltv_jobs", "kind" => kind, "status" => status_text(status))
                    .set(number(i64::try_from(count).unwrap_or(i64::MAX)));
            }
            let last = self.store.jobs(None, Some(kind), Some(JobStatus::Done), 1).await?;
            let since = last.first().and_then(|job| job.ended_at).unwrap_or(self.opened_at);
            metrics::gauge!("ltv_job_last_success_seconds", "kind" => kind)
                .set(number(seconds_since(since.max(self.opened_at), now)));
        }
        Ok(())
    }

    fn set_breaker_gauges(&self) {
        for (integration, live) in self.integrations.live().iter() {
            for endpoint in live.guard.health().endpoints {
                let value = match endpoint.state {
                    BreakerState::Closed => 0.0,
                    BreakerState::HalfOpen => 0.5,
                    BreakerState::Open => 1.0,
                };
                metrics::gauge!("ltv_breaker_open", "integration" => integration.clone(), "class" => endpoint.class)
                    .set(value);
            }
        }
    }

    async fn set_ledger_gauges(&self, now: Timestamp) -> Result<(), StoreError> {
        let head = self.store.head().await?;
        let waiting = self.store.dirty_count().await? > 0;
        let age = if waiting { seconds_since(head.recorded_at, now) } else { 0 };
        metrics::gauge!("ltv_ledger_head_age_seconds").set(number(age));
        let sums = self.store.sums(&store::SumFilter::default()).await?;
        let mut suspense: BTreeMap<_, i64> = BTreeMap::new();
        for ((account, currency), (amount, _)) in &sums.sums {
            if *account == ltv_core::ledger::Account::Suspense {
                suspense.insert(*currency, amount.saturating_abs());
            }
        }
        for (currency, amount) in suspense {
            metrics::gauge!("ltv_suspense_minor", "currency" => currency.to_string()).set(number(amount));
        }
        Ok(())
    }
}

fn seconds_since(at: Timestamp, now: Timestamp) -> i64 {
    now.signed_duration_since(at).num_seconds().max(0)
}

/// A count as a gauge shows it; beyond 2³² the difference does not matter.
fn number(count: i64) -> f64 {
    f64::from(u32::try_from(count.max(0)).unwrap_or(u32::MAX))
}

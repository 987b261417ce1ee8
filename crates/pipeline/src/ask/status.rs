//! How the integrations stand.

use store::{StatusCounts, Tally};

use super::types::{AskError, DriftCount, EndpointStatus, IntegrationStatus};
use crate::jobs::EVENTS_THROUGH;
use crate::pipeline::LtvDataPipeline;

/// How many kinds of drift are named.
const DRIFT_NAMED_MAX: usize = 50;

/// The sum of the counters of a scope whose name is `family`, or begins with `family:`.
pub(super) fn total(tallies: &[Tally], scope: Option<&str>, family: &str) -> i64 {
    tallies
        .iter()
        .filter(|tally| scope.is_none_or(|scope| tally.scope == scope))
        .filter(|tally| {
            tally.name == family || tally.name.strip_prefix(family).is_some_and(|rest| rest.starts_with(':'))
        })
        .map(|tally| tally.count)
        .fold(0, i64::saturating_add)
}

/// What was not understood, most frequent first.
pub(super) fn drift(tallies: &[Tally], scope: Option<&str>) -> Vec<DriftCount> {
    let mut found: Vec<DriftCount> = tallies
        .iter()
        .filter(|tally| scope.is_none_or(|scope| tally.scope == scope))
        .filter_map(|tally| {
            let what = tally.name.strip_prefix("drift:")?.to_owned();
            Some(DriftCount { what, count: tally.count })
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.what.cmp(&b.what)));
    found.truncate(DRIFT_NAMED_MAX);
    found
}

fn endpoint(health: connector::EndpointHealth) -> EndpointStatus {
    EndpointStatus {
        class: health.class,
        state: health.state.as_str(),
        open_until: health.open_until,
        failures: health.failures,
        calls: health.calls,
    }
}

impl LtvDataPipeline {
    /// How the integrations stand, one by one.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn integration_status(&self) -> Result<Vec<IntegrationStatus>, AskError> {
        let inner = &self.inner;
        // What was counted in the last second is counted, too.
        inner.tallies.flush(inner.store.as_ref()).await?;
        let mut counts = inner.store.status().await?;
        let tallies = inner.store.tallies().await?;
        let completeness = inner.store.completeness(inner.store.head().await?.number).await?;
        let unbooked = inner.store.dirty_count().await?;
        let now = inner.clock.now();
        let live = inner.integrations.live();
        let jobs = inner.active_jobs().await?;
        let mut statuses = Vec::new();
        for row in inner.store.integrations().await? {
            let StatusCounts {
                accepted,
                done,
                pending,
                dead,
                quarantined,
                other_mode,
                last_message_at,
                oldest_pending_at,
            } = counts.remove(&row.id).unwrap_or_default();
            let health = live.get(&row.id).map(|live| live.guard.health());
            statuses.push(IntegrationStatus {
                platform: row.provider.to_string(),
                livemode: row.livemode,
                active: row.deleted_at.is_none(),
                accepted,
                done,
                pending,
                dead,
                quarantined,
                duplicates: total(&tallies, Some(&row.id), "duplicate"),
                // Whose message a refused one would have been is not known: refusals are counted per provider.
                rejected: total(&tallies, Some(row.provider.as_str()), "rejected"),
                test_mode: other_mode,
                last_message_at,
                lag_seconds: oldest_pending_at
                    .map_or(0, |at| now.signed_duration_since(at).num_seconds().max(0)),
                complete_through: completeness
                    .iter()
                    .find(|c| c.integration == row.id)
                    .map(|c| c.complete_through),
                breaker: health.as_ref().map_or("closed", |health| health.breaker.as_str()),
                breakers: health
                    .map_or_else(Vec::new, |health| health.endpoints.into_iter().map(endpoint).collect()),
                last_sweep_at: inner
                    .store
                    .read_cursor(&row.id, EVENTS_THROUGH)
                    .await?
                    .map(|cursor| cursor.updated_at),
                drift: drift(&tallies, Some(&row.id)),
                unbooked,
                reading: inner.reader.is_busy(&row.id)
                    || jobs.iter().any(|job| job.integration.as_deref() == Some(&row.id)),
                id: row.id,
            });
        }
        Ok(statuses)
    }
}

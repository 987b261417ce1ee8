//! When scheduled jobs are due. What fired last is in the store, so that of several nodes one fires, and what came due
//! while none was running is made up for at the next start.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use croner::Cron;
use ltv_core::Timestamp;
use store::StoreError;

use super::{PRUNE, SCHEDULE, SWEEP_EVENTS, SWEEP_LISTS};
use crate::error::PipelineError;
use crate::pipeline::Inner;
use crate::reader::chain;
use crate::settings::JobSettings;

/// A sweep of all that the provider still keeps.
const SWEEP_EVENTS_FULL: &str = "sweep.events.full";

/// All schedules.
pub(crate) struct Schedules {
    patterns: Vec<(&'static str, Cron)>,
    fired: Mutex<Option<BTreeMap<String, Timestamp>>>,
}

impl Schedules {
    pub(crate) fn new(settings: &JobSettings) -> Result<Self, PipelineError> {
        let all = [
            (SWEEP_EVENTS, &settings.sweep_events),
            (SWEEP_EVENTS_FULL, &settings.sweep_events_full),
            (SWEEP_LISTS, &settings.sweep_lists),
            (PRUNE, &settings.prune),
        ];
        let patterns = all.into_iter().map(|(name, pattern)| Ok((name, parse(name, pattern)?)));
        Ok(Self { patterns: patterns.collect::<Result<_, PipelineError>>()?, fired: Mutex::default() })
    }

    fn fired(&self) -> std::sync::MutexGuard<'_, Option<BTreeMap<String, Timestamp>>> {
        self.fired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which are due, as far as this node knows.
    fn due(&self, now: Timestamp) -> Vec<&'static str> {
        let fired = self.fired();
        let Some(fired) = fired.as_ref() else {
            return self.patterns.iter().map(|(name, _)| *name).collect();
        };
        let is_due = |name: &str, cron: &Cron| is_due(cron, fired.get(name).copied(), now);
        self.patterns.iter().filter(|(name, cron)| is_due(name, cron)).map(|(name, _)| *name).collect()
    }

    /// Adds the jobs that are due. True: there were some, and this node fired them.
    pub(crate) async fn fire_due(&self, inner: &Inner) -> Result<bool, StoreError> {
        let now = inner.clock.now();
        if self.due(now).is_empty() {
            return Ok(false);
        }
        // Another node may have fired meanwhile.
        *self.fired() = Some(inner.store.schedules().await?);
        let mut any = false;
        for name in self.due(now) {
            let last = self.fired().as_ref().and_then(|fired| fired.get(name).copied());
            if !inner.store.fire_schedule(name, last, now).await? {
                continue;
            }
            if let Some(fired) = self.fired().as_mut() {
                fired.insert(name.to_owned(), now);
            }
            any = true;
            enqueue(inner, name).await;
        }
        Ok(any)
    }
}

fn is_due(cron: &Cron, last: Option<Timestamp>, now: Timestamp) -> bool {
    let Some(last) = last else { return true };
    // A pattern that never comes again is never due.
    cron.find_next_occurrence(&last, false).is_ok_and(|next| next <= now)
}

fn parse(name: &'static str, pattern: &str) -> Result<Cron, PipelineError> {
    Cron::from_str(pattern).map_err(|source| PipelineError::Schedule {
        name,
        pattern: pattern.chars().take(80).collect(),
        source,
    })
}

async fn enqueue(inner: &Inner, name: &str) {
    if name == PRUNE {
        add(inner, inner.new_scheduled(PRUNE, None)).await;
        return;
    }
    for (id, live) in inner.integrations.live().iter() {
        if !live.view.has_api_key {
            continue;
        }
        match name {
            SWEEP_LISTS => add(inner, inner.new_scheduled(SWEEP_LISTS, Some(id))).await,
            _ if live.provider.sweeps() => {
                add(inner, inner.new_sync(id, name == SWEEP_EVENTS_FULL, true, SCHEDULE)).await;
            }
            _ => {}
        }
    }
}

/// A job that cannot be added now comes with the next time.
async fn add(inner: &Inner, job: Result<store::NewJob, vault::VaultError>) {
    if let Err(error) = inner.add_job(job).await {
        tracing::error!(error = %chain(&error), "Could not add a scheduled job: {}", chain(&error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_schedule_is_due_from_its_next_time_on_and_at_once_where_it_never_fired() {
        let every_five = parse("x", "*/5 * * * *").unwrap();
        let last = Some(at("2026-11-24T10:03:00Z"));
        assert!(!is_due(&every_five, last, at("2026-11-24T10:04:59Z")));
        assert!(is_due(&every_five, last, at("2026-11-24T10:05:00Z")));
        assert!(is_due(&every_five, last, at("2026-11-27T00:00:00Z")), "it was missed for days");
        assert!(is_due(&every_five, None, at("2026-11-24T10:00:00Z")));
    }

    #[test]
    fn seconds_are_understood_and_nonsense_is_named() {
        let every_two = parse("x", "*/2 * * * * *").unwrap();
        assert!(is_due(&every_two, Some(at("2026-11-24T10:00:00Z")), at("2026-11-24T10:00:02Z")));
        let error = parse("sweep.lists", "now and then").unwrap_err().to_string();
        assert!(error.contains("sweep.lists") && error.contains("now and then"), "{error}");
    }
}

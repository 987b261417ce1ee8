//! Reads what webhooks leave out: settlements (with their fees), and which payment paid which invoice.
//!
//! One coalesced read per integration, a little after any message about money; each object listed enters the inbox as
//! its own message, so there is one road for money whatever its source. The cursor moves only once the messages
//! are durable, so a crash reads a page again at the most. The scheduled sweep of the lists reads page by page, too, from
//! the same cursors. A source is complete up to where both its lists and the sweep of its events got.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use connector::{Cursor, ListName, Message, ProviderError, retry};
use ltv_core::Timestamp;
use store::{Appended, Completeness, ReadCursorRow, Store, StoreError};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::ingest::Ingest;
use crate::integrations::{Integrations, Live};
use crate::jobs::{EVENTS_THROUGH, earlier, through_row};
use crate::settings::Settings;

/// How many pages one read takes from one list before others get their turn.
const PAGES_MAX: usize = 1_000;
/// Under this name the end of the last read of all lists is kept.
pub(crate) const LISTS_THROUGH: &str = "through:lists";

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the provider did not answer as it should")]
    Provider(#[from] ProviderError),
    #[error("what was read could not be stored")]
    Store(#[from] StoreError),
    #[error("what was read could not be encrypted")]
    Seal(#[from] crate::ingest::ReceiveError),
}

/// Which integrations are to be read, and when.
#[derive(Debug, Default)]
struct Agenda {
    /// Integration to the time from which its lists are to be read.
    due: BTreeMap<String, Timestamp>,
    /// Integrations that are being read.
    running: BTreeSet<String>,
    /// How often in a row the read of an integration failed.
    failures: BTreeMap<String, u32>,
    /// Reads that wait until everything they brought is booked: integration to the instant up to which it is complete.
    unsettled: BTreeMap<String, Timestamp>,
}

/// What a page brought.
pub(crate) struct PageRead {
    pub(crate) seen: u64,
    pub(crate) new: u64,
    pub(crate) has_more: bool,
    pub(crate) complete_through: Option<Timestamp>,
}

/// Reads the lists of all integrations.
pub(crate) struct Reader {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) integrations: Arc<Integrations>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) wake_observer: Arc<Notify>,
    agenda: Mutex<Agenda>,
    pub(crate) wake: Notify,
}

impl Reader {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        integrations: Arc<Integrations>,
        ingest: Arc<Ingest>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        wake_observer: Arc<Notify>,
    ) -> Self {
        let agenda = Mutex::default();
        Self { store, integrations, ingest, clock, settings, wake_observer, agenda, wake: Notify::new() }
    }

    fn agenda(&self) -> std::sync::MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an integration's lists after the usual delay. One that is due already stays due: reads coalesce.
    pub(crate) fn schedule(&self, integration: &str) {
        let delay = TimeDelta::from_std(self.settings.read_delay).unwrap_or_default();
        let at = self.clock.now().checked_add_signed(delay).unwrap_or_default();
        self.agenda().due.entry(integration.to_owned()).or_insert(at);
        self.wake.notify_one();
    }

    /// Whether a read of this integration is due or under way, or what it brought is not booked yet.
    pub(crate) fn is_busy(&self, integration: &str) -> bool {
        let agenda = self.agenda();
        agenda.due.contains_key(integration)
            || agenda.running.contains(integration)
            || agenda.unsettled.contains_key(integration)
    }

    /// When the next read is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.agenda().due.values().min().copied()
    }

    fn take_due(&self, now: Timestamp) -> Option<String> {
        let mut agenda = self.agenda();
        let id = agenda.due.iter().find(|(_, at)| **at <= now).map(|(id, _)| id.clone())?;
        agenda.due.remove(&id);
        agenda.running.insert(id.clone());
        Some(id)
    }

    /// Reads what is due. False: nothing was.
    pub(crate) async fn pass(&self) -> bool {
        let Some(id) = self.take_due(self.clock.now()) else { return false };
        let live = self.integrations.live().get(&id).cloned();
        let read = match &live {
            Some(live) => self.read(live).await,
            None => Ok(()),
        };
        if let Err(error) = &read {
            self.after_failure(&id, error);
        }
        // Only now: between a failure and its retry the integration is busy all the time.
        self.agenda().running.remove(&id);
        true
    }

    /// Reads again after a growing delay. Where that is no use, or was enough, the next announcement or sweep reads on.
    fn after_failure(&self, id: &str, error: &ReadError) {
        metrics::counter!("ltv_reads_failed_total").increment(1);
        let now = self.clock.now();
        let policy = self.settings.retry_policy();
        let mut agenda = self.agenda();
        let failures = agenda.failures.get(id).copied().unwrap_or(0).saturating_add(1);
        let at = match error {
            ReadError::Provider(ProviderError::NoApiKey { .. }) => return,
            ReadError::Provider(error) => {
                retry::after(&policy, failures, error, now, crate::guard::random_number(&self.ingest.vault))
            }
            ReadError::Store(_) | ReadError::Seal(_) => {
                TimeDelta::from_std(policy.cap).ok().and_then(|cap| now.checked_add_signed(cap))
            }
        };
        let chain = chain(error);
        let Some(at) = at else {
            agenda.failures.remove(id);
            tracing::warn!(integration.id = %id, error = %chain, "Could not read the lists of integration {id}; the next sweep reads on: {chain}");
            return;
        };
        agenda.due.entry(id.to_owned()).or_insert(at);
        // A call that was not made is no failure of the provider.
        if matches!(error, ReadError::Provider(error) if error.retry_at().is_some()) {
            tracing::info!(integration.id = %id, "Reading the lists of integration {id} goes on at {at}: {chain}");
            return;
        }
        agenda.failures.insert(id.to_owned(), failures);
        tracing::warn!(integration.id = %id, error = %chain, "Could not read the lists of integration {id}; trying again at {at}: {chain}");
    }

    async fn read(&self, live: &Live) -> Result<(), ReadError> {
        let mut heads = Vec::new();
        for list in live.provider.lists() {
            heads.push(self.read_list(live, *list).await?);
        }
        match all_through(&heads) {
            Some(through) => Ok(self.ended(live, LISTS_THROUGH, through).await?),
            None => Ok(()),
        }
    }

    /// Reads on in one list to its head, and answers the page there. `None`: there is more, and it is read next time.
    async fn read_list(&self, live: &Live, list: ListName) -> Result<Option<PageRead>, ReadError> {
        for _ in 0..PAGES_MAX {
            let page = self.read_page(live, list).await?;
            if !page.has_more {
                return Ok(Some(page));
            }
        }
        self.schedule(&live.view.id);
        Ok(None)
    }

    /// Reads one page of a list, from where its walk stands.
    pub(crate) async fn read_page(&self, live: &Live, list: ListName) -> Result<PageRead, ReadError> {
        let id = &live.view.id;
        // One page at a time, whoever reads: each goes on where the one before ended.
        let _held = live.reading.lock().await;
        let row = self.store.read_cursor(id, list.0).await?;
        let cursor = Cursor(row.and_then(|row| row.cursor));
        let page = live.provider.list_since(list, &cursor).await?;
        metrics::counter!("ltv_pages_read_total").increment(1);
        let seen = u64::try_from(page.messages.len()).unwrap_or(u64::MAX);
        let new = self.keep(live, page.messages).await?;
        let row = ReadCursorRow {
            integration: id.clone(),
            list: list.0.to_owned(),
            cursor: page.next.0,
            updated_at: self.clock.now(),
        };
        self.store.put_read_cursor(&row).await?;
        // It got on: only failures in a row count.
        self.agenda().failures.remove(id);
        Ok(PageRead { seen, new, has_more: page.has_more, complete_through: page.complete_through })
    }

    /// Stores what was read, each object as its own message. Answers how many of them are new.
    pub(crate) async fn keep(&self, live: &Live, messages: Vec<Message>) -> Result<u64, ReadError> {
        if messages.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            rows.push(self.ingest.seal(&live.view.id, live.view.livemode, message, now).await?);
        }
        let appended = self.store.append(rows).await?;
        let new = appended.iter().filter(|appended| matches!(appended, Appended::New(_))).count();
        if new > 0 {
            self.wake_observer.notify_one();
        }
        Ok(u64::try_from(new).unwrap_or(u64::MAX))
    }

    /// Up to when something was read: [`LISTS_THROUGH`] or [`EVENTS_THROUGH`].
    pub(crate) async fn through(
        &self,
        integration: &str,
        name: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = self.store.read_cursor(integration, name).await?;
        Ok(row.and_then(|row| row.cursor).and_then(|text| text.parse().ok()))
    }

    /// Notes up to when something was read, and with it up to when the source is complete once all that was read is
    /// booked: the earlier of lists and events, where there are both.
    pub(crate) async fn ended(&self, live: &Live, name: &str, through: Timestamp) -> Result<(), StoreError> {
        let id = &live.view.id;
        self.store.put_read_cursor(&through_row(id, name, through, self.clock.now())).await?;
        let lists = self.through(id, LISTS_THROUGH).await?;
        let events = self.through(id, EVENTS_THROUGH).await?;
        let wanted =
            [(!live.provider.lists().is_empty()).then_some(lists), live.provider.sweeps().then_some(events)];
        // What has never been read makes the source incomplete.
        let known: Option<Vec<Timestamp>> = wanted.into_iter().flatten().collect();
        if let Some(complete) = known.and_then(|known| known.into_iter().min()) {
            self.agenda().unsettled.insert(id.clone(), complete);
        }
        Ok(())
    }

    /// Records how complete a source is, once everything that its read brought is observed and booked.
    pub(crate) async fn settle(&self) -> Result<bool, StoreError> {
        let waiting = self.agenda().unsettled.clone();
        if waiting.is_empty() {
            return Ok(false);
        }
        let status = self.store.status().await?;
        let pending: i64 = status.values().map(|counts| counts.pending).sum();
        if pending > 0 || self.store.dirty_count().await? > 0 {
            return Ok(false);
        }
        for (integration, complete_through) in waiting {
            let row = Completeness { integration: integration.clone(), complete_through };
            self.store.record_completeness(row, self.clock.now()).await?;
            let mut agenda = self.agenda();
            if agenda.unsettled.get(&integration) == Some(&complete_through) {
                agenda.unsettled.remove(&integration);
            }
        }
        Ok(true)
    }
}

/// Up to when all lists are complete, given the page at the head of each. One that has more to tell (`None`) keeps the
/// source from being complete, however far the others got.
fn all_through(heads: &[Option<PageRead>]) -> Option<Timestamp> {
    let mut through = None;
    for head in heads {
        through = earlier(through, head.as_ref()?.complete_through);
    }
    through
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(through: &str) -> Option<PageRead> {
        let complete_through = Some(through.parse().unwrap());
        Some(PageRead { seen: 1, new: 0, has_more: false, complete_through })
    }

    #[test]
    fn lists_are_complete_up_to_the_earliest_of_them() {
        let heads = [head("2026-11-24T10:05:00Z"), head("2026-11-24T10:00:00Z")];
        assert_eq!(all_through(&heads), Some("2026-11-24T10:00:00Z".parse().unwrap()));
        assert_eq!(all_through(&[]), None);
    }

    #[test]
    fn a_list_that_has_more_to_tell_keeps_the_source_from_being_complete() {
        assert_eq!(all_through(&[None, head("2026-11-24T10:05:00Z")]), None);
        assert_eq!(all_through(&[head("2026-11-24T10:05:00Z"), None]), None);
    }
}

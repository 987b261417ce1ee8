//! Reads what webhooks leave out: settlements (with their fees), and which payment paid which invoice.
//!
//! One coalesced read per integration, a little after any message about money; each object listed enters the inbox as
//! its own message, so there is one road for money whatever its source. The cursor moves only once the messages
//! are durable, so a crash reads a page again at the most.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use connector::{Cursor, ListName, Message, ProviderError};
use ltv_core::{MessageId, Timestamp};
use store::{Appended, Completeness, ReadCursorRow, Store};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::ingest::Ingest;
use crate::integrations::{Integrations, Live};
use crate::settings::Settings;

/// How many pages one read takes from one list before others get their turn.
const PAGES_MAX: usize = 1_000;

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the provider did not answer as it should")]
    Provider(#[from] ProviderError),
    #[error("what was read could not be stored")]
    Store(#[from] store::StoreError),
    #[error("what was read could not be encrypted")]
    Seal(#[from] crate::ingest::ReceiveError),
}

/// Which integrations are to be read, and when.
#[derive(Debug, Default)]
struct Agenda {
    /// Integration to the time from which its lists are to be read.
    due: BTreeMap<String, Timestamp>,
    /// Integrations that are being read.
    running: Option<String>,
    /// Reads that wait until everything they brought is booked: integration to (through, newest message).
    unsettled: BTreeMap<String, (Timestamp, Option<MessageId>)>,
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
        let delay = chrono::TimeDelta::from_std(self.settings.read_delay).unwrap_or_default();
        let at = self.clock.now().checked_add_signed(delay).unwrap_or_default();
        self.agenda().due.entry(integration.to_owned()).or_insert(at);
        self.wake.notify_one();
    }

    /// Whether a read of this integration is due or under way, or what it brought is not booked yet.
    pub(crate) fn is_busy(&self, integration: &str) -> bool {
        let agenda = self.agenda();
        agenda.due.contains_key(integration)
            || agenda.running.as_deref() == Some(integration)
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
        agenda.running = Some(id.clone());
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
        self.agenda().running = None;
        if let Err(error) = read {
            self.after_failure(&id, &error);
        }
        true
    }

    fn after_failure(&self, id: &str, error: &ReadError) {
        metrics::counter!("ltv_reads_failed_total").increment(1);
        if matches!(error, ReadError::Provider(ProviderError::NoApiKey { .. })) {
            return;
        }
        tracing::warn!(integration.id = %id, error = %chain(error), "Could not read the lists of integration {id}; trying again");
        let delay = chrono::TimeDelta::from_std(self.settings.read_retry).unwrap_or_default();
        let at = self.clock.now().checked_add_signed(delay).unwrap_or_default();
        self.agenda().due.entry(id.to_owned()).or_insert(at);
    }

    async fn read(&self, live: &Live) -> Result<(), ReadError> {
        let mut through: Option<Timestamp> = None;
        let mut newest = None;
        for list in live.provider.lists() {
            let complete = self.read_list(live, *list, &mut newest).await?;
            through = match (through, complete) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        if let Some(through) = through {
            self.agenda().unsettled.insert(live.view.id.clone(), (through, newest));
        }
        Ok(())
    }

    /// Reads on in one list to its head. Answers the instant up to which it is complete.
    async fn read_list(
        &self,
        live: &Live,
        list: ListName,
        newest: &mut Option<MessageId>,
    ) -> Result<Option<Timestamp>, ReadError> {
        let id = &live.view.id;
        let row = self.store.read_cursor(id, list.0).await?;
        let mut cursor = Cursor(row.and_then(|row| row.cursor));
        for _ in 0..PAGES_MAX {
            let page = live.provider.list_since(list, &cursor).await?;
            metrics::counter!("ltv_pages_read_total").increment(1);
            self.keep(live, page.messages, newest).await?;
            cursor = page.next;
            let updated_at = self.clock.now();
            let row = ReadCursorRow {
                integration: id.clone(),
                list: list.0.to_owned(),
                cursor: cursor.0.clone(),
                updated_at,
            };
            self.store.put_read_cursor(&row).await?;
            if !page.has_more {
                return Ok(page.complete_through);
            }
        }
        self.schedule(id);
        Ok(None)
    }

    /// Stores the objects of a page, each as its own message.
    async fn keep(
        &self,
        live: &Live,
        messages: Vec<Message>,
        newest: &mut Option<MessageId>,
    ) -> Result<(), ReadError> {
        if messages.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            rows.push(self.ingest.seal(&live.view.id, live.view.livemode, message, now).await?);
        }
        for appended in self.store.append(rows).await? {
            if let Appended::New(id) = appended {
                *newest = (*newest).max(Some(id));
            }
        }
        self.wake_observer.notify_one();
        Ok(())
    }

    /// Records how complete a source is, once everything that its read brought is observed and booked.
    pub(crate) async fn settle(&self) -> Result<bool, store::StoreError> {
        let waiting: Vec<_> =
            self.agenda().unsettled.iter().map(|(id, value)| (id.clone(), *value)).collect();
        if waiting.is_empty() {
            return Ok(false);
        }
        let status = self.store.status().await?;
        let pending: i64 = status.values().map(|counts| counts.pending).sum();
        if pending > 0 || self.store.dirty_count().await? > 0 {
            return Ok(false);
        }
        for (integration, (complete_through, _)) in waiting {
            let row = Completeness { integration: integration.clone(), complete_through };
            self.store.record_completeness(row, self.clock.now()).await?;
            let mut agenda = self.agenda();
            if agenda.unsettled.get(&integration).is_some_and(|(through, _)| *through == complete_through) {
                agenda.unsettled.remove(&integration);
            }
        }
        Ok(true)
    }
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

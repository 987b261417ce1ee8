//! The audit log: who did what, chained with the blocks of the ledger.
//!
//! Records wait in memory, in order, and are written at least once a second; what could not be written waits on. A crash
//! loses at most the last second; what must not be lost is written with [`LtvDataPipeline::note_now`].

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ltv_core::Timestamp;
use store::{AuditFilter, AuditRow, NewAudit, Store, StoreError};
use tokio::sync::Notify;

use crate::ask::AskError;
use crate::pipeline::LtvDataPipeline;

/// How many records may wait. Beyond that the store has failed for long: they are counted, logged and dropped, so that
/// memory stays bounded.
const WAITING_MAX: usize = 10_000;
/// How many records are written in one transaction.
const BATCH: usize = 500;

/// A record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// What was recorded.
    pub record: NewAudit,
    /// The newest block of the ledger then.
    pub block: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuestion {
    /// Only with places below this one.
    pub before: Option<i64>,
    /// Only of this actor.
    pub actor_id: Option<String>,
    /// Only actions that begin so.
    pub action_prefix: Option<String>,
    /// Only at or after.
    pub from: Option<Timestamp>,
    /// Only before.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// Some records, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Pass as `before` for the next page.
    pub next: Option<i64>,
}

/// Records that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct AuditQueue {
    waiting: Mutex<VecDeque<NewAudit>>,
    /// Held while writing, so that records keep their order.
    writing: tokio::sync::Mutex<()>,
    pub(crate) wake: Notify,
}

impl AuditQueue {
    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<NewAudit>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: NewAudit) {
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            drop(waiting);
            metrics::counter!("ltv_audit_dropped_total").increment(1);
            tracing::error!(audit.action = %record.action, "The audit log cannot be written and its queue is full: a record is lost");
            return;
        }
        waiting.push_back(record);
        let enough = waiting.len() >= BATCH;
        drop(waiting);
        if enough {
            self.wake.notify_one();
        }
    }

    /// Writes all that waits.
    pub(crate) async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _held = self.writing.lock().await;
        loop {
            let batch: Vec<NewAudit> = self.waiting().iter().take(BATCH).cloned().collect();
            if batch.is_empty() {
                return Ok(());
            }
            let written = batch.len();
            store.append_audit(batch).await?;
            // Removed only now: a write that failed, or was given up by its caller, leaves them in their place.
            self.waiting().drain(..written);
        }
    }
}

impl LtvDataPipeline {
    /// Notes something in the audit log. Written within a second by a worker, in order; a write that fails is logged
    /// and tried again.
    pub fn note(&self, record: NewAudit) {
        self.inner.audit.push(record);
    }

    /// Notes something in the audit log, and answers once it is on disk, with all that was noted before.
    ///
    /// # Errors
    /// [`AskError::Store`]; the record waits on then.
    pub async fn note_now(&self, record: NewAudit) -> Result<(), AskError> {
        self.inner.audit.push(record);
        Ok(self.inner.audit.flush(self.inner.store.as_ref()).await?)
    }

    /// Reads the audit log. What was noted before is in it.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn audit(&self, question: &AuditQuestion) -> Result<AuditPage, AskError> {
        self.inner.audit.flush(self.inner.store.as_ref()).await?;
        let filter = AuditFilter {
            before: question.before,
            actor_id: question.actor_id.clone(),
            action_prefix: question.action_prefix.clone(),
            from: question.from,
            to: question.to,
            limit: i64::try_from(question.limit).unwrap_or(i64::MAX).saturating_add(1),
        };
        let mut rows = self.inner.store.audit(&filter).await?;
        let more = rows.len() > question.limit;
        rows.truncate(question.limit);
        let next = if more { rows.last().map(|row| row.seq) } else { None };
        Ok(AuditPage { records: rows.into_iter().map(record_of).collect(), next })
    }
}

fn record_of(row: AuditRow) -> AuditRecord {
    AuditRecord { seq: row.seq, record: row.record, block: row.block, hash: hex::encode(row.hash) }
}

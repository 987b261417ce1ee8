//! How good the data is, and what could not be worked on.

use ltv_core::Timestamp;
use pipeline::{DataQuality, DeadLetterDetail, DeadLetterView, MessageView, QualityCheck};
use serde::Serialize;

use super::figures::MoneyShape;
use super::integrations::DriftShape;

/// How good the data is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataQualityShape {
    level: &'static str,
    checked_at: Timestamp,
    score: u8,
    checks: Vec<CheckShape>,
    duplicates: i64,
    rejected: i64,
    test_mode: i64,
    drift: Vec<DriftShape>,
    suspense: MoneyShape,
    gaps: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CheckShape {
    name: &'static str,
    passed: bool,
    found: i64,
    detail: String,
}

impl From<QualityCheck> for CheckShape {
    fn from(check: QualityCheck) -> Self {
        Self { name: check.name, passed: check.passed, found: check.found, detail: check.detail }
    }
}

impl From<DataQuality> for DataQualityShape {
    fn from(quality: DataQuality) -> Self {
        Self {
            level: quality.level,
            checked_at: quality.checked_at,
            score: quality.score,
            checks: quality.checks.into_iter().map(CheckShape::from).collect(),
            duplicates: quality.duplicates,
            rejected: quality.rejected,
            test_mode: quality.test_mode,
            drift: quality.drift.into_iter().map(DriftShape::from).collect(),
            suspense: quality.suspense.into(),
            gaps: quality.gaps,
        }
    }
}

/// A message that could not be worked on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterShape {
    id: i64,
    integration: String,
    kind: String,
    event_id: String,
    status: &'static str,
    class: String,
    reason: String,
    attempts: i32,
    received_at: Timestamp,
    failed_at: Timestamp,
    redrives: i32,
    discard_proposed_by: Option<String>,
    discard_reason: Option<String>,
    discarded_at: Option<Timestamp>,
}

impl From<DeadLetterView> for DeadLetterShape {
    fn from(letter: DeadLetterView) -> Self {
        Self {
            id: letter.id,
            integration: letter.integration,
            kind: letter.kind,
            event_id: letter.event_id,
            status: letter.status,
            class: letter.class,
            reason: letter.reason,
            attempts: letter.attempts,
            received_at: letter.received_at,
            failed_at: letter.failed_at,
            redrives: letter.redrives,
            discard_proposed_by: letter.discard_proposed_by,
            discard_reason: letter.discard_reason,
            discarded_at: letter.discarded_at,
        }
    }
}

/// A dead letter, looked into; never its payload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterDetailShape {
    id: i64,
    message: MessageShape,
    /// Why it is dead; null: a retry has helped, or it waits for one.
    letter: Option<DeadLetterShape>,
    redrives: i32,
    bears_money: bool,
    /// The entries that it moved.
    entries: Vec<EntryShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageShape {
    provider: String,
    integration: String,
    kind: String,
    event_id: String,
    origin: &'static str,
    account: Option<String>,
    observed_at: Timestamp,
    received_at: Timestamp,
    sha256: String,
    test_mode: bool,
    objects: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EntryShape {
    anchor: String,
    sequence: i32,
}

impl From<MessageView> for MessageShape {
    fn from(message: MessageView) -> Self {
        Self {
            provider: message.provider,
            integration: message.integration,
            kind: message.kind,
            event_id: message.event_id,
            origin: message.origin,
            account: message.account,
            observed_at: message.observed_at,
            received_at: message.received_at,
            sha256: message.sha256,
            test_mode: message.test_mode,
            objects: message.objects,
        }
    }
}

impl From<DeadLetterDetail> for DeadLetterDetailShape {
    fn from(detail: DeadLetterDetail) -> Self {
        let entry = |(anchor, sequence)| EntryShape { anchor, sequence };
        Self {
            id: detail.message.id,
            message: detail.message.into(),
            letter: detail.letter.map(DeadLetterShape::from),
            redrives: detail.redrives,
            bears_money: detail.bears_money,
            entries: detail.entries.into_iter().map(entry).collect(),
        }
    }
}

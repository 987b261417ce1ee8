//! How good the data is, and what could not be worked on.

use ltv_core::Timestamp;
use pipeline::{DataQuality, DeadLetterView, QualityCheck};
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
        }
    }
}

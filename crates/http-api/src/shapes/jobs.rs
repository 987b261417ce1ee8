//! Jobs, the syncs among them, and the audit log.

use ltv_core::Timestamp;
use pipeline::{AuditRecord, JobView};
use serde::Serialize;
use serde_json::Value;

use super::quality::DataQualityShape;

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobShape {
    id: String,
    kind: String,
    integration: Option<String>,
    status: &'static str,
    attempts: i32,
    progress: Value,
    result: Option<Value>,
    error: Option<String>,
    cancel_asked: bool,
    requested_by: String,
    created_at: Timestamp,
    run_at: Timestamp,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<JobView> for JobShape {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            integration: job.integration,
            status: job.status,
            attempts: job.attempts,
            progress: job.progress,
            result: job.result,
            error: job.error,
            cancel_asked: job.cancel_asked,
            requested_by: job.requested_by,
            created_at: job.created_at,
            run_at: job.run_at,
            updated_at: job.updated_at,
            ended_at: job.ended_at,
        }
    }
}

/// How a sync goes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncShape {
    sync_id: String,
    /// `processing`, `completed`, `failed`, `partial`.
    status: &'static str,
    processed_events: u64,
    /// How many of them were new, and so may have changed figures.
    ltv_updates_triggered: u64,
    data_quality_report: Option<DataQualityShape>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<SyncErrorShape>,
    job: Option<JobShape>,
}

#[derive(Debug, Serialize)]
struct SyncErrorShape {
    detail: String,
}

impl SyncShape {
    /// Of a job that reads an integration again.
    pub(crate) fn of_job(job: JobView, quality: Option<DataQualityShape>) -> Self {
        let counted = |name: &str| job.progress.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (seen, new) = (counted("seen"), counted("new"));
        let errors = job.error.iter().map(|detail| SyncErrorShape { detail: detail.clone() }).collect();
        Self {
            sync_id: job.id.clone(),
            status: status_of(job.status, seen),
            processed_events: seen,
            ltv_updates_triggered: new,
            data_quality_report: quality,
            errors,
            job: Some(job.into()),
        }
    }

    /// Of a webhook that was handed in: it is durable, and is worked on like any other.
    pub(crate) fn of_webhook(id: String, duplicate: bool, quality: Option<DataQualityShape>) -> Self {
        Self {
            sync_id: id,
            status: "completed",
            processed_events: 1,
            ltv_updates_triggered: u64::from(!duplicate),
            data_quality_report: quality,
            errors: Vec::new(),
            job: None,
        }
    }
}

/// What was read before a sync ended early is kept.
fn status_of(job: &str, seen: u64) -> &'static str {
    match job {
        "done" => "completed",
        "failed" | "cancelled" if seen > 0 => "partial",
        "failed" | "cancelled" => "failed",
        _ => "processing",
    }
}

/// A record of the audit log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditShape {
    seq: i64,
    at: Timestamp,
    actor: ActorShape,
    action: String,
    object: String,
    outcome: String,
    reason: Option<String>,
    request_id: Option<String>,
    source_ip_hash: Option<String>,
    before_digest: Option<String>,
    after_digest: Option<String>,
    code_version: String,
    block: i64,
    hash: String,
}

#[derive(Debug, Serialize)]
struct ActorShape {
    kind: String,
    id: String,
    roles: Vec<String>,
}

impl From<AuditRecord> for AuditShape {
    fn from(audit: AuditRecord) -> Self {
        let record = audit.record;
        let roles = record.actor_roles.split(',').filter(|role| !role.is_empty());
        Self {
            seq: audit.seq,
            at: record.at,
            actor: ActorShape {
                kind: record.actor_kind,
                id: record.actor_id,
                roles: roles.map(str::to_owned).collect(),
            },
            action: record.action,
            object: record.object,
            outcome: record.outcome,
            reason: record.reason,
            request_id: record.request_id,
            source_ip_hash: record.source_ip_hash,
            before_digest: record.before_digest,
            after_digest: record.after_digest,
            code_version: record.code_version,
            block: audit.block,
            hash: audit.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(status: &'static str, progress: Value) -> JobView {
        let at = "2026-11-23T12:00:00Z".parse().unwrap();
        JobView {
            id: "job_1".to_owned(),
            kind: "sweep.events".to_owned(),
            integration: Some("stripe".to_owned()),
            status,
            attempts: 1,
            progress,
            result: None,
            error: (status == "failed").then(|| "the provider does not answer".to_owned()),
            cancel_asked: false,
            requested_by: "system".to_owned(),
            created_at: at,
            run_at: at,
            updated_at: at,
            ended_at: None,
        }
    }

    #[test]
    fn a_sync_that_ended_early_is_partial_where_it_read_something_and_failed_where_not() {
        for (status, progress, expected) in [
            ("queued", json!(null), "processing"),
            ("running", json!({"seen": 3, "new": 1}), "processing"),
            ("done", json!({"seen": 3, "new": 1}), "completed"),
            ("failed", json!({"seen": 3, "new": 1}), "partial"),
            ("failed", json!({}), "failed"),
            ("cancelled", json!({"seen": 0}), "failed"),
        ] {
            let shape = serde_json::to_value(SyncShape::of_job(job(status, progress.clone()), None)).unwrap();
            assert_eq!(shape["status"], expected, "{status} {progress}");
            assert_eq!(shape.get("errors").is_some(), status == "failed", "{status}");
        }
        let shape = serde_json::to_value(SyncShape::of_job(job("done", json!({"seen": 3, "new": 1})), None));
        let shape = shape.unwrap();
        assert_eq!((&shape["processedEvents"], &shape["ltvUpdatesTriggered"]), (&json!(3), &json!(1)));
    }

    #[test]
    fn a_webhook_that_was_known_triggers_nothing() {
        let shape = serde_json::to_value(SyncShape::of_webhook("7".to_owned(), true, None)).unwrap();
        assert_eq!((&shape["status"], &shape["ltvUpdatesTriggered"]), (&json!("completed"), &json!(0)));
    }
}

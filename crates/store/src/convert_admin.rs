//! Rows of jobs, requests, the audit log and decisions to values and back.

use ltv_core::subscription::PartyFact;
use ltv_core::{MessageId, Timestamp};
use serde_json::Value;

use crate::StoreError;
use crate::convert::{clean, damaged, hash32, parse};
use crate::models::FactRow;
use crate::models_admin::{AuditRecord, DecisionRecord, JobRecord, JobStep, RequestRecord};
use crate::rows_admin::{
    AuditRow, CaseFacts, DecisionRow, IdempotencyRow, JobEnd, JobRow, JobStatus, NewAudit, NewJob,
    StoredAnswer,
};
use crate::sql::{JsonDoc, Ts};

/// Reads the facts of a version.
pub(crate) fn facts(row: &FactRow) -> Result<Vec<PartyFact>, StoreError> {
    serde_json::from_str(&row.body)
        .map_err(|error| damaged("fact", format!("{} of case {}: {error}", row.kind, row.anchor)))
}

pub(crate) fn case_facts(row: &FactRow) -> Result<CaseFacts, StoreError> {
    Ok(CaseFacts {
        party: parse("fact", &row.party)?,
        anchor: parse("fact", &row.anchor)?,
        block: row.block,
        facts: facts(row)?,
    })
}

/// A document without NUL, which JSONB does not know.
pub(crate) fn doc(table: &'static str, value: &Value) -> Result<JsonDoc, StoreError> {
    let text = value.to_string();
    if !text.contains("\\u0000") {
        return Ok(JsonDoc(value.clone()));
    }
    let cleaned = serde_json::from_str(&text.replace("\\u0000", "\\ufffd"));
    cleaned.map(JsonDoc).map_err(|error| damaged(table, error))
}

fn text(text: &str) -> String {
    clean(text).into_owned()
}

fn optional(text: Option<&String>) -> Option<String> {
    text.map(|text| clean(text).into_owned())
}

pub(crate) fn job_status_text(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "running",
        JobStatus::Done => "done",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
    }
}

fn job_status(text: &str) -> Result<JobStatus, StoreError> {
    match text {
        "queued" => Ok(JobStatus::Queued),
        "running" => Ok(JobStatus::Running),
        "done" => Ok(JobStatus::Done),
        "failed" => Ok(JobStatus::Failed),
        "cancelled" => Ok(JobStatus::Cancelled),
        _ => Err(damaged("job", format!("status `{text}`"))),
    }
}

pub(crate) fn new_job(job: &NewJob, now: Timestamp) -> Result<JobRecord, StoreError> {
    Ok(JobRecord {
        id: text(&job.id),
        kind: text(&job.kind),
        key: optional(job.key.as_ref()),
        input: doc("job", &job.input)?,
        status: job_status_text(JobStatus::Queued).to_owned(),
        priority: job.priority,
        run_at: Ts(job.run_at),
        attempts: 0,
        lease_until: None,
        lease_token: 0,
        progress: JsonDoc(Value::Null),
        result: None,
        error: None,
        cancel_asked: false,
        requested_by: text(&job.requested_by),
        created_at: Ts(now),
        updated_at: Ts(now),
        ended_at: None,
    })
}

pub(crate) fn job(row: JobRecord) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        status: job_status(&row.status)?,
        id: row.id,
        kind: row.kind,
        key: row.key,
        input: row.input.0,
        priority: row.priority,
        run_at: row.run_at.0,
        attempts: row.attempts,
        lease_until: row.lease_until.map(|at| at.0),
        lease_token: row.lease_token,
        progress: row.progress.0,
        result: row.result.map(|result| result.0),
        error: row.error,
        cancel_asked: row.cancel_asked,
        requested_by: row.requested_by,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
        ended_at: row.ended_at.map(|at| at.0),
    })
}

/// The job after a step that ends so.
pub(crate) fn job_step(job: &JobRecord, end: &JobEnd, now: Timestamp) -> Result<JobStep, StoreError> {
    let ended = |status: JobStatus| JobStep {
        status: job_status_text(status).to_owned(),
        run_at: job.run_at,
        lease_until: None,
        progress: job.progress.clone(),
        result: None,
        error: job.error.clone(),
        updated_at: Ts(now),
        ended_at: Some(Ts(now)),
    };
    Ok(match end {
        JobEnd::GoOn { progress, lease_until } => JobStep {
            lease_until: Some(Ts(*lease_until)),
            progress: doc("job", progress)?,
            ended_at: None,
            ..ended(JobStatus::Running)
        },
        JobEnd::Done { progress, result } => JobStep {
            progress: doc("job", progress)?,
            result: Some(doc("job", result)?),
            error: None,
            ..ended(JobStatus::Done)
        },
        // One that is to be called off is not tried again.
        JobEnd::Retry { error, .. } if job.cancel_asked => {
            JobStep { error: Some(text(error)), ..ended(JobStatus::Cancelled) }
        }
        JobEnd::Retry { error, run_at } => JobStep {
            run_at: Ts(*run_at),
            error: Some(text(error)),
            ended_at: None,
            ..ended(JobStatus::Queued)
        },
        JobEnd::Failed { error } => JobStep { error: Some(text(error)), ..ended(JobStatus::Failed) },
        JobEnd::Cancelled => ended(JobStatus::Cancelled),
    })
}

/// A request that is in flight.
pub(crate) fn request(row: &IdempotencyRow, in_flight_until: Timestamp) -> RequestRecord {
    RequestRecord {
        principal: text(&row.principal),
        key: text(&row.key),
        route: text(&row.route),
        request_hash: row.request_hash.to_vec(),
        status: None,
        content_type: None,
        location: None,
        body: None,
        in_flight_until: Ts(in_flight_until),
        keep_until: Ts(in_flight_until),
    }
}

/// The answer that is kept; `None` while the request is in flight.
pub(crate) fn stored_answer(row: RequestRecord) -> Result<Option<StoredAnswer>, StoreError> {
    let RequestRecord { status: Some(status), content_type, location, body, .. } = row else {
        return Ok(None);
    };
    Ok(Some(StoredAnswer {
        status: u16::try_from(status).map_err(|error| damaged("idempotency", error))?,
        content_type: content_type.unwrap_or_default(),
        location,
        body: body.unwrap_or_default(),
    }))
}

/// A record before it has its place in the chain.
pub(crate) fn new_audit(record: &NewAudit, block: i64, block_hash: [u8; 32]) -> AuditRecord {
    AuditRecord {
        seq: 0,
        at: Ts(record.at),
        actor_kind: text(&record.actor_kind),
        actor_id: text(&record.actor_id),
        actor_roles: text(&record.actor_roles),
        action: text(&record.action),
        object: text(&record.object),
        outcome: text(&record.outcome),
        reason: optional(record.reason.as_ref()),
        request_id: optional(record.request_id.as_ref()),
        source_ip_hash: optional(record.source_ip_hash.as_ref()),
        before_digest: optional(record.before_digest.as_ref()),
        after_digest: optional(record.after_digest.as_ref()),
        code_version: text(&record.code_version),
        block,
        block_hash: block_hash.to_vec(),
        previous_hash: Vec::new(),
        hash: Vec::new(),
    }
}

pub(crate) fn audit(row: AuditRecord) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: row.seq,
        record: NewAudit {
            at: row.at.0,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            actor_roles: row.actor_roles,
            action: row.action,
            object: row.object,
            outcome: row.outcome,
            reason: row.reason,
            request_id: row.request_id,
            source_ip_hash: row.source_ip_hash,
            before_digest: row.before_digest,
            after_digest: row.after_digest,
            code_version: row.code_version,
        },
        block: row.block,
        block_hash: hash32("audit", row.block_hash)?,
        previous_hash: hash32("audit", row.previous_hash)?,
        hash: hash32("audit", row.hash)?,
    })
}

pub(crate) fn decision(row: DecisionRecord) -> DecisionRow {
    DecisionRow {
        message: MessageId(row.message_id),
        redrives: row.redrives,
        discard_proposed_by: row.discard_proposed_by,
        discard_reason: row.discard_reason,
        discard_proposed_at: row.discard_proposed_at.map(|at| at.0),
        discard_approved_by: row.discard_approved_by,
        discarded_at: row.discarded_at.map(|at| at.0),
    }
}

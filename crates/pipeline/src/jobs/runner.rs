//! Claims jobs and runs them, step by step.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use connector::{ProviderError, RetryPolicy, retry};
use ltv_core::Timestamp;
use serde_json::{Value, json};
use store::{JobEnd, JobRow, StoreError};

use super::progress::Progress;
use super::{FETCH_OBJECTS, PRUNE, SCHEDULE, SWEEP_EVENTS, SWEEP_LISTS, fetch, sweep};
use crate::ingest::ReceiveError;
use crate::pipeline::Inner;
use crate::reader::{ReadError, chain};

/// How long a step may take before another worker takes the job: longer than the longest call to a provider.
const LEASE_SECONDS: i64 = 60;
/// A job that was begun so often without getting on is given up: it may be what kills the workers.
const BEGUN_MAX: i32 = 50;
/// How often a scheduled job calls before it has got anywhere: it comes again soon, so that in an outage it need not
/// insist.
const SCHEDULED_TRIES: u32 = 2;
/// The longest error that is kept.
const ERROR_CHARS_MAX: usize = 500;
/// How long jobs that have ended are kept.
const JOBS_KEPT_DAYS: i64 = 30;

/// What a step came to.
pub(super) enum Step {
    /// There is more to do.
    More(Progress),
    /// That was all.
    Done(Progress, Value),
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the provider did not answer as it should")]
    Provider(#[from] ProviderError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("what was read could not be encrypted")]
    Seal(#[from] ReceiveError),
    #[error("the job's input or progress cannot be read")]
    Unreadable(#[from] serde_json::Error),
    #[error("there is no job of this kind in this version")]
    UnknownKind,
}

/// Runs all jobs that are due, one after the other. False: there were none.
pub(crate) async fn run_due(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let mut ran = false;
    while !inner.stopping() && run_one(inner).await? {
        ran = true;
    }
    Ok(ran)
}

/// Claims one job and runs it until it ends, waits or is lost. False: none is due.
pub(crate) async fn run_one(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let now = inner.clock.now();
    let Some(job) = inner.store.claim_job(now, lease_from(now)).await? else { return Ok(false) };
    tracing::debug!(job.id = %job.id, job.kind = %job.kind, "Running job {} ({})", job.id, job.kind);
    run(inner, job, now).await?;
    Ok(true)
}

async fn run(inner: &Arc<Inner>, mut job: JobRow, begun_at: Timestamp) -> Result<(), StoreError> {
    loop {
        let end = match next_end(inner, &job).await {
            Ok(end) => end,
            Err(error) => after_failure(inner, &job, &error),
        };
        let goes_on = matches!(end, JobEnd::GoOn { .. });
        let now = inner.clock.now();
        match inner.store.end_job_step(&job.id, job.lease_token, &end, now).await? {
            Some(row) if goes_on => job = row,
            Some(row) => {
                tell_end(&row, &end, now.signed_duration_since(begun_at));
                return Ok(());
            }
            None => {
                tracing::warn!(job.id = %job.id, "Job {} was taken by another worker", job.id);
                return Ok(());
            }
        }
    }
}

/// Does one step, and says how the job stands after it.
async fn next_end(inner: &Arc<Inner>, job: &JobRow) -> Result<JobEnd, JobError> {
    if job.cancel_asked {
        return Ok(JobEnd::Cancelled);
    }
    if inner.stopping() {
        let run_at = inner.clock.now();
        return Ok(JobEnd::Retry {
            error: "the service stopped; the job goes on when it starts".to_owned(),
            run_at,
        });
    }
    let progress: Progress = read_progress(job)?;
    if job.attempts.saturating_sub(progress.attempts) > BEGUN_MAX {
        return Ok(JobEnd::Failed { error: format!("begun {BEGUN_MAX} times without getting on") });
    }
    let attempts = job.attempts;
    Ok(match step(inner, job, progress).await? {
        Step::More(progress) => JobEnd::GoOn {
            progress: Progress { attempts, ..progress }.value(),
            lease_until: lease_from(inner.clock.now()),
        },
        Step::Done(progress, result) => JobEnd::Done { progress: progress.value(), result },
    })
}

async fn step(inner: &Arc<Inner>, job: &JobRow, progress: Progress) -> Result<Step, JobError> {
    match job.kind.as_str() {
        SWEEP_EVENTS => sweep::events(inner, job, progress).await,
        SWEEP_LISTS => sweep::lists(inner, job, progress).await,
        FETCH_OBJECTS => fetch::objects(inner, job, progress).await,
        PRUNE => prune(inner, progress).await,
        _ => Err(JobError::UnknownKind),
    }
}

async fn prune(inner: &Inner, progress: Progress) -> Result<Step, JobError> {
    let now = inner.clock.now();
    let before = now.checked_sub_signed(TimeDelta::days(JOBS_KEPT_DAYS)).unwrap_or(now);
    let deleted = inner.store.prune_jobs(before).await?;
    Ok(Step::Done(progress, json!({ "jobs": deleted })))
}

fn read_progress(job: &JobRow) -> Result<Progress, serde_json::Error> {
    if job.progress.is_null() {
        Ok(Progress::default())
    } else {
        serde_json::from_value(job.progress.clone())
    }
}

/// Tries again where that may help; gives up otherwise.
fn after_failure(inner: &Inner, job: &JobRow, error: &JobError) -> JobEnd {
    let text: String = chain(error).chars().take(ERROR_CHARS_MAX).collect();
    let progress = read_progress(job).unwrap_or_default();
    let failures = u32::try_from(job.attempts.saturating_sub(progress.attempts)).unwrap_or(1).max(1);
    let mut policy = inner.settings.retry_policy();
    if job.requested_by == SCHEDULE && progress.pages == 0 {
        policy.tries = policy.tries.min(SCHEDULED_TRIES);
    }
    match retry_at(inner, &policy, error, failures) {
        Some(run_at) => JobEnd::Retry { error: text, run_at },
        None => JobEnd::Failed { error: text },
    }
}

fn retry_at(inner: &Inner, policy: &RetryPolicy, error: &JobError, failures: u32) -> Option<Timestamp> {
    let now = inner.clock.now();
    let waiting = || {
        let delay = policy.base.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(policy.cap);
        later(now, delay)
    };
    match error {
        JobError::Provider(error) | JobError::Read(ReadError::Provider(error)) => {
            retry::after(policy, failures, error, now, inner.random())
        }
        JobError::Store(error) | JobError::Read(ReadError::Store(error)) => {
            (error.is_retryable() && failures < policy.tries).then(waiting)
        }
        JobError::Seal(_) | JobError::Read(ReadError::Seal(_)) => (failures < policy.tries).then(waiting),
        JobError::Unreadable(_) | JobError::UnknownKind => None,
    }
}

fn tell_end(job: &JobRow, end: &JobEnd, took: TimeDelta) {
    let outcome = match end {
        JobEnd::Done { .. } => "done",
        JobEnd::Failed { .. } => "failed",
        JobEnd::Cancelled => "cancelled",
        JobEnd::GoOn { .. } => return,
        JobEnd::Retry { error, run_at } => {
            tracing::info!(job.id = %job.id, %error, "Job {} ({}) is tried again at {run_at}: {error}", job.id, job.kind);
            return;
        }
    };
    if let JobEnd::Failed { error } = end {
        tracing::warn!(job.id = %job.id, %error, "Job {} ({}) failed: {error}", job.id, job.kind);
    } else {
        tracing::debug!(job.id = %job.id, "Job {} ({}): {outcome}", job.id, job.kind);
    }
    let seconds = took.to_std().unwrap_or_default().as_secs_f64();
    metrics::histogram!("ltv_job_seconds", "kind" => job.kind.clone(), "outcome" => outcome).record(seconds);
}

fn lease_from(now: Timestamp) -> Timestamp {
    now.checked_add_signed(TimeDelta::seconds(LEASE_SECONDS)).unwrap_or(now)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}

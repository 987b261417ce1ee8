//! Long work: jobs with leases, schedules, progress and cancelling.
//!
//! A job goes on in steps; after each, its progress is in the store, so that a worker that dies loses one step at most:
//! when its lease is over, another goes on from there. Every step may be done twice without harm, since what it brings
//! goes through the inbox. A step that fails for a passing reason is tried again after a growing delay; one that
//! the provider was not even asked for does not count as tried.

mod fetch;
mod progress;
mod runner;
mod schedule;
mod sweep;

use chrono::TimeDelta;
use ltv_core::Timestamp;
use serde_json::{Value, json};
use store::{JobRow, JobStatus, NewJob};

use crate::ask::AskError;
use crate::error::PipelineError;
use crate::pipeline::{Inner, LtvDataPipeline};

pub(crate) use fetch::{Need, Needs, is_whole};
pub(crate) use runner::{run_due, run_one};
pub(crate) use schedule::Schedules;
pub(crate) use sweep::{EVENTS_THROUGH, earlier, through_row};

/// Reads again what the provider sent, so that a lost webhook is healed.
pub(crate) const SWEEP_EVENTS: &str = "sweep.events";
/// Reads on in the provider's lists.
pub(crate) const SWEEP_LISTS: &str = "sweep.lists";
/// Reads single objects that messages refer to.
pub(crate) const FETCH_OBJECTS: &str = "fetch.objects";
/// Deletes what is kept no longer.
pub(crate) const PRUNE: &str = "prune";

/// Who asks for scheduled jobs.
const SCHEDULE: &str = "schedule";
/// Work that a person waits for.
const PRIORITY_ASKED: i32 = 10;
/// Single objects: short, and figures wait for them.
const PRIORITY_FETCH: i32 = 5;
/// All else.
const PRIORITY_SCHEDULED: i32 = 0;
/// How many jobs are looked at to tell whether an integration has one.
const ACTIVE_MAX: i64 = 500;

/// A job, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// What is done, such as `sweep.events`.
    pub kind: String,
    /// The integration that it works on.
    pub integration: Option<String>,
    /// `queued`, `running`, `done`, `failed`, `cancelled`.
    pub status: &'static str,
    /// How often it was begun.
    pub attempts: i32,
    /// How far it got: counts by name.
    pub progress: Value,
    /// What it gave.
    pub result: Option<Value>,
    /// What went wrong last.
    pub error: Option<String>,
    /// Whether it is to be called off.
    pub cancel_asked: bool,
    /// Who asked for it: an API key's id, `schedule` or `system`.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it runs next, where it waits.
    pub run_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which jobs are asked for; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobsQuestion {
    /// Of this kind alone.
    pub kind: Option<String>,
    /// In this status alone: `queued`, `running`, `done`, `failed`, `cancelled`.
    pub status: Option<String>,
    /// The id of the last job of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl LtvDataPipeline {
    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn jobs(&self, question: &JobsQuestion) -> Result<Vec<JobView>, AskError> {
        let status = question.status.as_deref().map(status_named).transpose()?;
        let limit = i64::try_from(question.limit).unwrap_or(i64::MAX);
        let rows =
            self.inner.store.jobs(question.after.as_deref(), question.kind.as_deref(), status, limit).await?;
        Ok(rows.into_iter().map(view_of).collect())
    }

    /// One job.
    ///
    /// # Errors
    /// [`AskError::NotFound`], and other [`AskError`]s.
    pub async fn job(&self, id: &str) -> Result<JobView, AskError> {
        self.inner.store.job(id).await?.map(view_of).ok_or_else(no_such_job)
    }

    /// Asks for a job to be called off: one that waits is so at once, one that runs after the step under way.
    ///
    /// # Errors
    /// [`AskError::NotFound`], and other [`AskError`]s.
    pub async fn cancel_job(&self, id: &str) -> Result<JobView, AskError> {
        let now = self.inner.clock.now();
        self.inner.store.cancel_job(id, now).await?.map(view_of).ok_or_else(no_such_job)
    }

    /// Starts reading an integration again: `full` looks at all events of the last 30 days, `incremental` at those
    /// since the last sweep. Where such a job is waiting or running, answers that one.
    ///
    /// # Errors
    /// [`AskError::NotFound`] where there is no such integration, [`AskError::BadQuestion`] where it has no API key,
    /// and other [`AskError`]s.
    pub async fn start_sync(
        &self,
        integration: &str,
        full: bool,
        requested_by: &str,
    ) -> Result<JobView, AskError> {
        let inner = &self.inner;
        let live = inner.integrations.live().get(integration).cloned();
        let live = live.ok_or_else(|| AskError::NotFound { what: "such integration".to_owned() })?;
        if !live.view.has_api_key {
            return Err(AskError::BadQuestion {
                parameter: "integration",
                problem: "has no `apiKey`, so nothing can be read: put one into its configuration".to_owned(),
            });
        }
        inner.reader.schedule(integration);
        let job = inner.new_sync(integration, full, live.provider.sweeps(), requested_by);
        Ok(view_of(inner.add_job(job).await?))
    }

    /// Does, in the task of the caller, all that is due now: jobs, reads, observing, booking, the audit log. For
    /// commands and tests in which no workers run.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn catch_up(&self) -> Result<(), PipelineError> {
        let inner = &self.inner;
        inner.resume();
        loop {
            let mut busy = inner.schedules.fire_due(inner).await?;
            busy |= run_due(inner).await?;
            busy |= inner.reader.pass().await;
            busy |= inner.observe_once().await? > 0;
            busy |=
                crate::book::pass(inner.store.as_ref(), &inner.booker, &inner.settings, inner.clock.now())
                    .await?
                    .marks
                    > 0;
            if !busy {
                inner.reader.settle().await?;
                inner.audit.flush(inner.store.as_ref()).await?;
                return Ok(());
            }
        }
    }
}

impl Inner {
    /// Adds a job, and wakes a worker for it.
    pub(crate) async fn add_job(&self, job: Result<NewJob, vault::VaultError>) -> Result<JobRow, AskError> {
        let added = self.store.add_job(&job?, self.clock.now()).await?;
        self.wake_jobs.notify_one();
        Ok(added)
    }

    /// A job that reads an integration again.
    pub(crate) fn new_sync(
        &self,
        integration: &str,
        full: bool,
        sweeps: bool,
        requested_by: &str,
    ) -> Result<NewJob, vault::VaultError> {
        let kind = if sweeps { SWEEP_EVENTS } else { SWEEP_LISTS };
        let priority = if requested_by == SCHEDULE { PRIORITY_SCHEDULED } else { PRIORITY_ASKED };
        let extent = if full { "full" } else { "incremental" };
        Ok(NewJob {
            id: self.job_id()?,
            kind: kind.to_owned(),
            key: Some(format!("{kind}:{extent}:{integration}")),
            input: json!({ "integration": integration, "full": full }),
            priority,
            run_at: self.clock.now(),
            requested_by: requested_by.to_owned(),
        })
    }

    /// A scheduled job of no integration, or of one.
    pub(crate) fn new_scheduled(
        &self,
        kind: &str,
        integration: Option<&str>,
    ) -> Result<NewJob, vault::VaultError> {
        Ok(NewJob {
            id: self.job_id()?,
            kind: kind.to_owned(),
            key: Some(format!("{kind}:{}", integration.unwrap_or_default())),
            input: json!({ "integration": integration }),
            priority: PRIORITY_SCHEDULED,
            run_at: self.clock.now(),
            requested_by: SCHEDULE.to_owned(),
        })
    }

    /// A job that reads single objects, a little later: most of them are on their way as webhooks of their own.
    pub(crate) fn new_fetch(&self, integration: &str, needs: &[Need]) -> Result<NewJob, vault::VaultError> {
        let now = self.clock.now();
        let delay = TimeDelta::from_std(self.settings.read_delay).unwrap_or_default();
        Ok(NewJob {
            id: self.job_id()?,
            kind: FETCH_OBJECTS.to_owned(),
            key: None,
            input: fetch::input(integration, needs),
            priority: PRIORITY_FETCH,
            run_at: now.checked_add_signed(delay).unwrap_or(now),
            requested_by: "system".to_owned(),
        })
    }

    fn job_id(&self) -> Result<String, vault::VaultError> {
        Ok(crate::ingest::uuid_v7(self.clock.now(), &self.vault)?.to_string())
    }

    /// The jobs that wait or run.
    pub(crate) async fn active_jobs(&self) -> Result<Vec<JobView>, store::StoreError> {
        let mut active = self.store.jobs(None, None, Some(JobStatus::Queued), ACTIVE_MAX).await?;
        active.extend(self.store.jobs(None, None, Some(JobStatus::Running), ACTIVE_MAX).await?);
        Ok(active.into_iter().map(view_of).collect())
    }
}

fn no_such_job() -> AskError {
    AskError::NotFound { what: "such job".to_owned() }
}

pub(crate) fn status_text(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "running",
        JobStatus::Done => "done",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
    }
}

fn status_named(name: &str) -> Result<JobStatus, AskError> {
    use JobStatus as S;
    let all = [S::Queued, S::Running, S::Done, S::Failed, S::Cancelled];
    all.into_iter().find(|status| status_text(*status) == name).ok_or_else(|| AskError::BadQuestion {
        parameter: "status",
        problem: "use queued, running, done, failed or cancelled".to_owned(),
    })
}

fn view_of(row: JobRow) -> JobView {
    let integration = row.input.get("integration").and_then(Value::as_str).map(str::to_owned);
    JobView {
        id: row.id,
        kind: row.kind,
        integration,
        status: status_text(row.status),
        attempts: row.attempts,
        progress: progress::shown(row.progress),
        result: row.result,
        error: row.error,
        cancel_asked: row.cancel_asked,
        requested_by: row.requested_by,
        created_at: row.created_at,
        run_at: row.run_at,
        updated_at: row.updated_at,
        ended_at: row.ended_at,
    }
}

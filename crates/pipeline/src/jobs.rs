//! Long work: jobs with leases, schedules, progress and cancelling. Sweeps and reads run as jobs.

use ltv_core::Timestamp;
use serde_json::Value;

use crate::ask::AskError;
use crate::pipeline::LtvDataPipeline;

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

fn not_yet<T>() -> Result<T, AskError> {
    Err(AskError::NotFound { what: "such job".to_owned() })
}

impl LtvDataPipeline {
    /// Jobs, newest first.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn jobs(&self, question: &JobsQuestion) -> Result<Vec<JobView>, AskError> {
        let _ = question;
        not_yet()
    }

    /// One job.
    ///
    /// # Errors
    /// [`AskError::NotFound`], and other [`AskError`]s.
    pub async fn job(&self, id: &str) -> Result<JobView, AskError> {
        let _ = id;
        not_yet()
    }

    /// Asks for a job to be called off.
    ///
    /// # Errors
    /// [`AskError::NotFound`], and other [`AskError`]s.
    pub async fn cancel_job(&self, id: &str) -> Result<JobView, AskError> {
        let _ = id;
        not_yet()
    }

    /// Starts reading an integration again: `full` looks at all events of the last 30 days, `incremental` at those
    /// since the last sweep. Where such a job is waiting or running, answers that one.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn start_sync(
        &self,
        integration: &str,
        full: bool,
        requested_by: &str,
    ) -> Result<JobView, AskError> {
        let _ = (integration, full, requested_by);
        not_yet()
    }
}

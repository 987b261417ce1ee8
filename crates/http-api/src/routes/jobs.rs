//! Jobs: what is done in the background, and calling it off.

use actix_web::{HttpRequest, HttpResponse, web};
use pipeline::JobsQuestion;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::lists::{Form, Table};
use crate::problem::Problem;
use crate::query::Query;
use crate::shapes::{JobShape, PageShape};
use crate::state::State;

/// What a list of jobs is as a table.
const JOBS: Table = Table {
    name: "jobs",
    columns: &[
        "id",
        "kind",
        "integration",
        "status",
        "attempts",
        "progress",
        "error",
        "cancelAsked",
        "requestedBy",
        "createdAt",
        "runAt",
        "updatedAt",
        "endedAt",
    ],
};
const STATUSES: &[(&str, &str)] = &[
    ("queued", "queued"),
    ("running", "running"),
    ("done", "done"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
];

/// Lists them, newest first.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let kind = query.text("kind");
    let status = query.word("status", STATUSES).map(str::to_owned);
    let after = query.text("cursor");
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    // One more than shown tells whether there is another page.
    let question = JobsQuestion { kind, status, after, limit: limit.saturating_add(1) };
    let mut jobs = state.pipeline.jobs(&question).await?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let cursor = jobs.last().filter(|_| more).map(|job| job.id.clone());
    let rows: Vec<_> = jobs.into_iter().map(JobShape::from).collect();
    form.answer(&JOBS, &PageShape::new(rows, cursor))
}

/// One job.
pub(crate) async fn one(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let job = state.pipeline.job(&path).await?;
    Ok(HttpResponse::Ok().json(JobShape::from(job)))
}

/// Asks for a job to be called off; it ends at its next step.
pub(crate) async fn cancel(path: web::Path<String>, state: State) -> Result<HttpResponse, Problem> {
    let job = state.pipeline.cancel_job(&path).await?;
    tracing::info!(job.id = %job.id, "Job {} is to be called off", job.id);
    Ok(HttpResponse::Accepted().json(JobShape::from(job)))
}

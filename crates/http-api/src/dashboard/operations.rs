//! Operations: how sources stand, what could not be worked on, jobs, and what was done lately.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use ltv_core::MessageId;
use pipeline::access::Permission;
use pipeline::{
    AuditQuestion, AuditRecord, DeadLetterView, IntegrationStatus, JobView, JobsQuestion, LtvDataPipeline,
    Redriven,
};
use serde_json::Value;

use super::format;
use super::page::{Frame, PageProblem, asked, if_there, show};
use super::parts::message_link;
use super::view::PageView;
use crate::auth::Caller;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::state::State;

const PATH: &str = "/dashboard/operations";
/// After so many tries by people another one wants to be confirmed.
const REDRIVES_MAX: i32 = 3;
/// Rows of each table.
const ROWS: usize = 50;
/// What the page says after something was asked for on it.
const NOTICES: &[(&str, &str)] = &[
    (
        "retried",
        "The message is tried again. If what ails it is still there, it comes back here with its reason.",
    ),
    ("not-there", "There is no such dead letter any more."),
    (
        "refused",
        "It was tried several times already: look into it first, then confirm that it is to be tried again.",
    ),
    ("cancelling", "The job stops after the step that it is at."),
    ("reading", "The source is being read again."),
];

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    frame: Frame,
    notice: Option<&'static str>,
    sources: Vec<Source>,
    may_operate: bool,
    /// `None`: the key may not look into figures.
    inside: Option<Inside>,
    /// `None`: the key may not read the audit log.
    audit: Option<Vec<Record>>,
}

struct Inside {
    letters: Vec<Letter>,
    jobs: Option<Vec<Job>>,
}

/// How a source stands.
pub(super) struct Source {
    pub(super) id: String,
    pub(super) mode: &'static str,
    pub(super) state: &'static str,
    pub(super) well: bool,
    pub(super) breaker: &'static str,
    pub(super) counts: Vec<(&'static str, String)>,
    pub(super) last_message: String,
    pub(super) lag: String,
    pub(super) complete_through: String,
    pub(super) drift: Vec<(String, String)>,
    pub(super) reading: bool,
}

struct Letter {
    id: i64,
    link: String,
    integration: String,
    kind: String,
    status: &'static str,
    class: String,
    reason: String,
    attempts: i32,
    redrives: i32,
    failed: String,
    /// Who proposes to discard it, and why; or that it was.
    discard: String,
    retriable: bool,
    /// It was tried so often that another try wants to be confirmed.
    stubborn: bool,
}

struct Job {
    id: String,
    kind: String,
    integration: String,
    status: &'static str,
    progress: String,
    error: String,
    attempts: i32,
    requested_by: String,
    created: String,
    updated: String,
    /// It can still be called off.
    open: bool,
}

struct Record {
    seq: i64,
    at: String,
    actor: String,
    action: String,
    object: String,
    outcome: String,
    block: i64,
}

/// Shows the page.
pub(crate) async fn page(
    request: HttpRequest,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let notice = query.word("done", NOTICES);
    query.finish()?;
    let statuses = asked(state.pipeline.integration_status().await)?;
    let may = |permission| caller.0.may(permission);
    let inside =
        if may(Permission::ReadLedger) { Some(Inside::read(&state.pipeline, &view).await?) } else { None };
    let audit = if may(Permission::ReadAudit) { Some(records(&state.pipeline).await?) } else { None };
    show(&OperationsPage {
        notice,
        sources: statuses.into_iter().map(Source::from).collect(),
        may_operate: may(Permission::Operate),
        inside,
        audit,
        frame: Frame::plain("operations", PATH, view),
    })
}

/// Has a dead letter tried again.
pub(crate) async fn retry(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, PageProblem> {
    let id = number(&path)?;
    let mut query = Query::of(&request);
    let confirmed = query.word("confirmed", &[("yes", true)]).unwrap_or(false);
    query.finish()?;
    let done = match asked(state.pipeline.redrive_dead_letter(id, &caller.0.key_id, confirmed).await)? {
        Redriven::Queued => "retried",
        Redriven::NoSuch | Redriven::Discarded => "not-there",
        Redriven::NeedsConfirmation { .. } => "refused",
    };
    Ok(back(done))
}

/// Has a job stopped.
pub(crate) async fn cancel(path: web::Path<String>, state: State) -> Result<HttpResponse, PageProblem> {
    asked(state.pipeline.cancel_job(&path).await)?;
    Ok(back("cancelling"))
}

/// Has a source read again.
pub(crate) async fn sync(
    path: web::Path<String>,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, PageProblem> {
    asked(state.pipeline.start_sync(&path, false, &caller.0.key_id).await)?;
    Ok(back("reading"))
}

fn number(text: &str) -> Result<MessageId, Problem> {
    text.parse().map(MessageId).map_err(|_no_number: std::num::ParseIntError| {
        Problem::new(Kind::NotFound, "There is no such dead letter.")
    })
}

/// Back to the page, so that reloading it asks for nothing twice.
fn back(done: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, format!("{PATH}?done={done}"))).finish()
}

impl Inside {
    async fn read(pipeline: &LtvDataPipeline, view: &PageView) -> Result<Self, PageProblem> {
        let letters = asked(pipeline.dead_letters(None, ROWS).await)?;
        let question = JobsQuestion { limit: ROWS, ..JobsQuestion::default() };
        let jobs = if_there(pipeline.jobs(&question).await)?;
        Ok(Self {
            letters: letters.into_iter().map(|letter| Letter::new(letter, view)).collect(),
            jobs: jobs.map(|jobs| jobs.into_iter().map(Job::from).collect()),
        })
    }
}

async fn records(pipeline: &LtvDataPipeline) -> Result<Vec<Record>, PageProblem> {
    let question = AuditQuestion { limit: ROWS, ..AuditQuestion::default() };
    let page = if_there(pipeline.audit(&question).await)?;
    Ok(page.map(|page| page.records.into_iter().map(Record::from).collect()).unwrap_or_default())
}

impl From<IntegrationStatus> for Source {
    fn from(status: IntegrationStatus) -> Self {
        let stuck = status.dead.saturating_add(status.quarantined);
        let (well, state) = match (status.active, status.breaker, stuck) {
            (false, _, _) => (true, "Stopped"),
            (true, "open", _) => (false, "Does not answer"),
            (true, _, 0) => (true, "Working"),
            (true, _, _) => (false, "Needs attention"),
        };
        let counts = [
            ("Accepted", status.accepted),
            ("Done", status.done),
            ("Pending", status.pending),
            ("Dead", status.dead),
            ("Quarantined", status.quarantined),
            ("Duplicates", status.duplicates),
            ("Rejected", status.rejected),
            ("Other mode", status.test_mode),
            ("To be booked", status.unbooked),
        ];
        Self {
            id: status.id,
            mode: if status.livemode { "live" } else { "test" },
            state,
            well,
            breaker: status.breaker,
            counts: counts.into_iter().map(|(name, number)| (name, format::count(number))).collect(),
            last_message: format::time_or_dash(status.last_message_at),
            lag: format::duration(status.lag_seconds),
            complete_through: format::time_or_dash(status.complete_through),
            drift: status.drift.into_iter().map(|drift| (drift.what, format::count(drift.count))).collect(),
            reading: status.reading,
        }
    }
}

impl Letter {
    fn new(letter: DeadLetterView, view: &PageView) -> Self {
        let discard = match (letter.discarded_at, letter.discard_proposed_by) {
            (Some(at), _) => format!("discarded {}", format::time(at)),
            (None, Some(by)) => {
                format!("{by} proposes to discard it: {}", letter.discard_reason.unwrap_or_default())
            }
            (None, None) => String::new(),
        };
        Self {
            id: letter.id,
            link: message_link(letter.id, view),
            integration: letter.integration,
            kind: letter.kind,
            status: letter.status,
            class: letter.class,
            reason: letter.reason,
            attempts: letter.attempts,
            redrives: letter.redrives,
            failed: format::time(letter.failed_at),
            discard,
            retriable: letter.discarded_at.is_none(),
            stubborn: letter.redrives >= REDRIVES_MAX,
        }
    }
}

impl From<JobView> for Job {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            integration: job.integration.unwrap_or_default(),
            status: if job.cancel_asked && job.ended_at.is_none() { "stopping" } else { job.status },
            progress: progress(job.result.as_ref().unwrap_or(&job.progress)),
            error: job.error.unwrap_or_default(),
            attempts: job.attempts,
            requested_by: job.requested_by,
            created: format::time(job.created_at),
            updated: format::time(job.updated_at),
            open: job.ended_at.is_none() && !job.cancel_asked,
        }
    }
}

/// `pages 3, seen 120`: counts by name; what is no count is left out.
fn progress(value: &Value) -> String {
    let Some(counts) = value.as_object() else { return String::new() };
    let texts =
        counts.iter().filter_map(|(name, count)| Some(format!("{name} {}", format::count(count.as_i64()?))));
    texts.collect::<Vec<_>>().join(", ")
}

impl From<AuditRecord> for Record {
    fn from(record: AuditRecord) -> Self {
        let told = record.record;
        Self {
            seq: record.seq,
            at: format::time(told.at),
            actor: format!("{} {}", told.actor_kind, told.actor_id),
            action: told.action,
            object: told.object,
            outcome: told.outcome,
            block: record.block,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_is_told_as_counts() {
        assert_eq!(progress(&json!({"pages": 3, "seen": 1200, "cursor": "evt_1"})), "pages 3, seen 1,200");
        assert_eq!(progress(&Value::Null), "");
    }

    #[test]
    fn what_was_done_is_said_after_going_back() {
        let answer = back("retried");
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers().get("location").unwrap(), "/dashboard/operations?done=retried");
        assert!(NOTICES.iter().any(|(word, _)| *word == "retried"));
    }

    #[test]
    fn what_is_no_number_is_no_dead_letter() {
        assert_eq!(number("7").unwrap(), MessageId(7));
        assert_eq!(number("seven").unwrap_err().kind, Kind::NotFound);
    }
}

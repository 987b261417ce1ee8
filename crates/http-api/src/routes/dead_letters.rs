//! Messages that could not be worked on, and what people decide on them.

use actix_web::web::{self, Path};
use actix_web::{HttpRequest, HttpResponse};
use ltv_core::MessageId;
use pipeline::{DeadLetterFilter, Decided, Redriven};
use serde_json::json;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::auth::Caller;
use crate::body;
use crate::fields::Fields;
use crate::lists::{Form, Table};
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::shapes::{DeadLetterDetailShape, DeadLetterShape, PageShape};
use crate::state::{AppState, State};

/// What the list is as a table.
const LETTERS: Table = Table {
    name: "dead-letters",
    columns: &[
        "id",
        "integration",
        "kind",
        "eventId",
        "status",
        "class",
        "reason",
        "attempts",
        "receivedAt",
        "failedAt",
        "redrives",
        "discardProposedBy",
        "discardReason",
        "discardedAt",
    ],
};
/// The longest reason for a discard.
const REASON_CHARS_MAX: usize = 500;

/// Lists them, newest first.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let before = query.parsed::<i64>("cursor", "`nextCursor` of the page before").map(MessageId);
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    // One more than shown tells whether there is another page.
    let mut letters = state.pipeline.dead_letters(before, limit.saturating_add(1)).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let cursor = letters.last().filter(|_| more).map(|letter| letter.id.to_string());
    let rows: Vec<_> = letters.into_iter().map(DeadLetterShape::from).collect();
    form.answer(&LETTERS, &PageShape::new(rows, cursor))
}

/// Looks into one.
pub(crate) async fn one(
    id: Path<String>,
    request: HttpRequest,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    shown(&state, message_id(&id)?).await
}

/// Puts one back into the queue. What ails it still makes it a dead letter again, with its reason.
pub(crate) async fn retry(
    id: Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let mut fields = Fields::parse(&body::read_optional_json(&request, payload, &state.limits).await?)?;
    let confirmed = fields.optional("confirmed", "true or false").unwrap_or(false);
    fields.finish()?;
    match state.pipeline.redrive_dead_letter(message_id(&id)?, &caller.0.key_id, confirmed).await? {
        Redriven::Queued => Ok(HttpResponse::Accepted().json(json!({"id": *id, "retried": true}))),
        Redriven::NoSuch => Err(no_such()),
        Redriven::NeedsConfirmation { redrives } => Err(Problem::new(
            Kind::Conflict,
            format!("It was retried {redrives} times: look into it, and send `{{\"confirmed\": true}}`."),
        )),
        Redriven::Discarded => Err(Problem::new(Kind::Conflict, "It has been discarded.")),
    }
}

/// Puts all back into the queue that a filter takes, up to 1,000.
pub(crate) async fn retry_many(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let mut fields = Fields::parse(&body::read_optional_json(&request, payload, &state.limits).await?)?;
    let filter = DeadLetterFilter {
        integration: fields.optional("integration", "an integration's id"),
        class: fields.optional("class", "permanent, poison, exhausted or quarantine"),
        kind: fields.optional("kind", "an event's type"),
    };
    fields.finish()?;
    let retried = state.pipeline.retry_dead_letters(&filter, &caller.0.key_id).await?;
    Ok(HttpResponse::Accepted().json(json!({"retried": retried})))
}

/// Proposes to discard one.
pub(crate) async fn discard(
    id: Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let mut fields = Fields::parse(&body::read_json(&request, payload, &state.limits).await?)?;
    let expected = format!("why, in 1 to {REASON_CHARS_MAX} characters");
    let reason: String = fields.required("reason", &expected).unwrap_or_default();
    if reason.chars().count() > REASON_CHARS_MAX || (reason.trim().is_empty() && !fields.has_problems()) {
        fields.wrong("reason", format!("expected {expected}"));
    }
    fields.finish()?;
    let id = message_id(&id)?;
    decided(&state, id, state.pipeline.propose_discard(id, &caller.0.key_id, &reason).await?).await
}

/// Agrees to discard one; another person than who proposed it, where it may bear money.
pub(crate) async fn approve_discard(
    id: Path<String>,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let id = message_id(&id)?;
    decided(&state, id, state.pipeline.approve_discard(id, &caller.0.key_id).await?).await
}

async fn decided(state: &AppState, id: MessageId, outcome: Decided) -> Result<HttpResponse, Problem> {
    let conflict = |detail: &str| Err(Problem::new(Kind::Conflict, detail));
    match outcome {
        Decided::Done => shown(state, id).await,
        Decided::NoSuch => Err(no_such()),
        Decided::SamePerson => conflict("Whoever proposed it can't approve it: it needs a second person."),
        Decided::NotProposed => conflict("Nobody has proposed to discard it."),
        Decided::Already => conflict("It has been discarded already."),
    }
}

async fn shown(state: &AppState, id: MessageId) -> Result<HttpResponse, Problem> {
    let detail = state.pipeline.dead_letter(id).await?;
    Ok(HttpResponse::Ok().json(DeadLetterDetailShape::from(detail)))
}

fn message_id(text: &str) -> Result<MessageId, Problem> {
    text.parse().map(MessageId).map_err(|_no_number: std::num::ParseIntError| no_such())
}

fn no_such() -> Problem {
    Problem::not_found("such dead letter")
}

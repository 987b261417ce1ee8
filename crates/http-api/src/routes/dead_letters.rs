//! Messages that could not be worked on.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use ltv_core::MessageId;
use serde_json::json;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::Problem;
use crate::query::Query;
use crate::shapes::{DeadLetterShape, PageShape};
use crate::state::State;

/// Lists them, newest first.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let before = query.parsed::<i64>("cursor", "`nextCursor` of the page before").map(MessageId);
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    query.finish()?;
    // One more than shown tells whether there is another page.
    let mut letters = state.pipeline.dead_letters(before, limit.saturating_add(1)).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let cursor = letters.last().filter(|_| more).map(|letter| letter.id.to_string());
    let rows = letters.into_iter().map(DeadLetterShape::from).collect();
    Ok(HttpResponse::Ok().json(PageShape::new(rows, cursor)))
}

/// Puts one back into the queue. What ails it still makes it a dead letter again, with its reason.
pub(crate) async fn retry(id: Path<String>, state: State) -> Result<HttpResponse, Problem> {
    let retried = match id.parse() {
        Ok(number) => state.pipeline.retry_dead_letter(MessageId(number)).await?,
        Err(_not_a_number) => false,
    };
    if retried {
        Ok(HttpResponse::Accepted().json(json!({"id": *id, "retried": true})))
    } else {
        Err(Problem::not_found("such dead letter"))
    }
}

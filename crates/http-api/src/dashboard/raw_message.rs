//! A raw message: what is known of it without opening it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use ltv_core::MessageId;
use pipeline::MessageView;

use super::format;
use super::page::{Frame, PageProblem, asked, show};
use super::view::PageView;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::State;

#[derive(Template)]
#[template(path = "raw_message.html")]
struct RawMessagePage {
    frame: Frame,
    id: i64,
    facts: Vec<(&'static str, String)>,
}

/// Shows the page.
pub(crate) async fn page(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    query.finish()?;
    let Ok(id) = path.parse() else { return Err(Problem::not_found("such message").into()) };
    let message = asked(state.pipeline.message(MessageId(id)).await)?;
    let own_path = format!("/dashboard/messages/{id}");
    show(&RawMessagePage { id, facts: facts(message), frame: Frame::plain("", own_path, view) })
}

fn facts(message: MessageView) -> Vec<(&'static str, String)> {
    let origin = match message.origin {
        "webhook" => "Sent by the provider",
        _ => "Read from the provider",
    };
    let none = || "\u{2013}".to_owned();
    vec![
        ("Provider", message.provider),
        ("Integration", message.integration),
        ("Event id", message.event_id),
        ("Kind", message.kind),
        ("How it came", origin.to_owned()),
        ("Speaks of", format::time(message.observed_at)),
        ("Received", format::time(message.received_at)),
        ("Account", message.account.unwrap_or_else(none)),
        ("Counted", if message.test_mode { "No: it is of the other mode" } else { "Yes" }.to_owned()),
        ("Shows", if message.objects.is_empty() { none() } else { message.objects.join(", ") }),
        ("SHA-256", message.sha256),
    ]
}

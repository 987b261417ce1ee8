//! What the figures mean, in plain words.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::page::{Frame, PageProblem, show};
use super::view::PageView;
use crate::query::Query;
use crate::state::State;

#[derive(Template)]
#[template(path = "definitions.html")]
struct DefinitionsPage {
    frame: Frame,
}

/// Shows the page.
pub(crate) async fn page(request: HttpRequest, state: State) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    query.finish()?;
    show(&DefinitionsPage { frame: Frame::plain("definitions", "/dashboard/definitions", view) })
}

//! Revenue of the whole store.

use actix_web::{HttpRequest, HttpResponse};
use pipeline::{GroupBy, Interval, RevenueQuestion};

use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::shapes::RevenueShape;
use crate::state::State;

/// The lengths of periods by their names.
pub(super) const INTERVALS: &[(&str, Interval)] = &[
    ("day", Interval::Day),
    ("week", Interval::Week),
    ("month", Interval::Month),
    ("quarter", Interval::Quarter),
    ("year", Interval::Year),
];
const GROUPS: &[(&str, GroupBy)] = &[("supplier", GroupBy::Supplier), ("currency", GroupBy::Currency)];

/// Figures, by period and group where asked.
pub(crate) async fn revenue(
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let question = RevenueQuestion {
        view: query.view(),
        from: query.time("from"),
        to: query.time("to"),
        interval: query.word("interval", INTERVALS),
        group_by: query.word("groupBy", GROUPS),
    };
    query.finish()?;
    let answer = state.pipeline.revenue(&question).await?;
    Ok(HttpResponse::Ok().json(RevenueShape::new(answer, (question.from, question.to), &id)))
}

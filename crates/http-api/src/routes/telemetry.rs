//! Prometheus metrics.

use actix_web::HttpResponse;

use crate::problem::Problem;
use crate::state::State;

/// All metrics in Prometheus's text format.
pub(crate) async fn metrics(state: State) -> Result<HttpResponse, Problem> {
    let Some(metrics) = &state.metrics else {
        return Err(Problem::not_found("recorder of metrics in this process"));
    };
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.render()))
}

//! How good the data is.

use actix_web::{HttpRequest, HttpResponse};

use crate::problem::Problem;
use crate::query::Query;
use crate::shapes::DataQualityShape;
use crate::state::State;

/// Checks the data: quickly, or wholly with `level=comprehensive`.
pub(crate) async fn data_quality(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let comprehensive = query.word("level", &[("basic", false), ("comprehensive", true)]).unwrap_or(false);
    query.finish()?;
    let quality = state.pipeline.data_quality(comprehensive).await?;
    Ok(HttpResponse::Ok().json(DataQualityShape::from(quality)))
}

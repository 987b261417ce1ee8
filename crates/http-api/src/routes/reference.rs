//! The API's description: as a document for programs, and as a page for people.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::openapi;
use crate::problem::Problem;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());
static PAGE: LazyLock<Result<String, Problem>> = LazyLock::new(|| openapi::page::write(&openapi::document()));
/// Another version of the service has another document.
const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "max-age=300");

/// The OpenAPI document.
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").insert_header(CACHE).body(DOCUMENT.as_str())
}

/// The same as a page.
pub(crate) async fn page() -> Result<HttpResponse, Problem> {
    let page = PAGE.as_ref().map_err(Problem::clone)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header(CACHE).body(page.as_str()))
}

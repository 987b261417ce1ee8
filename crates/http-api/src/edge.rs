//! What surrounds every request: its id, its span, its count, the headers of its answer, and problem documents for
//! whatever went wrong inside, panics included.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::problem::{Kind, PROBLEM_JSON, Problem};
use crate::request_id::{RequestId, X_REQUEST_ID};

/// Nothing from elsewhere, no scripts at all, no framing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; \
                                       form-action 'self'; frame-ancestors 'none'";
/// On every answer, unless the handler said otherwise.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];
/// The most of a path that a problem document repeats.
const INSTANCE_CHARS_MAX: usize = 200;
/// The route whose path is a secret.
const SECRET_ROUTE: &str = crate::routes::session::LINK_PATH;

/// What is known of a request after it is gone.
struct Asked {
    id: RequestId,
    method: &'static str,
    route: &'static str,
    instance: String,
    started: Instant,
}

/// Goes round every request of `route`.
pub(crate) async fn edge(
    route: &'static str,
    header_bytes_max: usize,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = Asked::of(&request, route);
    request.extensions_mut().insert(asked.id.clone());
    if header_bytes(&request) > header_bytes_max {
        let problem =
            Problem::new(Kind::HeadersTooLarge, format!("Send at most {header_bytes_max} bytes of headers."));
        let response = asked.finish(problem.closing().error_response());
        return Ok(request.into_response(response));
    }
    let span = tracing::info_span!("request", request.id = %asked.id.as_str(), http.method = asked.method, http.route = route);
    match AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span).await {
        Ok(Ok(answer)) => {
            let (request, response) = answer.into_parts();
            Ok(ServiceResponse::new(request, asked.finish(response)))
        }
        Ok(Err(error)) => Err(asked.give_up(error.error_response())),
        Err(_panic) => {
            tracing::error!(request.id = %asked.id.as_str(), http.route = route, "A handler of {route} panicked");
            Err(asked.give_up(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).error_response()))
        }
    }
}

impl Asked {
    fn of(request: &ServiceRequest, route: &'static str) -> Self {
        let path = if route == SECRET_ROUTE { route } else { request.path() };
        Self {
            id: RequestId::of(request.headers()),
            method: method_label(request.method()),
            route,
            instance: path.chars().take(INSTANCE_CHARS_MAX).collect(),
            started: Instant::now(),
        }
    }

    fn finish(&self, response: HttpResponse) -> HttpResponse {
        let mut response = self.as_document(response);
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            let name = HeaderName::from_static(name);
            if !headers.contains_key(&name) {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            headers.insert(HeaderName::from_static(X_REQUEST_ID), id);
        }
        self.count(response.status());
        response
    }

    /// An answer for when the request itself is lost.
    fn give_up(&self, response: HttpResponse) -> Error {
        InternalError::from_response("the request failed", self.finish(response)).into()
    }

    /// Refusals become problem documents, whoever made them; pages stay pages.
    fn as_document(&self, response: HttpResponse) -> HttpResponse {
        let status = response.status();
        let attached = response.extensions().get::<Problem>().cloned();
        let is_page = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let problem = match attached {
            Some(problem) => problem,
            None if is_page || !(status.is_client_error() || status.is_server_error()) => return response,
            None => Problem::of_status(status),
        };
        let document = problem.document(status, &self.instance, &self.id);
        let mut response = response.set_body(BoxBody::new(document));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }

    fn count(&self, status: StatusCode) {
        let status = status.as_u16().to_string();
        metrics::counter!("ltv_http_requests_total", "method" => self.method, "route" => self.route, "status" => status)
            .increment(1);
        metrics::histogram!("ltv_http_request_seconds", "method" => self.method, "route" => self.route)
            .record(self.started.elapsed());
    }
}

fn header_bytes(request: &ServiceRequest) -> usize {
    let sizes = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()).saturating_add(4));
    sizes.fold(request.uri().path_and_query().map_or(0, |line| line.as_str().len()), usize::saturating_add)
}

/// From a closed set: a client may call its method anything.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::body::to_bytes;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use actix_web::web;

    use super::*;

    async fn through_the_edge(route: actix_web::Route) -> (StatusCode, serde_json::Value) {
        let edged = route.wrap(from_fn(|request, next| edge("/x", 1024, request, next)));
        let app = init_service(App::new().route("/x", edged)).await;
        let response = match try_call_service(&app, TestRequest::get().uri("/x").to_request()).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        assert!(response.headers().contains_key(X_REQUEST_ID));
        let status = response.status();
        (status, serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap())
    }

    #[actix_web::test]
    async fn a_handler_that_panics_becomes_a_problem_document_without_its_words() {
        let route = web::route().to(async || -> HttpResponse { panic!("a secret") });
        let (status, document) = through_the_edge(route).await;
        assert_eq!((status.as_u16(), &document["code"]), (500, &serde_json::json!("internal")));
        assert_eq!(document["instance"], "/x");
        assert!(!document.to_string().contains("secret"), "{document}");
    }

    #[actix_web::test]
    async fn a_refusal_that_somebody_else_made_becomes_a_problem_document() {
        let route = web::route().to(async || HttpResponse::NotAcceptable().body("their own words"));
        let (status, document) = through_the_edge(route).await;
        assert_eq!((status.as_u16(), &document["code"]), (406, &serde_json::json!("not-acceptable")));
        let route = web::route().to(async || HttpResponse::ImATeapot().finish());
        let (status, document) = through_the_edge(route).await;
        assert_eq!((status.as_u16(), &document["code"]), (418, &serde_json::json!("refused")));
        assert_eq!(document["status"], 418);
    }

    #[test]
    fn methods_are_counted_under_a_closed_set_of_names() {
        assert_eq!(method_label(&Method::PUT), "PUT");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}

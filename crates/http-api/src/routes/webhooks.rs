//! Webhooks of payment providers: bounded reading, then the pipeline, which verifies and makes durable.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use connector::RawMessage;
use ltv_core::Provider;
use serde::Serialize;

use crate::body;
use crate::problem::{Kind, Problem};
use crate::state::{AppState, State};

#[derive(Serialize)]
struct Received {
    received: bool,
    duplicate: bool,
}

/// Receives a message of the provider that the path names. Answers when it is durable.
pub(crate) async fn receive(
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    let provider: Provider = path.parse().map_err(|_unknown| {
        state.pipeline.count_rejected(None, "unknown provider");
        Problem::not_found("payment provider of this name").closing()
    })?;
    take(Some(provider), &request, payload, &state).await
}

/// Receives a message of the provider that its headers show. Answers when it is durable.
pub(crate) async fn receive_any(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    take(None, &request, payload, &state).await
}

async fn take(
    provider: Option<Provider>,
    request: &HttpRequest,
    payload: web::Payload,
    state: &AppState,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let answer = read_and_receive(provider, request, payload, state).await;
    let outcome = match &answer {
        Ok(received) if received.test_mode => "test_mode",
        Ok(received) if received.duplicate => "duplicate",
        Ok(_) => "accepted",
        Err(problem) => outcome_of(problem.kind),
    };
    count(provider, outcome, started);
    let received = answer?;
    Ok(HttpResponse::Ok().json(Received { received: true, duplicate: received.duplicate }))
}

/// Labels come from closed sets. Where headers alone name the provider, it is not known here.
fn count(provider: Option<Provider>, outcome: &'static str, started: Instant) {
    let provider = provider.map_or("unknown", Provider::as_str);
    metrics::counter!("ltv_webhooks_total", "provider" => provider, "outcome" => outcome).increment(1);
    metrics::histogram!("ltv_webhook_seconds", "provider" => provider, "outcome" => outcome)
        .record(started.elapsed());
    if outcome == "bad_signature" {
        metrics::counter!("ltv_signature_failures_total", "provider" => provider).increment(1);
    }
}

async fn read_and_receive(
    provider: Option<Provider>,
    request: &HttpRequest,
    payload: web::Payload,
    state: &AppState,
) -> Result<pipeline::Received, Problem> {
    let body = body::read_message(request, payload, &state.limits).await.inspect_err(|problem| {
        state.pipeline.count_rejected(provider, cause(problem.kind));
    })?;
    Ok(state.pipeline.receive(provider, RawMessage { headers: headers_of(request), body }).await?)
}

/// What became of a webhook, for telemetry: from a closed set.
fn outcome_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NotAuthentic => "bad_signature",
        Kind::TooLarge => "too_large",
        Kind::Unavailable | Kind::Internal => "unavailable",
        _ => "malformed",
    }
}

/// Names in small letters. A value that is no text can be no part of a signature and is left out.
fn headers_of(request: &HttpRequest) -> Vec<(String, String)> {
    let headers = request.headers().iter();
    headers
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

fn cause(kind: Kind) -> &'static str {
    match kind {
        Kind::TooLarge => "too large",
        Kind::UnsupportedMediaType => "wrong type",
        Kind::TooSlow => "too slow",
        _ => "unreadable",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn headers_keep_their_values_and_get_small_names() {
        let request = TestRequest::post().insert_header(("Stripe-Signature", "t=1,v1=AB")).to_http_request();
        assert_eq!(headers_of(&request), [("stripe-signature".to_owned(), "t=1,v1=AB".to_owned())]);
    }

    #[test]
    fn a_header_that_is_no_text_is_left_out() {
        let value = HeaderValue::from_bytes(b"t=\xff").unwrap();
        let request = TestRequest::post().insert_header((HeaderName::from_static("stripe-signature"), value));
        assert_eq!(headers_of(&request.to_http_request()), []);
    }
}

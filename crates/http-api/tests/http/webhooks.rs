//! What reaches the pipeline, and what is turned away before.

use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use pipeline::access::Role;
use serde_json::json;

use crate::support::Bench;

const PATH: &str = "/api/webhooks/ltv/payments/stripe";

async fn configured() -> Bench {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Operator]).await;
    let config = json!({"platform": "stripe", "livemode": true, "webhookSecrets": ["whsec_1"]});
    let path = "/api/integrations/payments/config";
    let answer = bench.tell(&key, actix_web::http::Method::PUT, path, &config).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    bench
}

fn signed(body: &str) -> TestRequest {
    TestRequest::post()
        .uri(PATH)
        .insert_header(("stripe-signature", "good"))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned())
}

#[actix_web::test]
async fn a_genuine_message_is_received_and_its_repetition_is_told() {
    let bench = configured().await;
    for duplicate in [false, true] {
        let answer = bench.send(signed(r#"{"id":"evt_1"}"#)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json(), json!({"received": true, "duplicate": duplicate}));
    }
}

#[actix_web::test]
async fn the_provider_is_recognised_by_its_headers() {
    let bench = configured().await;
    let answer = bench.send(signed(r#"{"id":"evt_1"}"#).uri("/api/webhooks/ltv/payments")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[actix_web::test]
async fn every_way_in_which_a_signature_fails_gives_the_same_answer() {
    let bench = configured().await;
    let unconfigured = Bench::new().await;
    let bare = |path: &str| TestRequest::post().uri(path).set_payload("{}");
    let mut documents = Vec::new();
    for (bench, request) in [
        (&bench, bare(PATH)),
        (&bench, bare(PATH).insert_header(("stripe-signature", "bad"))),
        (&bench, bare(PATH).insert_header(("stripe-signature", ""))),
        (&unconfigured, signed("{}")),
    ] {
        let answer = bench.send(request.insert_header(("x-request-id", "same"))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        documents.push(answer.body);
    }
    documents.dedup();
    assert_eq!(documents.len(), 1, "{documents:?}");
    let unrecognised = bench.send(bare("/api/webhooks/ltv/payments")).await;
    assert_eq!(
        (unrecognised.status, unrecognised.code().as_str()),
        (StatusCode::UNAUTHORIZED, "message-not-authentic")
    );
}

#[actix_web::test]
async fn what_is_turned_away_before_verification_says_why() {
    let bench = configured().await;
    let large = "x".repeat(1024 * 1024 + 1);
    for (request, status, code) in [
        (signed(&large), 413, "body-too-large"),
        (signed("{}").insert_header((header::CONTENT_ENCODING, "gzip")), 415, "unsupported-media-type"),
        (signed("{}").insert_header((header::CONTENT_TYPE, "text/xml")), 415, "unsupported-media-type"),
        (signed("{}").uri("/api/webhooks/ltv/payments/nobody"), 404, "not-found"),
        (signed("nonsense"), 400, "malformed-message"),
    ] {
        let answer = bench.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{}", answer.body);
    }
}

#[actix_web::test]
async fn a_message_without_a_content_type_is_read() {
    let bench = configured().await;
    let request = TestRequest::post().uri(PATH).insert_header(("stripe-signature", "good"));
    let answer = bench.send(request.set_payload(r#"{"id":"evt_2"}"#)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

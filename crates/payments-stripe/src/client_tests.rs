//! The client against a server that behaves, and misbehaves, as documented.

use connector::{IntegrationConfig, ObjectRef};
use ltv_core::{ObjectKey, Origin};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::whole;

const DATE: &str = "Sun, 01 Mar 2026 00:01:40 GMT";

fn client_with(server: &MockServer, api_key: Option<SecretString>) -> Client {
    let config = IntegrationConfig {
        webhook_secrets: vec!["whsec_x".into()],
        api_key,
        api_base: Some(server.uri()),
        ..IntegrationConfig::default()
    };
    Client::new(&StripeConfig::validate(&config).unwrap()).unwrap()
}

fn client(server: &MockServer) -> Client {
    client_with(server, Some("rk_test_1".into()))
}

fn settlement(id: &str) -> Value {
    json!({"id": id, "object": "balance_transaction", "amount": 1, "fee": 0, "net": 1, "currency": "gbp", "created": 1})
}

fn answer(status: u16, date: &str, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("Date", date).set_body_json(body)
}

async fn serve(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(server).await;
}

fn object(word: &str, id: &str) -> ObjectRef {
    ObjectRef { object_type: word.to_owned(), key: ObjectKey::new(Provider::Stripe, id) }
}

#[tokio::test]
async fn an_object_is_read_with_key_and_version_and_kept_byte_by_byte() {
    let server = MockServer::start().await;
    let text = r#"{"id": "ch_1", "object":"charge",  "livemode":true, "amount":1.50}"#;
    Mock::given(path("/v1/charges/ch_1"))
        .and(header("authorization", "Bearer rk_test_1"))
        .and(header("stripe-version", API_VERSION))
        .respond_with(ResponseTemplate::new(200).insert_header("Date", DATE).set_body_string(text))
        .mount(&server)
        .await;

    let message = whole::read(&client(&server), &object("charge", "ch_1")).await.unwrap();
    assert_eq!((message.source_id.as_str(), message.kind.as_str()), ("api:charge:ch_1", "charge"));
    assert_eq!((message.origin, message.livemode), (Origin::Read, Some(true)));
    assert_eq!(message.observed_at.timestamp(), 1_772_323_300);
    assert_eq!(&message.payload[..], text.as_bytes());
}

#[tokio::test]
async fn every_kind_that_can_be_read_has_its_collection() {
    let server = MockServer::start().await;
    for (word, collection) in [
        ("balance_transaction", "balance_transactions"),
        ("charge", "charges"),
        ("credit_note", "credit_notes"),
        ("customer", "customers"),
        ("dispute", "disputes"),
        ("invoice", "invoices"),
        ("invoice_payment", "invoice_payments"),
        ("payout", "payouts"),
        ("refund", "refunds"),
        ("subscription", "subscriptions"),
    ] {
        let body = json!({"id": "x_1", "object": word});
        serve(&server, &format!("/v1/{collection}/x_1"), answer(200, DATE, &body)).await;
        let message = whole::read(&client(&server), &object(word, "x_1")).await.unwrap();
        assert_eq!(message.source_id, format!("api:{word}:x_1"));
    }
    let error = whole::read(&client(&server), &object("price", "x_1")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Mapping { .. }) && !error.is_retryable());
}

#[tokio::test]
async fn an_invoice_is_read_together_with_its_payments() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/invoices/in_1"))
        .and(query_param("expand[]", "payments"))
        .respond_with(answer(200, DATE, &json!({"id": "in_1", "object": "invoice"})))
        .expect(1)
        .mount(&server)
        .await;
    whole::read(&client(&server), &object("invoice", "in_1")).await.unwrap();
}

#[tokio::test]
async fn an_id_cannot_leave_its_path() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(answer(404, DATE, &json!({}))).mount(&server).await;
    for id in ["../customers/cus_1", "ch_1?expand[]=x", "ch_1#x", "a/b"] {
        whole::read(&client(&server), &object("charge", id)).await.unwrap_err();
    }
    for request in server.received_requests().await.unwrap() {
        assert!(request.url.path().starts_with("/v1/charges/"), "{}", request.url);
        assert_eq!(
            (request.url.path_segments().unwrap().count(), request.url.query()),
            (3, None),
            "{}",
            request.url
        );
    }
}

#[tokio::test]
async fn another_object_than_was_asked_for_is_unreadable() {
    let server = MockServer::start().await;
    for (id, body) in [
        ("ch_1", json!({"id": "ch_2", "object": "charge"})),
        ("ch_3", json!({"id": "ch_3", "object": "refund"})),
        ("ch_4", json!({"object": "charge"})),
        ("ch_5", json!([1])),
    ] {
        serve(&server, &format!("/v1/charges/{id}"), answer(200, DATE, &body)).await;
        let error = whole::read(&client(&server), &object("charge", id)).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }), "{error}");
    }
}

#[tokio::test]
async fn garbage_is_unreadable_and_may_be_tried_again() {
    let server = MockServer::start().await;
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    for (id, body, date) in [
        ("ch_html", b"<html>".to_vec(), Some(DATE)),
        ("ch_empty", vec![], Some(DATE)),
        ("ch_bytes", vec![0xff, 0xfe], Some(DATE)),
        ("ch_deep", deep.into_bytes(), Some(DATE)),
        ("ch_date", br#"{"id":"ch_date","object":"charge"}"#.to_vec(), Some("yesterday")),
    ] {
        let mut answer = ResponseTemplate::new(200).set_body_bytes(body);
        if let Some(date) = date {
            answer = answer.insert_header("Date", date);
        }
        serve(&server, &format!("/v1/charges/{id}"), answer).await;
        let error = whole::read(&client(&server), &object("charge", id)).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }) && error.is_retryable(), "{id}: {error}");
    }
}

#[tokio::test]
async fn a_refusal_carries_status_code_and_advice() {
    let server = MockServer::start().await;
    let coded =
        |code: &str| json!({"error": {"type": "invalid_request_error", "code": code, "message": "secret"}});
    let table = [
        ("ch_400", 400, coded("parameter_unknown"), Some("parameter_unknown"), false),
        (
            "ch_401",
            401,
            json!({"error": {"type": "invalid_request_error"}}),
            Some("invalid_request_error"),
            false,
        ),
        (
            "ch_403",
            403,
            json!({"error": {"type": "invalid_request_error"}}),
            Some("invalid_request_error"),
            false,
        ),
        ("ch_404", 404, coded("resource_missing"), Some("resource_missing"), false),
        ("ch_409", 409, coded("lock_timeout"), Some("lock_timeout"), true),
        ("ch_429", 429, coded("rate_limit"), Some("rate_limit"), true),
        ("ch_500", 500, json!({"error": {"type": "api_error"}}), Some("api_error"), true),
        ("ch_503", 503, json!("not an object"), None, true),
        ("ch_302", 302, json!({}), None, false),
    ];
    for (id, status, body, code, retryable) in table {
        serve(&server, &format!("/v1/charges/{id}"), answer(status, DATE, &body)).await;
        let error = whole::read(&client(&server), &object("charge", id)).await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{id}");
        assert_eq!(error.is_not_found(), status == 404, "{id}");
        assert!(!format!("{error:?}").contains("secret"), "{id}");
        match error {
            ProviderError::Refused { status: told, code: named, operation, .. } => {
                assert_eq!((told, named.as_deref()), (status, code));
                assert_eq!(operation, format!("GET /v1/charges/{id}"));
            }
            other => panic!("{id}: {other}"),
        }
    }
}

#[tokio::test]
async fn what_stripe_says_of_trying_again_goes_above_all() {
    let server = MockServer::start().await;
    let told = |status: u16, retry: &str| {
        answer(status, DATE, &json!({}))
            .insert_header("Stripe-Should-Retry", retry)
            .insert_header("Retry-After", "7")
    };
    serve(&server, "/v1/charges/ch_no", told(500, "false")).await;
    serve(&server, "/v1/charges/ch_yes", told(400, "true")).await;
    serve(&server, "/v1/charges/ch_odd", told(500, "perhaps")).await;
    for (id, retryable) in [("ch_no", false), ("ch_yes", true), ("ch_odd", true)] {
        let error = whole::read(&client(&server), &object("charge", id)).await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{id}");
        assert!(matches!(error, ProviderError::Refused { retry_after_seconds: Some(7), .. }));
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_no_key_is_no_call() {
    let server = MockServer::start().await;
    let keyless = client_with(&server, None);
    let error = whole::read(&keyless, &object("charge", "ch_1")).await.unwrap_err();
    assert!(matches!(error, ProviderError::NoApiKey { .. }) && !error.is_retryable());
    assert_eq!(server.received_requests().await.unwrap().len(), 0);

    let client = client(&server);
    drop(server);
    let gone = client.base.clone();
    let nowhere = Client { base: Url::parse("http://127.0.0.1:1").unwrap(), ..client };
    let error = whole::read(&nowhere, &object("charge", "ch_1")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unreachable { .. }) && error.is_retryable(), "{error} {gone}");
}

#[tokio::test]
async fn a_settlement_that_became_available_says_nothing_new() {
    let server = MockServer::start().await;
    let mut read = Vec::new();
    for (status, amount) in [("pending", 1), ("available", 1), ("available", 2)] {
        server.reset().await;
        let mut body = settlement("txn_1");
        body["status"] = json!(status);
        body["amount"] = json!(amount);
        body["available_on"] = json!(status.len());
        serve(&server, "/v1/balance_transactions/txn_1", answer(200, DATE, &body)).await;
        let message = whole::read(&client(&server), &object("balance_transaction", "txn_1")).await.unwrap();
        assert_eq!(message.livemode, None);
        read.push(message.substance);
    }
    assert_eq!(read[0], read[1]);
    assert_ne!(read[1], read[2]);
}

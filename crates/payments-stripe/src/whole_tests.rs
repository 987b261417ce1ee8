//! Objects that take several answers.

use connector::IntegrationConfig;
use ltv_core::{ObjectKey, Provider};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::StripeConfig;

const DATE: &str = "Sun, 01 Mar 2026 00:01:40 GMT";
const LATER: &str = "Sun, 01 Mar 2026 00:05:00 GMT";

fn client(server: &MockServer) -> Client {
    let config = IntegrationConfig {
        webhook_secrets: vec!["whsec_x".into()],
        api_key: Some("rk_test_1".into()),
        api_base: Some(server.uri()),
        ..IntegrationConfig::default()
    };
    Client::new(&StripeConfig::validate(&config).unwrap()).unwrap()
}

fn object(word: &str, id: &str) -> ObjectRef {
    ObjectRef { object_type: word.to_owned(), key: ObjectKey::new(Provider::Stripe, id) }
}

fn answer(date: &str, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).insert_header("Date", date).set_body_json(body)
}

async fn serve(server: &MockServer, at: &str, date: &str, body: &Value) {
    Mock::given(method("GET")).and(path(at)).respond_with(answer(date, body)).mount(server).await;
}

fn list(data: &Value, has_more: bool) -> Value {
    json!({"object": "list", "data": data, "has_more": has_more})
}

fn payload(message: &Message) -> Value {
    serde_json::from_slice(&message.payload).unwrap()
}

#[tokio::test]
async fn an_invoice_is_put_together_with_all_its_lines() {
    let server = MockServer::start().await;
    let text = r#"{"id":"in_1","object":"invoice","rate":1.10,"lines":{"data":[{"id":"il_1"}],"has_more":true},"a\"b":0}"#;
    let whole = ResponseTemplate::new(200).insert_header("Date", DATE).set_body_string(text);
    Mock::given(path("/v1/invoices/in_1")).respond_with(whole).mount(&server).await;
    let at = || Mock::given(path("/v1/invoices/in_1/lines")).and(query_param("limit", "100"));
    at().and(query_param_is_missing("starting_after"))
        .respond_with(answer(LATER, &list(&json!([{"id": "il_1"}, {"id": "il_2"}]), true)))
        .mount(&server)
        .await;
    at().and(query_param("starting_after", "il_2"))
        .respond_with(answer(LATER, &list(&json!([{"id": "il_3"}]), false)))
        .mount(&server)
        .await;

    let message = read(&client(&server), &object(INVOICE_LINES, "in_1")).await.unwrap();
    assert_eq!((message.source_id.as_str(), message.kind.as_str()), ("api:invoice:in_1", "invoice"));
    assert_eq!(message.observed_at.timestamp(), 1_772_323_300);
    let lines = r#"{"object":"list","data":[{"id":"il_1"},{"id":"il_2"},{"id":"il_3"}],"has_more":false}"#;
    let wanted = format!(r#"{{"id":"in_1","object":"invoice","rate":1.10,"a\"b":0,"lines":{lines}}}"#);
    assert_eq!(std::str::from_utf8(&message.payload).unwrap(), wanted);
}

#[tokio::test]
async fn an_invoice_of_which_all_is_wanted_but_its_lines_is_one_call() {
    let server = MockServer::start().await;
    serve(&server, "/v1/invoices/in_1", DATE, &json!({"id": "in_1", "object": "invoice"})).await;
    assert!(read(&client(&server), &object("invoice", "in_1")).await.is_ok());
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let query = requests[0].url.query().unwrap();
    assert!(query.contains("payments") && query.contains("discounts.source.coupon.applies_to"), "{query}");
}

#[tokio::test]
async fn lines_that_lead_nowhere_or_cannot_be_read_are_an_error_and_no_invoice() {
    for lines in [
        list(&json!([{"id": "il_1"}]), true),
        list(&json!([]), true),
        list(&json!([{"no": "id"}]), true),
        json!({"data": "none", "has_more": false}),
        json!({}),
    ] {
        let server = MockServer::start().await;
        serve(&server, "/v1/invoices/in_1", DATE, &json!({"id": "in_1", "object": "invoice"})).await;
        serve(&server, "/v1/invoices/in_1/lines", DATE, &lines).await;
        let error = read(&client(&server), &object(INVOICE_LINES, "in_1")).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }), "{lines}: {error}");
    }
}

#[tokio::test]
async fn an_invoice_that_is_another_one_is_refused() {
    let server = MockServer::start().await;
    serve(&server, "/v1/invoices/in_1", DATE, &json!({"id": "in_2", "object": "invoice"})).await;
    serve(&server, "/v1/invoices/in_1/lines", DATE, &list(&json!([]), false)).await;
    for word in [INVOICE_LINES, "invoice"] {
        let error = read(&client(&server), &object(word, "in_1")).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }), "{word}: {error}");
    }
}

fn subscription(item_discounts: &Value) -> Value {
    let items = list(&json!([{"id": "si_1", "discounts": item_discounts}]), false);
    json!({"id": "sub_1", "object": "subscription", "discounts": [], "items": items})
}

#[tokio::test]
async fn a_subscription_whose_items_have_discounts_is_read_with_their_coupons() {
    let server = MockServer::start().await;
    let told = json!([{"id": "di_1", "source": {"coupon": "TEN"}}]);
    serve(&server, "/v1/subscriptions/sub_1", DATE, &subscription(&told)).await;
    let whole = json!([{"id": "si_1", "discounts": [{"id": "di_1", "source": {"coupon": {"id": "TEN"}}}]}]);
    Mock::given(path("/v1/subscription_items"))
        .and(query_param("subscription", "sub_1"))
        .and(query_param("expand[]", "data.discounts.source.coupon"))
        .respond_with(answer(DATE, &list(&whole, false)))
        .mount(&server)
        .await;
    let message = read(&client(&server), &object("subscription", "sub_1")).await.unwrap();
    assert_eq!(payload(&message)["items"]["data"], whole);
    assert_eq!(payload(&message)["id"], "sub_1");
}

#[tokio::test]
async fn a_subscription_whose_items_have_no_discounts_is_one_call() {
    let server = MockServer::start().await;
    serve(&server, "/v1/subscriptions/sub_1", DATE, &subscription(&json!([]))).await;
    let message = read(&client(&server), &object("subscription", "sub_1")).await.unwrap();
    assert_eq!(payload(&message), subscription(&json!([])));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

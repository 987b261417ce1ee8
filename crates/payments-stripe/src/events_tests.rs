//! Walks through a list of events that grows at its head.

use connector::IntegrationConfig;
use ltv_core::Origin;
use serde_json::{Value, json};
use wiremock::matchers::{path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::StripeConfig;
use crate::webhook;

const DATE: &str = "Sun, 01 Mar 2026 00:01:40 GMT";
const LATER: &str = "Sun, 01 Mar 2026 00:05:00 GMT";
/// A minute before [`DATE`].
const COMPLETE_THROUGH: i64 = 1_772_323_240;

fn client(server: &MockServer) -> Client {
    let config = IntegrationConfig {
        webhook_secrets: vec!["whsec_x".into()],
        api_key: Some("rk_test_1".into()),
        api_base: Some(server.uri()),
        ..IntegrationConfig::default()
    };
    Client::new(&StripeConfig::validate(&config).unwrap()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn event(id: &str) -> Value {
    json!({
        "id": id, "object": "event", "type": "charge.succeeded", "created": 1_772_300_000, "livemode": true,
        "pending_webhooks": 3, "api_version": "2026-07-29.dahlia", "data": {"object": {"id": "ch_1", "amount": 1.50}},
    })
}

fn list(ids: &[&str], has_more: bool) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| event(id)).collect();
    json!({"object": "list", "url": "/v1/events", "has_more": has_more, "data": data})
}

fn answer(status: u16, date: &str, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("Date", date).set_body_json(body)
}

fn ids(page: &Page) -> Vec<&str> {
    page.messages.iter().map(|message| message.source_id.as_str()).collect()
}

fn head() -> wiremock::MockBuilder {
    Mock::given(path("/v1/events"))
        .and(query_param("limit", "100"))
        .and(query_param("created[gte]", "1772000000"))
        .and(query_param_is_missing("starting_after"))
}

fn after(id: &str) -> wiremock::MockBuilder {
    Mock::given(path("/v1/events"))
        .and(query_param("created[gte]", "1772000000"))
        .and(query_param("starting_after", id))
}

#[tokio::test]
async fn a_walk_goes_from_the_head_to_the_oldest_and_is_complete_up_to_a_minute_before_it_began() {
    let server = MockServer::start().await;
    head().respond_with(answer(200, DATE, &list(&["evt_5", "evt_4"], true))).mount(&server).await;
    after("evt_4").respond_with(answer(200, LATER, &list(&["evt_3", "evt_2"], true))).mount(&server).await;
    after("evt_2").respond_with(answer(200, LATER, &list(&["evt_1"], false))).mount(&server).await;

    let client = client(&server);
    let first = since(&client, at(1_772_000_000), &Cursor(None)).await.unwrap();
    assert_eq!((ids(&first), first.has_more, first.complete_through), (vec!["evt_5", "evt_4"], true, None));
    // A walk keeps the `since` that it began with.
    let second = since(&client, at(1_772_009_999), &first.next).await.unwrap();
    assert_eq!((ids(&second), second.has_more), (vec!["evt_3", "evt_2"], true));
    let third = since(&client, at(1_772_009_999), &second.next).await.unwrap();
    assert_eq!((ids(&third), third.has_more, &third.next), (vec!["evt_1"], false, &Cursor(None)));
    assert_eq!(third.complete_through, Some(at(COMPLETE_THROUGH)));
}

#[tokio::test]
async fn nothing_sent_is_complete_too() {
    let server = MockServer::start().await;
    head().respond_with(answer(200, DATE, &list(&[], false))).mount(&server).await;
    let page = since(&client(&server), at(1_772_000_000), &Cursor(None)).await.unwrap();
    assert_eq!((ids(&page), page.has_more, &page.next), (vec![], false, &Cursor(None)));
    assert_eq!(page.complete_through, Some(at(COMPLETE_THROUGH)));
}

#[tokio::test]
async fn a_listed_event_is_the_same_message_as_its_webhook() {
    let server = MockServer::start().await;
    head().respond_with(answer(200, DATE, &list(&["evt_1"], false))).mount(&server).await;
    let page = since(&client(&server), at(1_772_000_000), &Cursor(None)).await.unwrap();
    let mut sent = event("evt_1");
    sent["pending_webhooks"] = json!(1);
    let raw = serde_json::value::RawValue::from_string(sent.to_string()).unwrap();
    let sent = webhook::listed(&raw).unwrap();
    let listed = &page.messages[0];
    assert_eq!((listed.origin, &listed.kind, listed.livemode), (Origin::Webhook, &sent.kind, Some(true)));
    assert_eq!((&listed.source_id, listed.observed_at), (&sent.source_id, sent.observed_at));
    assert_eq!(listed.substance, sent.substance);
}

#[tokio::test]
async fn when_the_event_at_the_cursor_is_gone_the_walk_begins_anew() {
    let server = MockServer::start().await;
    let missing = json!({"error": {"code": "resource_missing", "param": "starting_after"}});
    head().respond_with(answer(200, LATER, &list(&["evt_9"], false))).mount(&server).await;
    after("evt_gone").respond_with(answer(400, DATE, &missing)).mount(&server).await;
    let walk = Walk { since: 1_772_000_000, began: 1_772_323_300, after: "evt_gone".to_owned() };
    let cursor = Cursor(serde_json::to_string(&walk).ok());
    let page = since(&client(&server), at(1_772_000_000), &cursor).await.unwrap();
    assert_eq!((ids(&page), page.complete_through), (vec!["evt_9"], Some(at(COMPLETE_THROUGH + 200))));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_begins_anew() {
    let server = MockServer::start().await;
    head().respond_with(answer(200, DATE, &list(&["evt_1"], false))).mount(&server).await;
    for text in ["", "evt_1", "{}", r#"{"since":1}"#] {
        let page = since(&client(&server), at(1_772_000_000), &Cursor(Some(text.to_owned()))).await.unwrap();
        assert_eq!(ids(&page), ["evt_1"], "{text}");
    }
}

#[tokio::test]
async fn a_list_that_is_none_or_leads_nowhere_is_unreadable_and_a_refusal_is_told() {
    for body in [json!({}), list(&[], true), json!({"data": [{"id": "evt_1"}], "has_more": false})] {
        let server = MockServer::start().await;
        head().respond_with(answer(200, DATE, &body)).mount(&server).await;
        let error = since(&client(&server), at(1_772_000_000), &Cursor(None)).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }), "{body}: {error}");
    }
    let server = MockServer::start().await;
    after("evt_1").respond_with(answer(200, DATE, &list(&["evt_1"], true))).mount(&server).await;
    let walk = Walk { since: 1_772_000_000, began: 0, after: "evt_1".to_owned() };
    let cursor = Cursor(serde_json::to_string(&walk).ok());
    let error = since(&client(&server), at(0), &cursor).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unreadable { .. }), "{error}");
    let server = MockServer::start().await;
    head().respond_with(answer(503, DATE, &json!({}))).mount(&server).await;
    let error = since(&client(&server), at(1_772_000_000), &Cursor(None)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}

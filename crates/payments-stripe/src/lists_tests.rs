//! Walks through lists that grow while they are read.

use connector::IntegrationConfig;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::StripeConfig;

const DATE: &str = "Sun, 01 Mar 2026 00:01:40 GMT";
const LATER: &str = "Sun, 01 Mar 2026 00:05:00 GMT";
const SETTLEMENTS: ListName = ListName("balance_transactions");
const INVOICE_PAYMENTS: ListName = ListName("invoice_payments");

fn client(server: &MockServer) -> Client {
    let config = IntegrationConfig {
        webhook_secrets: vec!["whsec_x".into()],
        api_key: Some("rk_test_1".into()),
        api_base: Some(server.uri()),
        ..IntegrationConfig::default()
    };
    Client::new(&StripeConfig::validate(&config).unwrap()).unwrap()
}

fn list(data: &[Value], has_more: bool) -> Value {
    json!({"object": "list", "url": "/v1/x", "has_more": has_more, "data": data})
}

fn page(ids: &[&str], has_more: bool) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "object": "balance_transaction"})).collect();
    list(&data, has_more)
}

fn payment(id: &str, status: &str) -> Value {
    json!({"id": id, "object": "invoice_payment", "status": status})
}

fn answer(status: u16, date: &str, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("Date", date).set_body_json(body)
}

async fn serve(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(server).await;
}

fn ids(page: &Page) -> Vec<&str> {
    page.messages.iter().map(|message| message.source_id.as_str()).collect()
}

fn seconds(page: &Page) -> Option<i64> {
    page.complete_through.map(|through| through.timestamp())
}

fn at_rest(newest: &str) -> Position {
    Position { walk: Walk::Rest { newest: newest.to_owned() }, open: vec![] }
}

#[tokio::test]
async fn the_first_walk_goes_back_and_the_next_goes_on_from_the_newest() {
    let server = MockServer::start().await;
    let at = || Mock::given(path("/v1/balance_transactions")).and(query_param("limit", "100"));
    at().and(query_param_is_missing("starting_after"))
        .and(query_param_is_missing("ending_before"))
        .respond_with(answer(200, DATE, &page(&["txn_5", "txn_4"], true)))
        .expect(1)
        .mount(&server)
        .await;
    at().and(query_param("starting_after", "txn_4"))
        .respond_with(answer(200, LATER, &page(&["txn_3"], false)))
        .expect(1)
        .mount(&server)
        .await;
    at().and(query_param("ending_before", "txn_5"))
        .respond_with(answer(200, DATE, &page(&["txn_7", "txn_6"], true)))
        .expect(1)
        .mount(&server)
        .await;
    at().and(query_param("ending_before", "txn_7"))
        .respond_with(answer(200, LATER, &page(&["txn_8"], false)))
        .expect(1)
        .mount(&server)
        .await;
    at().and(query_param("ending_before", "txn_8"))
        .respond_with(answer(200, LATER, &page(&[], false)))
        .mount(&server)
        .await;

    let client = client(&server);
    let first = since(&client, SETTLEMENTS, &Cursor(None)).await.unwrap();
    assert_eq!(ids(&first), ["api:balance_transaction:txn_4", "api:balance_transaction:txn_5"]);
    assert_eq!((first.has_more, seconds(&first)), (true, None));
    let second = since(&client, SETTLEMENTS, &first.next).await.unwrap();
    // The walk began with the first page: what came after that may be missing.
    assert_eq!((second.has_more, seconds(&second)), (false, Some(1_772_323_300)));
    let third = since(&client, SETTLEMENTS, &second.next).await.unwrap();
    assert_eq!(ids(&third), ["api:balance_transaction:txn_6", "api:balance_transaction:txn_7"]);
    assert_eq!((third.has_more, seconds(&third)), (true, None));
    let fourth = since(&client, SETTLEMENTS, &third.next).await.unwrap();
    assert_eq!(
        (ids(&fourth), seconds(&fourth)),
        (vec!["api:balance_transaction:txn_8"], Some(1_772_323_300))
    );
    let fifth = since(&client, SETTLEMENTS, &fourth.next).await.unwrap();
    assert_eq!((fifth.messages.len(), seconds(&fifth)), (0, Some(1_772_323_500)));
    assert_eq!(fifth.next, fourth.next);
}

#[tokio::test]
async fn an_empty_list_keeps_the_cursor_empty() {
    let server = MockServer::start().await;
    serve(&server, "/v1/invoice_payments", answer(200, DATE, &page(&[], false))).await;
    let page = since(&client(&server), ListName("invoice_payments"), &Cursor(None)).await.unwrap();
    assert_eq!((page.messages.len(), page.next.clone(), page.has_more), (0, Cursor(None), false));
    assert_eq!(seconds(&page), Some(1_772_323_300));
}

#[tokio::test]
async fn when_the_object_at_the_cursor_is_gone_the_walk_starts_anew() {
    let server = MockServer::start().await;
    let cursor = at_rest("txn_gone").cursor();
    for status in [400, 404] {
        server.reset().await;
        let missing = json!({"error": {"code": "resource_missing", "param": "ending_before"}});
        Mock::given(query_param("ending_before", "txn_gone"))
            .respond_with(answer(status, DATE, &missing))
            .mount(&server)
            .await;
        Mock::given(query_param_is_missing("ending_before"))
            .respond_with(answer(200, DATE, &page(&["txn_1"], false)))
            .mount(&server)
            .await;
        let page = since(&client(&server), SETTLEMENTS, &cursor).await.unwrap();
        assert_eq!(ids(&page), ["api:balance_transaction:txn_1"]);
        assert_eq!(Position::of(&page.next), at_rest("txn_1"));
    }
    server.reset().await;
    serve(&server, "/v1/balance_transactions", answer(400, DATE, &json!({"error": {"code": "other"}}))).await;
    assert!(since(&client(&server), SETTLEMENTS, &cursor).await.is_err());
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_that_is_none_or_leads_nowhere_is_unreadable() {
    let server = MockServer::start().await;
    let strange = json!({"object": "list", "has_more": false, "data": [{"id": "ch_1", "object": "charge"}]});
    for body in [
        json!({}),
        json!({"data": [], "has_more": "no"}),
        json!({"data": {}, "has_more": false}),
        json!({"data": [7], "has_more": false}),
        strange,
        page(&[], true),
    ] {
        server.reset().await;
        serve(&server, "/v1/balance_transactions", answer(200, DATE, &body)).await;
        let error = since(&client(&server), SETTLEMENTS, &Cursor(None)).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { .. }), "{body}: {error}");
    }
    let error = since(&client(&server), ListName("charges"), &Cursor(None)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Mapping { .. }));
}

/// Stripe makes an invoice payment when the invoice becomes final; a walk by id sees it open and never again.
#[tokio::test]
async fn invoice_payments_that_were_open_are_seen_again_once_they_are_paid() {
    let server = MockServer::start().await;
    let at = || Mock::given(path("/v1/invoice_payments"));
    let open =
        list(&[payment("inpay_3", "open"), payment("inpay_2", "paid"), payment("inpay_1", "open")], false);
    at().and(query_param_is_missing("ending_before"))
        .and(query_param_is_missing("status"))
        .respond_with(answer(200, DATE, &open))
        .mount(&server)
        .await;
    at().and(query_param("ending_before", "inpay_3"))
        .respond_with(answer(200, LATER, &list(&[], false)))
        .mount(&server)
        .await;
    let still = list(&[payment("inpay_3", "open")], false);
    at().and(query_param("status", "open")).respond_with(answer(200, LATER, &still)).mount(&server).await;
    serve(&server, "/v1/invoice_payments/inpay_1", answer(200, LATER, &payment("inpay_1", "paid"))).await;

    let client = client(&server);
    let first = since(&client, INVOICE_PAYMENTS, &Cursor(None)).await.unwrap();
    assert_eq!(Position::of(&first.next).open, ["inpay_1", "inpay_3"]);
    let second = since(&client, INVOICE_PAYMENTS, &first.next).await.unwrap();
    assert_eq!(ids(&second), ["api:invoice_payment:inpay_1"]);
    assert_eq!(Position::of(&second.next).open, ["inpay_3"]);
    assert_eq!((second.has_more, seconds(&second)), (false, Some(1_772_323_500)));
    let third = since(&client, INVOICE_PAYMENTS, &second.next).await.unwrap();
    assert_eq!((third.messages.len(), &third.next), (0, &second.next));
}

#[tokio::test]
async fn a_remembered_payment_that_is_gone_is_forgotten_and_one_that_cannot_be_read_is_not() {
    for (status, kept) in [(404, true), (500, false)] {
        let server = MockServer::start().await;
        let at = || Mock::given(path("/v1/invoice_payments"));
        at().respond_with(answer(200, LATER, &list(&[], false))).mount(&server).await;
        serve(&server, "/v1/invoice_payments/inpay_1", answer(status, LATER, &json!({}))).await;
        let position = Position { open: vec!["inpay_1".to_owned()], ..at_rest("inpay_9") };
        match since(&client(&server), INVOICE_PAYMENTS, &position.cursor()).await {
            Ok(page) => assert_eq!((kept, Position::of(&page.next)), (true, at_rest("inpay_9"))),
            Err(error) => assert!(!kept && error.is_retryable(), "{error}"),
        }
    }
}

#[tokio::test]
async fn without_open_payments_nothing_is_asked_again() {
    let server = MockServer::start().await;
    serve(&server, "/v1/invoice_payments", answer(200, DATE, &list(&[payment("inpay_1", "paid")], false)))
        .await;
    let page = since(&client(&server), INVOICE_PAYMENTS, &Cursor(None)).await.unwrap();
    assert_eq!(Position::of(&page.next), at_rest("inpay_1"));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

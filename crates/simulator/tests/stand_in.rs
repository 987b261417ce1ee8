//! The local stand-in, asked over HTTP.
#![expect(clippy::unwrap_used, reason = "test code may fail loudly")]

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use connector::http::{Answer, HttpClient, Request};
use serde_json::Value;
use simulator::{BusinessConfig, Faults, History, Mix, StripeStandIn, World, invent};

fn folder(name: &str) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    World::from_folder(&path).unwrap().1
}

async fn ask(stand_in: &StripeStandIn, method: &'static str, path: &str, key: Option<&str>) -> Answer {
    let headers = key.map(|key| ("authorization".to_owned(), format!("Bearer {key}"))).into_iter().collect();
    let url = format!("{}{path}", stand_in.base_url()).parse().unwrap();
    HttpClient::new().unwrap().send(Request { method, url, headers, body: "".into() }).await.unwrap()
}

async fn get(stand_in: &StripeStandIn, path: &str) -> (u16, Value) {
    let answer = ask(stand_in, "GET", path, Some("rk_test_1")).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn at(second: i64) -> Option<DateTime<Utc>> {
    Some(Utc.timestamp_opt(second, 0).unwrap())
}

#[tokio::test]
async fn lists_are_paged_by_both_cursors() {
    let stand_in = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    let (status, page) = get(&stand_in, "/v1/balance_transactions?limit=2").await;
    assert_eq!((status, ids(&page)), (200, vec!["txn_3", "txn_2"]));
    assert_eq!(page["has_more"], true);
    assert_eq!(page["object"], "list");
    assert_eq!(page["url"], "/v1/balance_transactions");
    let (_, page) = get(&stand_in, "/v1/balance_transactions?limit=2&starting_after=txn_2").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec!["txn_1"], &Value::Bool(false)));
    let (_, page) = get(&stand_in, "/v1/balance_transactions?limit=1&ending_before=txn_1").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec!["txn_2"], &Value::Bool(true)));
    let (_, page) = get(&stand_in, "/v1/invoice_payments").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec![], &Value::Bool(false)));
    stand_in.stop().await;
}

#[tokio::test]
async fn a_cursor_or_limit_that_is_wrong_is_refused_by_name() {
    let stand_in = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    for (query, code, param) in [
        ("starting_after=txn_9", "resource_missing", "starting_after"),
        ("ending_before=txn_9", "resource_missing", "ending_before"),
        ("limit=0", "parameter_invalid_integer", "limit"),
        ("limit=101", "parameter_invalid_integer", "limit"),
        ("limit=ten", "parameter_invalid_integer", "limit"),
        ("foo=1", "parameter_unknown", "foo"),
        ("starting_after=txn_1&ending_before=txn_2", "parameter_invalid", "ending_before"),
    ] {
        let (status, body) = get(&stand_in, &format!("/v1/balance_transactions?{query}")).await;
        assert_eq!(status, 400, "{query}");
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert_eq!(
            (&body["error"]["code"], &body["error"]["param"]),
            (&code.into(), &param.into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn single_objects_are_answered_in_their_newest_state_or_missing() {
    let stand_in = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    let (status, invoice) = get(&stand_in, "/v1/invoices/in_1").await;
    assert_eq!((status, &invoice["status"]), (200, &"paid".into()));
    let (_, refund) = get(&stand_in, "/v1/refunds/re_1").await;
    assert_eq!(refund["status"], "succeeded");
    let (_, settlement) = get(&stand_in, "/v1/balance_transactions/txn_3").await;
    assert_eq!(settlement["amount"], -300);
    for path in ["/v1/charges/ch_1", "/v1/invoices/in_2", "/v1/refunds/in_1"] {
        let (status, body) = get(&stand_in, path).await;
        assert_eq!((status, &body["error"]["code"]), (404, &"resource_missing".into()), "{path}");
    }
    let (status, body) = get(&stand_in, "/v1/charges").await;
    assert_eq!(status, 404);
    assert!(body["error"]["message"].as_str().unwrap().starts_with("Unrecognized request URL"));
}

#[tokio::test]
async fn a_call_needs_a_key_and_only_reads() {
    let any = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    assert_eq!(ask(&any, "GET", "/v1/refunds/re_1", None).await.status, 401);
    assert_eq!(ask(&any, "GET", "/v1/refunds/re_1", Some("")).await.status, 401);
    let answer = ask(&any, "GET", "/v1/refunds/re_1", Some("sk_test_any")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.date.is_some());
    assert!(answer.header("request-id").unwrap().starts_with("req_"));
    assert_eq!(ask(&any, "POST", "/v1/refunds/re_1", Some("sk_test_any")).await.status, 404);
    assert_eq!(any.calls(), 4);
    let one =
        StripeStandIn::start_with_key(folder("small"), Faults::default(), "rk_test_good").await.unwrap();
    assert_eq!(ask(&one, "GET", "/v1/refunds/re_1", Some("rk_test_bad")).await.status, 401);
    assert_eq!(ask(&one, "GET", "/v1/refunds/re_1", Some("rk_test_good")).await.status, 200);
}

#[tokio::test]
async fn revealing_moves_forward_only() {
    let stand_in = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    stand_in.reveal_until(at(1_700_000_200));
    let (_, page) = get(&stand_in, "/v1/balance_transactions").await;
    assert_eq!(ids(&page), ["txn_2", "txn_1"]);
    assert_eq!(get(&stand_in, "/v1/refunds/re_1").await.0, 404);
    stand_in.reveal_until(at(1_700_000_100));
    assert_eq!(ids(&get(&stand_in, "/v1/balance_transactions").await.1).len(), 2);
    stand_in.reveal_until(None);
    let (_, page) = get(&stand_in, "/v1/balance_transactions?ending_before=txn_2").await;
    assert_eq!(ids(&page), ["txn_3"]);
    stand_in.reveal_until(at(1_700_000_100));
    assert_eq!(ids(&get(&stand_in, "/v1/balance_transactions").await.1).len(), 3);
}

#[tokio::test]
async fn every_object_of_an_invented_business_can_be_read() {
    let start = Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).unwrap();
    let history =
        invent(&BusinessConfig { suppliers: 6, months: 3, seed: 2, start, livemode: false, mix: Mix::Plain });
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    let (mut seen, mut path) = (0, "/v1/balance_transactions?limit=7".to_owned());
    loop {
        let (_, page) = get(&stand_in, &path).await;
        seen += ids(&page).len();
        let Some(last) = ids(&page).last().filter(|_| page["has_more"] == true).map(ToString::to_string)
        else {
            break;
        };
        path = format!("/v1/balance_transactions?limit=7&starting_after={last}");
    }
    assert_eq!(seen, history.world.balance_transactions());
    for event in &history.events {
        let body: Value = serde_json::from_slice(&event.body).unwrap();
        let object = &body["data"]["object"];
        let path = format!("/v1/{}s/{}", object["object"].as_str().unwrap(), object["id"].as_str().unwrap());
        assert_eq!(get(&stand_in, &path).await.0, 200, "{path}");
    }
}

fn any_event_of(history: &History, kind: &str) -> Value {
    let event = history.events.iter().find(|event| event.kind == kind).unwrap();
    serde_json::from_slice(&event.body).unwrap()
}

fn small_business() -> History {
    let start = Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).unwrap();
    invent(&BusinessConfig { suppliers: 6, months: 4, seed: 2, start, livemode: false, mix: Mix::Plain })
}

async fn walk(stand_in: &StripeStandIn, list: &str, query: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = get(stand_in, &format!("/v1/{list}?{query}{after}")).await;
        assert_eq!(status, 200, "{page}");
        rows.extend(page.get("data").and_then(Value::as_array).unwrap().iter().cloned());
        if page.get("has_more") != Some(&Value::Bool(true)) {
            return rows;
        }
        after = format!("&starting_after={}", ids(&page).last().unwrap());
    }
}

#[tokio::test]
async fn messages_are_listed_newest_first_as_they_were_sent() {
    let history = small_business();
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    stand_in.keep_events(400);
    let mut listed = walk(&stand_in, "events", "limit=100").await;
    listed.reverse();
    assert_eq!(listed.len(), history.events.len());
    for (row, event) in listed.iter().zip(&history.events) {
        assert_eq!(*row, serde_json::from_slice::<Value>(&event.body).unwrap());
    }
    let from = history.events[history.events.len() / 2].at.timestamp();
    let some = walk(&stand_in, "events", &format!("limit=100&created[gte]={from}")).await;
    assert_eq!(some.len(), history.events.iter().filter(|event| event.at.timestamp() >= from).count());
    let (status, one) = get(&stand_in, &format!("/v1/events/{}", history.events[3].id)).await;
    assert_eq!((status, &one["id"]), (200, &history.events[3].id.clone().into()));
    assert_eq!(get(&stand_in, "/v1/events/evt_sim2x9999999").await.0, 404);
}

#[tokio::test]
async fn messages_are_kept_for_thirty_days_before_what_is_shown() {
    let history = small_business();
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    let shown = history.events[history.events.len() * 2 / 3].at;
    stand_in.reveal_until(Some(shown));
    let since = shown - TimeDelta::days(30);
    let expected: Vec<&str> = history
        .events
        .iter()
        .rev()
        .filter(|event| event.at <= shown && event.at >= since)
        .map(|event| event.id.as_str())
        .collect();
    let listed = walk(&stand_in, "events", "limit=100").await;
    assert_eq!(listed.iter().map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    assert!(expected.len() < history.events.len() / 2);
    let later = &history.events.last().unwrap().id;
    assert_eq!(get(&stand_in, &format!("/v1/events/{later}")).await.0, 404);
}

#[tokio::test]
async fn in_compressed_time_the_last_thirty_days_are_the_whole_story() {
    let history = small_business();
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    let now = history.events.last().unwrap().at + TimeDelta::days(400);
    let month = (now - TimeDelta::days(30)).timestamp();
    let day = (now - TimeDelta::days(1)).timestamp();
    assert!(walk(&stand_in, "events", &format!("created[gte]={month}")).await.is_empty());
    stand_in.compress_time(now);
    let all = walk(&stand_in, "events", &format!("limit=100&created[gte]={month}")).await;
    assert_eq!(all.len(), history.events.len());
    assert!(walk(&stand_in, "events", &format!("created[gte]={day}")).await.is_empty());
}

#[tokio::test]
async fn rows_are_chosen_by_their_fields_and_an_unknown_filter_is_refused() {
    let history = small_business();
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    stand_in.keep_events(400);
    let some = walk(&stand_in, "events", "limit=100&types[]=charge.succeeded&types[]=invoice.paid").await;
    let wanted = |kind: &str| kind == "charge.succeeded" || kind == "invoice.paid";
    assert_eq!(some.len(), history.events.iter().filter(|event| wanted(&event.kind)).count());
    let (status, body) = get(&stand_in, "/v1/events?delivery_success=false").await;
    assert_eq!((status, &body["error"]["param"]), (400, &"delivery_success".into()));
    let (status, body) = get(&stand_in, "/v1/events?created[gte]=soon").await;
    assert_eq!((status, &body["error"]["code"]), (400, &"parameter_invalid_integer".into()));
}

#[tokio::test]
async fn an_object_is_expanded_where_it_is_asked_for() {
    let history = small_business();
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await.unwrap();
    let charge = any_event_of(&history, "charge.succeeded")["data"]["object"].clone();
    let path = format!("/v1/charges/{}", charge["id"].as_str().unwrap());
    let (_, plain) = get(&stand_in, &path).await;
    assert!(plain["balance_transaction"].is_string());
    let (_, whole) = get(&stand_in, &format!("{path}?expand[]=balance_transaction&expand[]=nothing")).await;
    assert_eq!(whole["balance_transaction"]["id"], plain["balance_transaction"]);
    let invoice = any_event_of(&history, "invoice.paid")["data"]["object"].clone();
    let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
    let (_, whole) = get(&stand_in, &format!("{path}?expand[]=payments")).await;
    assert_eq!(whole["payments"]["data"][0]["invoice"], invoice["id"]);
    let (_, lines) = get(&stand_in, &format!("{path}/lines?limit=1")).await;
    assert_eq!(lines["data"][0], invoice["lines"]["data"][0]);
    assert_eq!(get(&stand_in, "/v1/invoices/in_none/lines").await.0, 404);
    assert_eq!(get(&stand_in, &format!("{path}?foo=1")).await.0, 400);
    assert_eq!(get(&stand_in, "/v1/discounts/di_1").await.0, 404);
}

#[tokio::test]
async fn faults_come_in_their_turn_and_the_next_call_works() {
    let faults = Faults::default().too_many_every(3).error_every(4).cut_every(5);
    let stand_in = StripeStandIn::start(folder("small"), faults).await.unwrap();
    let path = "/v1/refunds/re_1";
    let mut seen = Vec::new();
    for _ in 0..6 {
        let url = format!("{}{path}", stand_in.base_url()).parse().unwrap();
        let headers = vec![("authorization".to_owned(), "Bearer rk_test_1".to_owned())];
        let request = Request { method: "GET", url, headers, body: "".into() };
        seen.push(HttpClient::new().unwrap().send(request).await.map(|answer| answer.status).ok());
    }
    assert_eq!(seen, [Some(200), Some(200), Some(429), Some(500), None, Some(429)]);
    let stand_in = StripeStandIn::start(folder("small"), Faults::default().too_many_every(1)).await.unwrap();
    let answer = ask(&stand_in, "GET", path, Some("rk_test_1")).await;
    assert_eq!(
        (answer.header("retry-after"), answer.header("stripe-should-retry")),
        (Some("1"), Some("true"))
    );
}

#[tokio::test]
async fn a_repeated_page_loses_nothing_to_a_client_that_knows_what_it_has() {
    let history = small_business();
    let faults = Faults::default().repeated_page_every(3);
    let stand_in = StripeStandIn::start(history.world.clone(), faults).await.unwrap();
    let rows = walk(&stand_in, "balance_transactions", "limit=5").await;
    let known: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(rows.len() > known.len(), "a page came twice");
    assert_eq!(known.len(), history.world.balance_transactions());
}

#[tokio::test]
async fn an_outage_ends_where_it_began() {
    let stand_in = StripeStandIn::start(folder("small"), Faults::default()).await.unwrap();
    let path = "/v1/refunds/re_1";
    stand_in.set_unavailable(true);
    assert_eq!(get(&stand_in, path).await.0, 503);
    stand_in.set_unavailable(false);
    assert_eq!(get(&stand_in, path).await.0, 200);
    stand_in.go_down().await;
    let url = format!("{}{path}", stand_in.base_url()).parse().unwrap();
    let request = Request { method: "GET", url, headers: Vec::new(), body: "".into() };
    assert!(HttpClient::new().unwrap().send(request).await.is_err());
    stand_in.come_back().await.unwrap();
    assert_eq!(get(&stand_in, path).await.0, 200);
    assert_eq!(stand_in.calls_by_endpoint()["refunds/{id}"], 3);
}

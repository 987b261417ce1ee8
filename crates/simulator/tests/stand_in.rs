//! The local stand-in, asked over HTTP.
#![expect(clippy::unwrap_used, reason = "test code may fail loudly")]

use std::path::Path;

use chrono::{DateTime, TimeZone, Utc};
use connector::http::{Answer, HttpClient, Request};
use serde_json::Value;
use simulator::{BusinessConfig, Faults, StripeStandIn, World, invent};

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
    let history = invent(&BusinessConfig { suppliers: 6, months: 3, seed: 2, start, livemode: false });
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

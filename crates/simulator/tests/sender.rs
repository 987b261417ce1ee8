//! Sending as a provider does.
#![expect(clippy::unwrap_used, reason = "test code may fail loudly")]

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use serde_json::json;
use simulator::{ATTEMPTS_MAX, SendError, Sender, SimEvent, sign};
use wiremock::matchers::{body_bytes, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET: &str = "whsec_test";

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn event(number: usize) -> SimEvent {
    let body = Bytes::from(format!(r#"{{"id":"evt_{number}"}}"#));
    SimEvent { at: now(), id: format!("evt_{number}"), kind: "charge.succeeded".to_owned(), body }
}

fn sender(url: &str) -> Sender {
    Sender::new(&format!("{url}/hook"), SECRET).unwrap().with_pauses(Duration::ZERO, Duration::ZERO)
}

#[tokio::test]
async fn a_message_is_signed_and_its_answer_is_read() {
    let server = MockServer::start().await;
    let body = event(1).body;
    Mock::given(method("POST"))
        .and(path("/hook"))
        .and(body_bytes(body.to_vec()))
        .respond_with(ResponseTemplate::new(503).insert_header("retry-after", "2"))
        .mount(&server)
        .await;
    let sent = sender(&server.uri()).send(&body, now()).await.unwrap();
    assert_eq!((sent.status, sent.retry_after), (503, Some(2)));
    assert!(sent.is_retryable() && !sent.is_accepted());
    let received = server.received_requests().await.unwrap();
    let signature = received.first().unwrap().headers.get("stripe-signature").unwrap();
    assert_eq!(signature.to_str().unwrap(), sign(SECRET, now().timestamp(), &body));
}

#[tokio::test]
async fn a_503_is_tried_again_until_it_is_taken() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "30");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(3).mount(&server).await;
    let taken = ResponseTemplate::new(200).set_body_json(json!({"received": true, "duplicate": false}));
    Mock::given(method("POST")).respond_with(taken).mount(&server).await;
    let done = Mutex::new(Vec::new());
    let events: Vec<SimEvent> = (0..4).map(event).collect();
    let progress = |count| done.lock().unwrap().push(count);
    let report = sender(&server.uri()).send_all(&events, 2, now, progress).await.unwrap();
    assert_eq!((report.accepted, report.retries, report.refused.len()), (4, 3, 0));
    assert_eq!(*done.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_refusal_is_reported_not_repeated_and_duplicates_are_counted() {
    let server = MockServer::start().await;
    Mock::given(body_bytes(event(0).body.to_vec()))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let known = ResponseTemplate::new(200).set_body_json(json!({"received": true, "duplicate": true}));
    Mock::given(method("POST")).respond_with(known).mount(&server).await;
    let report = sender(&server.uri()).send_all(&[event(0), event(1)], 1, now, |_| {}).await.unwrap();
    assert_eq!((report.accepted, report.duplicates, report.retries), (1, 1, 0));
    let refused = report.refused.first().unwrap();
    assert_eq!((refused.event.as_str(), refused.sent.status), ("evt_0", 401));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_sender_gives_up_after_its_last_try() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let error = sender(&server.uri()).send_all(&[event(7)], 1, now, |_| {}).await.unwrap_err();
    assert!(matches!(error, SendError::GaveUp { ref event, status: 500 } if event == "evt_7"), "{error}");
    let tries = server.received_requests().await.unwrap().len();
    assert_eq!(u32::try_from(tries).unwrap(), ATTEMPTS_MAX);
}

#[tokio::test]
async fn a_receiver_that_is_down_is_an_error_in_the_end() {
    let error = sender("http://127.0.0.1:1").send_all(&[event(1)], 1, now, |_| {}).await.unwrap_err();
    assert!(matches!(error, SendError::Http { .. }), "{error}");
    assert!(matches!(Sender::new("no url", SECRET), Err(SendError::Url { .. })));
}

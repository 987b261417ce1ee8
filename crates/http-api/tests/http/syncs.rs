//! Reading a provider again, and handing in a message.

use actix_web::http::{Method, StatusCode};
use pipeline::access::Role;
use serde_json::{Value, json};

use crate::support::Bench;

const INGEST: &str = "/api/integrations/ltv/payments";
const SYNC: &str = "/api/integrations/payments/sync";

fn handed_in(signature: &str) -> Value {
    // {"id":"evt_333","customer":"cus_new"}
    let body = "eyJpZCI6ImV2dF8zMzMiLCJjdXN0b21lciI6ImN1c19uZXcifQ==";
    json!({
        "platform": "stripe", "syncType": "webhook", "validationLevel": "comprehensive",
        "webhookData": {"headers": {"Stripe-Signature": signature}, "bodyBase64": body},
    })
}

#[actix_web::test]
async fn a_message_that_is_handed_in_is_verified_like_a_webhook() {
    let bench = Bench::with_data().await;
    let key = bench.key(&[Role::Operator]).await;
    let forged = bench.tell(&key, Method::POST, INGEST, &handed_in("bad")).await;
    assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", forged.body);
    assert_eq!(forged.problem()["errors"][0]["pointer"], "/webhookData");
    for triggered in [1, 0] {
        let taken = bench.tell(&key, Method::POST, INGEST, &handed_in("good")).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
        assert_eq!(taken.json()["ltvUpdatesTriggered"], triggered);
        assert_eq!(taken.json()["dataQualityReport"]["level"], "comprehensive");
    }
}

#[actix_web::test]
async fn a_sync_is_a_job_that_can_be_watched_and_called_off() {
    let bench = Bench::with_data().await;
    let key = bench.key(&[Role::Operator]).await;
    for (path, body) in [
        (SYNC, json!({"syncType": "full"})),
        (INGEST, json!({"platform": "stripe", "syncType": "incremental"})),
    ] {
        let started = bench.tell(&key, Method::POST, path, &body).await;
        assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.body);
        assert_eq!(started.json()["status"], "processing");
        let watched = bench.ask(&key, Method::GET, started.header("location")).await;
        assert_eq!(watched.json()["syncId"], started.json()["syncId"], "{}", watched.body);
        let job = format!("/api/jobs/{}", started.json()["syncId"].as_str().unwrap());
        let cancelled = bench.ask(&key, Method::DELETE, &job).await;
        assert_eq!(cancelled.status, StatusCode::ACCEPTED, "{}", cancelled.body);
    }
    let jobs = bench.ask(&key, Method::GET, "/api/jobs?limit=1").await.json();
    assert_eq!((jobs["data"].as_array().unwrap().len(), &jobs["hasMore"]), (1, &json!(true)));
    assert_eq!(bench.ask(&key, Method::GET, &format!("{SYNC}/none")).await.code(), "not-found");
}

#[actix_web::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Operator]).await;
    for (path, body, pointer) in [
        (SYNC, json!({}), "/integration"),
        (SYNC, json!({"syncType": "webhook"}), "/syncType"),
        (SYNC, json!({"syncType": "sometimes"}), "/syncType"),
        (INGEST, json!({"platform": "stripe", "syncType": "full"}), "/integration"),
        (INGEST, json!({"platform": "paypal", "syncType": "full"}), "/platform"),
    ] {
        let refused = bench.tell(&key, Method::POST, path, &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.body);
        assert_eq!(refused.problem()["errors"][0]["pointer"], pointer, "{body}");
    }
}

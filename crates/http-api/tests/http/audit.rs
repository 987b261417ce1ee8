//! What the audit log says of requests.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use pipeline::access::Role;
use serde_json::{Value, json};

use crate::support::{Bench, with_key};

async fn log(bench: &Bench, auditor: &str, action: &str) -> Vec<Value> {
    let answer = bench.ask(auditor, Method::GET, &format!("/api/audit?action={action}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["data"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn writes_reads_of_figures_denials_and_failed_keys_are_noted_with_who_and_what() {
    let bench = Bench::new().await;
    let (security, viewer) = (bench.key(&[Role::Security]).await, bench.key(&[Role::Viewer]).await);
    let peer = "192.0.2.9:1".parse().unwrap();
    let body = json!({"label": "planted secret", "roles": ["viewer"]});
    bench.send(with_key(&security, Method::POST, "/api/keys").peer_addr(peer).set_json(&body)).await;
    bench.ask(&viewer, Method::GET, "/api/metrics/revenue?currency=EUR").await;
    bench.ask(&viewer, Method::GET, "/api/keys").await;
    bench.ask("ltv_live_wrong", Method::GET, "/api/suppliers").await;
    bench.send(TestRequest::get().uri("/api/suppliers")).await;
    let made = log(&bench, &security, "key.create").await;
    let [record] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!((&record["outcome"], &record["actor"]["kind"]), (&json!("done"), &json!("key")));
    assert_eq!(record["actor"]["roles"], json!(["security"]));
    assert_eq!(record["object"], "/api/keys");
    assert!(record["sourceIpHash"].as_str().is_some_and(|hash| hash.len() == 32), "{record}");
    assert!(!record.to_string().contains("planted") && !record.to_string().contains("192.0.2.9"), "{record}");
    let read = log(&bench, &security, "metrics.revenue").await;
    assert_eq!(
        (read.len(), &read[0]["outcome"], &read[0]["object"]),
        (1, &json!("done"), &json!("/api/metrics/revenue"))
    );
    let denied = log(&bench, &security, "key.list").await;
    assert_eq!((denied.len(), &denied[0]["outcome"]), (1, &json!("denied")));
    let failed = log(&bench, &security, "supplier.list").await;
    assert_eq!(failed.len(), 1, "a stranger without a key is not noted: {failed:?}");
    assert_eq!((&failed[0]["outcome"], &failed[0]["actor"]["kind"]), (&json!("denied"), &json!("nobody")));
}

#[actix_web::test]
async fn signing_in_is_noted_whether_or_not_it_works() {
    let bench = Bench::new().await;
    let security = bench.key(&[Role::Security]).await;
    for (key, outcome) in [(security.as_str(), "done"), ("ltv_live_wrong", "denied")] {
        bench.send(TestRequest::post().uri("/session").set_json(json!({"key": key}))).await;
        let noted = log(&bench, &security, "session.start").await;
        assert_eq!(noted[0]["outcome"], outcome, "{noted:?}");
    }
    let noted = log(&bench, &security, "session.start").await;
    assert_eq!(noted[1]["actor"]["kind"], "session");
}

#[actix_web::test]
async fn the_log_is_read_page_by_page_without_gaps() {
    let bench = Bench::new().await;
    let auditor = bench.key(&[Role::Auditor]).await;
    for _ in 0..5 {
        bench.ask(&auditor, Method::GET, "/api/metrics/revenue").await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/audit?action=metrics.&limit=2".to_owned();
    loop {
        let page = bench.ask(&auditor, Method::GET, &path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|record| record["seq"].as_i64().unwrap()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/audit?action=metrics.&limit=2&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort_by(|left, right| right.cmp(left));
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (5, &sorted));
}

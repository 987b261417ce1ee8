//! What the audit log says of requests.

use std::task::Poll;

use actix_web::App;
use actix_web::dev::{Payload, Service as _};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use futures_util::future::{Either, select};
use http_api::configure_whole;
use pipeline::access::Role;
use secrecy::ExposeSecret as _;
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
    let id =
        bench.state.pipeline.keys().await.unwrap().into_iter().find(|key| key.label.starts_with("planted"));
    assert_eq!(record["object"], format!("/api/keys -> /api/keys/{}", id.unwrap().id));
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
async fn signing_in_by_link_is_noted_without_the_link() {
    let bench = Bench::new().await;
    let security = bench.key(&[Role::Security]).await;
    let id = bench.state.pipeline.keys().await.unwrap().remove(0).id;
    let link = bench.state.pipeline.one_time_link(&id).await.unwrap().unwrap();
    let path = format!("/session/{}", link.token.expose_secret());
    for (outcome, actor) in [("done", "session"), ("denied", "nobody")] {
        bench.send(TestRequest::get().uri(&path)).await;
        let noted = log(&bench, &security, "session.redeem").await;
        assert_eq!((&noted[0]["outcome"], &noted[0]["actor"]["kind"]), (&json!(outcome), &json!(actor)));
        assert_eq!(noted[0]["object"], "/session/{token}");
    }
}

#[actix_web::test]
async fn a_change_is_noted_though_its_caller_hangs_up_before_the_answer() {
    let bench = Bench::new().await;
    let security = bench.key(&[Role::Security]).await;
    let mut request =
        with_key(&security, Method::POST, "/api/keys").set_json(json!({"label": "x"})).to_request();
    let (tell, reading) = tokio::sync::oneshot::channel();
    let mut tell = Some(tell);
    let never_ending = futures_util::stream::poll_fn(move |_| {
        if let Some(tell) = tell.take() {
            tell.send(()).unwrap();
        }
        Poll::Pending
    });
    *request.payload() = Payload::Stream { payload: Box::pin(never_ending) };
    let app = init_service(App::new().configure(configure_whole(bench.state.clone()))).await;
    let call = Box::pin(app.call(request));
    let Either::Right((_, call)) = select(call, reading).await else { panic!("it was answered") };
    drop(call);
    let noted = log(&bench, &security, "key.create").await;
    let [record] = noted.as_slice() else { panic!("{noted:?}") };
    assert_eq!((&record["outcome"], &record["actor"]["kind"]), (&json!("failed"), &json!("key")));
    assert!(record["reason"].as_str().unwrap().contains("hung up"), "{record}");
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

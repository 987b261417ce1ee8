//! Shapes of answers that do not need data; figures with data are tested end to end.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use pipeline::access::Role;
use serde_json::{Value, json};

use crate::support::Bench;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[actix_web::test]
async fn revenue_of_an_empty_store_is_nothing_in_the_promised_shape() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer =
        bench.ask(&key, Method::GET, "/api/metrics/revenue?currency=EUR&asOf=2026-01-01T00:00:00Z").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["figures"]["netRevenue"], json!({"amount": "0.00", "currency": "EUR"}));
    assert_eq!((&body["currency"], &body["asOf"]), (&json!("EUR"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(body["meta"]["requestId"], answer.header("x-request-id"));
    let meta = ["completeThrough", "dataVersion", "gaps", "requestId", "unexplained"];
    let mut found = keys(&body["meta"]);
    found.sort_unstable();
    assert_eq!(found, meta);
    for name in ["knownAt", "policy", "timeZone"] {
        assert!(body[name].is_string(), "{name} in {body}");
    }
    assert!(body.get("points").is_none() && body.get("groups").is_none(), "{body}");
}

#[actix_web::test]
async fn points_and_groups_come_where_asked() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/api/metrics/revenue?interval=month&groupBy=supplier").await;
    let body = answer.json();
    assert!(body["points"].is_array(), "{body}");
}

#[actix_web::test]
async fn lists_of_an_empty_store_are_empty_pages() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    for path in ["/api/suppliers", "/api/suppliers?externalRef=stripe:cus_unknown", "/api/dead-letters"] {
        let answer = bench.ask(&key, Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        let body = answer.json();
        assert_eq!(
            (&body["data"], &body["nextCursor"], &body["hasMore"]),
            (&json!([]), &json!(null), &json!(false)),
            "{path}"
        );
    }
    let status = bench.ask(&key, Method::GET, "/api/integrations/payments/status").await;
    assert_eq!(status.json(), json!({"integrations": []}));
}

#[actix_web::test]
async fn data_quality_names_its_level_and_its_checks() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    for level in ["basic", "comprehensive"] {
        let answer = bench.ask(&key, Method::GET, &format!("/api/data-quality?level={level}")).await;
        let body = answer.json();
        assert_eq!(body["level"], level);
        let check = &body["checks"][0];
        assert!(check["name"].is_string() && check["passed"].is_boolean(), "{body}");
    }
}

#[actix_web::test]
async fn health_needs_no_key_and_readiness_names_each_dependency() {
    let bench = Bench::new().await;
    let live = bench.send(TestRequest::get().uri("/health/live")).await;
    assert_eq!((live.status, live.json()), (StatusCode::OK, json!({"status": "live"})));
    let ready = bench.send(TestRequest::get().uri("/health/ready")).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    assert_eq!(ready.json()["dependencies"][0]["name"], "store");
}

#[actix_web::test]
async fn questions_about_subscriptions_have_answers_where_there_are_none() {
    let bench = Bench::with_data().await;
    let key = bench.key(&[Role::Analyst]).await;
    let supplier =
        bench.ask(&key, Method::GET, "/api/suppliers").await.json()["data"][0]["supplierId"].clone();
    let supplier = supplier.as_str().unwrap();
    for path in [
        "/api/metrics/mrr?interval=quarter",
        "/api/metrics/mrr/movements",
        "/api/metrics/cohorts?by=month&metric=netRetention",
        "/api/metrics/bridge?policyA=default&policyB=chartmogul",
        "/api/metrics/payment-failures",
        &format!("/api/suppliers/{supplier}/timeline"),
        &format!("/api/suppliers/{supplier}/ltv"),
    ] {
        let answer = bench.ask(&key, Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.json()["meta"]["requestId"], answer.header("x-request-id"), "{path}");
    }
    let ltv = bench.ask(&key, Method::GET, &format!("/api/suppliers/{supplier}/ltv")).await.json();
    assert_eq!(
        (&ltv["mrr"]["status"], &ltv["mrr"]["current"]["amount"]),
        (&json!("none"), &json!("0.00")),
        "{ltv}"
    );
}

#[actix_web::test]
async fn the_api_describes_itself_for_programs_and_for_people() {
    let bench = Bench::new().await;
    let document = bench.send(TestRequest::get().uri("/api/openapi.json")).await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    let page = bench.send(TestRequest::get().uri("/api/docs")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("/api/suppliers/{id}/ltv"), "{}", page.body);
}

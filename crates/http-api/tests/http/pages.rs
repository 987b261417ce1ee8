//! Pages for people.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use pipeline::access::Role;

use crate::support::Bench;

#[actix_web::test]
async fn whoever_is_not_signed_in_is_shown_how_to() {
    let bench = Bench::new().await;
    for path in ["/", "/dashboard/suppliers", "/dashboard/suppliers/sup_1"] {
        let answer = bench.send(TestRequest::get().uri(path)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.body.contains(r#"action="/session""#), "{}", answer.body);
    }
}

#[actix_web::test]
async fn an_empty_store_says_where_to_point_stripe() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.body.contains("No payments yet"), "{}", answer.body);
    assert!(
        answer.body.contains("http://localhost:8080/api/webhooks/ltv/payments/stripe"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("Data version"), "{}", answer.body);
}

#[actix_web::test]
async fn links_keep_the_time_that_is_looked_at() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/dashboard/suppliers?asOf=2026-01-31T12:30").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.body.contains("asOf=2026-01-31T12%3A30%3A00Z"), "{}", answer.body);
    assert!(answer.body.contains("You look at the past"), "{}", answer.body);
}

#[actix_web::test]
async fn what_cannot_be_shown_is_a_page_that_says_why() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    for (path, status, words) in [
        ("/?asOf=yesterday", 400, "asOf"),
        ("/dashboard/suppliers?colour=red", 400, "colour"),
        ("/dashboard/suppliers/nonsense", 404, "nonsense"),
        ("/dashboard/suppliers/sup_00000000000000000000000000000000", 404, "There is no"),
    ] {
        let answer = bench.ask(&key, Method::GET, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.body.contains(words), "{path}: {}", answer.body);
    }
    let security = bench.key(&[Role::Security]).await;
    let answer = bench.ask(&security, Method::GET, "/").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("metrics:read"), "{}", answer.body);
}

#[actix_web::test]
async fn pages_run_no_scripts_and_style_nothing_inline() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    for path in ["/", "/dashboard/suppliers", "/?asOf=%22%3E%3Cscript%3E"] {
        let answer = bench.ask(&key, Method::GET, path).await;
        for banned in ["<script", " style=", "<style", " onclick", "javascript:"] {
            assert!(!answer.body.contains(banned), "{path} has {banned}");
        }
    }
}

#[actix_web::test]
async fn the_style_sheet_may_be_kept_where_its_version_is_named() {
    let bench = Bench::new().await;
    let page = bench.send(TestRequest::get().uri("/")).await;
    let (_, rest) = page.body.split_once(r#"rel="stylesheet" href=""#).unwrap();
    let address = rest.split('"').next().unwrap();
    let sheet = bench.send(TestRequest::get().uri(address)).await;
    assert_eq!((sheet.status, sheet.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(sheet.header("cache-control").contains("immutable"));
    let bare = bench.send(TestRequest::get().uri("/assets/style.css")).await;
    assert_eq!(bare.header("cache-control"), "no-cache");
}

//! Pages for people.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use pipeline::access::Role;

use crate::support::{Bench, with_key};

/// Every page that needs no object to be there.
const PAGES: [&str; 7] = [
    "/",
    "/dashboard/mrr",
    "/dashboard/cohorts",
    "/dashboard/suppliers",
    "/dashboard/operations",
    "/dashboard/definitions",
    "/dashboard/mrr?from=2026-01-01&to=2026-06-30&interval=week&compare=previous&kind=churn",
];

#[actix_web::test]
async fn whoever_is_not_signed_in_is_shown_how_to() {
    let bench = Bench::new().await;
    for path in PAGES.into_iter().chain(["/dashboard/suppliers/sup_1", "/dashboard/messages/1"]) {
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
        ("/dashboard/mrr?kind=growth", 400, "kind"),
        ("/dashboard/mrr?from=2026-02-01&to=2026-01-01", 400, "to"),
        ("/dashboard/mrr?policy=unheard-of", 400, "policy"),
        ("/dashboard/suppliers/nonsense", 404, ""),
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
    for path in PAGES.into_iter().chain(["/?asOf=%22%3E%3Cscript%3E", "/dashboard/mrr?policy=%3Cscript%3E"]) {
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

#[actix_web::test]
async fn every_page_of_an_empty_store_says_so_and_keeps_its_frame() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    for path in PAGES {
        let answer = bench.ask(&key, Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        for part in ["Skip to content", "<main", "<h1", "</footer>", "/dashboard/definitions"] {
            assert!(answer.body.contains(part), "{path} has no {part}");
        }
    }
    let mrr = bench.ask(&key, Method::GET, "/dashboard/mrr").await;
    assert!(mrr.body.contains("No MRR yet"), "{}", mrr.body);
}

#[actix_web::test]
async fn links_keep_the_range_and_the_policy() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/?from=2026-01-01&to=2026-03-31&interval=week").await;
    let kept = "/dashboard/mrr?from=2026-01-01&#38;to=2026-03-31&#38;interval=week";
    assert!(answer.body.contains(kept), "{}", answer.body);
    assert!(answer.body.contains(r#"value="2026-03-31""#), "{}", answer.body);
}

#[actix_web::test]
async fn a_table_is_a_file_with_a_head() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/dashboard/suppliers?csv=suppliers").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"suppliers.csv\"");
    assert!(answer.body.starts_with("supplierId,party,"), "{}", answer.body);
    let unknown = bench.ask(&key, Method::GET, "/dashboard/suppliers?csv=secrets").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn what_a_key_may_not_do_is_not_offered_and_not_done() {
    let bench = Bench::new().await;
    let viewer = bench.key(&[Role::Viewer]).await;
    let page = bench.ask(&viewer, Method::GET, "/dashboard/operations").await;
    assert!(page.body.contains("ledger:read") && !page.body.contains("/retry"), "{}", page.body);
    for path in [
        "/dashboard/operations/dead-letters/1/retry",
        "/dashboard/operations/jobs/1/cancel",
        "/dashboard/operations/sync/stripe",
    ] {
        let answer = bench.ask(&viewer, Method::POST, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let message = bench.ask(&viewer, Method::GET, "/dashboard/messages/1").await;
    assert_eq!(message.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn a_retry_leads_back_to_the_page_which_says_what_came_of_it() {
    let bench = Bench::new().await;
    let operator = bench.key(&[Role::Operator]).await;
    let path = "/dashboard/operations/dead-letters/1/retry";
    let answer = bench.ask(&operator, Method::POST, path).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(answer.header("location"), "/dashboard/operations?done=not-there");
    let page = bench.ask(&operator, Method::GET, answer.header("location")).await;
    assert!(page.body.contains("no such dead letter any more"), "{}", page.body);
    let nonsense = bench.ask(&operator, Method::POST, "/dashboard/operations/dead-letters/one/retry").await;
    assert_eq!(nonsense.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_button_pressed_on_another_site_does_nothing() {
    let bench = Bench::new().await;
    let operator = bench.key(&[Role::Operator]).await;
    let signed_in =
        bench.send(TestRequest::post().uri("/session").set_json(serde_json::json!({"key": operator}))).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let press = |site: &'static str| {
        let path = "/dashboard/operations/dead-letters/1/retry";
        TestRequest::post()
            .uri(path)
            .insert_header(("cookie", cookie.clone()))
            .insert_header(("sec-fetch-site", site))
    };
    assert_eq!(bench.send(press("cross-site")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(bench.send(press("same-origin")).await.status, StatusCode::SEE_OTHER);
    let by_key = with_key(&operator, Method::POST, "/dashboard/operations/dead-letters/1/retry");
    assert_eq!(bench.send(by_key).await.status, StatusCode::SEE_OTHER);
}

//! Signing in and out.

use actix_web::http::{Method, StatusCode, header};
use actix_web::test::TestRequest;
use pipeline::access::Role;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{Answer, Bench};

/// `ltv_session=…` of an answer, as a browser would send it back.
fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

fn form(key: &str) -> TestRequest {
    TestRequest::post().uri("/session").set_form([("key", key)])
}

fn with_cookie(cookie: &str, method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).insert_header((header::COOKIE, cookie.to_owned()))
}

#[actix_web::test]
async fn the_form_signs_in_and_leads_to_the_dashboard() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    let answer = bench.send(form(&key)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    let page = bench.send(with_cookie(&cookie(&answer), Method::GET, "/")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Sign out"), "{}", page.body);
}

#[actix_web::test]
async fn a_wrong_key_in_the_form_shows_the_page_again_and_sets_no_cookie() {
    let bench = Bench::new().await;
    let answer = bench.send(form("ltv_live_wrong")).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    assert!(answer.body.contains("unknown, expired or revoked"), "{}", answer.body);
    assert!(!answer.body.contains("ltv_live_wrong"), "{}", answer.body);
}

#[actix_web::test]
async fn a_program_signs_in_with_json_and_is_told_until_when() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.send(TestRequest::post().uri("/session").set_json(json!({"key": key}))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["roles"], json!(["viewer"]));
    assert!(!answer.body.contains(&key), "{}", answer.body);
    let wrong =
        bench.send(TestRequest::post().uri("/session").set_json(json!({"key": "ltv_live_wrong"}))).await;
    assert_eq!(wrong.code(), "unauthenticated");
}

#[actix_web::test]
async fn a_session_reads_the_api_with_the_roles_of_its_key() {
    let bench = Bench::new().await;
    let session = cookie(&bench.send(form(&bench.key(&[Role::Viewer]).await)).await);
    assert_eq!(bench.send(with_cookie(&session, Method::GET, "/api/suppliers")).await.status, StatusCode::OK);
    let refused = bench.send(with_cookie(&session, Method::GET, "/api/dead-letters")).await;
    assert_eq!(refused.code(), "permission-missing");
}

#[actix_web::test]
async fn another_site_can_change_nothing_with_a_session() {
    let bench = Bench::new().await;
    let session = cookie(&bench.send(form(&bench.key(&[Role::Security]).await)).await);
    let body = json!({"label": "x", "roles": ["viewer"]});
    let create = |origin: &'static str| {
        with_cookie(&session, Method::POST, "/api/keys")
            .insert_header((header::ORIGIN, origin))
            .set_json(&body)
    };
    assert_eq!(bench.send(create("https://evil.example")).await.code(), "cross-site-request");
    assert_eq!(bench.send(create("http://localhost:8080")).await.status, StatusCode::CREATED);
    let key = bench.key(&[Role::Viewer]).await;
    let sign_in = form(&key).insert_header((header::ORIGIN, "https://evil.example"));
    assert_eq!(bench.send(sign_in).await.code(), "cross-site-request");
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let bench = Bench::new().await;
    for (method, path, status) in [
        (Method::DELETE, "/session", StatusCode::NO_CONTENT),
        (Method::POST, "/sign-out", StatusCode::SEE_OTHER),
    ] {
        let session = cookie(&bench.send(form(&bench.key(&[Role::Viewer]).await)).await);
        let answer = bench.send(with_cookie(&session, method, path)).await;
        assert_eq!(answer.status, status);
        assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
        let after = bench.send(with_cookie(&session, Method::GET, "/api/suppliers")).await;
        assert_eq!(after.code(), "unauthenticated");
    }
}

#[actix_web::test]
async fn an_unknown_link_signs_nobody_in_and_its_token_is_not_repeated() {
    let bench = Bench::new().await;
    let answer = bench.send(TestRequest::get().uri("/session/0123456789abcdef")).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    assert!(!answer.body.contains("0123456789abcdef"), "{}", answer.body);
    let head = bench.send(TestRequest::default().method(Method::HEAD).uri("/session/0123456789abcdef")).await;
    assert_eq!((head.status, head.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET"));
    assert_eq!(head.problem()["instance"], "/session/{token}");
}

#[actix_web::test]
async fn a_one_time_link_signs_in_once() {
    let bench = Bench::new().await;
    let roles = [Role::Analyst].into_iter().collect();
    let made = bench.state.pipeline.create_key("test", roles, 1).await.unwrap();
    let link = bench.state.pipeline.one_time_link(&made.view.id).await.unwrap().unwrap();
    let path = format!("/session/{}", link.token.expose_secret());
    let first = bench.send(TestRequest::get().uri(&path)).await;
    assert_eq!((first.status, first.header("location")), (StatusCode::SEE_OTHER, "/"));
    let page = bench.send(with_cookie(&cookie(&first), Method::GET, "/")).await;
    assert_eq!(page.status, StatusCode::OK);
    let second = bench.send(TestRequest::get().uri(&path)).await;
    assert_eq!((second.status, second.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
}

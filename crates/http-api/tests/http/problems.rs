//! One shape for everything that goes wrong, and the headers of every answer.

use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use http_api::configure;
use pipeline::access::Role;
use serde_json::json;

use crate::support::{Bench, with_key};

#[actix_web::test]
async fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let bench = Bench::new().await;
    let unknown = bench.send(TestRequest::get().uri("/api/nothing")).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "not-found"));
    assert_eq!(unknown.problem()["instance"], "/api/nothing");
    let wrong = bench.send(TestRequest::patch().uri("/api/keys")).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"));
    assert_eq!(wrong.header("allow"), "GET, HEAD, POST");
}

#[actix_web::test]
async fn every_answer_carries_the_request_id_and_the_security_headers() {
    let bench = Bench::new().await;
    for path in ["/health/live", "/api/nothing", "/api/suppliers", "/", "/assets/style.css"] {
        let answer = bench.send(TestRequest::get().uri(path).insert_header(("x-request-id", "id-1"))).await;
        assert_eq!(answer.header("x-request-id"), "id-1", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
    }
    let own =
        bench.send(TestRequest::get().uri("/health/live").insert_header(("x-request-id", "two words"))).await;
    assert!(own.header("x-request-id").len() >= 32, "{}", own.header("x-request-id"));
}

#[actix_web::test]
async fn answers_of_the_api_are_not_stored_by_caches() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    assert_eq!(bench.ask(&key, Method::GET, "/api/suppliers").await.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn headers_beyond_the_limit_are_refused_and_just_within_are_not() {
    let bench = Bench::new().await;
    let with =
        |len: usize| TestRequest::get().uri("/health/live").insert_header(("x-filler", "x".repeat(len)));
    assert_eq!(bench.send(with(16 * 1024)).await.code(), "headers-too-large");
    assert_eq!(bench.send(with(16 * 1024 - 100)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn unknown_and_unreadable_parameters_are_named() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    for (path, parameter) in [
        ("/api/suppliers?colour=red", "colour"),
        ("/api/suppliers?limit=0", "limit"),
        ("/api/suppliers?cursor=!", "cursor"),
        ("/api/suppliers?externalRef=cus_1", "externalRef"),
        ("/api/suppliers?sort=name", "sort"),
        ("/api/metrics/revenue?asOf=2026-01-31", "asOf"),
        ("/api/metrics/revenue?knownAt=now", "knownAt"),
        ("/api/metrics/revenue?interval=fortnight", "interval"),
        ("/api/metrics/revenue?currency=XYZ", "currency"),
        ("/api/metrics/revenue?timeZone=Mars/Olympus", "timeZone"),
        ("/api/metrics/revenue?policy=guess", "policy"),
        ("/api/data-quality?level=deep", "level"),
        ("/api/metrics/mrr?interval=fortnight", "interval"),
        ("/api/metrics/mrr?policy=guess", "policy"),
        ("/api/metrics/mrr/movements?kind=up", "kind"),
        ("/api/metrics/mrr/movements?supplier=acme", "supplier"),
        ("/api/metrics/cohorts?by=year", "by"),
        ("/api/metrics/cohorts?metric=luck", "metric"),
        ("/api/metrics/bridge?policyB=stripe", "policyA"),
        ("/api/metrics/payment-failures?from=then", "from"),
        ("/api/jobs?status=lost", "status"),
        ("/api/suppliers?format=xml", "format"),
        ("/api/dead-letters?cursor=x", "cursor"),
        ("/api/integrations/payments/status?verbose=1", "verbose"),
    ] {
        let answer = bench.ask(&key, Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {}", answer.body);
        assert_eq!(answer.problem()["errors"][0]["parameter"], parameter, "{path}");
    }
}

#[actix_web::test]
async fn a_body_that_is_no_json_wrong_or_of_another_type_has_a_status_of_its_own() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Operator]).await;
    let path = "/api/integrations/payments/config";
    let put = |kind: &'static str, body: String| {
        with_key(&key, Method::PUT, path).insert_header((header::CONTENT_TYPE, kind)).set_payload(body)
    };
    for (kind, body, status, code) in [
        ("application/json", "{".to_owned(), 400, "malformed-json"),
        ("application/json", "[]".to_owned(), 422, "invalid"),
        ("application/json", "{}".to_owned(), 422, "invalid"),
        ("text/plain", "{}".to_owned(), 415, "unsupported-media-type"),
        ("application/json", " ".repeat(64 * 1024 + 1), 413, "body-too-large"),
    ] {
        let answer = bench.send(put(kind, body)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
}

#[actix_web::test]
async fn configuration_is_kept_by_version_and_its_secrets_are_never_told() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Operator]).await;
    let path = "/api/integrations/payments/config";
    let body = json!({"platform": "stripe", "livemode": true, "webhookSecrets": ["whsec_planted"], "apiKey": "rk_planted"});
    let made = bench.tell(&key, Method::PUT, path, &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!((&made.json()["hasApiKey"], &made.json()["webhookSecretCount"]), (&json!(true), &json!(1)));
    let read = bench.ask(&key, Method::GET, path).await;
    assert_eq!(read.header("etag"), made.header("etag"));
    for answer in [&made, &read] {
        assert!(!answer.body.contains("planted"), "{}", answer.body);
    }
    let stale = with_key(&key, Method::PUT, path).insert_header((header::IF_MATCH, "\"99\"")).set_json(&body);
    assert_eq!(bench.send(stale).await.status, StatusCode::PRECONDITION_FAILED);
    let fresh = with_key(&key, Method::PUT, path)
        .insert_header((header::IF_MATCH, made.header("etag")))
        .set_json(&body);
    let changed = bench.send(fresh).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_ne!(changed.header("etag"), made.header("etag"));
    let stop = format!("/api/integrations/payments/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(bench.ask(&key, Method::DELETE, &stop).await.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask(&key, Method::DELETE, "/api/integrations/payments/other").await.code(), "not-found");
}

#[actix_web::test]
async fn a_store_keeps_to_one_mode() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Operator]).await;
    let config = |id: &str, livemode: bool| json!({"id": id, "platform": "stripe", "livemode": livemode, "webhookSecrets": ["whsec_1"]});
    let path = "/api/integrations/payments/config";
    assert_eq!(bench.tell(&key, Method::PUT, path, &config("one", true)).await.status, StatusCode::CREATED);
    let other = bench.tell(&key, Method::PUT, path, &config("two", false)).await;
    assert_eq!((other.status, other.code().as_str()), (StatusCode::CONFLICT, "conflict"));
    assert_eq!(other.problem()["errors"][0]["pointer"], "/livemode");
}

#[actix_web::test]
async fn a_key_with_conflicting_roles_or_too_long_a_life_is_refused_with_its_place() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Security]).await;
    for (body, pointer) in [
        (json!({"label": "x", "roles": []}), "/roles"),
        (json!({"label": "x", "roles": ["operator", "security"]}), "/roles"),
        (json!({"label": "x", "roles": ["viewer"], "ttlDays": 91}), "/ttlDays"),
        (json!({"label": "x", "roles": ["boss"]}), "/roles/0"),
        (json!({"roles": ["viewer"]}), "/label"),
        (json!({"label": "x", "roles": ["viewer"], "admin": true}), "/admin"),
    ] {
        let answer = bench.tell(&key, Method::POST, "/api/keys", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.problem()["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn a_supplier_that_does_not_exist_is_not_found_whatever_is_asked_of_it() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Analyst]).await;
    for id in ["sup_00000000000000000000000000000000", "nonsense"] {
        for rest in ["", "/ltv", "/ltv/explain", "/ledger"] {
            let answer = bench.ask(&key, Method::GET, &format!("/api/suppliers/{id}{rest}")).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::NOT_FOUND, "not-found"),
                "{id}{rest}"
            );
        }
    }
}

#[actix_web::test]
async fn mounted_in_another_app_ours_are_ours_and_the_rest_stays_the_apps() {
    let bench = Bench::new().await;
    let app =
        App::new().configure(configure(bench.state.clone())).route("/hello", web::get().to(async || "hello"));
    let app = init_service(app).await;
    for (path, status) in
        [("/health/live", 200), ("/hello", 200), ("/api/suppliers", 401), ("/elsewhere", 404)]
    {
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(
            response.headers().contains_key("x-request-id"),
            path.contains("/health") || path.contains("/api")
        );
    }
}

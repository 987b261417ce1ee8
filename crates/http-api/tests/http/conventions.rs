//! What every route has in common: one effect for a key, limits, tags, tables, keys of some suppliers.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use http_api::{Access, Scope, route_infos};
use ltv_core::{Party, SupplierId};
use pipeline::NewKey;
use pipeline::access::Role;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{Bench, with_key};

fn new_key(label: &str) -> Value {
    json!({"label": label, "roles": ["viewer"]})
}

#[actix_web::test]
async fn a_request_that_is_repeated_under_its_key_has_one_effect_and_gets_the_first_answer() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Security]).await;
    let make = |label: &str| {
        with_key(&key, Method::POST, "/api/keys")
            .insert_header(("idempotency-key", "once-1"))
            .set_json(new_key(label))
    };
    let first = bench.send(make("a")).await;
    let again = bench.send(make("a")).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", again.body);
    assert_eq!(first.body, again.body);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("false", "true"));
    assert_eq!(first.header("location"), again.header("location"));
    let keys = bench.ask(&key, Method::GET, "/api/keys").await.json();
    assert_eq!(keys["data"].as_array().unwrap().len(), 2);
    let other = bench.send(make("b")).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency-key-reused"));
}

#[actix_web::test]
async fn a_key_belongs_to_who_sent_it_and_to_the_route_and_a_refusal_does_not_use_it_up() {
    let bench = Bench::new().await;
    let (one, two) = (bench.key(&[Role::Security]).await, bench.key(&[Role::Security]).await);
    let make = |key: &str, body: Value| {
        with_key(key, Method::POST, "/api/keys").insert_header(("idempotency-key", "k")).set_json(body)
    };
    assert_eq!(bench.send(make(&one, json!({"label": "x"}))).await.status.as_u16(), 422);
    assert_eq!(bench.send(make(&one, new_key("x"))).await.status, StatusCode::CREATED);
    assert_eq!(bench.send(make(&two, new_key("y"))).await.status, StatusCode::CREATED);
    for key in ["two words", ""] {
        let bad = with_key(&one, Method::POST, "/api/keys").insert_header(("idempotency-key", key));
        assert_eq!(bench.send(bad.set_json(new_key("z"))).await.status, StatusCode::BAD_REQUEST);
    }
}

#[actix_web::test]
async fn beyond_the_limit_of_a_key_or_an_address_requests_are_told_to_come_back() {
    let mut bench = Bench::new().await;
    let (one, two) = (bench.key(&[Role::Viewer]).await, bench.key(&[Role::Viewer]).await);
    bench.state.limits.requests_per_minute_key = 2;
    bench.state.limits.requests_per_minute_address = 4;
    bench.state.limits.webhooks_per_minute_address = 1;
    let peer = "192.0.2.7:1".parse().unwrap();
    let ask = |key: &str| with_key(key, Method::GET, "/api/integrations/payments/status").peer_addr(peer);
    let first = bench.send(ask(&one)).await;
    assert_eq!(first.header("ratelimit-policy"), "\"key\";q=2;w=60");
    assert!(first.header("ratelimit").starts_with("\"key\";r=1;t="), "{}", first.header("ratelimit"));
    assert_eq!(bench.send(ask(&one)).await.status, StatusCode::OK);
    let refused = bench.send(ask(&one)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "too-many-requests"));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(refused.problem()["retryable"], true);
    assert_eq!(bench.send(ask(&two)).await.status, StatusCode::OK);
    let by_address = bench.send(ask(&two)).await;
    assert_eq!(by_address.status.as_u16(), 429);
    assert_eq!(by_address.header("ratelimit-policy"), "\"address\";q=4;w=60");
    let hook =
        || TestRequest::post().uri("/api/webhooks/ltv/payments/stripe").peer_addr(peer).set_payload("{}");
    assert_eq!(bench.send(hook()).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bench.send(hook()).await.status.as_u16(), 429);
    let live = bench.send(TestRequest::get().uri("/health/live").peer_addr(peer)).await;
    assert_eq!(live.status, StatusCode::OK);
}

#[actix_web::test]
async fn whoever_has_the_figures_already_is_told_so() {
    let bench = Bench::with_data().await;
    let key = bench.key(&[Role::Viewer]).await;
    let first = bench.ask(&key, Method::GET, "/api/metrics/revenue").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let request =
        with_key(&key, Method::GET, "/api/metrics/revenue").insert_header(("if-none-match", tag.as_str()));
    let again = bench.send(request).await;
    assert_eq!(
        (again.status, again.body.as_str(), again.header("etag")),
        (StatusCode::NOT_MODIFIED, "", tag.as_str())
    );
    let request = with_key(&key, Method::GET, "/api/metrics/revenue?currency=EUR")
        .insert_header(("if-none-match", tag));
    assert_eq!(bench.send(request).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn lists_come_as_tables_where_asked() {
    let bench = Bench::with_data().await;
    let key = bench.key(&[Role::Analyst]).await;
    for path in ["/api/suppliers", "/api/dead-letters", "/api/jobs", "/api/metrics/mrr/movements"] {
        let csv = bench.send(with_key(&key, Method::GET, path).insert_header(("accept", "text/csv"))).await;
        assert_eq!(csv.status, StatusCode::OK, "{path}: {}", csv.body);
        assert!(csv.header("content-type").starts_with("text/csv"), "{path}");
        assert!(csv.body.lines().next().is_some_and(|head| head.contains(',')), "{}", csv.body);
        let lines = bench.ask(&key, Method::GET, &format!("{path}?format=ndjson")).await;
        assert!(lines.body.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", lines.body);
        let neither =
            bench.send(with_key(&key, Method::GET, path).insert_header(("accept", "image/png"))).await;
        assert_eq!(neither.code(), "not-acceptable");
    }
    let csv = bench.ask(&key, Method::GET, "/api/suppliers?format=csv").await;
    assert!(csv.body.contains("stripe:cus_example,GBP,1,50.00,"), "{}", csv.body);
    assert!(csv.header("content-disposition").contains("suppliers.csv"));
}

#[actix_web::test]
async fn a_key_of_some_suppliers_sees_these_and_nothing_of_the_whole_store() {
    let bench = Bench::with_data().await;
    let own = SupplierId::of(&"stripe:cus_example".parse::<Party>().unwrap());
    let foreign = SupplierId::of(&"stripe:cus_other".parse::<Party>().unwrap());
    let key = |supplier: &SupplierId| NewKey {
        label: "portal".to_owned(),
        roles: [Role::Viewer, Role::Analyst].into(),
        suppliers: Some([supplier.clone()].into()),
        ttl_days: 1,
    };
    let owner = bench.state.pipeline.create_scoped_key(key(&own)).await.unwrap().text;
    let stranger = bench.state.pipeline.create_scoped_key(key(&foreign)).await.unwrap().text;
    let mut tried = 0;
    for route in route_infos() {
        let Some(permission) = route.access.permission() else { continue };
        if !Role::Analyst.may(permission) || route.access == Access::Telemetry {
            continue;
        }
        let path = route.path.replace("{id}", own.as_str());
        let status = async |key: &str| bench.ask(key, route.method.clone(), &path).await.status.as_u16();
        let (seen, unseen) = (status(owner.expose_secret()).await, status(stranger.expose_secret()).await);
        let expected = match route.scope {
            Scope::Store => (403, 403),
            Scope::Supplier => (200, 404),
            Scope::Filtered => (200, 200),
        };
        assert_eq!((seen, unseen), expected, "{} {path}", route.method);
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
    for (key, expected) in [(&owner, 1), (&stranger, 0)] {
        let page = bench.ask(key.expose_secret(), Method::GET, "/api/suppliers").await.json();
        assert_eq!(page["data"].as_array().unwrap().len(), expected, "{page}");
    }
    let viewer = bench.key(&[Role::Viewer]).await;
    let whole = bench.ask(&viewer, Method::GET, "/api/suppliers").await.json();
    let seen = bench.ask(stranger.expose_secret(), Method::GET, "/api/suppliers").await.json();
    assert_ne!(whole["meta"]["gaps"], json!([]), "{whole}");
    assert_eq!(seen["meta"]["gaps"], json!([]), "nothing of others: {seen}");
    assert_eq!(seen["meta"]["unexplained"]["amount"], "0.00");
    let named = bench
        .ask(stranger.expose_secret(), Method::GET, "/api/suppliers?externalRef=stripe:cus_example")
        .await;
    assert_eq!(named.json()["data"], json!([]));
}

#[actix_web::test]
async fn a_rotated_key_works_on_beside_its_successor() {
    let bench = Bench::new().await;
    let security = bench.key(&[Role::Security]).await;
    let old = bench.tell(&security, Method::POST, "/api/keys", &new_key("portal")).await.json();
    let path = format!("/api/keys/{}/rotate", old["id"].as_str().unwrap());
    let too_long = bench.tell(&security, Method::POST, &path, &json!({"overlapHours": 25})).await;
    assert_eq!(too_long.problem()["errors"][0]["pointer"], "/overlapHours");
    let new = bench.ask(&security, Method::POST, &path).await;
    assert_eq!(new.status, StatusCode::CREATED, "{}", new.body);
    assert_eq!(new.json()["replaces"], old["id"]);
    for key in [&old["key"], &new.json()["key"]] {
        let answer = bench.ask(key.as_str().unwrap(), Method::GET, "/api/suppliers").await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(bench.ask(&security, Method::POST, "/api/keys/none/rotate").await.code(), "not-found");
}

#[actix_web::test]
async fn a_discard_needs_a_reason_and_a_second_person() {
    let bench = Bench::with_data().await;
    let (preparer, approver) = (bench.key(&[Role::Preparer]).await, bench.key(&[Role::Approver]).await);
    let letters = bench.ask(&preparer, Method::GET, "/api/dead-letters").await.json();
    let path = format!("/api/dead-letters/{}", letters["data"][0]["id"]);
    let approve = format!("{path}/discard/approve");
    assert_eq!(bench.ask(&approver, Method::POST, &approve).await.code(), "conflict");
    for reason in [json!({}), json!({"reason": " "}), json!({"reason": "x".repeat(501)})] {
        let refused = bench.tell(&preparer, Method::POST, &format!("{path}/discard"), &reason).await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "/reason");
    }
    let reason = json!({"reason": "a test"});
    let proposed = bench.tell(&preparer, Method::POST, &format!("{path}/discard"), &reason).await;
    assert_eq!(proposed.json()["letter"]["discardReason"], "a test", "{}", proposed.body);
    assert_eq!(bench.ask(&preparer, Method::POST, &approve).await.code(), "permission-missing");
    let approved = bench.ask(&approver, Method::POST, &approve).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    assert!(approved.json()["letter"]["discardedAt"].is_string(), "{}", approved.body);
}

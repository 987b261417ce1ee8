//! The table of routes against the table of roles.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use http_api::{Access, route_infos};
use pipeline::access::{Permission, Role};
use serde_json::json;

use crate::support::{Bench, with_key};

/// A path of the route that names nothing that exists.
fn path(route: &str) -> String {
    route
        .replace("{provider}", "stripe")
        .replace("{id}", "sup_00000000000000000000000000000000")
        .replace("{token}", "x")
}

#[actix_web::test]
async fn every_route_lets_in_exactly_the_roles_that_have_its_permission() {
    let bench = Bench::new().await;
    let mut tried = 0;
    for role in Role::ALL {
        let key = bench.key(&[*role]).await;
        for route in route_infos() {
            let Some(permission) = route.access.permission() else { continue };
            let request = with_key(&key, route.method.clone(), &path(route.path)).set_json(json!({}));
            let answer = bench.send(request).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                refused,
                !role.may(permission),
                "{role} at {} {}: {}",
                route.method,
                route.path,
                answer.body
            );
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", route.method, route.path);
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} pairs");
}

/// What is promised of roles: each line names the routes of one permission, and who may use them.
const PROMISED: &[(&[&str], &str)] = &[
    (
        &[
            "integration.status",
            "supplier.list",
            "supplier.read",
            "supplier.ltv",
            "metrics.revenue",
            "metrics.mrr",
            "metrics.movements",
            "metrics.cohorts",
            "metrics.bridge",
            "metrics.failures",
            "quality.read",
        ],
        "viewer analyst operator preparer approver auditor",
    ),
    (
        &[
            "supplier.explain",
            "supplier.timeline",
            "supplier.ledger",
            "dead_letter.list",
            "dead_letter.read",
            "job.list",
            "job.read",
            "sync.read",
        ],
        "analyst operator preparer approver auditor",
    ),
    (
        &["payments.sync", "sync.start", "dead_letter.retry", "dead_letter.retry_many", "job.cancel"],
        "operator",
    ),
    (&["integration.list", "integration.put", "integration.delete"], "operator security"),
    (&["dead_letter.discard"], "preparer"),
    (&["dead_letter.discard_approve"], "approver"),
    (&["key.list", "key.create", "key.revoke", "key.rotate"], "security"),
    (&["audit.list"], "security auditor"),
    (&["telemetry.read"], "operator security"),
];

#[test]
fn every_route_of_the_api_is_for_the_roles_that_are_promised() {
    let promised =
        |name: &str| PROMISED.iter().find(|(names, _)| names.contains(&name)).map(|(_, roles)| *roles);
    for route in route_infos() {
        let Some(permission) = route.access.permission() else { continue };
        if matches!(route.access, Access::Page(_)) {
            continue;
        }
        let roles = promised(route.name).unwrap_or_else(|| panic!("{} is promised to nobody", route.name));
        let may: Vec<_> =
            Role::ALL.iter().filter(|role| role.may(permission)).map(|role| role.as_str()).collect();
        assert_eq!(may.join(" "), roles, "{}", route.name);
    }
}

#[actix_web::test]
async fn without_a_key_or_with_a_wrong_one_every_route_that_needs_one_answers_401() {
    let bench = Bench::new().await;
    for route in route_infos() {
        if route.access.permission().is_none() {
            continue;
        }
        let bare = TestRequest::with_uri(&path(route.path)).method(route.method.clone());
        let wrong = with_key("ltv_live_wrong", route.method.clone(), &path(route.path));
        for request in [bare, wrong] {
            let answer = bench.send(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", route.method, route.path);
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}

#[actix_web::test]
async fn a_refusal_names_the_permission_that_is_missing() {
    let bench = Bench::new().await;
    let key = bench.key(&[Role::Viewer]).await;
    let answer = bench.ask(&key, Method::GET, "/api/dead-letters").await;
    assert_eq!(answer.code(), "permission-missing");
    assert!(answer.problem()["detail"].as_str().unwrap().contains("ledger:read"), "{}", answer.body);
}

#[actix_web::test]
async fn a_revoked_key_is_refused() {
    let bench = Bench::new().await;
    let security = bench.key(&[Role::Security]).await;
    let made = bench
        .tell(&security, Method::POST, "/api/keys", &json!({"label": "cron", "roles": ["viewer"]}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (key, id) =
        (made.json()["key"].as_str().unwrap().to_owned(), made.json()["id"].as_str().unwrap().to_owned());
    assert_eq!(made.header("location"), format!("/api/keys/{id}"));
    assert_eq!(bench.ask(&key, Method::GET, "/api/suppliers").await.status, StatusCode::OK);
    let gone = bench.ask(&security, Method::DELETE, &format!("/api/keys/{id}")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask(&key, Method::GET, "/api/suppliers").await.code(), "unauthenticated");
    let listed = bench.ask(&security, Method::GET, "/api/keys").await;
    assert!(!listed.body.contains(&key), "{}", listed.body);
}

#[actix_web::test]
async fn metrics_need_a_key_unless_loopback_is_allowed_and_the_request_is_from_here() {
    let mut bench = Bench::new().await;
    bench.state.metrics =
        Some(metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle());
    let from = |peer: &str| TestRequest::get().uri("/metrics").peer_addr(peer.parse().unwrap());
    assert_eq!(bench.send(from("127.0.0.1:9")).await.status, StatusCode::UNAUTHORIZED);
    let key = bench.key(&[Role::Operator]).await;
    let answer = bench.ask(&key, Method::GET, "/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    bench.state.loopback_metrics = true;
    assert_eq!(bench.send(from("127.0.0.1:9")).await.status, StatusCode::OK);
    assert_eq!(bench.send(from("192.0.2.1:9")).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn whoever_guesses_keys_where_requests_are_not_limited_is_turned_away_and_whoever_has_one_is_not() {
    let mut bench = Bench::new().await;
    bench.state.limits.requests_per_minute_address = 2;
    bench.state.metrics =
        Some(metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle());
    let key = bench.key(&[Role::Operator]).await;
    let asks = |key: &str| with_key(key, Method::GET, "/metrics").peer_addr("192.0.2.1:9".parse().unwrap());
    for status in [200, 200, 200] {
        assert_eq!(bench.send(asks(&key)).await.status.as_u16(), status);
    }
    for status in [401, 401, 429, 429] {
        assert_eq!(bench.send(asks("ltv_live_wrong")).await.status.as_u16(), status);
    }
    assert_eq!(bench.send(asks(&key)).await.status, StatusCode::OK);
    let auditor = bench.key(&[Role::Auditor]).await;
    let noted = bench.ask(&auditor, Method::GET, "/api/audit?action=telemetry.read").await.json();
    let denied = noted["data"].as_array().unwrap().iter().filter(|record| record["outcome"] == "denied");
    assert_eq!(denied.count(), 2, "{noted}");
}

#[actix_web::test]
async fn requests_are_counted_by_route_and_status_and_unknown_paths_share_one_name() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let bench = Bench::new().await;
    let _recording = metrics::set_default_local_recorder(&recorder);
    for path in ["/health/live", "/api/one", "/api/two", "/api/suppliers/sup_1"] {
        bench.send(TestRequest::get().uri(path)).await;
    }
    let text = handle.render();
    for line in [
        r#"ltv_http_requests_total{method="GET",route="/health/live",status="200"} 1"#,
        r#"ltv_http_requests_total{method="GET",route="unmatched",status="404"} 2"#,
        r#"ltv_http_requests_total{method="GET",route="/api/suppliers/{id}",status="401"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(text.contains("ltv_http_request_seconds"), "{text}");
}

#[test]
fn what_changes_something_is_never_public_and_each_route_stands_once() {
    let infos = route_infos();
    for (index, route) in infos.iter().enumerate() {
        let again = infos
            .iter()
            .skip(index + 1)
            .any(|other| other.path == route.path && other.method == route.method);
        assert!(!again, "{} {}", route.method, route.path);
        let own_check = route.path.starts_with("/session") || route.path == "/sign-out";
        assert!(
            route.method.is_safe() || route.access != Access::Public || own_check,
            "{} {}",
            route.method,
            route.path
        );
    }
}

#[test]
fn every_permission_that_this_version_has_routes_for_guards_one() {
    let used = |permission| route_infos().iter().any(|route| route.access.permission() == Some(permission));
    for permission in [
        Permission::ReadMetrics,
        Permission::ReadLedger,
        Permission::Operate,
        Permission::ChangeConfig,
        Permission::ProposeAdjustment,
        Permission::ApproveAdjustment,
        Permission::ManageKeys,
        Permission::ReadAudit,
        Permission::ReadTelemetry,
    ] {
        assert!(used(permission), "{permission}");
    }
}

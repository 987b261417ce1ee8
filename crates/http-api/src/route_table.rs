//! The one table of routes: method, path, and whom it lets in. The app is built from it, so no route can be without.

use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route, guard};
use pipeline::access::Permission as P;

use crate::auth::{self, Access};
use crate::edge::edge;
use crate::problem::{Kind, Problem};
use crate::state::{AppState, State};
use crate::{dashboard, routes};

/// What stands for the path of requests that no route takes.
const UNMATCHED: &str = "unmatched";

/// A route.
struct Entry {
    method: Method,
    path: &'static str,
    access: Access,
    /// Sets the handler.
    to: fn(Route) -> Route,
}

/// What a route is, for documents and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// Its method. A `GET` route also answers `HEAD`, except where a `GET` changes something.
    pub method: Method,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Whom it lets in.
    pub access: Access,
}

fn get(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry { method: Method::GET, path, access, to }
}

fn post(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry { method: Method::POST, path, access, to }
}

fn put(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry { method: Method::PUT, path, access, to }
}

fn delete(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry { method: Method::DELETE, path, access, to }
}

/// Routes of one path stand together; a fixed path stands before one with names.
fn table() -> Vec<Entry> {
    use Access::{Needs, Page, Public, Signature, Telemetry};
    vec![
        post("/api/webhooks/ltv/payments", Signature, |r| r.to(routes::webhooks::receive_any)),
        post("/api/webhooks/ltv/payments/{provider}", Signature, |r| r.to(routes::webhooks::receive)),
        get("/api/integrations/payments/status", Needs(P::ReadMetrics), |r| {
            r.to(routes::integrations::status)
        }),
        get("/api/integrations/payments/config", Needs(P::ChangeConfig), |r| {
            r.to(routes::integrations::list)
        }),
        put("/api/integrations/payments/config", Needs(P::ChangeConfig), |r| r.to(routes::integrations::put)),
        delete("/api/integrations/payments/{id}", Needs(P::ChangeConfig), |r| {
            r.to(routes::integrations::delete)
        }),
        get("/api/suppliers", Needs(P::ReadMetrics), |r| r.to(routes::suppliers::list)),
        get("/api/suppliers/{id}", Needs(P::ReadMetrics), |r| r.to(routes::suppliers::one)),
        get("/api/suppliers/{id}/ltv", Needs(P::ReadMetrics), |r| r.to(routes::suppliers::ltv)),
        get("/api/suppliers/{id}/ltv/explain", Needs(P::ReadLedger), |r| r.to(routes::suppliers::explain)),
        get("/api/suppliers/{id}/ledger", Needs(P::ReadLedger), |r| r.to(routes::suppliers::ledger)),
        get("/api/metrics/revenue", Needs(P::ReadMetrics), |r| r.to(routes::revenue::revenue)),
        get("/api/data-quality", Needs(P::ReadMetrics), |r| r.to(routes::data_quality::data_quality)),
        get("/api/dead-letters", Needs(P::ReadLedger), |r| r.to(routes::dead_letters::list)),
        post("/api/dead-letters/{id}/retry", Needs(P::Operate), |r| r.to(routes::dead_letters::retry)),
        get("/api/keys", Needs(P::ManageKeys), |r| r.to(routes::keys::list)),
        post("/api/keys", Needs(P::ManageKeys), |r| r.to(routes::keys::create)),
        delete("/api/keys/{id}", Needs(P::ManageKeys), |r| r.to(routes::keys::revoke)),
        post("/session", Public, |r| r.to(routes::session::sign_in)),
        delete("/session", Public, |r| r.to(routes::session::sign_out)),
        get(routes::session::LINK_PATH, Public, |r| r.to(routes::session::redeem)),
        post("/sign-out", Public, |r| r.to(routes::session::sign_out_page)),
        get("/health/live", Public, |r| r.to(routes::health::live)),
        get("/health/ready", Public, |r| r.to(routes::health::ready)),
        get("/metrics", Telemetry, |r| r.to(routes::telemetry::metrics)),
        get("/", Page(P::ReadMetrics), |r| r.to(dashboard::overview::page)),
        get("/dashboard/suppliers", Page(P::ReadMetrics), |r| r.to(dashboard::suppliers::page)),
        get("/dashboard/suppliers/{id}", Page(P::ReadMetrics), |r| r.to(dashboard::supplier::page)),
        get("/assets/style.css", Public, |r| r.to(routes::assets::style)),
        get("/assets/icon.svg", Public, |r| r.to(routes::assets::icon)),
    ]
}

/// All routes, in the order of the table.
#[must_use]
pub fn route_infos() -> Vec<RouteInfo> {
    table()
        .into_iter()
        .map(|entry| RouteInfo { method: entry.method, path: entry.path, access: entry.access })
        .collect()
}

/// Mounts the routes into an app. Paths that are not ours stay the app's.
///
/// Mount at the root: pages link to each other by absolute paths.
pub fn configure(state: AppState) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let mut entries = table().into_iter().peekable();
        while let Some(first) = entries.next() {
            let mut group = vec![first];
            while let Some(next) =
                entries.next_if(|next| group.first().is_some_and(|entry| entry.path == next.path))
            {
                group.push(next);
            }
            mount(config, &state, group);
        }
    }
}

/// Mounts the routes, and answers every other path with a problem document.
pub fn configure_whole(state: AppState) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let header_bytes_max = state.limits.header_bytes_max;
        configure(state)(config);
        config.default_service(
            web::route()
                .to(async || -> Result<&'static str, Problem> { Err(Problem::not_found("such route")) })
                .wrap(from_fn(move |request, next| edge(UNMATCHED, header_bytes_max, request, next))),
        );
    }
}

/// One path with its methods; other methods are refused and told which there are.
fn mount(config: &mut ServiceConfig, state: &AppState, group: Vec<Entry>) {
    let Some(path) = group.first().map(|entry| entry.path) else { return };
    let header_bytes_max = state.limits.header_bytes_max;
    let allow = group.iter().map(allowed).collect::<Vec<_>>().join(", ");
    let mut resource: Resource = web::resource(path).app_data(State::new(state.clone()));
    for entry in group {
        resource = resource.route(route(state, entry));
    }
    let refuse = web::route().to(move || {
        let detail = format!("Use {allow}.");
        let problem = Problem::new(Kind::MethodNotAllowed, detail).with_header(header::ALLOW, allow.clone());
        async move { Err::<&'static str, Problem>(problem) }
    });
    let resource = resource.default_service(refuse);
    config.service(resource.wrap(from_fn(move |request, next| edge(path, header_bytes_max, request, next))));
}

fn route(state: &AppState, entry: Entry) -> Route {
    let (state, access) = (state.clone(), entry.access);
    let method = if answers_head(&entry) {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::route().method(entry.method.clone())
    };
    (entry.to)(method).wrap(from_fn(move |request, next| auth::guard(state.clone(), access, request, next)))
}

fn allowed(entry: &Entry) -> String {
    if answers_head(entry) { format!("{}, HEAD", entry.method) } else { entry.method.to_string() }
}

/// `HEAD` must change nothing, and a one-time link is used up by looking at it.
fn answers_head(entry: &Entry) -> bool {
    entry.method == Method::GET && entry.path != routes::session::LINK_PATH
}

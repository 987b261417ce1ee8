//! The one table of routes: method, path, and whom it lets in. The app is built from it, so no route can be without.

use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route, guard};
use pipeline::access::Permission as P;

use crate::auth::{self, Access, Rules, Scope};
use crate::edge::edge;
use crate::problem::{Kind, Problem};
use crate::state::{AppState, State};
use crate::{dashboard, routes};

/// What stands for the path of requests that no route takes.
const UNMATCHED: &str = "unmatched";

/// A route.
struct Entry {
    /// What the audit log and the API's description call it.
    name: &'static str,
    method: Method,
    path: &'static str,
    access: Access,
    scope: Scope,
    once: bool,
    noted: bool,
    limited: bool,
    /// Sets the handler.
    to: fn(Route) -> Route,
}

/// What a route is, for documents and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// What the audit log and the API's description call it; pages share one name.
    pub name: &'static str,
    /// Its method. A `GET` route also answers `HEAD`, except where a `GET` changes something.
    pub method: Method,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Whom it lets in.
    pub access: Access,
    /// Of what it tells, for keys that are limited to some suppliers.
    pub scope: Scope,
    /// Whether `Idempotency-Key` is heeded.
    pub takes_idempotency_key: bool,
}

impl Entry {
    fn new(method: Method, path: &'static str, access: Access, to: fn(Route) -> Route) -> Self {
        let noted = matches!(access, Access::Needs(_) | Access::Page(_));
        let scope = Scope::Store;
        Self { name: "page", method, path, access, scope, once: false, noted, limited: true, to }
    }

    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// `{id}` is a supplier, and others than a key's own are not found.
    fn of_supplier(self) -> Self {
        Self { scope: Scope::Supplier, ..self }
    }

    /// The handler shows a caller its own suppliers alone.
    fn filtered(self) -> Self {
        Self { scope: Scope::Filtered, ..self }
    }

    /// `Idempotency-Key` is heeded.
    fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The audit log notes it although nobody needs a permission.
    fn noted(self) -> Self {
        Self { noted: true, ..self }
    }

    /// It tells nothing of money, and is asked for often: the audit log notes refusals alone.
    fn quiet(self) -> Self {
        Self { noted: false, ..self }
    }

    /// Whoever watches the service is never turned away.
    fn unlimited(self) -> Self {
        Self { limited: false, ..self }
    }

    fn rules(&self) -> Rules {
        Rules {
            action: self.name,
            instead_of_path: (self.path == routes::session::LINK_PATH).then_some(self.path),
            access: self.access,
            scope: self.scope,
            once: self.once,
            noted: self.noted,
            limited: self.limited,
        }
    }
}

fn get(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry::new(Method::GET, path, access, to)
}

fn post(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry::new(Method::POST, path, access, to)
}

fn put(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry::new(Method::PUT, path, access, to)
}

fn delete(path: &'static str, access: Access, to: fn(Route) -> Route) -> Entry {
    Entry::new(Method::DELETE, path, access, to)
}

/// Routes of one path stand together; a fixed path stands before one with names.
fn table() -> Vec<Entry> {
    let parts = [provider_routes(), figure_routes(), operation_routes(), other_routes(), page_routes()];
    parts.into_iter().flatten().collect()
}

/// Providers: what they send, how they are configured, and reading them again.
fn provider_routes() -> Vec<Entry> {
    use Access::{Needs, Signature};
    use routes::{integrations, sync, webhooks};
    let (read, change, run) = (Needs(P::ReadMetrics), Needs(P::ChangeConfig), Needs(P::Operate));
    vec![
        post("/api/webhooks/ltv/payments", Signature, |r| r.to(webhooks::receive_any)).named("webhook.any"),
        post("/api/webhooks/ltv/payments/{provider}", Signature, |r| r.to(webhooks::receive))
            .named("webhook.receive"),
        post("/api/integrations/ltv/payments", run, |r| r.to(sync::ingest)).named("payments.sync").once(),
        get("/api/integrations/payments/status", read, |r| r.to(integrations::status))
            .named("integration.status")
            .quiet(),
        get("/api/integrations/payments/config", change, |r| r.to(integrations::list))
            .named("integration.list"),
        put("/api/integrations/payments/config", change, |r| r.to(integrations::put))
            .named("integration.put")
            .once(),
        post("/api/integrations/payments/sync", run, |r| r.to(sync::start)).named("sync.start").once(),
        get("/api/integrations/payments/sync/{id}", Needs(P::ReadLedger), |r| r.to(sync::status))
            .named("sync.read")
            .quiet(),
        delete("/api/integrations/payments/{id}", change, |r| r.to(integrations::delete))
            .named("integration.delete")
            .once(),
    ]
}

/// Suppliers and figures.
fn figure_routes() -> Vec<Entry> {
    use Access::Needs;
    use routes::{data_quality, mrr, revenue, suppliers};
    let (read, inside) = (Needs(P::ReadMetrics), Needs(P::ReadLedger));
    vec![
        get("/api/suppliers", read, |r| r.to(suppliers::list)).named("supplier.list").filtered(),
        get("/api/suppliers/{id}", read, |r| r.to(suppliers::one)).named("supplier.read").of_supplier(),
        get("/api/suppliers/{id}/ltv", read, |r| r.to(suppliers::ltv)).named("supplier.ltv").of_supplier(),
        get("/api/suppliers/{id}/ltv/explain", inside, |r| r.to(suppliers::explain))
            .named("supplier.explain")
            .of_supplier(),
        get("/api/suppliers/{id}/timeline", inside, |r| r.to(suppliers::timeline))
            .named("supplier.timeline")
            .of_supplier(),
        get("/api/suppliers/{id}/ledger", inside, |r| r.to(suppliers::ledger))
            .named("supplier.ledger")
            .of_supplier(),
        get("/api/metrics/revenue", read, |r| r.to(revenue::revenue)).named("metrics.revenue"),
        get("/api/metrics/mrr", read, |r| r.to(mrr::mrr)).named("metrics.mrr"),
        get("/api/metrics/mrr/movements", read, |r| r.to(mrr::movements)).named("metrics.movements"),
        get("/api/metrics/cohorts", read, |r| r.to(mrr::cohorts)).named("metrics.cohorts"),
        get("/api/metrics/bridge", read, |r| r.to(mrr::bridge)).named("metrics.bridge"),
        get("/api/metrics/payment-failures", read, |r| r.to(mrr::payment_failures)).named("metrics.failures"),
        get("/api/data-quality", read, |r| r.to(data_quality::data_quality)).named("quality.read"),
    ]
}

/// What runs the service: dead letters, jobs, keys, the audit log.
fn operation_routes() -> Vec<Entry> {
    use Access::Needs;
    use routes::{audit, dead_letters, jobs, keys};
    let (inside, run, manage) = (Needs(P::ReadLedger), Needs(P::Operate), Needs(P::ManageKeys));
    vec![
        get("/api/dead-letters", inside, |r| r.to(dead_letters::list)).named("dead_letter.list"),
        post("/api/dead-letters/retry", run, |r| r.to(dead_letters::retry_many))
            .named("dead_letter.retry_many")
            .once(),
        get("/api/dead-letters/{id}", inside, |r| r.to(dead_letters::one)).named("dead_letter.read"),
        post("/api/dead-letters/{id}/retry", run, |r| r.to(dead_letters::retry))
            .named("dead_letter.retry")
            .once(),
        post("/api/dead-letters/{id}/discard", Needs(P::ProposeAdjustment), |r| r.to(dead_letters::discard))
            .named("dead_letter.discard")
            .once(),
        post("/api/dead-letters/{id}/discard/approve", Needs(P::ApproveAdjustment), |r| {
            r.to(dead_letters::approve_discard)
        })
        .named("dead_letter.discard_approve")
        .once(),
        get("/api/jobs", inside, |r| r.to(jobs::list)).named("job.list").quiet(),
        get("/api/jobs/{id}", inside, |r| r.to(jobs::one)).named("job.read").quiet(),
        delete("/api/jobs/{id}", run, |r| r.to(jobs::cancel)).named("job.cancel").once(),
        get("/api/keys", manage, |r| r.to(keys::list)).named("key.list"),
        post("/api/keys", manage, |r| r.to(keys::create)).named("key.create").once(),
        delete("/api/keys/{id}", manage, |r| r.to(keys::revoke)).named("key.revoke").once(),
        post("/api/keys/{id}/rotate", manage, |r| r.to(keys::rotate)).named("key.rotate").once(),
        get("/api/audit", Needs(P::ReadAudit), |r| r.to(audit::list)).named("audit.list"),
    ]
}

/// Signing in, health, and the API's description.
fn other_routes() -> Vec<Entry> {
    use Access::{Public, Telemetry};
    use routes::{health, reference, session, telemetry};
    vec![
        post("/session", Public, |r| r.to(session::sign_in)).named("session.start").noted(),
        delete("/session", Public, |r| r.to(session::sign_out)).named("session.end").noted(),
        get(session::LINK_PATH, Public, |r| r.to(session::redeem)).named("session.redeem").noted(),
        post("/sign-out", Public, |r| r.to(session::sign_out_page)).named("session.end_page").noted(),
        get("/health/live", Public, |r| r.to(health::live)).named("health.live").unlimited(),
        get("/health/ready", Public, |r| r.to(health::ready)).named("health.ready").unlimited(),
        get("/metrics", Telemetry, |r| r.to(telemetry::metrics)).named("telemetry.read").unlimited(),
        get("/api/openapi.json", Public, |r| r.to(reference::document)).named("reference.document"),
        get("/api/docs", Public, |r| r.to(reference::page)).named("reference.page"),
    ]
}

/// Pages for people, and the files that they need.
fn page_routes() -> Vec<Entry> {
    use Access::{Page, Public};
    vec![
        get("/", Page(P::ReadMetrics), |r| r.to(dashboard::overview::page)),
        get("/dashboard/suppliers", Page(P::ReadMetrics), |r| r.to(dashboard::suppliers::page)),
        get("/dashboard/suppliers/{id}", Page(P::ReadMetrics), |r| r.to(dashboard::supplier::page))
            .of_supplier(),
        get("/dashboard/mrr", Page(P::ReadMetrics), |r| r.to(dashboard::mrr::page)),
        get("/dashboard/cohorts", Page(P::ReadMetrics), |r| r.to(dashboard::cohorts::page)),
        get("/dashboard/messages/{id}", Page(P::ReadLedger), |r| r.to(dashboard::raw_message::page)),
        get("/dashboard/operations", Page(P::ReadMetrics), |r| r.to(dashboard::operations::page)),
        post("/dashboard/operations/dead-letters/{id}/retry", Page(P::Operate), |r| {
            r.to(dashboard::operations::retry)
        })
        .named("dead_letter.retry"),
        post("/dashboard/operations/jobs/{id}/cancel", Page(P::Operate), |r| {
            r.to(dashboard::operations::cancel)
        })
        .named("job.cancel"),
        post("/dashboard/operations/sync/{id}", Page(P::Operate), |r| r.to(dashboard::operations::sync))
            .named("sync.start"),
        get("/dashboard/definitions", Page(P::ReadMetrics), |r| r.to(dashboard::definitions::page))
            .filtered()
            .quiet(),
        get("/assets/style.css", Public, |r| r.to(routes::assets::style)).named("asset.style").unlimited(),
        get("/assets/icon.svg", Public, |r| r.to(routes::assets::icon)).named("asset.icon").unlimited(),
    ]
}

/// All routes, in the order of the table.
#[must_use]
pub fn route_infos() -> Vec<RouteInfo> {
    let info = |entry: Entry| RouteInfo {
        name: entry.name,
        method: entry.method,
        path: entry.path,
        access: entry.access,
        scope: entry.scope,
        takes_idempotency_key: entry.once,
    };
    table().into_iter().map(info).collect()
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
    let (state, rules) = (state.clone(), entry.rules());
    let method = if answers_head(&entry) {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::route().method(entry.method.clone())
    };
    (entry.to)(method).wrap(from_fn(move |request, next| auth::guard(state.clone(), rules, request, next)))
}

fn allowed(entry: &Entry) -> String {
    if answers_head(entry) { format!("{}, HEAD", entry.method) } else { entry.method.to_string() }
}

/// `HEAD` must change nothing, and a one-time link is used up by looking at it.
fn answers_head(entry: &Entry) -> bool {
    entry.method == Method::GET && entry.path != routes::session::LINK_PATH
}

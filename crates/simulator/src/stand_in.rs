//! A local Stripe that answers reads, on a loopback port of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::world::{From, ListKind, World};

/// The page size when none is asked for, and the largest.
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;

/// What goes wrong on purpose. None by default.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Faults {}

/// A server that answers as Stripe documents: `GET /v1/balance_transactions`, `GET /v1/invoice_payments`, and single
/// objects. It stops when it is dropped.
#[derive(Debug)]
pub struct StripeStandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

#[derive(Debug)]
struct Shared {
    world: World,
    key: Option<String>,
    shown_until: Mutex<Option<i64>>,
    calls: AtomicU64,
}

impl StripeStandIn {
    /// Starts on 127.0.0.1, a free port. Any key is good.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(world: World, faults: Faults) -> io::Result<Self> {
        Self::launch(world, faults, None)
    }

    /// Starts on 127.0.0.1, a free port; any other key than this is answered 401.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start_with_key(world: World, faults: Faults, key: &str) -> io::Result<Self> {
        Self::launch(world, faults, Some(key.to_owned()))
    }

    fn launch(world: World, _faults: Faults, key: Option<String>) -> io::Result<Self> {
        let shared = Arc::new(Shared { world, key, shown_until: Mutex::new(None), calls: AtomicU64::new(0) });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/v1/{collection}", web::get().to(answer_list))
                .route("/v1/{collection}/{id}", web::get().to(answer_object))
                .default_service(web::to(answer_unknown))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind((Ipv4Addr::LOCALHOST, 0))?;
        let address =
            server.addrs().first().copied().ok_or_else(|| io::Error::other("the server has no address"))?;
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { address, shared, handle })
    }

    /// Where it is, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on shows only what was created by `at`; with `None` everything, as it does when never asked. Moves
    /// forward only: an earlier time than one given before changes nothing.
    pub fn reveal_until(&self, at: Option<DateTime<Utc>>) {
        let asked = at.map_or(i64::MAX, |at| at.timestamp());
        let mut shown = self.shared.shown_until.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Some(shown.map_or(asked, |before| before.max(asked)));
    }

    /// How many calls it has answered, refusals included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// Stops it, and waits until its port is closed.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Drop for StripeStandIn {
    fn drop(&mut self) {
        // The order to stop is sent at once; nobody needs to wait for it.
        drop(self.handle.stop(false));
    }
}

impl Shared {
    fn until(&self) -> i64 {
        self.shown_until.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(i64::MAX)
    }

    /// Counts the call.
    fn enter(&self) -> RequestId {
        RequestId(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn has_good_key(&self, request: &HttpRequest) -> bool {
        let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let key = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        self.key.as_deref().map_or(!key.is_empty(), |wanted| wanted == key)
    }
}

#[derive(Debug, Clone, Copy)]
struct RequestId(u64);

impl RequestId {
    fn ok(self, body: impl Into<web::Bytes>) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("application/json")
            .insert_header(("Request-Id", self.text()))
            .body(body.into())
    }

    fn refuse(
        self,
        status: StatusCode,
        message: &str,
        code: Option<&str>,
        param: Option<&str>,
    ) -> HttpResponse {
        let mut error = json!({"type": "invalid_request_error", "message": message});
        if let Some(error) = error.as_object_mut() {
            error.extend(code.map(|code| ("code".to_owned(), json!(code))));
            error.extend(param.map(|param| ("param".to_owned(), json!(param))));
        }
        HttpResponse::build(status)
            .content_type("application/json")
            .insert_header(("Request-Id", self.text()))
            .body(json!({"error": error}).to_string())
    }

    fn refuse_key(self) -> HttpResponse {
        self.refuse(StatusCode::UNAUTHORIZED, "Invalid API Key provided", None, None)
    }

    fn text(self) -> String {
        format!("req_sim{:010}", self.0)
    }
}

async fn answer_list(
    request: HttpRequest,
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let id = shared.enter();
    if !shared.has_good_key(&request) {
        return id.refuse_key();
    }
    let Some(kind) = ListKind::from_name(&name) else { return unknown_url(id, &request) };
    let query = match PageQuery::read(request.query_string()) {
        Ok(query) => query,
        Err(problem) => {
            return id.refuse(
                StatusCode::BAD_REQUEST,
                &problem.message,
                Some(problem.code),
                Some(&problem.param),
            );
        }
    };
    match shared.world.page(kind, &query.from, query.limit, shared.until()) {
        Some(page) => {
            let rows: Vec<&[u8]> = page.rows.iter().map(|row| row.body.as_ref()).collect();
            let mut body = br#"{"object":"list","data":["#.to_vec();
            body.extend_from_slice(&rows.join(&b','));
            body.extend_from_slice(
                format!(r#"],"has_more":{},"url":"/v1/{}"}}"#, page.has_more, kind.name()).as_bytes(),
            );
            id.ok(body)
        }
        None => {
            let (param, cursor) = query.cursor();
            let message = format!("No such {}: '{cursor}'", kind.name());
            id.refuse(StatusCode::BAD_REQUEST, &message, Some("resource_missing"), Some(param))
        }
    }
}

async fn answer_object(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let id = shared.enter();
    if !shared.has_good_key(&request) {
        return id.refuse_key();
    }
    let (collection, object) = path.into_inner();
    match shared.world.object(&collection, &object, shared.until()) {
        Some(body) => id.ok(body.clone()),
        None => {
            let message = format!("No such {}: '{object}'", collection.trim_end_matches('s'));
            id.refuse(StatusCode::NOT_FOUND, &message, Some("resource_missing"), Some("id"))
        }
    }
}

async fn answer_unknown(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let id = shared.enter();
    if shared.has_good_key(&request) { unknown_url(id, &request) } else { id.refuse_key() }
}

fn unknown_url(id: RequestId, request: &HttpRequest) -> HttpResponse {
    let message = format!("Unrecognized request URL ({}: {})", request.method(), request.path());
    id.refuse(StatusCode::NOT_FOUND, &message, None, None)
}

#[derive(Debug, PartialEq, Eq)]
struct PageQuery {
    from: From,
    limit: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct QueryProblem {
    code: &'static str,
    param: String,
    message: String,
}

impl PageQuery {
    /// Reads `limit` and one cursor. What the stand-in does not filter by is refused, never silently ignored.
    fn read(text: &str) -> Result<Self, QueryProblem> {
        let mut query = Self { from: From::Newest, limit: LIMIT_DEFAULT };
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "limit" => query.limit = limit(&value)?,
                "starting_after" if query.from == From::Newest => {
                    query.from = From::StartingAfter(value.into_owned())
                }
                "ending_before" if query.from == From::Newest => {
                    query.from = From::EndingBefore(value.into_owned())
                }
                "starting_after" | "ending_before" => {
                    return Err(problem("parameter_invalid", &name, "Give one cursor, not two".to_owned()));
                }
                other => {
                    return Err(problem(
                        "parameter_unknown",
                        other,
                        format!("Received unknown parameter: {other}"),
                    ));
                }
            }
        }
        Ok(query)
    }

    fn cursor(&self) -> (&'static str, &str) {
        match &self.from {
            From::Newest => ("limit", ""),
            From::StartingAfter(id) => ("starting_after", id),
            From::EndingBefore(id) => ("ending_before", id),
        }
    }
}

fn limit(value: &str) -> Result<usize, QueryProblem> {
    match value.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        _ => Err(problem("parameter_invalid_integer", "limit", format!("Invalid integer: {value}"))),
    }
}

fn problem(code: &'static str, param: &str, message: String) -> QueryProblem {
    QueryProblem { code, param: param.to_owned(), message }
}

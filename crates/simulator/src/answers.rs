//! What the stand-in answers to each call.

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde_json::{Value, json};

use crate::expand::expand;
use crate::faults::Fate;
use crate::query::{PageQuery, QueryProblem, expansions};
use crate::stand_in::{LastPage, Shared};
use crate::world::{Asked, From, ListKind};

/// A refusal, or another answer that is not what was asked for.
struct Refusal {
    status: StatusCode,
    error: Value,
    headers: Vec<(&'static str, &'static str)>,
}

type Answer = Result<web::Bytes, Refusal>;

/// A list.
pub(crate) async fn list(
    request: HttpRequest,
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    respond(&request, &shared, &name, || list_body(&request, &name, &shared)).await
}

/// A single object.
pub(crate) async fn object(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let (collection, id) = path.into_inner();
    let endpoint = format!("{collection}/{{id}}");
    respond(&request, &shared, &endpoint, || object_body(&request, &collection, &id, &shared)).await
}

/// The lines of an invoice.
pub(crate) async fn lines(
    request: HttpRequest,
    id: web::Path<String>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    respond(&request, &shared, "invoices/{id}/lines", || lines_body(&request, &id, &shared)).await
}

/// Anything else.
pub(crate) async fn unknown(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    respond(&request, &shared, "other", || Err(unknown_url(&request))).await
}

/// Counts the call, lets go wrong what shall go wrong, and answers.
async fn respond(
    request: &HttpRequest,
    shared: &Shared,
    endpoint: &str,
    answer: impl FnOnce() -> Answer,
) -> HttpResponse {
    let number = shared.enter(endpoint);
    if !shared.faults.latency.is_zero() {
        tokio::time::sleep(shared.faults.latency).await;
    }
    let key = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let fate = shared.faults.of_call(number);
    let answer = if shared.is_unavailable() {
        Err(Refusal::of_server(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"))
    } else if !shared.is_good_key(key) {
        Err(Refusal::of_request(StatusCode::UNAUTHORIZED, "Invalid API Key provided", None, None))
    } else {
        match fate {
            Fate::TooMany => Err(Refusal::too_many()),
            Fate::Error => {
                Err(Refusal::of_server(StatusCode::INTERNAL_SERVER_ERROR, "An unknown error occurred"))
            }
            Fate::Fine | Fate::Cut => answer(),
        }
    };
    let request_id = format!("req_sim{number:010}");
    match answer {
        Ok(body) if fate == Fate::Cut => cut(&request_id, &body),
        Ok(body) => built(StatusCode::OK, &request_id).body(body),
        Err(refusal) => {
            let mut response = built(refusal.status, &request_id);
            for header in refusal.headers {
                response.insert_header(header);
            }
            response.body(json!({"error": refusal.error}).to_string())
        }
    }
}

fn built(status: StatusCode, request_id: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json").insert_header(("Request-Id", request_id));
    response
}

/// Says how long the body is, and breaks off in the middle of it.
fn cut(request_id: &str, body: &web::Bytes) -> HttpResponse {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let half = body.slice(..body.len() / 2);
    let parts = [Ok(half), Err(std::io::Error::other("the answer is cut on purpose"))];
    built(StatusCode::OK, request_id).body(SizedStream::new(length, stream::iter(parts)))
}

fn list_body(request: &HttpRequest, name: &str, shared: &Shared) -> Answer {
    let Some(kind) = ListKind::from_name(name) else { return Err(unknown_url(request)) };
    let query = PageQuery::read(request.query_string())?;
    let since = match kind {
        ListKind::Events => shared.asked_since(query.since).max(shared.events_since()),
        ListKind::BalanceTransactions | ListKind::InvoicePayments => query.since,
    };
    let filter = |body: &[u8]| query.wants(body);
    let asked = Asked {
        from: &query.from,
        limit: query.limit,
        since,
        until: query.until.min(shared.until()),
        wanted: query.has_filter().then_some(&filter),
    };
    let (param, cursor) = query.cursor();
    let Some(page) = shared.world.page(kind, &asked) else {
        let message = format!("No such {}: '{cursor}'", kind.name());
        return Err(Refusal::missing(StatusCode::BAD_REQUEST, &message, param));
    };
    let rows: Vec<web::Bytes> =
        page.places.iter().filter_map(|place| shared.world.body_of(kind, *place)).collect();
    let body = wrapped(shared, &rows, &query, page.has_more, &format!("/v1/{}", kind.name()));
    let id_at = |place: Option<&usize>| place.and_then(|place| shared.world.id_of(kind, *place));
    let goes_on_from = match &query.from {
        From::Newest | From::StartingAfter(_) => id_at(page.places.last()),
        From::EndingBefore(_) => id_at(page.places.first()),
    };
    let walk = walk_of(name, request.query_string());
    Ok(shared.page_or_repetition(&walk, cursor, LastPage { last_id: goes_on_from.unwrap_or_default(), body }))
}

/// A walk through a list: its filters without the cursor.
fn walk_of(name: &str, query: &str) -> String {
    let mut walk = name.to_owned();
    for (field, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if field != "starting_after" && field != "ending_before" {
            walk.push_str(&format!("&{field}={value}"));
        }
    }
    walk
}

fn wrapped(shared: &Shared, rows: &[web::Bytes], query: &PageQuery, has_more: bool, url: &str) -> web::Bytes {
    let paths: Vec<String> =
        query.expand.iter().filter_map(|path| path.strip_prefix("data.").map(str::to_owned)).collect();
    let mut body = br#"{"object":"list","data":["#.to_vec();
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        if paths.is_empty() {
            body.extend_from_slice(row);
        } else {
            body.extend_from_slice(&expand(&shared.world, row, &paths, shared.until()));
        }
    }
    body.extend_from_slice(format!(r#"],"has_more":{has_more},"url":"{url}"}}"#).as_bytes());
    body.into()
}

fn object_body(request: &HttpRequest, collection: &str, id: &str, shared: &Shared) -> Answer {
    let paths = expansions(request.query_string())?;
    let found = match collection {
        // A discount can be read only within what it belongs to.
        "discounts" => return Err(unknown_url(request)),
        "events" => shared.world.event_body(id, shared.until()),
        _ => shared.world.object(collection, id, shared.until()),
    };
    let body = found.ok_or_else(|| no_such(collection, id))?;
    if paths.is_empty() {
        return Ok(body);
    }
    Ok(expand(&shared.world, &body, &paths, shared.until()).into())
}

fn lines_body(request: &HttpRequest, id: &str, shared: &Shared) -> Answer {
    let query = PageQuery::read(request.query_string())?;
    let body = shared.world.object("invoices", id, shared.until()).ok_or_else(|| no_such("invoices", id))?;
    let invoice: Value = serde_json::from_slice(&body).unwrap_or_default();
    let lines = invoice.pointer("/lines/data").and_then(Value::as_array).cloned().unwrap_or_default();
    let start = match &query.from {
        From::StartingAfter(after) => lines
            .iter()
            .position(|line| line.get("id").and_then(Value::as_str) == Some(after))
            .map_or(lines.len(), |place| place.saturating_add(1)),
        From::Newest | From::EndingBefore(_) => 0,
    };
    let rest = lines.get(start..).unwrap_or_default();
    let shown = rest.get(..query.limit.min(rest.len())).unwrap_or_default();
    let list = json!({
        "object": "list", "data": shown, "has_more": rest.len() > shown.len(), "url": format!("/v1/invoices/{id}/lines"),
    });
    Ok(list.to_string().into())
}

fn no_such(collection: &str, id: &str) -> Refusal {
    Refusal::missing(StatusCode::NOT_FOUND, &format!("No such {collection}: '{id}'"), "id")
}

fn unknown_url(request: &HttpRequest) -> Refusal {
    let message = format!("Unrecognized request URL ({}: {})", request.method(), request.path());
    Refusal::of_request(StatusCode::NOT_FOUND, &message, None, None)
}

impl Refusal {
    fn of_request(status: StatusCode, message: &str, code: Option<&str>, param: Option<&str>) -> Self {
        let mut error = json!({"type": "invalid_request_error", "message": message});
        if let Some(error) = error.as_object_mut() {
            error.extend(code.map(|code| ("code".to_owned(), json!(code))));
            error.extend(param.map(|param| ("param".to_owned(), json!(param))));
        }
        Self { status, error, headers: Vec::new() }
    }

    fn missing(status: StatusCode, message: &str, param: &str) -> Self {
        Self::of_request(status, message, Some("resource_missing"), Some(param))
    }

    fn of_server(status: StatusCode, message: &str) -> Self {
        Self { status, error: json!({"type": "api_error", "message": message}), headers: Vec::new() }
    }

    fn too_many() -> Self {
        let message = "Too many requests hit the API too quickly";
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            error: json!({"type": "invalid_request_error", "code": "rate_limit", "message": message}),
            headers: vec![("Retry-After", "1"), ("Stripe-Should-Retry", "true")],
        }
    }
}

impl std::convert::From<QueryProblem> for Refusal {
    fn from(problem: QueryProblem) -> Self {
        Self::of_request(StatusCode::BAD_REQUEST, &problem.message, Some(problem.code), Some(&problem.param))
    }
}

//! `Idempotency-Key`: a request that is repeated under its key has one effect, and gets the first answer again.

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use bytes::Bytes;
use futures_util::stream;
use pipeline::{Begun, IdempotencyRow, StoredAnswer};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use crate::body;
use crate::problem::{Kind, Problem};
use crate::state::AppState;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const KEY_CHARS_MAX: usize = 255;

/// The caller's key, where there is one.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    let fit = (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fit {
        Ok(Some(text.to_owned()))
    } else {
        let detail = format!("`Idempotency-Key` has 1 to {KEY_CHARS_MAX} graphic ASCII characters.");
        Err(Problem::new(Kind::BadRequest, detail))
    }
}

/// Lets a request through once; its repetitions get the first answer.
pub(crate) async fn once(
    state: AppState,
    principal: String,
    key: String,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let body = match take_body(&state, &mut request).await {
        Ok(body) => body,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    let row = IdempotencyRow {
        key,
        principal,
        route: format!("{} {}", request.method(), request.path()),
        request_hash: request_hash(request.query_string(), &body),
    };
    request.set_payload(payload_of(body));
    match state.pipeline.begin_request(&row).await.map_err(Problem::from) {
        Ok(Begun::New) => {}
        Ok(known) => return Ok(request.into_response(repeated(known))),
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    }
    // In a task of its own: when the caller goes away, the work still ends and its answer is kept.
    let work = async move {
        let answer = next.call(request).await?;
        keep(&state, &row, answer).await
    };
    let task = actix_web::rt::spawn(work.in_current_span());
    task.await.unwrap_or_else(|_panicked| Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into()))
}

async fn take_body(state: &AppState, request: &mut ServiceRequest) -> Result<Bytes, Problem> {
    let payload = request.take_payload();
    body::read_any(request.headers(), payload, &state.limits).await
}

fn payload_of(body: Bytes) -> Payload {
    Payload::Stream { payload: Box::pin(stream::once(async { Ok(body) })) }
}

fn request_hash(query: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(query.as_bytes());
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

/// The answer to a repetition.
fn repeated(known: Begun) -> HttpResponse {
    match known {
        Begun::Answered(answer) => replay(answer),
        Begun::InFlight => {
            Problem::new(Kind::InFlight, "The first request under this key is still under way.")
                .after(1)
                .error_response()
        }
        Begun::OtherRequest | Begun::New => {
            let detail = "This `Idempotency-Key` was used for another request; use a new one.";
            Problem::new(Kind::KeyReused, detail).error_response()
        }
    }
}

fn replay(answer: StoredAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((REPLAYED, "true"));
    if !answer.content_type.is_empty() {
        response.content_type(answer.content_type);
    }
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    response.body(answer.body)
}

/// Keeps an answer that stands. What was refused, or failed, had no effect and may be tried again under its key.
async fn keep(
    state: &AppState,
    row: &IdempotencyRow,
    answer: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, response) = answer.into_parts();
    if !response.status().is_success() {
        end(state, row, None).await;
        return Ok(ServiceResponse::new(request, response));
    }
    let text = |name: HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (content_type, location) = (text(header::CONTENT_TYPE), text(header::LOCATION));
    let status = response.status().as_u16();
    let (head, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    let stored = StoredAnswer {
        status,
        content_type: content_type.unwrap_or_default(),
        location,
        body: body.to_vec(),
    };
    end(state, row, Some(stored)).await;
    let mut response = head.set_body(BoxBody::new(body));
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("false"));
    Ok(ServiceResponse::new(request, response))
}

/// The work is done whether or not its answer could be kept: the caller gets it.
async fn end(state: &AppState, row: &IdempotencyRow, answer: Option<StoredAnswer>) {
    if let Err(error) = state.pipeline.end_request(row, answer).await {
        tracing::error!(http.route = %row.route, error = %error, "Could not keep the answer to {}", row.route);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> Result<Option<String>, Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), HeaderValue::from_str(value).unwrap());
        key_of(&headers).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_key_is_short_and_graphic() {
        assert_eq!(key_of(&HeaderMap::new()), Ok(None));
        assert_eq!(given("abc-1"), Ok(Some("abc-1".to_owned())));
        assert_eq!(given("\"abc-1\""), Ok(Some("abc-1".to_owned())));
        for value in ["", "two words", &"x".repeat(256)] {
            assert_eq!(given(value), Err(Kind::BadRequest), "{value}");
        }
    }

    #[test]
    fn query_and_body_are_told_apart() {
        assert_ne!(request_hash("a", b"b"), request_hash("", b"ab"));
        assert_ne!(request_hash("a", b"b"), request_hash("a", b"c"));
        assert_eq!(request_hash("a", b"b"), request_hash("a", b"b"));
    }
}

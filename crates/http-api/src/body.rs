//! Reading bodies: at most so many bytes, within a deadline of their own, in a form that is supported.
//!
//! The server's deadline covers the head of a request alone, so a client that sends its body byte by byte would hold a
//! connection for ever; and a body that claims to be small may not be.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use crate::problem::{Kind, Problem};
use crate::state::Limits;

/// Media types of a body that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`, `application/…+json`, `text/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// Reads a webhook's body.
pub(crate) async fn read_message(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    refuse_encoding(request.headers())?;
    match media_type(request.headers())? {
        Some(MediaType::Json) | None => {}
        Some(MediaType::Form) => return Err(unsupported_type()),
    }
    read_bounded(request.headers(), payload, limits.body_bytes_max, limits.body_timeout).await
}

/// Reads the body of an API request.
pub(crate) async fn read_json(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    match read_json_or_form(request, payload, limits).await? {
        (MediaType::Json, body) => Ok(body),
        (MediaType::Form, _) => Err(unsupported_type()),
    }
}

/// Reads the body of an API request that may come without one, which is as good as an empty object.
pub(crate) async fn read_optional_json(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    if request.headers().contains_key(header::CONTENT_TYPE) {
        return read_json(request, payload, limits).await;
    }
    let body = read_bounded(request.headers(), payload, limits.json_bytes_max, limits.body_timeout).await?;
    if body.is_empty() { Ok(Bytes::from_static(b"{}")) } else { Err(unsupported_type()) }
}

/// Reads the body of an API request that may carry a webhook's body as base64.
pub(crate) async fn read_large_json(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    refuse_encoding(request.headers())?;
    if media_type(request.headers())? != Some(MediaType::Json) {
        return Err(unsupported_type());
    }
    read_bounded(request.headers(), payload, limits.large_json_bytes_max(), limits.body_timeout).await
}

/// Reads a body before anybody knows what it is to be; whoever takes it checks the rest.
pub(crate) async fn read_any<S>(headers: &HeaderMap, payload: S, limits: &Limits) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    read_bounded(headers, payload, limits.large_json_bytes_max(), limits.body_timeout).await
}

/// Reads a body that may come from a program or from a form.
pub(crate) async fn read_json_or_form(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<(MediaType, Bytes), Problem> {
    refuse_encoding(request.headers())?;
    let media_type = media_type(request.headers())?.ok_or_else(unsupported_type)?;
    let body = read_bounded(request.headers(), payload, limits.json_bytes_max, limits.body_timeout).await?;
    Ok((media_type, body))
}

async fn read_bounded<S>(
    headers: &HeaderMap,
    mut payload: S,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let too_large = || Problem::new(Kind::TooLarge, format!("Send at most {bytes_max} bytes.")).closing();
    if stated_length(headers).is_some_and(|stated| stated > bytes_max) {
        return Err(too_large());
    }
    let deadline = Instant::now().checked_add(timeout).unwrap_or_else(Instant::now);
    let mut body = BytesMut::new();
    loop {
        let next = timeout_at(deadline, payload.next()).await.map_err(|_elapsed| too_slow(timeout))?;
        let Some(chunk) = next else { return Ok(body.freeze()) };
        let chunk = chunk.map_err(|error| {
            Problem::new(Kind::BadRequest, format!("The body ended early or is not framed well: {error}."))
                .closing()
        })?;
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
}

fn stated_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn too_slow(timeout: Duration) -> Problem {
    Problem::new(Kind::TooSlow, format!("Send the whole body within {} s.", timeout.as_secs())).closing()
}

/// Compressed bodies are refused: a small one can become a large one.
fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    for encoding in encodings {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            return Err(
                Problem::new(Kind::UnsupportedMediaType, "Send the body without Content-Encoding.").closing()
            );
        }
    }
    Ok(())
}

fn unsupported_type() -> Problem {
    Problem::new(Kind::UnsupportedMediaType, "Send `Content-Type: application/json`.").closing()
}

/// The type of a body; `None`: it is not stated.
fn media_type(headers: &HeaderMap) -> Result<Option<MediaType>, Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_not_ascii| unsupported_type())?;
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let application = essence.strip_prefix("application/").unwrap_or_default();
    match application {
        "json" => Ok(Some(MediaType::Json)),
        "x-www-form-urlencoded" => Ok(Some(MediaType::Form)),
        _ if application.len() > "+json".len() && application.ends_with("+json") => Ok(Some(MediaType::Json)),
        _ if essence == "text/json" => Ok(Some(MediaType::Json)),
        _ => Err(unsupported_type()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    use super::*;

    const LIMITS: Limits = Limits { body_bytes_max: 8, json_bytes_max: 4, ..Limits::DEFAULT };

    async fn message(request: TestRequest) -> Result<Bytes, Problem> {
        let (request, mut payload) = request.to_http_parts();
        let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
        read_message(&request, payload, &LIMITS).await
    }

    async fn kind_of(request: TestRequest) -> Kind {
        message(request).await.unwrap_err().kind
    }

    #[actix_web::test]
    async fn a_body_at_the_limit_is_read_and_one_byte_more_is_refused() {
        assert_eq!(message(TestRequest::post().set_payload("12345678")).await.unwrap(), "12345678");
        assert_eq!(kind_of(TestRequest::post().set_payload("123456789")).await, Kind::TooLarge);
    }

    #[actix_web::test]
    async fn a_body_that_says_it_is_too_large_is_refused_before_it_is_read() {
        let request = TestRequest::post().set_payload("1").insert_header((header::CONTENT_LENGTH, "9"));
        assert_eq!(kind_of(request).await, Kind::TooLarge);
    }

    #[actix_web::test]
    async fn json_by_any_of_its_names_is_read_and_other_types_are_refused() {
        for kind in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/cloudevents+json",
            "text/json",
        ] {
            let request = TestRequest::post().insert_header((header::CONTENT_TYPE, kind)).set_payload("{}");
            assert_eq!(message(request).await.unwrap(), "{}", "{kind}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/+json",
            "multipart/form-data",
            "",
        ] {
            let request = TestRequest::post().insert_header((header::CONTENT_TYPE, kind)).set_payload("{}");
            assert_eq!(kind_of(request).await, Kind::UnsupportedMediaType, "{kind}");
        }
    }

    #[actix_web::test]
    async fn a_compressed_body_is_refused_and_identity_is_not_compression() {
        for encoding in ["gzip", "br", "identity, gzip"] {
            let request =
                TestRequest::post().insert_header((header::CONTENT_ENCODING, encoding)).set_payload("{}");
            assert_eq!(kind_of(request).await, Kind::UnsupportedMediaType, "{encoding}");
        }
        let request =
            TestRequest::post().insert_header((header::CONTENT_ENCODING, "identity")).set_payload("{}");
        assert_eq!(message(request).await.unwrap(), "{}");
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_is_given_up_at_the_deadline() {
        use actix_web::dev::Payload;
        use actix_web::error::PayloadError;
        use futures_util::stream;

        let drip =
            stream::once(async { Ok::<_, PayloadError>(Bytes::from_static(b"{")) }).chain(stream::pending());
        let mut payload: Payload = Payload::Stream { payload: Box::pin(drip) };
        let request = TestRequest::post().to_http_request();
        let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
        let limits = Limits { body_timeout: Duration::from_millis(20), ..LIMITS };
        assert_eq!(read_message(&request, payload, &limits).await.unwrap_err().kind, Kind::TooSlow);
    }

    #[actix_web::test]
    async fn an_api_body_must_say_that_it_is_json_and_has_its_own_limit() {
        for (kind, body, expected) in [
            (Some("application/json"), "{}", None),
            (Some("application/json"), "[1,2]", Some(Kind::TooLarge)),
            (Some("application/x-www-form-urlencoded"), "a=b", Some(Kind::UnsupportedMediaType)),
            (None, "{}", Some(Kind::UnsupportedMediaType)),
        ] {
            let mut request = TestRequest::put().set_payload(body);
            if let Some(kind) = kind {
                request = request.insert_header((header::CONTENT_TYPE, kind));
            }
            let (request, mut payload) = request.to_http_parts();
            let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
            let found = read_json(&request, payload, &LIMITS).await.err().map(|problem| problem.kind);
            assert_eq!(found, expected, "{kind:?} {body}");
        }
    }
}

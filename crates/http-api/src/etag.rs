//! `ETag` of answers: a caller that has them already is told so.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

/// Adds the `ETag` of a whole answer, or answers 304 where `If-None-Match` names it.
pub(crate) fn answer(asked: &HeaderMap, response: HttpResponse, request_id: &str) -> HttpResponse {
    if response.status() != StatusCode::OK || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(stream) => return head.set_body(stream),
    };
    let tag = tag_of(&body, request_id);
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| names(known, &tag)) {
        HttpResponse::NotModified().finish()
    } else {
        head.set_body(BoxBody::new(body))
    };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Weak, since the request's own id is left out: the same figures have the same tag.
fn tag_of(body: &[u8], request_id: &str) -> String {
    let id = format!("\"requestId\":\"{request_id}\"");
    let mut hash = Sha256::new();
    let mut rest = body;
    while let Some(at) = find(rest, id.as_bytes()) {
        let (before, after) = rest.split_at(at);
        hash.update(before);
        rest = after.get(id.len()..).unwrap_or_default();
    }
    hash.update(rest);
    let digest = hex::encode(hash.finalize());
    format!("W/\"{}\"", digest.get(..32).unwrap_or_default())
}

/// It stands near the end, in `meta`; a wrong start is told by its first bytes.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether `If-None-Match` names this tag; weak comparison.
fn names(known: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|each| bare(each) == bare(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &'static str) -> HttpResponse {
        HttpResponse::Ok().body(body)
    }

    fn asking(tag: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        headers
    }

    fn tag(response: &HttpResponse) -> String {
        response.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn the_same_figures_have_the_same_tag_whoever_asked_and_others_have_another() {
        let first = answer(&HeaderMap::new(), ok(r#"{"a":1,"meta":{"requestId":"r1"}}"#), "r1");
        let again = answer(&HeaderMap::new(), ok(r#"{"a":1,"meta":{"requestId":"r2"}}"#), "r2");
        let other = answer(&HeaderMap::new(), ok(r#"{"a":2,"meta":{"requestId":"r1"}}"#), "r1");
        assert_eq!(tag(&first), tag(&again));
        assert_ne!(tag(&first), tag(&other));
    }

    #[test]
    fn whoever_has_the_answer_is_told_so_without_it() {
        let tag = tag(&answer(&HeaderMap::new(), ok("{}"), "r"));
        for known in [tag.clone(), format!("\"other\", {tag}"), "*".to_owned(), tag.replace("W/", "")] {
            let response = answer(&asking(&known), ok("{}"), "r");
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert!(response.into_body().try_into_bytes().unwrap().is_empty());
        }
        assert_eq!(answer(&asking("\"other\""), ok("{}"), "r").status(), StatusCode::OK);
    }

    #[test]
    fn refusals_and_answers_with_a_tag_of_their_own_stay_as_they_are() {
        let refusal = answer(&asking("*"), HttpResponse::NotFound().finish(), "r");
        assert_eq!(refusal.status(), StatusCode::NOT_FOUND);
        assert!(!refusal.headers().contains_key(header::ETAG));
        let own = HttpResponse::Ok().insert_header((header::ETAG, "\"3\"")).finish();
        assert_eq!(tag(&answer(&HeaderMap::new(), own, "r")), "\"3\"");
    }
}

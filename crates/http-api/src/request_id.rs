//! The id of a request, given by the client or made here, and told in every answer.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

/// The header in which it comes and goes.
pub(crate) const X_REQUEST_ID: &str = "x-request-id";
/// The longest id that is taken over from a client.
const CHARS_MAX: usize = 64;

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The client's id where it is at most 64 graphic ASCII characters, else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        match given {
            Some(text) if is_fit(text) => Self(text.to_owned()),
            _ => Self::new(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where a request is given its random id")]
    fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that a request was given at the edge.
    pub(crate) fn known(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::of(request.headers()))
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }
}

fn is_fit(text: &str) -> bool {
    !text.is_empty() && text.len() <= CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::known(request)))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn given(text: &str) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(X_REQUEST_ID), HeaderValue::from_str(text).unwrap());
        RequestId::of(&headers)
    }

    #[test]
    fn a_fit_id_is_taken_over() {
        assert_eq!(given("abc-123_~!").as_str(), "abc-123_~!");
        assert_eq!(given(&"x".repeat(64)).as_str(), "x".repeat(64));
    }

    #[test]
    fn an_unfit_id_is_replaced() {
        for text in ["", "two words", &"x".repeat(65)] {
            let id = given(text);
            assert_ne!(id.as_str(), text);
            assert!(is_fit(id.as_str()), "{}", id.as_str());
        }
    }

    #[test]
    fn requests_without_an_id_get_different_ones() {
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
    }
}

//! Problem documents (RFC 9457): one shape for every refusal and failure.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::request_id::RequestId;

/// The media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $status:literal, $code:literal, $title:literal;)+) => {
        /// What kind of problem it is; each has a status, a stable code and a title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($(#[$doc])* $kind,)+ }

        impl Kind {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)+];

            fn facts(self) -> (u16, &'static str, &'static str) {
                match self { $(Self::$kind => ($status, $code, $title),)+ }
            }
        }
    };
}

kinds! {
    BadRequest = 400, "bad-request", "The request cannot be read";
    BadQuery = 400, "bad-query", "A query parameter is wrong";
    MalformedJson = 400, "malformed-json", "The body is not valid JSON";
    MalformedMessage = 400, "malformed-message", "The message is authentic, but malformed";
    /// No credentials, or none that are valid.
    Unauthenticated = 401, "unauthenticated", "Valid credentials are needed";
    /// The same for every way in which a signature can fail.
    NotAuthentic = 401, "message-not-authentic", "The message is not authentic";
    PermissionMissing = 403, "permission-missing", "A permission is missing";
    CrossSite = 403, "cross-site-request", "The request comes from another site";
    NotFound = 404, "not-found", "There is nothing here";
    MethodNotAllowed = 405, "method-not-allowed", "This method is not offered here";
    NotAcceptable = 406, "not-acceptable", "The answer is not offered in this form";
    TooSlow = 408, "body-too-slow", "The body did not come in time";
    Conflict = 409, "conflict", "The request conflicts with what is stored";
    /// The first request under the same `Idempotency-Key` has not ended yet.
    InFlight = 409, "request-in-flight", "The same request is still under way";
    VersionMismatch = 412, "version-mismatch", "It has been changed meanwhile";
    TooLarge = 413, "body-too-large", "The body is too large";
    UnsupportedMediaType = 415, "unsupported-media-type", "The body is not in a supported form";
    Invalid = 422, "invalid", "The content is not valid";
    /// One `Idempotency-Key` for two requests.
    KeyReused = 422, "idempotency-key-reused", "The Idempotency-Key was used for another request";
    TooManyRequests = 429, "too-many-requests", "There are too many requests";
    HeadersTooLarge = 431, "headers-too-large", "The headers are too large";
    OtherRefusal = 400, "refused", "The request was refused";
    Internal = 500, "internal", "Something went wrong on our side";
    Unavailable = 503, "unavailable", "The service cannot do this now";
}

impl Kind {
    /// The HTTP status.
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code that programs may match on.
    pub(crate) fn code(self) -> &'static str {
        self.facts().1
    }

    /// The title, the same for every problem of this kind.
    pub(crate) fn title(self) -> &'static str {
        self.facts().2
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::TooSlow | Self::InFlight | Self::TooManyRequests)
    }

    /// The kind of an answer that somebody else made, by its status.
    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::TooSlow,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::Invalid,
            429 => Self::TooManyRequests,
            431 => Self::HeadersTooLarge,
            503 => Self::Unavailable,
            500..=599 => Self::Internal,
            _ => Self::OtherRefusal,
        }
    }
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldProblem {
    /// Where in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// Which query parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    /// What is wrong, and what would be right.
    pub(crate) detail: String,
}

impl FieldProblem {
    /// Something wrong in the body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    /// Something wrong with a query parameter.
    pub(crate) fn of_parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(parameter.into()), detail: detail.into() }
    }
}

/// A refusal or failure, on its way to become a problem document at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldProblem>,
    /// Headers that belong to it: `Allow`, `WWW-Authenticate`.
    headers: Vec<(header::HeaderName, String)>,
    /// In how many seconds to come back.
    after_seconds: Option<u64>,
    /// The connection cannot be used on, since the body was not read.
    closes: bool,
}

impl Problem {
    /// A problem with words of its own.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let after_seconds = (kind == Kind::Unavailable).then_some(RETRY_AFTER_SECONDS);
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            after_seconds,
            closes: false,
        }
    }

    /// A problem of an answer that somebody else made.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let kind = Kind::of_status(status);
        Self::new(kind, kind.title())
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("There is no {what}."))
    }

    /// One parameter or field, or several, are wrong.
    pub(crate) fn with_errors(kind: Kind, errors: Vec<FieldProblem>) -> Self {
        let words = errors.iter().map(|error| match (&error.pointer, &error.parameter) {
            (Some(place), _) | (None, Some(place)) if !place.is_empty() => {
                format!("{place}: {}", error.detail)
            }
            _ => error.detail.clone(),
        });
        Self { errors: errors.clone(), ..Self::new(kind, words.collect::<Vec<_>>().join("; ")) }
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says in how many seconds to come back.
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.after_seconds = Some(seconds);
        self
    }

    /// Ends the connection with the answer: the rest of the body is not read.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// The document in an answer of this status, which is the kind's own, save for refusals of somebody else's.
    pub(crate) fn document(&self, status: StatusCode, instance: &str, id: &RequestId) -> String {
        let document = Document {
            kind: format!("urn:problem:ltv:{}", self.kind.code()),
            title: self.kind.title(),
            status: status.as_u16(),
            detail: &self.detail,
            instance,
            code: self.kind.code(),
            errors: &self.errors,
            request_id: id.as_str(),
            retryable: self.kind.is_retryable(),
        };
        serde_json::to_string(&document).unwrap_or_default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    errors: &'a [FieldProblem],
    request_id: &'a str,
    retryable: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.title(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    /// Status and headers, with the problem attached; the edge, which knows the request, writes the document.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        if self.closes {
            response.force_close();
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_document_has_every_member_even_when_there_is_little_to_say() {
        let problem = Problem::not_found("supplier `sup_1`");
        let text =
            problem.document(StatusCode::NOT_FOUND, "/api/suppliers/sup_1", &RequestId::for_tests("req-1"));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "type": "urn:problem:ltv:not-found",
            "title": "There is nothing here",
            "status": 404,
            "detail": "There is no supplier `sup_1`.",
            "instance": "/api/suppliers/sup_1",
            "code": "not-found",
            "errors": [],
            "requestId": "req-1",
            "retryable": false,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn errors_name_their_place_as_pointer_or_parameter() {
        let problem = Problem::with_errors(
            Kind::Invalid,
            vec![
                FieldProblem::at("/livemode", "is missing"),
                FieldProblem::of_parameter("asOf", "is no time"),
            ],
        );
        assert_eq!(problem.detail, "/livemode: is missing; asOf: is no time");
        let text = problem.document(problem.kind.status(), "/", &RequestId::for_tests("r"));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!([
            {"pointer": "/livemode", "detail": "is missing"},
            {"parameter": "asOf", "detail": "is no time"},
        ]);
        assert_eq!(document["errors"], expected);
    }

    #[test]
    fn codes_are_unique_and_only_what_may_pass_is_retryable() {
        let codes: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        let retryable: Vec<_> = Kind::ALL.iter().filter(|kind| kind.is_retryable()).collect();
        assert_eq!(retryable, [&Kind::TooSlow, &Kind::InFlight, &Kind::TooManyRequests, &Kind::Unavailable]);
    }

    #[test]
    fn what_is_unavailable_says_when_to_come_back_and_what_is_not_does_not() {
        let answer = Problem::new(Kind::Unavailable, "busy").error_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers().get(header::RETRY_AFTER).unwrap(), "1");
        assert!(!Problem::not_found("x").error_response().headers().contains_key(header::RETRY_AFTER));
    }
}

//! What is noted in the audit log of requests: who did what on which object, and what came of it. Never a body, a query
//! or a value.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use pipeline::NewAudit;

use crate::auth::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

/// The most of a path that is noted.
const OBJECT_CHARS_MAX: usize = 200;

/// What is noted of a request whose caller hung up.
const HUNG_UP: &str = "the caller hung up before the answer: the work may be done all the same";

/// A change that is under way. Dropped before it is answered, since its caller hung up, it is noted all the same.
pub(crate) struct UnderWay {
    state: AppState,
    record: Option<NewAudit>,
}

impl UnderWay {
    /// Watches over a request.
    pub(crate) fn new(
        state: &AppState,
        action: &'static str,
        object: &str,
        request: &HttpRequest,
        caller: Option<&Caller>,
    ) -> Self {
        let record = record(state, action, object, request, caller);
        let record = NewAudit { reason: Some(HUNG_UP.to_owned()), ..record };
        Self { state: state.clone(), record: Some(record) }
    }

    /// It is answered, and noted by that.
    pub(crate) fn answered(mut self) {
        self.record = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            self.state.pipeline.note(record);
        }
    }
}

/// Notes a request once it is answered. `caller` is `None` where nobody could be recognised.
pub(crate) fn note(
    state: &AppState,
    action: &'static str,
    object: &str,
    request: &HttpRequest,
    caller: Option<&Caller>,
    status: StatusCode,
) {
    let record = record(state, action, object, request, caller);
    state.pipeline.note(NewAudit { outcome: outcome_of(status).to_owned(), ..record });
}

/// A path, and what was made there: who made a key must be told by the key's id.
pub(crate) fn with_made(object: &str, status: StatusCode, headers: &HeaderMap) -> String {
    let made = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    match made {
        Some(made) if status == StatusCode::CREATED => format!("{object} -> {made}"),
        _ => object.to_owned(),
    }
}

/// What is known before the answer: the request counts as failed until then.
fn record(
    state: &AppState,
    action: &'static str,
    object: &str,
    request: &HttpRequest,
    caller: Option<&Caller>,
) -> NewAudit {
    let principal = caller.map(|Caller(principal, _)| principal);
    let roles = principal.map(|principal| {
        let roles: Vec<_> = principal.roles.iter().map(|role| role.as_str()).collect();
        roles.join(",")
    });
    NewAudit {
        at: state.pipeline.clock().now(),
        actor_kind: caller.map_or("nobody", |Caller(_, kind)| kind).to_owned(),
        actor_id: principal.map(|principal| principal.key_id.clone()).unwrap_or_default(),
        actor_roles: roles.unwrap_or_default(),
        action: action.to_owned(),
        object: object.chars().take(OBJECT_CHARS_MAX).collect(),
        outcome: "failed".to_owned(),
        reason: None,
        request_id: Some(RequestId::known(request).as_str().to_owned()),
        source_ip_hash: request.peer_addr().map(|peer| state.address_hash(peer.ip())),
        before_digest: None,
        after_digest: None,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn outcome_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "denied",
        status if status.is_client_error() || status.is_server_error() => "failed",
        _ => "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_what_failed_and_what_was_done_are_told_apart() {
        for (status, outcome) in [
            (StatusCode::OK, "done"),
            (StatusCode::NOT_MODIFIED, "done"),
            (StatusCode::SEE_OTHER, "done"),
            (StatusCode::UNAUTHORIZED, "denied"),
            (StatusCode::FORBIDDEN, "denied"),
            (StatusCode::NOT_FOUND, "failed"),
            (StatusCode::SERVICE_UNAVAILABLE, "failed"),
        ] {
            assert_eq!(outcome_of(status), outcome, "{status}");
        }
    }
}

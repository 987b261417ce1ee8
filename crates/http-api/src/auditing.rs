//! What is noted in the audit log of requests: who did what on which object, and what came of it. Never a body, a query
//! or a value.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use pipeline::NewAudit;

use crate::auth::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

/// The most of a path that is noted.
const OBJECT_CHARS_MAX: usize = 200;

/// Notes a request once it is answered. `caller` is `None` where nobody could be recognised.
pub(crate) fn note(
    state: &AppState,
    action: &'static str,
    object: &str,
    request: &HttpRequest,
    caller: Option<&Caller>,
    status: StatusCode,
) {
    let principal = caller.map(|Caller(principal, _)| principal);
    let roles = principal.map(|principal| {
        let roles: Vec<_> = principal.roles.iter().map(|role| role.as_str()).collect();
        roles.join(",")
    });
    state.pipeline.note(NewAudit {
        at: state.pipeline.clock().now(),
        actor_kind: caller.map_or("nobody", |Caller(_, kind)| kind).to_owned(),
        actor_id: principal.map(|principal| principal.key_id.clone()).unwrap_or_default(),
        actor_roles: roles.unwrap_or_default(),
        action: action.to_owned(),
        object: object.chars().take(OBJECT_CHARS_MAX).collect(),
        outcome: outcome_of(status).to_owned(),
        reason: None,
        request_id: Some(RequestId::known(request).as_str().to_owned()),
        source_ip_hash: request.peer_addr().map(|peer| state.address_hash(peer.ip())),
        before_digest: None,
        after_digest: None,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
    });
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

//! Who may call a route: by API key or by session, deny by default.

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use pipeline::access::{Permission, Principal};

use crate::dashboard;
use crate::problem::{Kind, Problem};
use crate::session_cookie;
use crate::state::AppState;

/// The longest key that is looked at.
const KEY_CHARS_MAX: usize = 300;

/// Whom a route lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it tells nothing, or checks for itself.
    Public,
    /// Whoever signed the body.
    Signature,
    /// Whose key or session has the permission.
    Needs(Permission),
    /// The same, for people: refusals are pages, and whoever is not signed in may do so.
    Page(Permission),
    /// The permission to read telemetry; on this machine nothing, where the setting says so.
    Telemetry,
}

impl Access {
    /// The permission that a key or session must have; `None`: none.
    #[must_use]
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Public | Self::Signature => None,
            Self::Needs(permission) | Self::Page(permission) => Some(permission),
            Self::Telemetry => Some(Permission::ReadTelemetry),
        }
    }
}

/// Whoever was let in, for handlers that show more to some.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| unauthenticated(NO_CREDENTIALS)))
    }
}

const NO_CREDENTIALS: &str = "Send `Authorization: Bearer ltv_…` with an API key.";
const WRONG_KEY: &str = "The API key is unknown, expired or revoked.";

/// Stands before every route.
pub(crate) async fn guard(
    state: AppState,
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check(&state, access, request.request()).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.call(request).await
        }
        Err(problem) => {
            let response = match access {
                Access::Page(_) => dashboard::refusal(request.request(), &problem),
                Access::Public | Access::Signature | Access::Needs(_) | Access::Telemetry => {
                    problem.error_response()
                }
            };
            Ok(request.into_response(response))
        }
    }
}

async fn check(state: &AppState, access: Access, request: &HttpRequest) -> Result<Option<Caller>, Problem> {
    let Some(permission) = access.permission() else { return Ok(None) };
    if access == Access::Telemetry && state.loopback_metrics && is_from_here(request) {
        return Ok(None);
    }
    let principal = identify(state, request).await?;
    if principal.may(permission) {
        Ok(Some(Caller(principal)))
    } else {
        tracing::warn!(key.id = %principal.key_id, permission = %permission, "Key {} lacks {permission}", principal.key_id);
        Err(Problem::new(Kind::PermissionMissing, format!("Your key lacks the permission `{permission}`.")))
    }
}

async fn identify(state: &AppState, request: &HttpRequest) -> Result<Principal, Problem> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let text = value.to_str().ok().and_then(bearer).ok_or_else(|| unauthenticated(NO_CREDENTIALS))?;
        return state.pipeline.authenticate(text).await?.ok_or_else(|| {
            tracing::warn!("A key that is unknown, expired or revoked was used");
            unauthenticated(WRONG_KEY)
        });
    }
    let Some(token) = session_cookie::token_of(request) else { return Err(unauthenticated(NO_CREDENTIALS)) };
    let principal = state.pipeline.session(&token).await?;
    let principal = principal.ok_or_else(|| unauthenticated("The session has ended: sign in again."))?;
    if request.method().is_safe() || session_cookie::is_same_origin(request) {
        Ok(principal)
    } else {
        Err(cross_site())
    }
}

/// The key in `Bearer …`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && key.len() <= KEY_CHARS_MAX).then_some(key)
}

fn unauthenticated(detail: &str) -> Problem {
    let challenge = if detail == WRONG_KEY {
        r#"Bearer realm="ltv", error="invalid_token""#
    } else {
        r#"Bearer realm="ltv""#
    };
    Problem::new(Kind::Unauthenticated, detail).with_header(header::WWW_AUTHENTICATE, challenge)
}

/// Refuses what another site made a browser send.
pub(crate) fn cross_site() -> Problem {
    Problem::new(Kind::CrossSite, "Changes by session are taken from this service's own pages alone.")
}

/// Whether the connection comes from this machine. Forwarding headers are not believed.
fn is_from_here(request: &HttpRequest) -> bool {
    request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_bearer_key_is_read_and_other_schemes_are_not() {
        assert_eq!(bearer("Bearer ltv_live_1"), Some("ltv_live_1"));
        assert_eq!(bearer("bearer  ltv_live_1 "), Some("ltv_live_1"));
        for value in ["", "Bearer", "Bearer ", "Basic ltv_live_1", "ltv_live_1"] {
            assert_eq!(bearer(value), None, "{value}");
        }
        assert_eq!(bearer(&format!("Bearer {}", "x".repeat(301))), None);
    }

    #[test]
    fn only_the_connection_says_whether_a_request_is_from_here() {
        let request = |peer: &str| TestRequest::get().peer_addr(peer.parse().unwrap());
        assert!(is_from_here(&request("127.0.0.1:5").to_http_request()));
        assert!(is_from_here(&request("[::ffff:127.0.0.1]:5").to_http_request()));
        let forwarded = request("10.0.0.1:5").insert_header(("x-forwarded-for", "127.0.0.1"));
        assert!(!is_from_here(&forwarded.to_http_request()));
        assert!(!is_from_here(&TestRequest::get().to_http_request()));
    }

    #[test]
    fn a_wrong_key_is_told_apart_from_no_key_in_the_challenge() {
        let header = |problem: Problem| {
            let response = problem.error_response();
            response.headers().get(header::WWW_AUTHENTICATE).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(header(unauthenticated(NO_CREDENTIALS)), r#"Bearer realm="ltv""#);
        assert_eq!(header(unauthenticated(WRONG_KEY)), r#"Bearer realm="ltv", error="invalid_token""#);
    }
}

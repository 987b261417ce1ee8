//! Who may call a route: by API key or by session, deny by default.

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use ltv_core::SupplierId;
use pipeline::access::{Permission, Principal};

use crate::problem::{Kind, Problem};
use crate::request_id::RequestId;
use crate::state::AppState;
use crate::throttle::Allowance;
use crate::{auditing, dashboard, etag, idempotency, session_cookie};

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

/// Of what a route tells, for keys that are limited to some suppliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of the whole store: such keys are refused.
    Store,
    /// Of the one supplier that `{id}` names: others are not found.
    Supplier,
    /// Of suppliers, and the handler shows a caller its own alone.
    Filtered,
}

/// What stands before a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// What the audit log calls it.
    pub(crate) action: &'static str,
    /// What stands for a path that is a secret.
    pub(crate) instead_of_path: Option<&'static str>,
    pub(crate) access: Access,
    pub(crate) scope: Scope,
    /// Whether `Idempotency-Key` is heeded.
    pub(crate) once: bool,
    /// Whether the audit log notes what was answered, beside what was refused.
    pub(crate) noted: bool,
    /// Whether requests are counted against limits.
    pub(crate) limited: bool,
}

/// Whoever was let in, for handlers that show more to some, and whether by `key` or by `session`.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal, pub(crate) &'static str);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| unauthenticated(NO_CREDENTIALS)))
    }
}

const NO_CREDENTIALS: &str = "Send `Authorization: Bearer ltv_…` with an API key.";
const TOO_MANY_KEYS: &str = "Too many keys failed: come back in a minute.";
const WRONG_KEY: &str = "The API key is unknown, expired or revoked.";

/// Stands before every route: limits, then who asks, then the answer with its tag, its allowance and its note.
pub(crate) async fn guard(
    state: AppState,
    rules: Rules,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let object = rules.instead_of_path.unwrap_or_else(|| request.path()).to_owned();
    let mut allowance = None;
    let caller = match admit(&state, rules, request.request(), &mut allowance).await {
        Ok(caller) => caller,
        Err(problem) => {
            count_refusal(rules, &problem, request.request());
            let response = refusal(rules.access, request.request(), &problem);
            let known = request.extensions().get::<Caller>().cloned();
            if is_noteworthy(&problem, request.request()) {
                let status = problem.kind.status();
                auditing::note(&state, rules.action, &object, request.request(), known.as_ref(), status);
            }
            return Ok(request.into_response(written(allowance, response)));
        }
    };
    let changes = rules.noted && !request.method().is_safe();
    let under_way = changes
        .then(|| auditing::UnderWay::new(&state, rules.action, &object, request.request(), caller.as_ref()));
    let answer = serve(&state, rules, caller, request, next).await?;
    if let Some(under_way) = under_way {
        under_way.answered();
    }
    let (request, mut response) = answer.into_parts();
    if rules.noted {
        let known = request.extensions().get::<Caller>().cloned();
        let object = auditing::with_made(&object, response.status(), response.headers());
        auditing::note(&state, rules.action, &object, &request, known.as_ref(), response.status());
    }
    if matches!(rules.access, Access::Needs(_)) && request.method().is_safe() {
        let id = RequestId::known(&request);
        response = etag::answer(request.headers(), response, id.as_str());
    }
    Ok(ServiceResponse::new(request, written(allowance, response)))
}

async fn serve(
    state: &AppState,
    rules: Rules,
    caller: Option<Caller>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (Some(Caller(principal, _)), true) = (caller, rules.once) else { return next.call(request).await };
    match idempotency::key_of(request.headers()) {
        Ok(Some(key)) => idempotency::once(state.clone(), principal.key_id, key, request, next).await,
        Ok(None) => next.call(request).await,
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

fn count_refusal(rules: Rules, problem: &Problem, request: &HttpRequest) {
    if problem.kind == Kind::TooManyRequests && rules.access == Access::Signature {
        metrics::counter!("ltv_webhooks_total", "provider" => "unknown", "outcome" => "throttled")
            .increment(1);
    }
    let reason = match problem.kind {
        Kind::PermissionMissing | Kind::CrossSite => "forbidden",
        Kind::Unauthenticated if request.headers().contains_key(header::AUTHORIZATION) => "unknown",
        Kind::Unauthenticated if session_cookie::token_of(request).is_some() => "expired",
        Kind::Unauthenticated => "missing",
        _ => return,
    };
    metrics::counter!("ltv_auth_failures_total", "reason" => reason).increment(1);
}

fn refusal(access: Access, request: &HttpRequest, problem: &Problem) -> HttpResponse {
    match access {
        Access::Page(_) => dashboard::refusal(request, problem),
        Access::Public | Access::Signature | Access::Needs(_) | Access::Telemetry => problem.error_response(),
    }
}

fn written(allowance: Option<Allowance>, mut response: HttpResponse) -> HttpResponse {
    if let Some(allowance) = allowance {
        allowance.write(response.headers_mut());
    }
    response
}

/// A permission that is missing, and a key that fails; not a stranger who merely looked for the door.
fn is_noteworthy(problem: &Problem, request: &HttpRequest) -> bool {
    match problem.kind {
        Kind::PermissionMissing | Kind::CrossSite => true,
        Kind::Unauthenticated => {
            request.headers().contains_key(header::AUTHORIZATION)
                || session_cookie::token_of(request).is_some()
        }
        Kind::NotFound => request.extensions().get::<Caller>().is_some(),
        _ => false,
    }
}

/// Counts, recognises and lets in. Whoever was recognised stands in the request's extensions, even when refused.
async fn admit(
    state: &AppState,
    rules: Rules,
    request: &HttpRequest,
    allowance: &mut Option<Allowance>,
) -> Result<Option<Caller>, Problem> {
    if rules.limited
        && let Some(peer) = request.peer_addr()
    {
        let throttle = state.throttle();
        let counted = match rules.access {
            Access::Signature => throttle.webhook(peer.ip()),
            Access::Public | Access::Needs(_) | Access::Page(_) | Access::Telemetry => {
                throttle.address(peer.ip())
            }
        };
        *allowance = counted.transpose()?;
    }
    let Some(permission) = rules.access.permission() else { return Ok(None) };
    if rules.access == Access::Telemetry && state.loopback_metrics && is_from_here(request) {
        return Ok(None);
    }
    let caller = match identify(state, request).await {
        Err(_refused) if !rules.limited && is_one_too_many(state, request) => {
            return Err(Problem::new(Kind::TooManyRequests, TOO_MANY_KEYS).after(60));
        }
        identified => identified?,
    };
    request.extensions_mut().insert(caller.clone());
    if rules.limited
        && let Some(counted) = state.throttle().key(&caller.0.key_id)
    {
        *allowance = Some(counted?);
    }
    check(rules, permission, &caller.0, request)?;
    Ok(Some(caller))
}

fn check(
    rules: Rules,
    permission: Permission,
    principal: &Principal,
    request: &HttpRequest,
) -> Result<(), Problem> {
    if !principal.may(permission) {
        tracing::warn!(key.id = %principal.key_id, permission = %permission, "Key {} lacks {permission}", principal.key_id);
        let detail = format!("Your key lacks the permission `{permission}`.");
        return Err(Problem::new(Kind::PermissionMissing, detail));
    }
    match rules.scope {
        Scope::Filtered => Ok(()),
        Scope::Store if principal.is_scoped() => {
            let detail =
                format!("Your key has `{permission}` for some suppliers alone, not for the whole store.");
            Err(Problem::new(Kind::PermissionMissing, detail))
        }
        Scope::Store => Ok(()),
        Scope::Supplier => {
            let id: SupplierId = request
                .match_info()
                .get("id")
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| Problem::not_found("supplier of this id"))?;
            if principal.may_see(&id) { Ok(()) } else { Err(Problem::not_found("supplier of this id")) }
        }
    }
}

async fn identify(state: &AppState, request: &HttpRequest) -> Result<Caller, Problem> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let text = value.to_str().ok().and_then(bearer).ok_or_else(|| unauthenticated(NO_CREDENTIALS))?;
        let principal = state.pipeline.authenticate(text).await?.ok_or_else(|| {
            tracing::warn!("A key that is unknown, expired or revoked was used");
            unauthenticated(WRONG_KEY)
        })?;
        return Ok(Caller(principal, "key"));
    }
    let Some(token) = session_cookie::token_of(request) else { return Err(unauthenticated(NO_CREDENTIALS)) };
    let principal = state.pipeline.session(&token).await?;
    let principal = principal.ok_or_else(|| unauthenticated("The session has ended: sign in again."))?;
    if request.method().is_safe() || session_cookie::is_same_origin(request) {
        Ok(Caller(principal, "session"))
    } else {
        Err(cross_site())
    }
}

/// Counts a key that failed where requests are not: whoever watches is never turned away, whoever guesses is, and can't
/// fill the audit log.
fn is_one_too_many(state: &AppState, request: &HttpRequest) -> bool {
    let counted = request.peer_addr().and_then(|peer| state.throttle().address(peer.ip()));
    matches!(counted, Some(Err(_)))
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

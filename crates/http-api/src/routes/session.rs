//! Signing in to the dashboard, and out.

use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use ltv_core::Timestamp;
use pipeline::SignIn;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::auth::{Caller, cross_site};
use crate::body::{self, MediaType};
use crate::dashboard;
use crate::fields::Fields;
use crate::problem::{Kind, Problem};
use crate::session_cookie;
use crate::state::State;

/// The path of one-time links. What stands in for the token is a secret until it is used.
pub(crate) const LINK_PATH: &str = "/session/{token}";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedIn {
    expires_at: Timestamp,
    roles: Vec<&'static str>,
}

/// Signs in with a key: from a program as JSON, from the page as a form.
pub(crate) async fn sign_in(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    if !session_cookie::is_same_origin(&request) {
        return Err(cross_site());
    }
    let (media_type, body) = body::read_json_or_form(&request, payload, &state.limits).await?;
    let key = read_key(media_type, &body)?;
    let sign_in = state.pipeline.sign_in(key.expose_secret().trim()).await?;
    if let Some(sign_in) = &sign_in {
        request.extensions_mut().insert(Caller(sign_in.principal.clone(), "session"));
    } else {
        tracing::warn!("A sign-in with a key that is unknown, expired or revoked was refused");
    }
    match (media_type, sign_in) {
        (MediaType::Json, Some(sign_in)) => Ok(signed_in(&request, &state, &sign_in)),
        (MediaType::Form, Some(sign_in)) => Ok(to_the_dashboard(&request, &state, &sign_in)),
        (MediaType::Form, None) => Ok(dashboard::sign_in_again("This key is unknown, expired or revoked.")),
        (MediaType::Json, None) => {
            Err(Problem::new(Kind::Unauthenticated, "The API key is unknown, expired or revoked.")
                .with_header(header::WWW_AUTHENTICATE, r#"Bearer realm="ltv", error="invalid_token""#))
        }
    }
}

/// Signs in with a one-time link.
pub(crate) async fn redeem(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
) -> Result<HttpResponse, Problem> {
    let token = path.into_inner();
    let sign_in =
        if session_cookie::is_plausible(&token) { state.pipeline.redeem_link(&token).await? } else { None };
    if let Some(sign_in) = &sign_in {
        request.extensions_mut().insert(Caller(sign_in.principal.clone(), "session"));
    } else {
        tracing::warn!("A sign-in with a link that is used up or has expired was refused");
    }
    Ok(match sign_in {
        Some(sign_in) => to_the_dashboard(&request, &state, &sign_in),
        None => dashboard::sign_in_again("This link has been used or has expired. Sign in with an API key."),
    })
}

/// Signs out; whoever is not signed in already is.
pub(crate) async fn sign_out(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    end(&request, &state).await?;
    Ok(HttpResponse::NoContent().cookie(session_cookie::ending(&request)).finish())
}

/// Signs out from the page: forms know no `DELETE`.
pub(crate) async fn sign_out_page(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    end(&request, &state).await?;
    let mut response = HttpResponse::SeeOther();
    Ok(response.insert_header((header::LOCATION, "/")).cookie(session_cookie::ending(&request)).finish())
}

async fn end(request: &HttpRequest, state: &State) -> Result<(), Problem> {
    if !session_cookie::is_same_origin(request) {
        return Err(cross_site());
    }
    if let Some(token) = session_cookie::token_of(request) {
        state.pipeline.sign_out(&token).await?;
    }
    Ok(())
}

fn signed_in(request: &HttpRequest, state: &State, sign_in: &SignIn) -> HttpResponse {
    let cookie = session_cookie::starting(request, sign_in, state.pipeline.clock().now());
    let roles = sign_in.principal.roles.iter().map(|role| role.as_str()).collect();
    HttpResponse::Ok().cookie(cookie).json(SignedIn { expires_at: sign_in.expires_at, roles })
}

fn to_the_dashboard(request: &HttpRequest, state: &State, sign_in: &SignIn) -> HttpResponse {
    let cookie = session_cookie::starting(request, sign_in, state.pipeline.clock().now());
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).cookie(cookie).finish()
}

fn read_key(media_type: MediaType, body: &Bytes) -> Result<SecretString, Problem> {
    let mut key = None;
    match media_type {
        MediaType::Json => {
            let mut fields = Fields::parse(body)?;
            key = fields.required::<SecretString>("key", "an API key");
            fields.finish()?;
        }
        MediaType::Form => {
            let mut pairs = url::form_urlencoded::parse(body);
            key = pairs.find(|(name, _)| name == "key").map(|(_, value)| value.into_owned().into()).or(key);
        }
    }
    key.ok_or_else(|| Problem::new(Kind::Invalid, "`key` is missing."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_from_json_and_from_a_form() {
        let read = |media_type, body: &'static [u8]| read_key(media_type, &Bytes::from_static(body));
        assert_eq!(read(MediaType::Json, br#"{"key":"ltv_1"}"#).unwrap().expose_secret(), "ltv_1");
        assert_eq!(read(MediaType::Form, b"key=ltv_1").unwrap().expose_secret(), "ltv_1");
        assert_eq!(
            read(MediaType::Json, br#"{"key":"ltv_1","admin":true}"#).unwrap_err().kind,
            Kind::Invalid
        );
        assert_eq!(read(MediaType::Form, b"name=x").unwrap_err().kind, Kind::Invalid);
    }
}

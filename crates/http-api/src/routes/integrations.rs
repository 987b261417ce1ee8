//! Integrations with payment providers: their configuration and how they stand.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use ltv_core::Provider;
use pipeline::{IntegrationView, NewIntegration};
use secrecy::SecretString;

use crate::body;
use crate::fields::Fields;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::shapes::{IntegrationShape, IntegrationsShape, StatusesShape};
use crate::state::State;

/// How every integration stands.
pub(crate) async fn status(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let statuses = state.pipeline.integration_status().await?;
    Ok(HttpResponse::Ok().json(StatusesShape::from(statuses)))
}

/// Lists the configurations, without secrets; with `id` the one. A single running one comes with its `ETag`.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let id = query.text("id");
    query.finish()?;
    let mut views = state.pipeline.integrations().await?;
    views.retain(|view| id.as_ref().is_none_or(|id| *id == view.id));
    let mut response = HttpResponse::Ok();
    let mut running = views.iter().filter(|view| view.deleted_at.is_none());
    if let (Some(only), None) = (running.next(), running.next()) {
        response.insert_header((header::ETAG, tag(only)));
    }
    let integrations = views.into_iter().map(IntegrationShape::from).collect();
    Ok(response.json(IntegrationsShape { integrations }))
}

/// Makes or replaces an integration; with `If-Match` only when it still is of that version.
pub(crate) async fn put(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let if_match = if_match(request.headers())?;
    let new = read(&body::read_json(&request, payload, &state.limits).await?)?;
    let (view, created) = state.pipeline.put_integration(new, if_match).await?;
    tracing::info!(integration.id = %view.id, "Configured integration {}, version {}", view.id, view.version);
    let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.insert_header((header::ETAG, tag(&view))).json(IntegrationShape::from(view)))
}

/// Stops an integration and destroys its credentials; the ledger stays.
pub(crate) async fn delete(path: web::Path<String>, state: State) -> Result<HttpResponse, Problem> {
    if state.pipeline.delete_integration(&path).await? {
        tracing::info!(integration.id = %path, "Stopped integration {path}");
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("integration of this id"))
    }
}

fn read(body: &Bytes) -> Result<NewIntegration, Problem> {
    let mut fields = Fields::parse(body)?;
    let id = fields.optional("id", "a text");
    let platform = platform(&mut fields);
    let account = fields.optional("account", "the provider's id of the account, such as acct_123");
    let livemode = fields.required("livemode", "true or false");
    let secrets = fields.optional::<Vec<SecretString>>("webhookSecrets", "a list of secrets");
    let api_key = fields.optional("apiKey", "a text");
    let api_base = fields.optional("apiBase", "an address");
    fields.finish()?;
    match (platform, livemode) {
        (Some(platform), Some(livemode)) => Ok(NewIntegration {
            id,
            platform,
            account,
            livemode,
            webhook_secrets: secrets.unwrap_or_default(),
            api_key,
            api_base,
        }),
        // Not reached: what is missing was refused just above.
        (None, _) | (_, None) => Err(Problem::new(Kind::Invalid, "platform and livemode are needed")),
    }
}

fn platform(fields: &mut Fields) -> Option<Provider> {
    let text: String = fields.required("platform", "the name of a provider, such as stripe")?;
    let platform = text.parse().ok();
    if platform.is_none() {
        fields.wrong("platform", "is no provider of this version; there is: stripe");
    }
    platform
}

fn tag(view: &IntegrationView) -> String {
    format!("\"{}\"", view.version)
}

/// The version in `If-Match`; `None`: any will do.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match version.and_then(|version| version.parse().ok()) {
        Some(version) => Ok(Some(version)),
        None if text == "*" => Ok(None),
        None => Err(Problem::new(
            Kind::VersionMismatch,
            "`If-Match` is no ETag that this service gave, such as \"3\".",
        )),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn refused(body: &'static str) -> Problem {
        read(&Bytes::from_static(body.as_bytes())).err().unwrap()
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let body = r#"{"id":"main","platform":"stripe","account":"acct_1","livemode":true,
                       "webhookSecrets":["whsec_1","whsec_2"],"apiKey":"rk_1","apiBase":"http://127.0.0.1:4242"}"#;
        let new = read(&Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!((new.id.as_deref(), new.platform, new.livemode), (Some("main"), Provider::Stripe, true));
        let secrets: Vec<_> = new.webhook_secrets.iter().map(|secret| secret.expose_secret()).collect();
        assert_eq!(secrets, ["whsec_1", "whsec_2"]);
        assert_eq!(new.api_key.unwrap().expose_secret(), "rk_1");
        assert_eq!(new.api_base.as_deref(), Some("http://127.0.0.1:4242"));
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_named_and_no_secret_is_repeated() {
        let problem = refused(r#"{"platform":"stripes","webhookSecrets":"whsec_1","admin":true}"#);
        let pointers: Vec<_> = problem.errors.iter().filter_map(|error| error.pointer.as_deref()).collect();
        assert_eq!(pointers, ["/platform", "/livemode", "/webhookSecrets", "/admin"]);
        assert!(!format!("{problem:?}").contains("whsec_1"));
    }

    #[test]
    fn if_match_is_a_version_or_anything() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            headers
        };
        assert_eq!(if_match(&HeaderMap::new()), Ok(None));
        assert_eq!(if_match(&headers("\"3\"")), Ok(Some(3)));
        assert_eq!(if_match(&headers("*")), Ok(None));
        for value in ["3", "W/\"3\"", "\"three\"", "\"\""] {
            assert_eq!(if_match(&headers(value)).unwrap_err().kind, Kind::VersionMismatch, "{value}");
        }
    }
}

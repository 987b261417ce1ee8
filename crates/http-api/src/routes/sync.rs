//! Reading a provider again: everything that it still tells, or what is new since the last sweep; or one message that
//! somebody has at hand.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::TimeDelta;
use connector::RawMessage;
use ltv_core::{Provider, Timestamp};
use pipeline::{AskError, JobView, ReceiveError};
use serde::Deserialize;

use crate::auth::Caller;
use crate::body;
use crate::fields::Fields;
use crate::problem::{FieldProblem, Kind, Problem};
use crate::query::Query;
use crate::shapes::{DataQualityShape, SyncShape};
use crate::state::{AppState, State};

/// For so long providers keep their events.
const EVENTS_KEPT_DAYS: i64 = 30;
/// The most headers of a message that is handed in.
const HEADERS_MAX: usize = 100;
/// Jobs that read an integration again have kinds that begin so.
const SWEEPS: &str = "sweep.";

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SyncType {
    Full,
    Incremental,
    Webhook,
}

/// Reads an integration again. Answers at once with the job that does it.
pub(crate) async fn start(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let mut fields = Fields::parse(&body::read_json(&request, payload, &state.limits).await?)?;
    let integration: Option<String> = fields.optional("integration", "an integration's id");
    let full = match read_type(&mut fields) {
        Some(SyncType::Webhook) => {
            fields.wrong("syncType", "a webhook is handed in at /api/integrations/ltv/payments");
            false
        }
        found => found == Some(SyncType::Full),
    };
    fields.finish()?;
    let integration = choose(&state, integration, None).await?;
    let job = state.pipeline.start_sync(&integration, full, &caller.0.key_id).await.map_err(not_started)?;
    Ok(started(job))
}

/// How a sync goes.
pub(crate) async fn status(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let job = state.pipeline.job(&path).await?;
    if !job.kind.starts_with(SWEEPS) {
        return Err(Problem::not_found("sync of this id"));
    }
    let ended = job.ended_at.is_some();
    let quality = if ended { Some(quality(&state, false).await?) } else { None };
    Ok(HttpResponse::Ok().json(SyncShape::of_job(job, quality)))
}

/// Hands in a message, verified like a webhook, or reads the integration again.
pub(crate) async fn ingest(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let body = body::read_large_json(&request, payload, &state.limits).await?;
    let wanted = Wanted::read(&body, state.pipeline.clock().now())?;
    let report = quality(&state, wanted.comprehensive);
    if let Some(raw) = wanted.webhook {
        let received = state.pipeline.receive(Some(wanted.platform), raw).await.map_err(refused)?;
        let id = body_id(&body);
        let shape = SyncShape::of_webhook(id, received.duplicate, Some(report.await?));
        return Ok(HttpResponse::Ok().json(shape));
    }
    let integration = choose(&state, wanted.integration, Some(wanted.platform)).await?;
    let job =
        state.pipeline.start_sync(&integration, wanted.full, &caller.0.key_id).await.map_err(not_started)?;
    Ok(started(job))
}

/// What is wrong stands in the body, not in the query.
fn not_started(error: AskError) -> Problem {
    match error {
        AskError::BadQuestion { parameter, problem } => invalid(parameter, problem),
        other => other.into(),
    }
}

fn started(job: JobView) -> HttpResponse {
    let location = format!("/api/integrations/payments/sync/{}", job.id);
    HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(SyncShape::of_job(job, None))
}

/// A message that is handed in has no job; its body names it.
fn body_id(body: &Bytes) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = hex::encode(Sha256::digest(body));
    format!("webhook_{}", digest.get(..32).unwrap_or_default())
}

/// The caller is authenticated, so a signature that fails is bad content, not a missing credential.
fn refused(error: ReceiveError) -> Problem {
    match error {
        ReceiveError::UnknownProvider | ReceiveError::Unauthentic | ReceiveError::NotConfigured { .. } => {
            let detail = "could not be verified: send the headers and the body as the provider sent them";
            Problem::with_errors(Kind::Invalid, vec![FieldProblem::at("/webhookData", detail)])
        }
        ReceiveError::Malformed { detail } => {
            Problem::with_errors(Kind::Invalid, vec![FieldProblem::at("/webhookData/bodyBase64", detail)])
        }
        ReceiveError::Busy | ReceiveError::Unavailable(_) | ReceiveError::Vault(_) => error.into(),
    }
}

async fn quality(state: &AppState, comprehensive: bool) -> Result<DataQualityShape, Problem> {
    Ok(state.pipeline.data_quality(comprehensive).await?.into())
}

/// The integration that is named, or the only one there is.
async fn choose(
    state: &AppState,
    named: Option<String>,
    platform: Option<Provider>,
) -> Result<String, Problem> {
    let mut running = state.pipeline.integrations().await?;
    running.retain(|view| {
        view.deleted_at.is_none()
            && platform.is_none_or(|platform| platform == view.platform)
            && named.as_ref().is_none_or(|named| *named == view.id)
    });
    match running.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => {
            Err(invalid("integration", "there is no such integration; see /api/integrations/payments/config"))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|view| view.id.as_str()).collect();
            Err(invalid("integration", format!("say which: {}", ids.join(", "))))
        }
    }
}

fn invalid(name: &str, detail: impl Into<String>) -> Problem {
    Problem::with_errors(Kind::Invalid, vec![FieldProblem::at(format!("/{name}"), detail)])
}

/// What the body of `POST /api/integrations/ltv/payments` asks for.
struct Wanted {
    platform: Provider,
    integration: Option<String>,
    full: bool,
    webhook: Option<RawMessage>,
    comprehensive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateRange {
    from: Timestamp,
    #[serde(default)]
    to: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WebhookData {
    headers: std::collections::BTreeMap<String, String>,
    body_base64: String,
}

impl Wanted {
    fn read(body: &Bytes, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        let platform = read_platform(&mut fields);
        let integration = fields.optional("integration", "an integration's id");
        let sync_type = match read_type(&mut fields) {
            None => {
                fields.wrong("syncType", "is missing; expected full, incremental or webhook");
                SyncType::Incremental
            }
            Some(found) => found,
        };
        if let Some(range) = fields.optional::<DateRange>("dateRange", "{from, to?} as RFC 3339 times") {
            check_range(&mut fields, &range, now);
        }
        let data = fields.optional::<WebhookData>("webhookData", "{headers, bodyBase64}");
        let webhook = read_webhook(&mut fields, sync_type, data);
        let level: Option<String> = fields.optional("validationLevel", "basic or comprehensive");
        if level.as_deref().is_some_and(|level| !["basic", "comprehensive"].contains(&level)) {
            fields.wrong("validationLevel", "is neither basic nor comprehensive");
        }
        fields.finish()?;
        // Not reached without: what is missing was refused just above.
        let platform = platform.ok_or_else(|| invalid("platform", "is missing"))?;
        let full = sync_type == SyncType::Full;
        let comprehensive = level.as_deref() == Some("comprehensive");
        Ok(Self { platform, integration, full, webhook, comprehensive })
    }
}

fn read_type(fields: &mut Fields) -> Option<SyncType> {
    let text: String = fields.optional("syncType", "full, incremental or webhook")?;
    match text.as_str() {
        "full" => Some(SyncType::Full),
        "incremental" => Some(SyncType::Incremental),
        "webhook" => Some(SyncType::Webhook),
        _ => {
            fields.wrong("syncType", "is none of full, incremental, webhook");
            Some(SyncType::Incremental)
        }
    }
}

fn read_platform(fields: &mut Fields) -> Option<Provider> {
    let text: String = fields.required("platform", "the name of a provider, such as stripe")?;
    let platform = text.parse().ok();
    if platform.is_none() {
        fields.wrong("platform", "is no provider of this version; there is: stripe");
    }
    platform
}

/// A sweep looks at whole events of the last days, so a range within them is covered, and one before them can't be.
fn check_range(fields: &mut Fields, range: &DateRange, now: Timestamp) {
    let oldest = now.checked_sub_signed(TimeDelta::days(EVENTS_KEPT_DAYS)).unwrap_or(now);
    if range.from < oldest {
        fields.wrong("dateRange/from", format!("providers keep their events for {EVENTS_KEPT_DAYS} days"));
    }
    if range.to.is_some_and(|to| to <= range.from) {
        fields.wrong("dateRange/to", "is not after `from`");
    }
}

fn read_webhook(fields: &mut Fields, sync_type: SyncType, data: Option<WebhookData>) -> Option<RawMessage> {
    match (sync_type, data) {
        (SyncType::Webhook, Some(data)) => raw_message(fields, data),
        (SyncType::Webhook, None) => {
            fields.wrong("webhookData", "is missing; expected {headers, bodyBase64}");
            None
        }
        (SyncType::Full | SyncType::Incremental, Some(_)) => {
            fields.wrong("webhookData", "belongs to `syncType` webhook alone");
            None
        }
        (SyncType::Full | SyncType::Incremental, None) => None,
    }
}

fn raw_message(fields: &mut Fields, data: WebhookData) -> Option<RawMessage> {
    if data.headers.len() > HEADERS_MAX {
        fields.wrong("webhookData/headers", format!("are more than {HEADERS_MAX}"));
        return None;
    }
    let headers = data.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    match STANDARD.decode(data.body_base64.as_bytes()) {
        Ok(body) => Some(RawMessage { headers: headers.collect(), body: body.into() }),
        Err(_repeats_the_value) => {
            fields.wrong("webhookData/bodyBase64", "is no base64");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn pointers(body: &'static str) -> Vec<String> {
        let problem = Wanted::read(&Bytes::from_static(body.as_bytes()), now()).err().unwrap();
        assert_eq!(problem.kind, Kind::Invalid);
        problem.errors.into_iter().filter_map(|error| error.pointer).collect()
    }

    #[test]
    fn a_message_that_is_handed_in_keeps_its_bytes_and_its_headers() {
        let body = r#"{"platform":"stripe","syncType":"webhook","validationLevel":"comprehensive",
                       "webhookData":{"headers":{"Stripe-Signature":"t=1"},"bodyBase64":"eyJpZCI6IDF9"}}"#;
        let wanted = Wanted::read(&Bytes::from_static(body.as_bytes()), now()).ok().unwrap();
        let raw = wanted.webhook.unwrap();
        assert_eq!(raw.header("stripe-signature"), Some("t=1"));
        assert_eq!((raw.body, wanted.comprehensive), (Bytes::from_static(b"{\"id\": 1}"), true));
    }

    #[test]
    fn a_range_within_what_providers_keep_is_taken_and_an_older_one_is_refused() {
        let body = r#"{"platform":"stripe","syncType":"full","dateRange":{"from":"2026-11-01T00:00:00Z"}}"#;
        assert!(Wanted::read(&Bytes::from_static(body.as_bytes()), now()).is_ok_and(|wanted| wanted.full));
        let old = r#"{"platform":"stripe","syncType":"full",
                      "dateRange":{"from":"2026-10-01T00:00:00Z","to":"2026-09-01T00:00:00Z"}}"#;
        assert_eq!(pointers(old), ["/dateRange/from", "/dateRange/to"]);
    }

    #[test]
    fn what_is_missing_or_does_not_belong_is_named() {
        assert_eq!(pointers(r#"{"platform":"stripe"}"#), ["/syncType"]);
        assert_eq!(pointers(r#"{"platform":"acme","syncType":"now"}"#), ["/platform", "/syncType"]);
        assert_eq!(pointers(r#"{"platform":"stripe","syncType":"webhook"}"#), ["/webhookData"]);
        let body =
            r#"{"platform":"stripe","syncType":"full","webhookData":{"headers":{},"bodyBase64":"e30="}}"#;
        assert_eq!(pointers(body), ["/webhookData"]);
        let body =
            r#"{"platform":"stripe","syncType":"webhook","webhookData":{"headers":{},"bodyBase64":"?"}}"#;
        assert_eq!(pointers(body), ["/webhookData/bodyBase64"]);
    }
}

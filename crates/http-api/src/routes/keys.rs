//! API keys.

use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use ltv_core::SupplierId;
use pipeline::access::Role;
use pipeline::{CreatedKey, NewKey};

use crate::body;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::query::Query;
use crate::shapes::{CreatedKeyShape, KeyShape, PageShape};
use crate::state::State;

/// How long a key lives where nobody says, in days.
const TTL_DAYS_DEFAULT: u32 = 90;
/// How long a key that was rotated still works where nobody says, in hours.
const OVERLAP_HOURS_DEFAULT: u32 = 24;

/// Lists keys, without their secrets.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let keys = state.pipeline.keys().await?.into_iter().map(KeyShape::from).collect();
    Ok(HttpResponse::Ok().json(PageShape::new(keys, None)))
}

/// Makes a key and tells it, this once.
pub(crate) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let wanted = read(&body::read_json(&request, payload, &state.limits).await?)?;
    let created = state.pipeline.create_scoped_key(wanted).await?;
    tracing::info!(key.id = %created.view.id, "Made key {}", created.view.id);
    Ok(made(created))
}

/// Makes a key like another, which ends after the overlap, and tells it, this once.
pub(crate) async fn rotate(
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: State,
) -> Result<HttpResponse, Problem> {
    Query::of(&request).finish()?;
    let mut fields = Fields::parse(&body::read_optional_json(&request, payload, &state.limits).await?)?;
    let overlap = fields.optional("overlapHours", "a number of hours").unwrap_or(OVERLAP_HOURS_DEFAULT);
    fields.finish()?;
    match state.pipeline.rotate_key(&path, overlap).await? {
        Some(created) => {
            tracing::info!(key.id = %path, "Key {} takes the place of key {path}", created.view.id);
            Ok(made(created))
        }
        None => Err(Problem::not_found("key of this id that still could be used")),
    }
}

fn made(created: CreatedKey) -> HttpResponse {
    let location = format!("/api/keys/{}", created.view.id);
    HttpResponse::Created().insert_header((header::LOCATION, location)).json(CreatedKeyShape::from(created))
}

/// Ends a key.
pub(crate) async fn revoke(path: web::Path<String>, state: State) -> Result<HttpResponse, Problem> {
    if state.pipeline.revoke_key(&path).await? {
        tracing::info!(key.id = %path, "Revoked key {path}");
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("key of this id that still could be used"))
    }
}

fn read(body: &Bytes) -> Result<NewKey, Problem> {
    let mut fields = Fields::parse(body)?;
    let label: String = fields.required("label", "a text that says what the key is for").unwrap_or_default();
    let names: Vec<String> = fields.required("roles", "a list of roles").unwrap_or_default();
    let ttl_days = fields.optional("ttlDays", "a number of days").unwrap_or(TTL_DAYS_DEFAULT);
    let mut roles = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse::<Role>() {
            Ok(role) => {
                roles.insert(role);
            }
            Err(unknown) => fields.wrong(&format!("roles/{index}"), unknown.to_string()),
        }
    }
    let suppliers = read_suppliers(&mut fields);
    fields.finish()?;
    Ok(NewKey { label, roles, suppliers, ttl_days })
}

fn read_suppliers(fields: &mut Fields) -> Option<BTreeSet<SupplierId>> {
    let ids: Vec<String> = fields.optional("suppliers", "a list of suppliers' ids")?;
    let mut suppliers = BTreeSet::new();
    for (index, id) in ids.iter().enumerate() {
        match id.parse() {
            Ok(id) => {
                suppliers.insert(id);
            }
            Err(_no_id) => {
                fields.wrong(&format!("suppliers/{index}"), "is no supplier's id such as sup_0123…")
            }
        }
    }
    Some(suppliers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_label_roles_and_a_life() {
        let wanted =
            read(&Bytes::from_static(br#"{"label":"cron","roles":["viewer","analyst"],"ttlDays":7}"#))
                .unwrap();
        assert_eq!((wanted.label.as_str(), wanted.ttl_days), ("cron", 7));
        assert_eq!(wanted.roles, BTreeSet::from([Role::Viewer, Role::Analyst]));
        let short = read(&Bytes::from_static(br#"{"label":"cron","roles":["viewer"]}"#)).unwrap();
        assert_eq!(short.ttl_days, TTL_DAYS_DEFAULT);
    }

    #[test]
    fn an_unknown_role_is_named_by_its_place() {
        let problem = read(&Bytes::from_static(br#"{"label":"x","roles":["viewer","boss"]}"#)).err().unwrap();
        let [error] = problem.errors.as_slice() else { panic!("{problem:?}") };
        assert_eq!(error.pointer.as_deref(), Some("/roles/1"));
        assert!(error.detail.contains("viewer, analyst"), "{}", error.detail);
    }
}

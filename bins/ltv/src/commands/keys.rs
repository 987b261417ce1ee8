//! `ltv keys`

use std::collections::BTreeSet;

use anyhow::Context;
use ltv_core::SupplierId;
use pipeline::access::Role;
use pipeline::{CreatedKey, KeyView, NewKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::WrongUse;
use crate::cli::KeysCommand;
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// Makes, shows and ends API keys.
pub async fn run(config: &Config, command: KeysCommand, output: Output) -> anyhow::Result<Outcome> {
    let pipeline = open_pipeline(config, open_store(config, Use::Beside).await?).await?;
    match command {
        KeysCommand::Create { roles, label, ttl_days, suppliers } => {
            let new = NewKey {
                label,
                roles: read_roles(&roles)?,
                suppliers: read_suppliers(&suppliers)?,
                ttl_days,
            };
            let made = pipeline.create_scoped_key(new).await.context("could not make the key")?;
            show_once(&made, output)
        }
        KeysCommand::Rotate { id, overlap_hours } => {
            let Some(made) = pipeline.rotate_key(&id, overlap_hours).await? else {
                let text = format!("there is no key {id}, or it has ended");
                output.print(&json!({"id": id, "rotated": false}), &[text])?;
                return Ok(Outcome::FoundWrong);
            };
            show_once(&made, output)
        }
        KeysCommand::List => {
            let keys = pipeline.keys().await?;
            let data: Vec<Value> = keys.iter().map(document).collect();
            let lines: Vec<String> = keys.iter().map(line).collect();
            output.print(&json!({"data": data}), &lines)?;
            Ok(Outcome::Fine)
        }
        KeysCommand::Revoke { id } => {
            let revoked = pipeline.revoke_key(&id).await?;
            let text = if revoked { format!("revoked {id}") } else { format!("there is no key {id}") };
            output.print(&json!({"id": id, "revoked": revoked}), &[text])?;
            Ok(if revoked { Outcome::Fine } else { Outcome::FoundWrong })
        }
    }
}

fn show_once(made: &CreatedKey, output: Output) -> anyhow::Result<Outcome> {
    let (text, view) = (made.text.expose_secret(), &made.view);
    output.print(
        &json!({"key": text, "id": view.id, "expiresAt": view.expires_at}),
        &[
            text.to_owned(),
            format!("keep it: it is shown this once. id {}, until {}", view.id, view.expires_at),
        ],
    )?;
    Ok(Outcome::Fine)
}

/// None: the key is not limited.
fn read_suppliers(ids: &[String]) -> anyhow::Result<Option<BTreeSet<SupplierId>>> {
    let suppliers: BTreeSet<SupplierId> = ids
        .iter()
        .map(|id| id.parse().map_err(|error| WrongUse(format!("--supplier: {error}"))))
        .collect::<Result<_, _>>()?;
    Ok(if suppliers.is_empty() { None } else { Some(suppliers) })
}

fn read_roles(names: &[String]) -> anyhow::Result<BTreeSet<Role>> {
    names
        .iter()
        .map(|name| name.parse().map_err(|error| WrongUse(format!("--role: {error}")).into()))
        .collect()
}

fn role_names(key: &KeyView) -> Vec<&'static str> {
    key.roles.iter().map(|role| role.as_str()).collect()
}

fn document(key: &KeyView) -> Value {
    json!({
        "id": key.id, "label": key.label, "roles": role_names(key), "createdAt": key.created_at,
        "expiresAt": key.expires_at, "revokedAt": key.revoked_at, "lastUsedAt": key.last_used_at,
        "suppliers": key.suppliers, "replaces": key.replaces,
    })
}

fn line(key: &KeyView) -> String {
    let state =
        key.revoked_at.map_or_else(|| format!("until {}", key.expires_at), |at| format!("revoked {at}"));
    format!("{}  {}  {}  {state}", key.id, role_names(key).join(","), key.label)
}

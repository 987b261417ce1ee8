//! `ltv migrate`

use anyhow::Context;
use serde_json::json;

use crate::config::Config;
use crate::output::{Outcome, Output};

/// Brings the store's tables up to date.
pub async fn run(config: &Config, output: Output) -> anyhow::Result<Outcome> {
    let url = config.migrate_url.as_deref().unwrap_or(&config.store_url);
    let applied = store::migrate(url).await.context("could not migrate")?;
    let lines = match applied.as_slice() {
        [] => vec!["nothing to do".to_owned()],
        names => names.iter().map(|name| format!("applied {name}")).collect(),
    };
    output.print(&json!({"applied": applied}), &lines)?;
    Ok(Outcome::Fine)
}

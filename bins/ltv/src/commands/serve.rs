//! `ltv serve`

use serde_json::json;

use crate::app::App;
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::telemetry::start_metrics;

/// Migrates, checks the settings, serves until asked to stop.
pub async fn run(config: &Config, args: &ServeArgs, output: Output) -> anyhow::Result<Outcome> {
    let app = App::start(config, args.listen, start_metrics()).await?;
    let url = app.url();
    output.print(&json!({"listening": url}), &[format!("listening on {url}")])?;
    app.until_asked_to_stop().await?;
    output.tell("stopping");
    app.stop().await?;
    Ok(Outcome::Fine)
}

//! `ltv sync`

use std::time::Duration;

use pipeline::{JobView, LtvDataPipeline};
use serde_json::{Value, json};

use super::WrongUse;
use super::play::until_idle;
use crate::cli::SyncArgs;
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// How often a job is looked at while waiting for it.
const POLL: Duration = Duration::from_millis(200);

/// Reads again what the providers tell. A running server does the work; where none runs, this process does.
pub async fn run(config: &Config, args: &SyncArgs, output: Output) -> anyhow::Result<Outcome> {
    // Alone: nobody else would do the work.
    if let Ok(store) = open_store(config, Use::Alone).await {
        let pipeline = open_pipeline(config, store).await?;
        let workers = pipeline.start();
        let ended = sync(&pipeline, args, true, output).await;
        if ended.is_ok() {
            until_idle(&pipeline).await?;
        }
        workers.stop().await;
        return print(&ended?, output);
    }
    let pipeline = open_pipeline(config, open_store(config, Use::Beside).await?).await?;
    print(&sync(&pipeline, args, args.wait, output).await?, output)
}

async fn sync(
    pipeline: &LtvDataPipeline,
    args: &SyncArgs,
    wait: bool,
    output: Output,
) -> anyhow::Result<Vec<JobView>> {
    let mut jobs = Vec::new();
    for integration in integrations(pipeline, args).await? {
        let job = pipeline.start_sync(&integration, args.full, "command-line").await?;
        output.tell(&format!("{integration}: {} is {}", job.id, job.status));
        jobs.push(job);
    }
    if wait {
        for job in &mut jobs {
            while matches!(job.status, "queued" | "running") {
                tokio::time::sleep(POLL).await;
                *job = pipeline.job(&job.id).await?;
            }
        }
    }
    Ok(jobs)
}

async fn integrations(pipeline: &LtvDataPipeline, args: &SyncArgs) -> anyhow::Result<Vec<String>> {
    let all = pipeline.integrations().await?;
    let chosen: Vec<String> = all
        .into_iter()
        .filter(|view| view.deleted_at.is_none() && view.has_api_key)
        .map(|view| view.id)
        .filter(|id| args.integration.as_ref().is_none_or(|wanted| wanted == id))
        .collect();
    if chosen.is_empty() {
        let text = "there is no such integration with an API key; see PUT /api/integrations/payments/config";
        return Err(WrongUse(text.to_owned()).into());
    }
    Ok(chosen)
}

fn print(jobs: &[JobView], output: Output) -> anyhow::Result<Outcome> {
    let data: Vec<Value> = jobs.iter().map(document).collect();
    let lines: Vec<String> = jobs.iter().map(line).collect();
    output.print(&json!({"data": data}), &lines)?;
    let wrong = jobs.iter().any(|job| matches!(job.status, "failed" | "cancelled"));
    Ok(if wrong { Outcome::FoundWrong } else { Outcome::Fine })
}

fn document(job: &JobView) -> Value {
    json!({
        "syncId": job.id, "kind": job.kind, "integration": job.integration, "status": job.status,
        "progress": job.progress, "result": job.result, "error": job.error,
    })
}

fn line(job: &JobView) -> String {
    let integration = job.integration.as_deref().unwrap_or("all");
    let error = job.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{integration}: {} {}, {}{error}", job.id, job.status, job.progress)
}

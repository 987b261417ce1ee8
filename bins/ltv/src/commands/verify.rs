//! `ltv verify`

use serde_json::json;

use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// Checks seals, chain, balances and every stored message.
pub async fn run(config: &Config, output: Output) -> anyhow::Result<Outcome> {
    let pipeline = open_pipeline(config, open_store(config, Use::Beside).await?).await?;
    let report = pipeline.verify().await?;
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| json!({"check": finding.check, "detail": finding.detail}))
        .collect();
    let document = json!({
        "blocks": report.blocks, "entries": report.entries, "messages": report.messages,
        "ok": report.findings.is_empty(), "findings": findings,
    });
    let mut lines = vec![format!(
        "checked {} blocks, {} entries, {} messages: {} findings",
        report.blocks,
        report.entries,
        report.messages,
        report.findings.len()
    )];
    lines.extend(report.findings.iter().map(|finding| format!("{}: {}", finding.check, finding.detail)));
    output.print(&document, &lines)?;
    Ok(if report.findings.is_empty() { Outcome::Fine } else { Outcome::FoundWrong })
}

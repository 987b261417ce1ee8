//! `ltv replay`

use serde_json::json;

use crate::cli::ReplayArgs;
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// Rebuilds the ledger: beside it and compared, or in its place.
pub async fn run(config: &Config, args: &ReplayArgs, output: Output) -> anyhow::Result<Outcome> {
    let usage = if args.verify { Use::Beside } else { Use::Alone };
    let pipeline = open_pipeline(config, open_store(config, usage).await?).await?;
    output.tell("rebuilding the ledger from the inbox");
    let report = if args.verify { pipeline.replay_verify().await? } else { pipeline.replay().await? };
    let document = json!({
        "digest": report.digest, "liveDigest": report.live_digest, "entries": report.entries, "blocks": report.blocks,
        "equal": report.equal, "differences": report.differences,
    });
    let mut lines =
        vec![format!("digest {}: {} entries in {} blocks", report.digest, report.entries, report.blocks)];
    lines.extend(report.differences.iter().map(|difference| format!("differs: {difference}")));
    lines.push(if report.equal { "equal".to_owned() } else { "NOT equal".to_owned() });
    output.print(&document, &lines)?;
    Ok(if report.equal { Outcome::Fine } else { Outcome::FoundWrong })
}

//! `ltv doctor`

use serde_json::{Value, json};

use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// One thing that was looked at.
struct Finding {
    name: String,
    value: String,
    problem: Option<String>,
}

/// Shows settings and whether they are safe.
pub async fn run(config: &Config, output: Output) -> anyhow::Result<Outcome> {
    let mut findings = Vec::new();
    let store = open_store(config, Use::Beside).await?;
    for (name, value, safe) in store.settings().await? {
        findings.push(Finding { name, value, problem: safe.err() });
    }
    match open_pipeline(config, store).await {
        Ok(pipeline) => {
            findings.push(fine("root key", config.root_key_file.display().to_string()));
            for dependency in pipeline.health().await {
                let problem = (!dependency.healthy).then(|| dependency.detail.clone());
                findings.push(Finding {
                    name: dependency.name.to_owned(),
                    value: dependency.detail,
                    problem,
                });
            }
        }
        Err(error) => findings.push(Finding {
            name: "root key".to_owned(),
            value: config.root_key_file.display().to_string(),
            problem: Some(format!("{error:#}")),
        }),
    }
    let problems = findings.iter().filter(|finding| finding.problem.is_some()).count();
    let document: Vec<Value> = findings
        .iter()
        .map(|f| json!({"name": f.name, "value": f.value, "safe": f.problem.is_none(), "problem": f.problem}))
        .collect();
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    lines.push(format!("{problems} problems"));
    output.print(&json!({"checks": document, "problems": problems}), &lines)?;
    Ok(if problems == 0 { Outcome::Fine } else { Outcome::FoundWrong })
}

fn fine(name: &str, value: String) -> Finding {
    Finding { name: name.to_owned(), value, problem: None }
}

fn line(finding: &Finding) -> String {
    match &finding.problem {
        None => format!("ok       {} = {}", finding.name, finding.value),
        Some(problem) => format!("PROBLEM  {} = {}: {problem}", finding.name, finding.value),
    }
}

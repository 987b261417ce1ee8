//! `ltv conformance` over our own scenario folders; and over one with a wrong figure.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::{Ran, ltv, run};
use serde_json::{Value, json};

use crate::check::{list, number, text};

/// Three orders, each message once and twice.
const RUNS: i64 = 6;
/// The folder that has nothing to check.
const UNCHECKED: &str = "14-no-figures";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join("conformance")
}

fn folders() -> anyhow::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> =
        fs::read_dir(fixtures())?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut folders = entries?;
    folders.sort();
    Ok(folders)
}

async fn play(folders: &[PathBuf]) -> anyhow::Result<Ran> {
    let mut command = ltv()?;
    command.arg("conformance").args(folders).arg("--json");
    run(command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_every_folder_is_met_in_every_order() -> anyhow::Result<()> {
    let folders = folders()?;
    let report = play(&folders).await?.json(0)?;
    ensure!(report.get("ok") == Some(&Value::Bool(true)), "not met: {report}");
    let played = list(&report, "folders")?;
    ensure!(
        played.len() == folders.len(),
        "{} folders were played, {} were given",
        played.len(),
        folders.len()
    );
    for (folder, played) in folders.iter().zip(played) {
        let name = text(played, "folder")?;
        if name == UNCHECKED {
            ensure!(number(played, "checked")? == 0 && !list(played, "notChecked")?.is_empty(), "{played}");
            continue;
        }
        let expected: Value = serde_json::from_slice(&fs::read(folder.join("figures.json"))?)?;
        let figures = expected.get("figures").and_then(Value::as_object).context("no figures")?.len();
        ensure!(number(played, "runs")? == RUNS, "not all orders were played: {played}");
        ensure!(
            number(played, "checked")? == RUNS * i64::try_from(figures)?,
            "not all figures were checked: {played}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_figure_that_is_not_met_is_named_with_what_was_expected_and_found() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let wrong = temporary.path().join("wrong");
    fs::create_dir(&wrong)?;
    for entry in fs::read_dir(fixtures().join("04-inquiry"))? {
        let entry = entry?;
        fs::copy(entry.path(), wrong.join(entry.file_name()))?;
    }
    let figures = json!({"currency": "GBP", "figures": {"gross": "50.00", "netRevenue": "1.00"}});
    fs::write(wrong.join("figures.json"), figures.to_string())?;

    let report = play(&[wrong]).await?.json(1)?;
    ensure!(report.get("ok") == Some(&Value::Bool(false)), "{report}");
    let folder = list(&report, "folders")?.first().context("no folder")?;
    let mismatches = list(folder, "mismatches")?;
    ensure!(i64::try_from(mismatches.len())? == RUNS, "not one in each run: {folder}");
    for mismatch in mismatches {
        ensure!(text(mismatch, "figure")? == "netRevenue", "{mismatch}");
        ensure!(text(mismatch, "expected")? == "1.00" && text(mismatch, "found")? == "49.05", "{mismatch}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_played_is_named() -> anyhow::Result<()> {
    let missing = fixtures().join("99-not-there");
    let ran = play(std::slice::from_ref(&missing)).await?;
    ensure!(ran.code != Some(0), "a folder that is not there passes: {ran:?}");
    Ok(())
}

//! The demonstration equals its own truth, on both stores and in every order of delivery.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, ensure};
use e2e::{Backend, Place, Ran, ltv, run};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::check::text;

const SMALL: [&str; 9] = ["demo", "--suppliers", "12", "--months", "6", "--seed", "7", "--exit", "--json"];
const WRONG_USE: i32 = 2;

/// Plays the demonstration, in a folder of its own or in a store.
async fn play(store: Option<&Place>, delivery: &str) -> anyhow::Result<Ran> {
    let folder = tempfile::tempdir()?;
    let mut command = match store {
        Some(place) => place.ltv()?,
        None => ltv()?,
    };
    command.env("XDG_DATA_HOME", folder.path()).args(SMALL).args(["--delivery", delivery]);
    if let Some(place) = store {
        command.args(["--store", place.store()]);
    }
    run(command).await
}

/// The digest of a demonstration that equals its truth.
async fn digest(store: Option<&Place>, delivery: &str) -> anyhow::Result<String> {
    let summary = play(store, delivery).await?.json(0)?;
    ensure!(summary.get("equal") == Some(&Value::Bool(true)), "not equal: {summary}");
    ensure!(summary.get("truth") == summary.get("books"), "not the truth: {summary}");
    let digest = text(&summary, "digest")?;
    ensure!(digest == text(&summary, "replayDigest")?, "replay gives another digest: {summary}");
    Ok(digest.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_equals_its_truth_with_one_digest_for_every_order_and_store() -> anyhow::Result<()> {
    let first = digest(None, "messy").await?;
    for delivery in ["in-order", "reversed", "shuffled"] {
        ensure!(digest(None, delivery).await? == first, "{delivery} gives another digest");
    }
    let place = Place::new(Backend::Postgres).await?;
    ensure!(digest(Some(&place), "messy").await? == first, "PostgreSQL gives another digest");
    let used = play(Some(&place), "messy").await?;
    ensure!(used.code == Some(WRONG_USE), "the demo plays into a store that is in use: {used:?}");
    Ok(())
}

/// Ends the demonstration, whatever becomes of the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_that_the_demo_prints_signs_in_once() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = ltv()?;
    command
        .env("XDG_DATA_HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.args(["demo", "--suppliers", "3", "--months", "2", "--listen", "127.0.0.1:0"]);
    let mut demo = Ending(command.spawn()?);
    let stdout = demo.0.stdout.take().context("no standard output")?;
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let _nobody_waits = tell.send(lines.find_map(|line| link_in(&line)));
        // Whoever prints to a closed pipe ends.
        lines.for_each(drop);
    });
    let link = told.await?.context("no link was printed")?;

    let _first = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let first = http.get(&link).send().await?;
    ensure!(first.status() == 303, "the link is answered {}", first.status());
    let cookie = first.headers().get("set-cookie").context("no cookie")?.to_str()?.to_owned();
    ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let second = http.get(&link).send().await?;
    ensure!(second.headers().get("set-cookie").is_none(), "the link signs in twice");
    Ok(())
}

fn link_in(line: &str) -> Option<String> {
    line.split_whitespace()
        .find(|word| word.starts_with("http://") && word.contains("/session/"))
        .map(str::to_owned)
}

//! Jobs go on where they were when the service was killed, can be called off, and are open to those who may see them.

use std::time::Duration;

use anyhow::ensure;
use e2e::{Answer, Backend, Story, TestApp, View, until};
use reqwest::Method;
use serde_json::Value;
use simulator::{Faults, StripeStandIn};

use crate::check::{figure, number, text};
use crate::macros::on_both_stores;
use crate::sweep::{configure_before_anything, ended, recent_payments, start_sync};

on_both_stores!(
    a_sync_goes_on_where_it_was_killed,
    a_sync_that_is_called_off_ends_and_keeps_what_it_has_found,
);

/// Twelve pages of the provider's list.
const CHARGES: i64 = 1_200;
const PAGES: i64 = 12;
const SLOW: Duration = Duration::from_millis(250);
const DEADLINE: Duration = Duration::from_secs(60);
/// Longer than a worker that died holds its job.
const TAKEN_OVER: Duration = Duration::from_secs(150);
/// Comes never: 30 February.
const NEVER: &str = "0 0 30 2 *";

struct Slow {
    app: TestApp,
    stand_in: StripeStandIn,
    sync: String,
    job: String,
    calls_before: u64,
}

/// A service whose sync has read some pages, and is not done for long.
async fn in_the_middle_of_a_sync(backend: Backend) -> anyhow::Result<Slow> {
    let (_never_delivered, world) = Story::play(&[recent_payments(CHARGES, false)])?;
    let stand_in = StripeStandIn::start(world, Faults::default().latency(SLOW)).await?;
    let app = TestApp::on(backend)
        .setting("LTV__JOBS__SWEEP_EVENTS", NEVER)
        .setting("LTV__JOBS__SWEEP_EVENTS_FULL", NEVER)
        .setting("LTV__JOBS__SWEEP_LISTS", NEVER)
        .start()
        .await?;
    configure_before_anything(&app, &stand_in).await?;
    app.until_idle().await?;
    let calls_before = events_calls(&stand_in);
    let sync = start_sync(&app, "full").await?;
    let job = format!("/api/jobs/{}", sync.rsplit('/').next().unwrap_or_default());
    let begun = async || Ok((pages(&app.get_json(&job).await?) >= 3).then_some(()));
    until("the sync has read three pages", DEADLINE, begun).await?;
    Ok(Slow { app, stand_in, sync, job, calls_before })
}

fn events_calls(stand_in: &StripeStandIn) -> u64 {
    stand_in.calls_by_endpoint().get("events").copied().unwrap_or_default()
}

fn pages(job: &Value) -> i64 {
    job.pointer("/progress/pages").and_then(Value::as_i64).unwrap_or_default()
}

async fn a_sync_goes_on_where_it_was_killed(backend: Backend) -> anyhow::Result<()> {
    let Slow { mut app, stand_in, sync, job, calls_before } = in_the_middle_of_a_sync(backend).await?;
    app.kill()?;
    app.restart().await?;
    let kept = app.get_json(&job).await?;
    ensure!(pages(&kept) >= 3 && text(&kept, "status")? != "done", "the kill came too late: {kept}");
    let sync = ended(&app, &sync, TAKEN_OVER).await?;
    ensure!(text(&sync, "status")? == "completed", "{sync}");
    let done = app.get_json(&job).await?;
    ensure!(number(&done, "attempts")? >= 2, "nobody took it over: {done}");
    ensure!((PAGES..=PAGES + 1).contains(&pages(&done)), "it did not go on where it was: {done}");
    let calls = events_calls(&stand_in) - calls_before;
    ensure!(calls <= u64::try_from(PAGES)? + 2, "pages were read again: {calls} calls");
    app.until_idle().await?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "payments") == CHARGES.to_string(), "not all was found: {figures}");
    app.finish().await
}

async fn a_sync_that_is_called_off_ends_and_keeps_what_it_has_found(backend: Backend) -> anyhow::Result<()> {
    let Slow { app, job, .. } = in_the_middle_of_a_sync(backend).await?;
    let asked = Answer::read(app.request(Method::DELETE, &job).bearer_auth(app.key()).send().await?).await?;
    ensure!(asked.expect(202)?.get("cancelAsked") == Some(&Value::Bool(true)), "{}", asked.text());
    let look = async || Ok((text(&app.get_json(&job).await?, "status")? == "cancelled").then_some(()));
    until("the job is called off", DEADLINE, look).await?;
    let read = pages(&app.get_json(&job).await?);
    ensure!(read < PAGES, "it went on to the end: {read} pages");
    app.until_idle().await?;
    let found: i64 = figure(&app.figures(&View::default()).await?, "payments").parse()?;
    ensure!(found >= read * 100, "{found} payments after {read} pages");

    let (viewer, _) = app.new_key(&["viewer"]).await?;
    let seen = app.request(Method::GET, "/api/jobs").bearer_auth(&viewer).send().await?;
    Answer::read(seen).await?.problem(403)?;
    let called_off = app.request(Method::DELETE, &job).bearer_auth(&viewer).send().await?;
    Answer::read(called_off).await?.problem(403)?;
    app.get("/api/jobs/no-such-job").await?.problem(404)?;
    app.finish().await
}

//! Webhooks that never come are found in the provider's list of events, asked for or not (I15).

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::DateTime;
use e2e::{Answer, Backend, Story, TestApp, View, now, until, with};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Faults, SimEvent, StripeStandIn};

use crate::check::{counts_add_up, figure, list, number, text};
use crate::macros::on_both_stores;

on_both_stores!(
    a_sync_finds_what_no_webhook_brought_and_nothing_twice,
    a_lost_webhook_is_found_although_nobody_asks,
);

const DEADLINE: Duration = Duration::from_secs(60);
/// More than one page of the provider's list.
const CHARGES: i64 = 240;
/// The payments begin so many seconds ago.
const BEGUN_BEFORE: i64 = 6 * 3_600;

/// Payments of the last hours, 5.00 each; what is settled is shown by the provider's lists as well.
pub fn recent_payments(count: i64, settled: bool) -> Story {
    let mut story = Story::of("Recent");
    let from = now().timestamp() - BEGUN_BEFORE;
    for number in 0..count {
        let (id, at) = (story.id("ch", &number.to_string()), from + number);
        let taken = if settled { story.settle_at(&id, "charge", 500, 0, at) } else { Value::Null };
        let changes = json!({"id": id, "created": at, "payment_intent": null});
        story.tell_at("charge.succeeded", at, with(story.charge(500, 1, &taken), &changes));
    }
    story
}

/// Starts a sync, and answers where it can be looked at.
pub async fn start_sync(app: &TestApp, sync_type: &str) -> anyhow::Result<String> {
    let request = app.request(Method::POST, "/api/integrations/payments/sync").bearer_auth(app.key());
    let answer = Answer::read(request.json(&json!({"syncType": sync_type})).send().await?).await?;
    let started = answer.expect(202)?;
    let path = answer.header("location").to_owned();
    ensure!(path.ends_with(text(&started, "syncId")?), "`{path}` is the place of another sync: {started}");
    Ok(path)
}

/// Waits until a sync has ended.
pub async fn ended(app: &TestApp, path: &str, deadline: Duration) -> anyhow::Result<Value> {
    let look = async || {
        let sync = app.get_json(path).await?;
        Ok((text(&sync, "status")? != "processing").then_some(sync))
    };
    until("the sync has ended", deadline, look).await
}

/// A new integration is swept at once. This one finds nothing yet; all is shown from then on.
pub async fn configure_before_anything(app: &TestApp, stand_in: &StripeStandIn) -> anyhow::Result<()> {
    stand_in.reveal_until(DateTime::from_timestamp(now().timestamp() - 2 * BEGUN_BEFORE, 0));
    app.configure(stand_in, true).await?;
    let swept = async || {
        let jobs = app.get_json("/api/jobs?kind=sweep.events&status=done").await?;
        Ok((!list(&jobs, "data")?.is_empty()).then_some(()))
    };
    until("the new integration is swept", DEADLINE, swept).await?;
    stand_in.reveal_until(None);
    Ok(())
}

async fn payments(app: &TestApp) -> anyhow::Result<String> {
    Ok(figure(&app.figures(&View::default()).await?, "payments"))
}

/// Every third never comes.
fn is_lost(place: usize) -> bool {
    place % 3 == 2
}

async fn a_sync_finds_what_no_webhook_brought_and_nothing_twice(backend: Backend) -> anyhow::Result<()> {
    let (told, world) = Story::play(&[recent_payments(CHARGES, true)])?;
    let events: Vec<SimEvent> = told.into_iter().flatten().collect();
    let lost = i64::try_from((0..events.len()).filter(|place| is_lost(*place)).count())?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    // Nothing is swept by itself, so that it is known who found what.
    let never = "0 0 30 2 *";
    let app = TestApp::on(backend)
        .setting("LTV__JOBS__SWEEP_EVENTS", never)
        .setting("LTV__JOBS__SWEEP_EVENTS_FULL", never)
        .start()
        .await?;
    configure_before_anything(&app, &stand_in).await?;
    let delivered = events.iter().enumerate().filter(|(place, _)| !is_lost(*place)).map(|(_, event)| event);
    app.send_all(delivered).await?;
    app.until_idle().await?;
    let duplicates = app.count("duplicates").await?;

    let sync = ended(&app, &start_sync(&app, "full").await?, DEADLINE).await?;
    ensure!(text(&sync, "status")? == "completed", "{sync}");
    ensure!(number(&sync, "processedEvents")? == CHARGES, "not all were looked at: {sync}");
    ensure!(number(&sync, "ltvUpdatesTriggered")? == lost, "{lost} were lost: {sync}");
    app.until_idle().await?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "payments") == CHARGES.to_string(), "not all is booked: {figures}");
    ensure!(figure(&figures, "gross") == format!("{}.00", CHARGES * 5), "{figures}");

    let again = ended(&app, &start_sync(&app, "full").await?, DEADLINE).await?;
    ensure!(number(&again, "ltvUpdatesTriggered")? == 0, "found again: {again}");
    app.until_idle().await?;
    ensure!(payments(&app).await? == CHARGES.to_string(), "booked again");
    let status = app.status().await?;
    ensure!(
        number(&status, "duplicates")? == duplicates,
        "the provider repeated nothing, so this is no duplicate: {status}"
    );
    counts_add_up(&status)?;

    let wrong = app.request(Method::POST, "/api/integrations/payments/sync").bearer_auth(app.key());
    let wrong = Answer::read(wrong.json(&json!({"syncType": "sometimes"})).send().await?).await?;
    wrong.problem(422).context("a sync of no known kind was started")?;
    app.finish().await
}

async fn a_lost_webhook_is_found_although_nobody_asks(backend: Backend) -> anyhow::Result<()> {
    let (told, world) = Story::play(&[recent_payments(3, true)])?;
    let events: Vec<SimEvent> = told.into_iter().flatten().collect();
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::on(backend).setting("LTV__JOBS__SWEEP_EVENTS", "* * * * * *").start().await?;
    configure_before_anything(&app, &stand_in).await?;
    app.send_all(events.iter().take(1)).await?;
    let swept = async || {
        let jobs = app.get_json("/api/jobs?kind=sweep.events&limit=100").await?;
        let found = list(&jobs, "data")?.iter().find(|job| job.pointer("/result/new") == Some(&json!(2)));
        Ok(found.map(|job| text(job, "requestedBy").map(str::to_owned)))
    };
    let by = until("a sweep has found what was lost", DEADLINE, swept).await??;
    ensure!(by == "schedule", "nobody asked, so a schedule must have, not {by}");
    let all = async || Ok((payments(&app).await? == "3").then_some(()));
    until("what was lost is booked", DEADLINE, all).await?;
    app.finish().await
}

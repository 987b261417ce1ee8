//! An hour in which the provider's API fails, a hundred times as fast: calls stop, webhooks are taken all the same, and
//! afterwards everything is made up for, without help and without more calls than in a good hour.

use std::time::Duration;

use anyhow::ensure;
use e2e::{Backend, Story, TestApp, View, until};
use serde_json::{Value, json};
use simulator::{Faults, SimEvent, StripeStandIn, World};

use crate::check::{counts_add_up, figure, number, text};
use crate::macros::on_both_stores;

on_both_stores!(an_hour_without_the_provider_is_made_up_for_with_hardly_a_call_more);

/// An hour ÷ 100, and a breaker's 30 s and 10 min likewise.
const OUTAGE: Duration = Duration::from_secs(36);
const SETTINGS: [(&str, &str); 3] = [
    ("LTV__PIPELINE__BREAKER_OPEN_MS", "300"),
    ("LTV__PIPELINE__BREAKER_OPEN_MAX_MS", "6000"),
    ("LTV__PIPELINE__RETRY_CAP_MS", "300"),
];
/// Refunds of charges that only the provider can show: each needs a call of its own.
const REFUNDS: i64 = 360;
/// So many of them come after the hour.
const LATER: usize = 12;
/// In so many parts, evenly over the hour.
const PARTS: usize = 36;
const DEADLINE: Duration = Duration::from_secs(120);
/// More than this share of a good hour's calls, in percent, is too many.
const CALLS_PERCENT_MAX: u64 = 110;

/// What is told, without the charges; and what the provider shows.
fn history() -> anyhow::Result<(Vec<SimEvent>, World)> {
    let mut story = Story::of("Outage");
    for number in 0..REFUNDS {
        let (charge, refund) = (story.id("ch", &number.to_string()), story.id("re", &number.to_string()));
        let taken = story.settle(&charge, "charge", 2_000, 50, 1);
        let changes = json!({"id": charge, "payment_intent": null});
        story.tell("charge.succeeded", 1, e2e::with(story.charge(2_000, 1, &taken), &changes));
        let back = story.settle(&refund, "refund", -500, 0, 2);
        let changes = json!({"id": refund, "charge": charge, "payment_intent": null});
        story.tell("refund.created", 2, e2e::with(story.refund("", 500, 2, &back), &changes));
    }
    let (told, world) = Story::play(&[story])?;
    let refunds = told.into_iter().flatten().filter(|event| event.kind == "refund.created");
    Ok((refunds.collect(), world))
}

/// What came of an hour.
struct Hour {
    figures: Value,
    calls: u64,
}

async fn an_hour_without_the_provider_is_made_up_for_with_hardly_a_call_more(
    backend: Backend,
) -> anyhow::Result<()> {
    let (good, bad) = (play(backend, false).await?, play(backend, true).await?);
    ensure!(figure(&good.figures, "payments") == REFUNDS.to_string(), "not all was read: {}", good.figures);
    ensure!(figure(&good.figures, "unexplained") == "0.00", "{}", good.figures);
    ensure!(good.figures == bad.figures, "something was lost: {} is not {}", bad.figures, good.figures);
    ensure!(
        bad.calls * 100 <= good.calls * CALLS_PERCENT_MAX,
        "{} calls in a bad hour, {} in a good one",
        bad.calls,
        good.calls
    );
    Ok(())
}

/// An hour in which messages come evenly, and the provider fails, or does not.
async fn play(backend: Backend, fails: bool) -> anyhow::Result<Hour> {
    let (events, world) = history()?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let mut builder = TestApp::on(backend);
    for (name, value) in SETTINGS {
        builder = builder.setting(name, value);
    }
    let app = builder.start().await?;
    app.configure(&stand_in, true).await?;
    app.until_idle().await?;
    ensure!(text(&app.status().await?, "breaker")? == "closed", "a breaker is open from the start");
    let before = stand_in.calls();
    stand_in.set_unavailable(fails);
    let mut opened = false;
    // Not a wait for a state: the hour has to pass.
    let mut clock = tokio::time::interval(OUTAGE / u32::try_from(PARTS)?);
    let (hour, later) = events.split_at(events.len() - LATER);
    for part in hour.chunks(hour.len().div_ceil(PARTS)) {
        clock.tick().await;
        app.send_all(part).await?;
        opened |= text(&app.status().await?, "breaker")? == "open";
    }
    ensure!(opened == fails, "the breaker was {}open", if opened { "" } else { "never " });
    stand_in.set_unavailable(false);
    // Business goes on: a breaker closes after some calls that succeed, and calls come with messages.
    for event in later {
        clock.tick().await;
        app.send_all([event]).await?;
    }
    let caught_up = async || {
        let figures = app.figures(&View::default()).await?;
        let all = figure(&figures, "payments") == REFUNDS.to_string()
            && figure(&figures, "unexplained") == "0.00"
            && figure(&figures, "processorFees") == format!("{}.00", REFUNDS / 2);
        Ok((all && !app.is_busy().await?).then_some(figures))
    };
    let figures = until("everything is made up for", DEADLINE, caught_up).await?;
    let closed = async || Ok((text(&app.status().await?, "breaker")? == "closed").then_some(()));
    until("the breaker is closed", DEADLINE, closed).await?;
    let status = app.status().await?;
    counts_add_up(&status)?;
    ensure!(number(&status, "dead")? + number(&status, "quarantined")? == 0, "given up: {status}");
    let calls = stand_in.calls() - before;
    app.finish().await?;
    Ok(Hour { figures, calls })
}

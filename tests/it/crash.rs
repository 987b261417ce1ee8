//! The service is killed again and again under load. What it acknowledged is there, and nothing is booked twice.

use std::time::Duration;

use anyhow::ensure;
use e2e::{Backend, Story, TestApp, View, until};
use serde_json::Value;
use simulator::{Faults, StripeStandIn};

use crate::check::{counts_add_up, figure, number};
use crate::load::{Post, business};
use crate::macros::on_both_stores;

on_both_stores!(
    nothing_acknowledged_is_lost_and_nothing_is_booked_twice_over_fifty_kills,
    a_read_that_was_due_at_the_kill_is_made_after_the_restart,
);

const KILLS: u64 = 50;
const CONNECTIONS: usize = 8;
/// The service lives between these, in milliseconds, while messages come in.
const LIFE_MS: (u64, u64) = (15, 220);
const SEED: u64 = 20;

async fn nothing_acknowledged_is_lost_and_nothing_is_booked_twice_over_fifty_kills(
    backend: Backend,
) -> anyhow::Result<()> {
    let history = business(60, 9, SEED)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    let mut app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    let post = Post::of(&history.events, SEED);
    for kill in 0..KILLS {
        let sending = tokio::spawn({
            let (post, url) = (post.clone(), app.webhook_url());
            async move { post.send(&url, CONNECTIONS, true).await }
        });
        // Not a wait for a state: the moment of the kill is what is tried.
        tokio::time::sleep(life(kill)).await;
        app.kill()?;
        sending.await??;
        app.restart().await?;
    }
    ensure!(post.answers() > KILLS, "there was no load: {} answers", post.answers());
    post.nothing_was_forgotten()?;

    post.send(&app.webhook_url(), CONNECTIONS, false).await?;
    ensure!(post.acknowledged() == history.events.len(), "not everything was delivered in the end");
    post.again();
    post.send(&app.webhook_url(), CONNECTIONS, false).await?;
    ensure!(post.waiting() == 0, "not everything was sent again");
    post.nothing_was_forgotten()?;

    app.until_idle().await?;
    let status = app.status().await?;
    counts_add_up(&status)?;
    ensure!(
        number(&status, "accepted")? >= i64::try_from(history.events.len())?,
        "messages are missing: {status}"
    );
    ensure!(
        number(&status, "dead")? + number(&status, "quarantined")? == 0,
        "messages were given up: {status}"
    );
    let figures = app.figures(&View::default()).await?;
    ensure!(
        figures == history.truth.total.to_json(),
        "not the truth: {figures} is not {}",
        history.truth.total.to_json()
    );
    app.stop().await?;

    let verified = app.ltv(&["verify"]).await?.json(0)?;
    ensure!(verified.get("ok") == Some(&Value::Bool(true)), "verify found something: {verified}");
    let replayed = app.ltv(&["replay", "--verify"]).await?.json(0)?;
    ensure!(replayed.get("equal") == Some(&Value::Bool(true)), "replay found something else: {replayed}");
    app.finish().await
}

async fn a_read_that_was_due_at_the_kill_is_made_after_the_restart(backend: Backend) -> anyhow::Result<()> {
    let mut story = Story::of("Due");
    let taken = story.settle(&story.id("ch", ""), "charge", 5_500, 103, 1);
    story.tell("charge.succeeded", 1, story.charge(5_500, 1, &taken));
    let (told, world) = Story::play(&[story])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    // What is announced is read long after it was observed and booked.
    let mut app = TestApp::on(backend).setting("LTV__PIPELINE__READ_DELAY_MS", "3000").start().await?;
    app.configure(&stand_in, true).await?;
    app.send_all(told.iter().flatten()).await?;
    let booked = async || {
        let status = app.status().await?;
        let done = number(&status, "done")? == 1 && number(&status, "unbooked")? == 0;
        Ok(done.then_some(()))
    };
    until("the payment is booked", Duration::from_secs(30), booked).await?;
    ensure!(app.count("accepted").await? == 1, "the list was read too early for this test");
    app.kill()?;
    app.restart().await?;
    let with_fee = async || {
        let figures = app.figures(&View::default()).await?;
        Ok((figure(&figures, "netRevenue") == "53.97").then_some(()))
    };
    until("the fee is read after the restart", Duration::from_secs(30), with_fee).await?;
    app.finish().await
}

/// How long the service lives before this kill: short and long lives by turns, from a fixed mix.
fn life(kill: u64) -> Duration {
    let (low, high) = LIFE_MS;
    let mixed = (kill + SEED).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    Duration::from_millis(low + mixed % (high - low))
}

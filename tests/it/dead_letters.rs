//! A genuine message that lacks what makes it one: kept with a reason, and nobody waits for it.

use anyhow::ensure;
use e2e::{Backend, Story, TestApp, View};
use reqwest::Method;
use simulator::{Faults, StripeStandIn};

use crate::check::{counts_add_up, figure, list, number, text};
use crate::macros::on_both_stores;

on_both_stores!(a_message_that_cannot_be_mapped_is_kept_with_a_reason_and_stops_nobody);

async fn a_message_that_cannot_be_mapped_is_kept_with_a_reason_and_stops_nobody(
    backend: Backend,
) -> anyhow::Result<()> {
    let mut broken = Story::of("Broken");
    let mut charge = broken.charge(1_000, 1, &serde_json::Value::Null);
    charge.as_object_mut().and_then(|fields| fields.remove("amount"));
    broken.tell("charge.succeeded", 1, charge);
    let mut sound = Story::of("Sound");
    let taken = sound.settle(&sound.id("ch", ""), "charge", 7_700, 136, 2);
    sound.tell("charge.succeeded", 2, sound.charge(7_700, 2, &taken));
    let (told, world) = Story::play(&[broken, sound])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(told.iter().flatten()).await?;
    app.until_idle().await?;

    let letters = app.get_json("/api/dead-letters").await?;
    let [letter] = list(&letters, "data")? else { anyhow::bail!("not one dead letter: {letters}") };
    ensure!(text(letter, "eventId")? == "evt_Broken01", "another message is dead: {letter}");
    ensure!(text(letter, "reason")?.contains("amount"), "the reason does not name what is missing: {letter}");
    ensure!(text(letter, "status")? == "dead" && number(letter, "attempts")? == 1, "{letter}");
    let status = app.status().await?;
    ensure!(number(&status, "dead")? == 1 && number(&status, "pending")? == 0, "{status}");
    counts_add_up(&status)?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "netRevenue") == "75.64", "the other payment is not booked: {figures}");

    let retry = format!("/api/dead-letters/{}/retry", number(letter, "id")?);
    app.request(Method::POST, &retry).bearer_auth(app.key()).send().await?.error_for_status()?;
    app.until_idle().await?;
    let again = app.get_json("/api/dead-letters").await?;
    let [letter] = list(&again, "data")? else { anyhow::bail!("a retry lost or doubled it: {again}") };
    ensure!(text(letter, "reason")?.contains("amount"), "the reason is gone: {letter}");
    counts_add_up(&app.status().await?)?;
    let missing =
        app.request(Method::POST, "/api/dead-letters/999999/retry").bearer_auth(app.key()).send().await?;
    ensure!(missing.status() == 404, "what is no dead letter was retried: {}", missing.status());
    app.finish().await
}

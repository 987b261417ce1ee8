//! Integrations: set, changed, stopped; secrets go in and never come out.

use anyhow::ensure;
use e2e::{Answer, Backend, SECRET, STAND_IN_KEY, Story, TestApp, View};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Faults, SimEvent, StripeStandIn};

use crate::check::{figure, list, text};
use crate::macros::on_both_stores;

on_both_stores!(
    an_integration_is_set_changed_and_stopped,
    all_integrations_of_a_store_have_one_mode,
    a_change_from_an_old_version_is_refused,
);

const CONFIG: &str = "/api/integrations/payments/config";

/// One payment.
async fn one_payment(backend: Backend) -> anyhow::Result<(TestApp, StripeStandIn, Vec<SimEvent>)> {
    let mut story = Story::of("Config");
    let taken = story.settle(&story.id("ch", ""), "charge", 4_200, 83, 1);
    story.tell("charge.succeeded", 1, story.charge(4_200, 1, &taken));
    let (told, world) = Story::play(&[story])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    Ok((TestApp::start(backend).await?, stand_in, told.into_iter().flatten().collect()))
}

fn config(stand_in: &StripeStandIn) -> Value {
    json!({
        "platform": "stripe", "webhookSecrets": [SECRET], "apiKey": STAND_IN_KEY, "livemode": true,
        "apiBase": stand_in.base_url(),
    })
}

async fn an_integration_is_set_changed_and_stopped(backend: Backend) -> anyhow::Result<()> {
    let (app, stand_in, events) = one_payment(backend).await?;
    let made = app.put(CONFIG, &config(&stand_in)).await?;
    let id = text(&made.expect(201)?, "id")?.to_owned();
    let shown = app.get(CONFIG).await?;
    ensure!(
        list(&shown.expect(200)?, "integrations")?.len() == 1,
        "not the one integration: {}",
        shown.text()
    );
    let changed = app.put(CONFIG, &config(&stand_in)).await?;
    changed.expect(200)?;
    for answer in [&made, &shown, &changed] {
        for secret in [SECRET, STAND_IN_KEY] {
            ensure!(!answer.text().contains(secret), "a secret came back: {}", answer.text());
        }
    }
    app.send_all(&events).await?;
    app.until_idle().await?;
    let before = app.figures(&View::default()).await?;
    ensure!(figure(&before, "netRevenue") == "41.17", "{before}");

    let stopped = app.delete(&format!("/api/integrations/payments/{id}")).await?;
    ensure!(stopped.status == 204, "stopped with {}: {}", stopped.status, stopped.text());
    for event in &events {
        app.send(&event.body).await?.problem(401)?;
    }
    let after = app.figures(&View::default()).await?;
    ensure!(before == after, "the ledger moved: {before} became {after}");
    app.delete("/api/integrations/payments/nobody").await?.problem(404)?;

    let log = app.logged()?;
    for secret in [SECRET, STAND_IN_KEY, app.key()] {
        ensure!(!log.contains(secret), "a secret is in the log");
    }
    app.finish().await
}

async fn all_integrations_of_a_store_have_one_mode(backend: Backend) -> anyhow::Result<()> {
    let (app, stand_in, _events) = one_payment(backend).await?;
    app.configure(&stand_in, true).await?;
    let second = json!({
        "id": "second", "platform": "stripe", "webhookSecrets": ["whsec_of_the_second"], "livemode": false,
    });
    app.put(CONFIG, &second).await?.problem(409)?;
    let second = json!({
        "id": "second", "platform": "stripe", "webhookSecrets": ["whsec_of_the_second"], "livemode": true,
    });
    app.put(CONFIG, &second).await?.expect(201)?;
    let incomplete =
        app.put(CONFIG, &json!({"platform": "stripe", "livemode": true, "webhookSecrets": []})).await?;
    ensure!(incomplete.status == 422, "{}", incomplete.text());
    let problem = incomplete.problem(422)?;
    ensure!(problem.to_string().contains("/webhookSecrets"), "the field is not named: {problem}");
    app.finish().await
}

async fn a_change_from_an_old_version_is_refused(backend: Backend) -> anyhow::Result<()> {
    let (app, stand_in, _events) = one_payment(backend).await?;
    app.configure(&stand_in, true).await?;
    let tag = app.get(CONFIG).await?.header("etag").to_owned();
    ensure!(!tag.is_empty(), "no ETag");
    let put = async |tag: &str| {
        let request = app.request(Method::PUT, CONFIG).bearer_auth(app.key()).header("if-match", tag);
        Answer::read(request.json(&config(&stand_in)).send().await?).await
    };
    let changed = put(&tag).await?;
    changed.expect(200)?;
    ensure!(changed.header("etag") != tag, "the version did not change");
    put(&tag).await?.problem(412)?;
    put(changed.header("etag")).await?.expect(200)?;
    app.finish().await
}

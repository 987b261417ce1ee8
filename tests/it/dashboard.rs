//! The page at `/`: a sign-in page for strangers, figures for those who signed in.

use anyhow::{Context, ensure};
use e2e::{Answer, Backend, Story, TestApp};
use reqwest::Method;
use serde_json::json;
use simulator::{Faults, StripeStandIn};

use crate::check::{list, text};
use crate::macros::on_both_stores;

on_both_stores!(strangers_sign_in_and_then_see_figures);

async fn page(app: &TestApp, path: &str, cookie: Option<&str>) -> anyhow::Result<Answer> {
    let mut request = app.request(Method::GET, path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = Answer::read(request.send().await?).await?;
    ensure!(answer.header("content-type").starts_with("text/html"), "{path} is no page: {answer:?}");
    ensure!(!answer.header("content-security-policy").is_empty(), "{path} has no content security policy");
    Ok(answer)
}

async fn strangers_sign_in_and_then_see_figures(backend: Backend) -> anyhow::Result<()> {
    let mut story = Story::of("Page");
    let taken = story.settle(&story.id("ch", ""), "charge", 123_456, 1_872, 1);
    story.tell("charge.succeeded", 1, story.charge(123_456, 1, &taken));
    let (told, world) = Story::play(&[story])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(told.iter().flatten()).await?;
    app.until_idle().await?;

    let stranger = page(&app, "/", None).await?;
    ensure!(stranger.text().contains("<form") && stranger.text().contains("key"), "no way to sign in");
    ensure!(!has_figure(&stranger.text()), "a stranger sees figures");

    let refused = Answer::read(
        app.request(Method::POST, "/session").json(&json!({"key": "ltv_live_wrong"})).send().await?,
    );
    refused.await?.problem(401)?;
    let signed_in =
        Answer::read(app.request(Method::POST, "/session").json(&json!({"key": app.key()})).send().await?)
            .await?;
    signed_in.expect(200)?;
    let cookie = signed_in.header("set-cookie").to_owned();
    ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "the cookie is `{cookie}`");
    let cookie = cookie.split(';').next().context("no cookie")?;

    let overview = page(&app, "/", Some(cookie)).await?;
    ensure!(overview.status == 200 && has_figure(&overview.text()), "no figures: {}", overview.text());
    let suppliers = app.get_json("/api/suppliers").await?;
    let id = text(list(&suppliers, "data")?.first().context("no supplier")?, "supplierId")?;
    let supplier = page(&app, &format!("/dashboard/suppliers/{id}"), Some(cookie)).await?;
    ensure!(
        supplier.status == 200 && names_a_source(&supplier.text()),
        "no source is named: {}",
        supplier.text()
    );
    ensure!(page(&app, "/dashboard/suppliers", Some(cookie)).await?.status == 200, "no list of suppliers");

    let out =
        Answer::read(app.request(Method::DELETE, "/session").header("cookie", cookie).send().await?).await?;
    ensure!(out.status == 204, "signed out with {}", out.status);
    let after = page(&app, "/", Some(cookie)).await?;
    ensure!(!has_figure(&after.text()), "figures after signing out");
    app.finish().await
}

/// Net revenue, 1,215.84, however its thousands are set apart.
fn has_figure(html: &str) -> bool {
    let plain: String = html.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    plain.contains("1215.84")
}

/// The webhook, or the balance transaction that was read: whichever came first.
fn names_a_source(html: &str) -> bool {
    html.contains("SHA-256") && ["evt_Page01", "txn_Page1"].iter().any(|source| html.contains(source))
}

//! The ledger is rebuilt from the inbox: the same figures, and the same answers about every time.

use anyhow::ensure;
use e2e::{Answer, Backend, TestApp, View};
use reqwest::Method;
use serde_json::Value;
use simulator::{Faults, StripeStandIn};

use crate::check::text;
use crate::load::business;
use crate::macros::on_both_stores;

on_both_stores!(a_ledger_that_was_rebuilt_gives_the_same_bytes_about_every_time);

async fn ask(app: &TestApp, known_at: &str) -> anyhow::Result<Vec<u8>> {
    let view = View { known_at: Some(known_at.to_owned()), as_of: None };
    let path = format!("/api/metrics/revenue?{}&groupBy=supplier", view.query());
    let request = app.request(Method::GET, &path).bearer_auth(app.key()).header("x-request-id", "the-same");
    let answer = Answer::read(request.send().await?).await?;
    answer.expect(200)?;
    Ok(answer.body)
}

async fn a_ledger_that_was_rebuilt_gives_the_same_bytes_about_every_time(
    backend: Backend,
) -> anyhow::Result<()> {
    let history = business(10, 5, 77)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    let mut app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    let mut known = Vec::new();
    for part in history.events.chunks(history.events.len().div_ceil(4)) {
        app.send_all(part).await?;
        app.until_idle().await?;
        let known_at = text(&app.revenue(&View::default()).await?, "knownAt")?.to_owned();
        known.push((ask(&app, &known_at).await?, known_at));
    }
    app.stop().await?;

    let verified = app.ltv(&["replay", "--verify"]).await?.json(0)?;
    let rebuilt = app.ltv(&["replay"]).await?.json(0)?;
    for report in [&verified, &rebuilt] {
        ensure!(report.get("equal") == Some(&Value::Bool(true)), "not equal: {report}");
        ensure!(text(report, "digest")? == text(&verified, "digest")?, "another digest: {report}");
    }
    app.restart().await?;
    for (body, known_at) in &known {
        let now = ask(&app, known_at).await?;
        ensure!(now == *body, "about {known_at}: was {}, is {}", lossy(body), lossy(&now));
    }
    let figures = app.figures(&View::default()).await?;
    ensure!(figures == history.truth.total.to_json(), "not the truth: {figures}");
    let checked = app.ltv(&["verify"]).await?.json(0)?;
    ensure!(checked.get("ok") == Some(&Value::Bool(true)), "{checked}");
    app.finish().await
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! A question about what was known at a time has one answer, for ever: byte for byte, while booking goes on.

use anyhow::{Context, ensure};
use e2e::{Answer, Backend, TestApp, View};
use reqwest::Method;
use simulator::{Faults, StripeStandIn};

use crate::check::{list, text};
use crate::load::{Post, business};
use crate::macros::on_both_stores;

on_both_stores!(an_old_question_is_answered_with_the_same_bytes_while_booking_goes_on);

const CONNECTIONS: usize = 4;
const REQUEST_ID: &str = "the-same-question";
/// How many times are remembered; what was asked about them is asked again in each round.
const TIMES_MAX: usize = 6;

/// A question and its first answer.
struct Asked {
    path: String,
    body: Vec<u8>,
}

async fn an_old_question_is_answered_with_the_same_bytes_while_booking_goes_on(
    backend: Backend,
) -> anyhow::Result<()> {
    let history = business(40, 6, 31)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    let app = TestApp::on(backend).setting("LTV__PIPELINE__BOOKERS", "3").start().await?;
    app.configure(&stand_in, true).await?;
    let (early, late) = history.events.split_at(history.events.len() / 4);
    app.send_all(early).await?;

    let post = Post::of(late, 31);
    let sending = tokio::spawn({
        let (post, url) = (post.clone(), app.webhook_url());
        async move { post.send(&url, CONNECTIONS, false).await }
    });
    let mut asked: Vec<Asked> = Vec::new();
    let mut times: Vec<String> = Vec::new();
    while post.waiting() > 0 || app.is_busy().await? {
        let known_at = text(&app.revenue(&View::default()).await?, "knownAt")?.to_owned();
        if times.len() < TIMES_MAX && times.last() != Some(&known_at) {
            for path in questions(&app, &known_at).await? {
                asked.push(Asked { body: ask(&app, &path).await?.body, path });
            }
            times.push(known_at);
        }
        all_are_as_they_were(&app, &asked).await?;
    }
    sending.await??;
    app.until_idle().await?;
    all_are_as_they_were(&app, &asked).await?;
    ensure!(times.len() > 2, "the ledger did not move while questions were asked: {times:?}");

    let now = app.figures(&View::default()).await?;
    let then = app.figures(&View { known_at: times.first().cloned(), as_of: None }).await?;
    ensure!(now == history.truth.total.to_json(), "not the truth in the end: {now}");
    ensure!(now != then, "nothing was learnt after {times:?}");
    app.finish().await
}

/// What is asked about a time: the whole store, by months, and a supplier.
async fn questions(app: &TestApp, known_at: &str) -> anyhow::Result<Vec<String>> {
    let view = View { known_at: Some(known_at.to_owned()), as_of: None };
    let dated = View { as_of: Some("2025-03-31T12:00:00Z".to_owned()), ..view.clone() };
    let mut paths = vec![
        format!("/api/metrics/revenue?{}", view.query()),
        format!("/api/metrics/revenue?{}&interval=month", dated.query()),
        format!("/api/metrics/revenue?{}&groupBy=supplier", view.query()),
        format!("/api/suppliers?{}&limit=5", view.query()),
    ];
    let suppliers = app.get_json(&format!("/api/suppliers?{}&limit=1&sort=id", view.query())).await?;
    if let Some(supplier) = list(&suppliers, "data")?.first() {
        let id = text(supplier, "supplierId")?;
        paths.push(format!("/api/suppliers/{id}/ltv?{}", view.query()));
        paths.push(format!("/api/suppliers/{id}/ltv/explain?{}", view.query()));
        paths.push(format!("/api/suppliers/{id}/ledger?{}&limit=20", view.query()));
    }
    Ok(paths)
}

async fn ask(app: &TestApp, path: &str) -> anyhow::Result<Answer> {
    let request = app.request(Method::GET, path).bearer_auth(app.key()).header("x-request-id", REQUEST_ID);
    let answer = Answer::read(request.send().await?).await?;
    answer.expect(200).with_context(|| format!("GET {path}"))?;
    Ok(answer)
}

async fn all_are_as_they_were(app: &TestApp, asked: &[Asked]) -> anyhow::Result<()> {
    for Asked { path, body } in asked {
        let answer = ask(app, path).await?;
        ensure!(
            answer.body == *body,
            "GET {path} was {}\nand is {}",
            String::from_utf8_lossy(body),
            answer.text()
        );
    }
    Ok(())
}

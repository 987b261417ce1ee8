//! What machines ask: alive, ready, counters.

use anyhow::ensure;
use e2e::{Answer, Backend, TestApp};
use reqwest::Method;

use crate::macros::on_both_stores;

on_both_stores!(the_service_is_alive_and_ready_and_counts_requests_without_a_key_on_this_machine);

async fn the_service_is_alive_and_ready_and_counts_requests_without_a_key_on_this_machine(
    backend: Backend,
) -> anyhow::Result<()> {
    let app = TestApp::start(backend).await?;
    let ask = async |path: &str| Answer::read(app.request(Method::GET, path).send().await?).await;
    ask("/health/live").await?.expect(200)?;
    let ready = ask("/health/ready").await?;
    ready.expect(200)?;
    ensure!(ready.text().contains("store"), "no dependency is named: {}", ready.text());
    let metrics = ask("/metrics").await?;
    ensure!(metrics.status == 200, "{}", metrics.text());
    ensure!(
        metrics.text().contains("ltv_http_requests_total"),
        "requests are not counted: {}",
        metrics.text()
    );
    app.finish().await?;

    let closed = TestApp::on(backend).setting("LTV__SERVER__LOOPBACK_METRICS", "false").start().await?;
    let refused = Answer::read(closed.request(Method::GET, "/metrics").send().await?).await?;
    refused.problem(401)?;
    let with_key = closed.get("/metrics").await?;
    ensure!(with_key.status == 200, "an operator may not read them: {}", with_key.text());
    closed.finish().await
}

//! What /metrics tells is documented, and what the alert rules ask for is told.

use std::collections::BTreeSet;

use anyhow::ensure;
use e2e::{Backend, Story, TestApp};
use simulator::{Faults, StripeStandIn};

use crate::macros::on_both_stores;

on_both_stores!(every_metric_is_documented_and_alerts_ask_for_no_other);

const DOCUMENTED: &str = include_str!("../../docs/metrics.md");
const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yml");
/// What a service tells of that has taken a message, refused another, and read the provider's lists.
const TOLD: [&str; 12] = [
    "ltv_webhooks_total",
    "ltv_webhook_seconds_bucket",
    "ltv_signature_failures_total",
    "ltv_messages",
    "ltv_oldest_pending_seconds",
    "ltv_last_message_seconds",
    "ltv_dead_letters",
    "ltv_cases_dirty",
    "ltv_provider_calls_total",
    "ltv_breaker_open",
    "ltv_http_requests_total",
    "ltv_auth_failures_total",
];

async fn every_metric_is_documented_and_alerts_ask_for_no_other(backend: Backend) -> anyhow::Result<()> {
    let documented = names(DOCUMENTED);
    for name in names(ALERTS) {
        ensure!(documented.contains(base(&name)), "alerts.yml asks for `{name}`, which is not documented");
    }

    let mut story = Story::of("Metrics");
    let taken = story.settle(&story.id("ch", ""), "charge", 5_500, 103, 1);
    story.tell("charge.succeeded", 1, story.charge(5_500, 1, &taken));
    let (events, world) = Story::play(&[story])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(events.iter().flatten()).await?;
    let refused = app.request(reqwest::Method::POST, "/api/webhooks/ltv/payments/stripe");
    let refused = refused.header("stripe-signature", "t=1,v1=00").body("{}").send().await?;
    ensure!(refused.status() == 401, "a bad signature was answered {}", refused.status());
    let refused = app.request(reqwest::Method::GET, "/api/suppliers").bearer_auth("ltv_none").send().await?;
    ensure!(refused.status() == 401, "a bad key was answered {}", refused.status());
    app.until_idle().await?;

    // Gauges are set once in a while.
    let told = async || {
        let text = app.get("/metrics").await?.text();
        Ok(TOLD.iter().all(|name| text.contains(name)).then_some(text))
    };
    let text = e2e::until("all metrics are told", std::time::Duration::from_secs(60), told).await?;
    for name in names(&text) {
        ensure!(documented.contains(base(&name)), "`{name}` is told and not documented");
    }
    ensure!(text.contains(r#"status="accepted""#) && !text.contains("cus_Metrics"), "{text}");
    app.finish().await
}

/// All names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words =
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'));
    words.filter(|word| word.starts_with("ltv_") && word.len() > 4).map(str::to_owned).collect()
}

/// A histogram is documented by its name, and told in three parts.
fn base(name: &str) -> &str {
    let parts = ["_bucket", "_sum", "_count"];
    let whole = parts.iter().find_map(|part| name.strip_suffix(part));
    whole.filter(|whole| whole.ends_with("_seconds")).unwrap_or(name)
}

//! Logs on standard error, metrics in memory.

use std::io::IsTerminal;

use anyhow::Context;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Limits of how long an answer takes, in seconds. One of them is the second that is promised for webhooks.
const ANSWER_SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Limits of how long a job takes, in seconds.
const JOB_SECONDS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0];
/// What is measured in seconds, and in which steps it is counted.
const HISTOGRAMS: &[(&str, &[f64])] = &[
    ("ltv_webhook_seconds", ANSWER_SECONDS),
    ("ltv_http_request_seconds", ANSWER_SECONDS),
    ("ltv_job_seconds", JOB_SECONDS),
];

/// Starts logging. A second start in one process changes nothing.
pub fn start_logs(config: &LogConfig) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(&config.filter).with_context(|| format!("log.filter `{}`", config.filter))?;
    // Colours are for people, not for files.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _already_started = match config.format.as_str() {
        "json" => builder.json().try_init(),
        _ => builder.try_init(),
    };
    Ok(())
}

/// Starts collecting metrics; `None` when somebody in this process collects them already.
pub fn start_metrics() -> Option<PrometheusHandle> {
    builder().ok()?.install_recorder().ok()
}

/// Buckets, unlike quantiles, can be added up over instances, and compared with a limit.
fn builder() -> Result<PrometheusBuilder, BuildError> {
    HISTOGRAMS.iter().try_fold(PrometheusBuilder::new(), |builder, (name, limits)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), limits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_in_seconds_is_counted_in_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("ltv_webhook_seconds", "outcome" => "accepted").record(0.3);
            metrics::histogram!("ltv_other_seconds").record(0.3);
        });
        let text = handle.render();
        assert!(text.contains(r#"ltv_webhook_seconds_bucket{outcome="accepted",le="1"} 1"#), "{text}");
        assert!(text.contains(r#"ltv_webhook_seconds_bucket{outcome="accepted",le="0.25"} 0"#), "{text}");
        assert!(!text.contains("ltv_other_seconds_bucket"), "{text}");
    }
}

//! Logs on standard error, metrics in memory.

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Starts logging. A second start in one process changes nothing.
pub fn start_logs(config: &LogConfig) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(&config.filter).with_context(|| format!("log.filter `{}`", config.filter))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _already_started = match config.format.as_str() {
        "json" => builder.json().try_init(),
        _ => builder.try_init(),
    };
    Ok(())
}

/// Starts collecting metrics; `None` when somebody in this process collects them already.
pub fn start_metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}

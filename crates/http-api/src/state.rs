//! What every handler needs.

use std::time::Duration;

use actix_web::web;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::LtvDataPipeline;

/// The state, as handlers take it.
pub(crate) type State = web::Data<AppState>;

/// How much of anything a request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a webhook, in bytes.
    pub body_bytes_max: usize,
    /// The largest body of any other request, in bytes.
    pub json_bytes_max: usize,
    /// The largest block of headers, in bytes.
    pub header_bytes_max: usize,
    /// How long a whole body may take. The server's own deadline covers the head alone.
    pub body_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            json_bytes_max: 64 * 1024,
            header_bytes_max: 16 * 1024,
            body_timeout: Duration::from_secs(5),
        }
    }
}

/// What every handler needs. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The pipeline that answers.
    pub pipeline: LtvDataPipeline,
    /// What `/metrics` shows; `None`: nothing is recorded, and the route says so.
    pub metrics: Option<PrometheusHandle>,
    /// Limits of requests.
    pub limits: Limits,
    /// Whether `/metrics` needs no key from this machine. Leave it off behind a proxy on the same machine: through it,
    /// everybody comes from there.
    pub loopback_metrics: bool,
}

impl AppState {
    /// Serves this pipeline with safe settings: default limits, `/metrics` by key alone.
    #[must_use]
    pub fn new(pipeline: LtvDataPipeline) -> Self {
        Self { pipeline, metrics: None, limits: Limits::default(), loopback_metrics: false }
    }
}

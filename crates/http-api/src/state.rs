//! What every handler needs.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::LtvDataPipeline;
use sha2::{Digest as _, Sha256};

use crate::throttle::Throttle;

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
    /// How many requests a minute one API key may make, its sessions included; 0: any number.
    pub requests_per_minute_key: u32,
    /// How many requests a minute may come from one address, webhooks apart; 0: any number.
    pub requests_per_minute_address: u32,
    /// How many webhooks a minute may come from one address; 0: any number.
    pub webhooks_per_minute_address: u32,
}

impl Limits {
    /// What is used where nobody says otherwise.
    pub const DEFAULT: Self = Self {
        body_bytes_max: 1024 * 1024,
        json_bytes_max: 64 * 1024,
        header_bytes_max: 16 * 1024,
        body_timeout: Duration::from_secs(5),
        requests_per_minute_key: 6_000,
        requests_per_minute_address: 12_000,
        webhooks_per_minute_address: 600_000,
    };

    /// The largest body that carries a webhook's as base64, which makes four bytes of three.
    pub(crate) fn large_json_bytes_max(&self) -> usize {
        let encoded = self.body_bytes_max.div_ceil(3).saturating_mul(4);
        encoded.saturating_add(self.json_bytes_max)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
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
    throttle: Arc<OnceLock<Throttle>>,
    address_salt: [u8; 16],
}

impl AppState {
    /// Serves this pipeline with safe settings: default limits, `/metrics` by key alone.
    #[must_use]
    pub fn new(pipeline: LtvDataPipeline) -> Self {
        Self {
            pipeline,
            metrics: None,
            limits: Limits::default(),
            loopback_metrics: false,
            throttle: Arc::default(),
            address_salt: random_salt(),
        }
    }

    /// The limits of requests, counted by all threads together. They stand from the first request on.
    pub(crate) fn throttle(&self) -> &Throttle {
        self.throttle.get_or_init(|| Throttle::new(&self.limits))
    }

    /// An address for the audit log: the same one can be told again while the process lives, and not be found out.
    pub(crate) fn address_hash(&self, address: IpAddr) -> String {
        let mut hash = Sha256::new();
        hash.update(self.address_salt);
        hash.update(address.to_canonical().to_string());
        let digest = hex::encode(hash.finalize());
        digest.get(..32).unwrap_or_default().to_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the salt of addresses is drawn")]
fn random_salt() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

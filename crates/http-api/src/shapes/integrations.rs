//! Integrations: how they are set, without their secrets, and how they stand.

use ltv_core::Timestamp;
use pipeline::{DriftCount, EndpointStatus, IntegrationStatus, IntegrationView};
use serde::Serialize;

/// An integration. Of its secrets it tells whether there are any.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationShape {
    id: String,
    platform: &'static str,
    account: Option<String>,
    livemode: bool,
    api_base: Option<String>,
    has_api_key: bool,
    webhook_secret_count: usize,
    version: i64,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl From<IntegrationView> for IntegrationShape {
    fn from(view: IntegrationView) -> Self {
        Self {
            id: view.id,
            platform: view.platform.as_str(),
            account: view.account,
            livemode: view.livemode,
            api_base: view.api_base,
            has_api_key: view.has_api_key,
            webhook_secret_count: view.webhook_secrets,
            version: view.version,
            created_at: view.created_at,
            deleted_at: view.deleted_at,
        }
    }
}

/// All integrations.
#[derive(Debug, Serialize)]
pub(crate) struct IntegrationsShape {
    pub(crate) integrations: Vec<IntegrationShape>,
}

/// How all integrations stand.
#[derive(Debug, Serialize)]
pub(crate) struct StatusesShape {
    integrations: Vec<StatusShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusShape {
    id: String,
    platform: String,
    livemode: bool,
    active: bool,
    accepted: i64,
    done: i64,
    pending: i64,
    dead: i64,
    quarantined: i64,
    duplicates: i64,
    rejected: i64,
    test_mode: i64,
    last_message_at: Option<Timestamp>,
    lag_seconds: i64,
    complete_through: Option<Timestamp>,
    breaker: &'static str,
    breakers: Vec<EndpointShape>,
    last_sweep_at: Option<Timestamp>,
    drift: Vec<DriftShape>,
    unbooked: i64,
    reading: bool,
}

/// How the calls to one class of a provider's endpoints are doing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointShape {
    class: String,
    state: &'static str,
    open_until: Option<Timestamp>,
    failures: u64,
    calls: u64,
}

impl From<EndpointStatus> for EndpointShape {
    fn from(status: EndpointStatus) -> Self {
        Self {
            class: status.class,
            state: status.state,
            open_until: status.open_until,
            failures: status.failures,
            calls: status.calls,
        }
    }
}

/// How often something was not understood.
#[derive(Debug, Serialize)]
pub(crate) struct DriftShape {
    what: String,
    count: i64,
}

impl From<DriftCount> for DriftShape {
    fn from(drift: DriftCount) -> Self {
        Self { what: drift.what, count: drift.count }
    }
}

impl From<IntegrationStatus> for StatusShape {
    fn from(status: IntegrationStatus) -> Self {
        Self {
            id: status.id,
            platform: status.platform,
            livemode: status.livemode,
            active: status.active,
            accepted: status.accepted,
            done: status.done,
            pending: status.pending,
            dead: status.dead,
            quarantined: status.quarantined,
            duplicates: status.duplicates,
            rejected: status.rejected,
            test_mode: status.test_mode,
            last_message_at: status.last_message_at,
            lag_seconds: status.lag_seconds,
            complete_through: status.complete_through,
            breaker: status.breaker,
            breakers: status.breakers.into_iter().map(EndpointShape::from).collect(),
            last_sweep_at: status.last_sweep_at,
            drift: status.drift.into_iter().map(DriftShape::from).collect(),
            unbooked: status.unbooked,
            reading: status.reading,
        }
    }
}

impl From<Vec<IntegrationStatus>> for StatusesShape {
    fn from(statuses: Vec<IntegrationStatus>) -> Self {
        Self { integrations: statuses.into_iter().map(StatusShape::from).collect() }
    }
}

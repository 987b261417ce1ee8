//! What guards the calls to a provider: its settings, and the pipeline's clock and randomness for it.

use std::sync::Arc;

use connector::GuardSettings;
use connector::limiter::LimiterSettings;
use ltv_core::{Provider, Timestamp};
use vault::Vault;

use crate::clock::Clock;
use crate::integrations::IntegrationView;
use crate::settings::Settings;

/// The pipeline's clock, for guards.
pub(crate) struct GuardClock(pub(crate) Arc<dyn Clock>);

impl connector::Clock for GuardClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// The vault's randomness, for guards.
pub(crate) struct GuardRandom(pub(crate) Vault);

impl connector::Random for GuardRandom {
    fn next(&self) -> u64 {
        random_number(&self.0)
    }
}

/// Any number. It spreads delays, no more: without randomness they are not spread.
pub(crate) fn random_number(vault: &Vault) -> u64 {
    let mut bytes = [0_u8; 8];
    match vault.fill_random(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_unavailable) => 0,
    }
}

/// How the calls of an integration are guarded.
pub(crate) fn settings_of(view: &IntegrationView, settings: &Settings) -> GuardSettings {
    let mut guard = match view.platform {
        Provider::Stripe => GuardSettings::stripe(view.livemode),
    };
    guard.retry = settings.retry_policy();
    guard.breaker.open_first = settings.breaker_open;
    guard.breaker.open_max = settings.breaker_open_max;
    if view.api_base.as_deref().is_some_and(is_on_this_machine) {
        // The published limits are those of the provider itself.
        guard.limiter = LimiterSettings::NONE;
    }
    guard
}

fn is_on_this_machine(base: &str) -> bool {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_on_this_machine_has_no_limit_of_calls() {
        for base in ["http://127.0.0.1:4000", "http://localhost", "http://[::1]:80/v1", "https://127.9.9.9/"]
        {
            assert!(is_on_this_machine(base), "{base}");
        }
        for base in ["https://api.stripe.com", "https://localhost.example.com", "https://10.0.0.1", ""] {
            assert!(!is_on_this_machine(base), "{base}");
        }
    }
}

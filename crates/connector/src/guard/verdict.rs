//! What an error says: of the provider's health, of the number of calls, and in metrics.

use std::time::Duration;

use crate::ProviderError;
use crate::breaker::Outcome;

/// The code of a refusal that is about one object, although its status is that of too many calls.
const LOCKED: &str = "lock_timeout";

/// Whether the provider said that there were too many calls.
pub(super) fn is_too_many(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Refused { status: 429, code, .. } if code.as_deref() != Some(LOCKED))
}

/// How long it asks to wait.
pub(super) fn retry_after(error: &ProviderError) -> Option<Duration> {
    match error {
        ProviderError::Refused { retry_after_seconds, .. } => retry_after_seconds.map(Duration::from_secs),
        _ => None,
    }
}

/// What an error says of the provider's health.
pub(super) fn outcome(error: &ProviderError) -> Outcome {
    match error {
        ProviderError::Unreachable { source, .. } if source.is_timeout() => Outcome::Timeout,
        ProviderError::Unreachable { .. }
        | ProviderError::Unreadable { .. }
        | ProviderError::Refused { status: 500..=599, .. } => Outcome::Failure,
        ProviderError::Refused { .. }
        | ProviderError::Mapping { .. }
        | ProviderError::BreakerOpen { .. }
        | ProviderError::Throttled { .. }
        | ProviderError::NoApiKey { .. } => Outcome::Neutral,
    }
}

/// The word in metrics.
pub(super) fn label(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Unreachable { source, .. } if source.is_timeout() => "timeout",
        ProviderError::Unreachable { .. } => "unreachable",
        ProviderError::Unreadable { .. } => "unreadable",
        ProviderError::Refused { status: 429, .. } => "limited",
        ProviderError::Refused { status: 500..=599, .. } => "failed",
        ProviderError::Refused { .. } => "refused",
        ProviderError::BreakerOpen { .. } => "breaker_open",
        ProviderError::Throttled { .. } => "throttled",
        ProviderError::Mapping { .. } | ProviderError::NoApiKey { .. } => "not_made",
    }
}

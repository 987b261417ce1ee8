//! When to call again after a failure.
//!
//! One layer retries: the job. What is here only says when, and keeps retries to a small share of all calls, so that
//! a provider in trouble is not given more to do.

use std::time::Duration;

use chrono::TimeDelta;
use ltv_core::Timestamp;

use crate::ProviderError;
use crate::window::{Counts, WINDOW_SECONDS, Window};

/// How long a provider may ask us to wait; a longer wish is cut down to this.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The share of repeated calls in first calls, in percent.
const RETRIES_PERCENT: u64 = 10;

/// How often and how fast to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first delay, before it is spread.
    pub base: Duration,
    /// The longest delay, before it is spread.
    pub cap: Duration,
    /// How many calls are made in all.
    pub tries: u32,
}

impl RetryPolicy {
    /// What suits Stripe's API.
    pub const STRIPE: Self =
        Self { base: Duration::from_millis(500), cap: Duration::from_secs(30), tries: 8 };

    /// How long to wait after `attempts` calls of which the last gave `error`; `None` when it is no use to call again,
    /// or when there were enough calls.
    ///
    /// The delay doubles from call to call, up to the cap; half of it is left to chance (`random`), so that callers
    /// who failed together do not come back together. A provider's own wish for a longer delay is granted.
    #[must_use]
    pub fn next(&self, attempts: u32, error: &ProviderError, random: u64) -> Option<Duration> {
        if !error.is_retryable() || attempts >= self.tries {
            return None;
        }
        let wished = match error {
            ProviderError::Refused { retry_after_seconds: Some(seconds), .. } => {
                Duration::from_secs(*seconds).min(RETRY_AFTER_MAX)
            }
            _ => Duration::ZERO,
        };
        Some(self.delay(attempts, random).max(wished))
    }

    /// Equal jitter: between half of the full delay and all of it.
    pub(crate) fn delay(&self, attempts: u32, random: u64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let full = self.base.saturating_mul(2_u32.saturating_pow(doublings)).min(self.cap);
        let half = full / 2;
        half + below(full.saturating_sub(half), random)
    }
}

/// The instant of the next call after `attempts` calls of which the last gave `error`; `None` as with
/// [`RetryPolicy::next`].
///
/// A call that was not made ([`ProviderError::retry_at`]) is no attempt: it is always tried again, a little after the
/// instant that the error names, however many attempts there were.
#[must_use]
pub fn after(
    policy: &RetryPolicy,
    attempts: u32,
    error: &ProviderError,
    now: Timestamp,
    random: u64,
) -> Option<Timestamp> {
    if let Some(until) = error.retry_at() {
        return Some(later(until.max(now), below(policy.base, random)));
    }
    policy.next(attempts, error, random).map(|delay| later(now, delay))
}

/// Keeps repeated calls to a share of the first calls: at most one for ten of the last 10 s.
///
/// One is always allowed: otherwise a lone call that failed would never be repeated where there is no other traffic.
#[derive(Debug, Clone, Default)]
pub struct RetryBudget {
    window: Window,
}

impl RetryBudget {
    /// Counts a first call.
    pub fn first(&mut self, now: Timestamp) {
        self.window.add(now, Counts { all: 1, special: 0 });
    }

    /// Asks for a repeated call.
    ///
    /// # Errors
    /// The instant from which on to ask again, when the budget is used up.
    pub fn repeat(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let counts = self.window.counts(now);
        let allowed = (counts.all / (100 / RETRIES_PERCENT)).max(1);
        if counts.special < allowed {
            self.window.add(now, Counts { all: 0, special: 1 });
            return Ok(());
        }
        let seconds = self.window.special_forgotten_in(now).clamp(1, WINDOW_SECONDS);
        Err(later(now, Duration::from_secs(seconds.unsigned_abs())))
    }
}

/// An instant later than `at`; `at` itself beyond the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    TimeDelta::from_std(by).ok().and_then(|by| at.checked_add_signed(by)).unwrap_or(at)
}

/// A part of `whole` that is left to chance.
fn below(whole: Duration, random: u64) -> Duration {
    let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX - 1);
    Duration::from_micros(random % (micros.saturating_add(1)))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;

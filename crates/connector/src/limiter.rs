//! Keeps to the number of calls that a provider allows, and pauses when it says that there were too many.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as Monotonic, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use ltv_core::Timestamp;

use crate::retry::{RETRY_AFTER_MAX, RetryPolicy, later};

/// A full second's calls may come at once only in part: burst and refill together stay below what is published.
const BURST_DIVISOR: u32 = 4;
/// How long calls pause when the provider does not say.
const PAUSE: RetryPolicy =
    RetryPolicy { base: Duration::from_secs(1), cap: Duration::from_secs(30), tries: u32::MAX };

/// How many calls are made in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimiterSettings {
    /// In all; `None`: as many as there are.
    pub per_second: Option<NonZeroU32>,
    /// To one class of endpoints.
    pub per_second_of_class: Option<NonZeroU32>,
}

impl LimiterSettings {
    /// No limit, as for a provider on this machine.
    pub const NONE: Self = Self { per_second: None, per_second_of_class: None };

    /// Below what Stripe publishes: 100 calls a second live, 25 in a sandbox, 25 to one endpoint.
    #[must_use]
    pub fn stripe(livemode: bool) -> Self {
        Self {
            per_second: NonZeroU32::new(if livemode { 80 } else { 20 }),
            per_second_of_class: NonZeroU32::new(20),
        }
    }
}

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Monotonic>::Instant>>;

/// A limiter, for one integration. Rates go by a monotonic clock; pauses, which others are told of, by the caller's.
#[derive(Debug)]
pub struct Limiter<C: Monotonic + Clone = DefaultClock> {
    clock: C,
    of_class: Option<NonZeroU32>,
    all: Option<Bucket<C>>,
    classes: Mutex<BTreeMap<String, Bucket<C>>>,
    pause: Mutex<Pause>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pause {
    until: Option<Timestamp>,
    /// How often the provider refused without accepting a call in between.
    times: u32,
}

impl Limiter {
    /// A limiter that has let nothing through yet.
    #[must_use]
    pub fn new(settings: LimiterSettings) -> Self {
        Self::with_clock(settings, DefaultClock::default())
    }
}

impl<C: Monotonic + Clone> Limiter<C> {
    /// A limiter that goes by another clock.
    #[must_use]
    pub fn with_clock(settings: LimiterSettings, clock: C) -> Self {
        Self {
            of_class: settings.per_second_of_class,
            all: settings.per_second.map(|rate| bucket(rate, &clock)),
            classes: Mutex::new(BTreeMap::new()),
            pause: Mutex::new(Pause::default()),
            clock,
        }
    }

    /// Asks to make a call.
    ///
    /// # Errors
    /// For how long to wait before asking again.
    pub fn take(&self, class: &str) -> Result<(), Duration> {
        if let Some(rate) = self.of_class {
            let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
            let of_class = classes.entry(class.to_owned()).or_insert_with(|| bucket(rate, &self.clock));
            self.take_from(of_class)?;
        }
        self.all.as_ref().map_or(Ok(()), |all| self.take_from(all))
    }

    fn take_from(&self, bucket: &Bucket<C>) -> Result<(), Duration> {
        bucket.check().map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Until when no call is made at all, since the provider said that there were too many.
    #[must_use]
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.pause().until?;
        // The clock may have been set back: no pause lasts longer than this.
        (until > now && until <= later(now, RETRY_AFTER_MAX)).then_some(until)
    }

    /// The provider said that there were too many calls. `random` spreads the end of the pause.
    pub fn refused(&self, now: Timestamp, retry_after: Option<Duration>, random: u64) {
        let mut pause = self.pause();
        pause.times = pause.times.saturating_add(1);
        let wished = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        let until = later(now, PAUSE.delay(pause.times, random).max(wished));
        pause.until = Some(pause.until.map_or(until, |earlier| earlier.max(until)));
    }

    /// The provider accepted a call.
    pub fn accepted(&self) {
        self.pause().times = 0;
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bucket<C: Monotonic + Clone>(rate: NonZeroU32, clock: &C) -> Bucket<C> {
    let burst = NonZeroU32::new(rate.get() / BURST_DIVISOR).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct_with_clock(Quota::per_second(rate).allow_burst(burst), clock.clone())
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;

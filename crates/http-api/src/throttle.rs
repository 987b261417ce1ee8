//! Limits of requests: per key, and per address. What is beyond is told when to come back.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::{Kind, Problem};
use crate::state::Limits;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// All limits are per minute.
const WINDOW_SECONDS: u64 = 60;
/// After so many requests those callers are forgotten who have their whole quota again.
const FORGET_EVERY: u32 = 10_000;

/// The limits of a service, shared by all its threads.
pub(crate) struct Throttle {
    /// Requests with an API key or a session, by key.
    keys: Option<Limiter<String>>,
    /// All requests, by address.
    addresses: Option<Limiter<IpAddr>>,
    /// Webhooks, by address: providers send from few.
    webhooks: Option<Limiter<IpAddr>>,
}

impl Throttle {
    /// As the settings say.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            keys: Limiter::new("key", limits.requests_per_minute_key, MonotonicClock),
            addresses: Limiter::new("address", limits.requests_per_minute_address, MonotonicClock),
            webhooks: Limiter::new("webhooks", limits.webhooks_per_minute_address, MonotonicClock),
        }
    }

    /// Counts a request of this key. `None`: there is no limit.
    pub(crate) fn key(&self, id: &str) -> Option<Result<Allowance, Problem>> {
        self.keys.as_ref().map(|limiter| limiter.check(&id.to_owned()))
    }

    /// Counts a request from this address.
    pub(crate) fn address(&self, address: IpAddr) -> Option<Result<Allowance, Problem>> {
        self.addresses.as_ref().map(|limiter| limiter.check(&network(address)))
    }

    /// Counts a webhook from this address.
    pub(crate) fn webhook(&self, address: IpAddr) -> Option<Result<Allowance, Problem>> {
        self.webhooks.as_ref().map(|limiter| limiter.check(&network(address)))
    }
}

/// Whoever has one address of version 6 has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// What a caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    name: &'static str,
    quota: u32,
    left: u32,
    /// In how many seconds the whole quota is there again.
    reset_seconds: u64,
}

impl Allowance {
    /// Says so in the headers of an answer.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let policy = format!("\"{}\";q={};w={WINDOW_SECONDS}", self.name, self.quota);
        let limit = format!("\"{}\";r={};t={}", self.name, self.left, self.reset_seconds);
        for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

struct Limiter<K: Hash + Eq + Clone, C: Clock = MonotonicClock> {
    name: &'static str,
    quota: NonZeroU32,
    inner: RateLimiter<K, HashMapStateStore<K>, C, StateInformationMiddleware>,
    clock: C,
    since_forgotten: AtomicU32,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    /// `None`: a quota of 0 is no limit.
    fn new(name: &'static str, per_minute: u32, clock: C) -> Option<Self> {
        let quota = NonZeroU32::new(per_minute)?;
        let inner = RateLimiter::new(Quota::per_minute(quota), HashMapStateStore::default(), clock.clone());
        Some(Self { name, quota, inner, clock, since_forgotten: AtomicU32::new(0) })
    }

    fn check(&self, key: &K) -> Result<Allowance, Problem> {
        self.forget_now_and_then();
        match self.inner.check_key(key) {
            Ok(state) => Ok(self.allowance(state.remaining_burst_capacity())),
            Err(until) => Err(self.refusal(until.wait_time_from(self.clock.now()))),
        }
    }

    fn allowance(&self, left: u32) -> Allowance {
        let used = u64::from(self.quota.get().saturating_sub(left));
        let reset_seconds = (used.saturating_mul(WINDOW_SECONDS)).div_ceil(u64::from(self.quota.get()));
        Allowance { name: self.name, quota: self.quota.get(), left, reset_seconds }
    }

    fn refusal(&self, wait: Duration) -> Problem {
        let seconds = wait.as_secs().saturating_add(1);
        metrics::counter!("ltv_http_throttled_total", "scope" => self.scope()).increment(1);
        let detail = format!("At most {} requests a minute; come back in {seconds} s.", self.quota);
        Problem::new(Kind::TooManyRequests, detail)
            .after(seconds)
            .with_header(RATE_LIMIT_POLICY, format!("\"{}\";q={};w={WINDOW_SECONDS}", self.name, self.quota))
            .with_header(RATE_LIMIT, format!("\"{}\";r=0;t={seconds}", self.name))
    }

    /// By key or by address.
    fn scope(&self) -> &'static str {
        if self.name == "key" { "key" } else { "address" }
    }

    /// So that memory stays bounded by those who asked within a minute.
    fn forget_now_and_then(&self) {
        if self.since_forgotten.fetch_add(1, Ordering::Relaxed) >= FORGET_EVERY {
            self.since_forgotten.store(0, Ordering::Relaxed);
            self.inner.retain_recent();
        }
    }

    #[cfg(test)]
    fn known(&self) -> usize {
        self.inner.len()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;
    use actix_web::http::header::RETRY_AFTER;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limiter(per_minute: u32) -> (Limiter<&'static str, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::new("key", per_minute, clock.clone()).unwrap(), clock)
    }

    #[test]
    fn beyond_the_quota_a_caller_is_told_when_to_come_back_and_others_are_not_held_up() {
        let (limiter, clock) = limiter(3);
        for left in [2, 1, 0] {
            assert_eq!(limiter.check(&"a").unwrap().left, left);
        }
        let refusal = limiter.check(&"a").unwrap_err();
        assert_eq!(refusal.kind, Kind::TooManyRequests);
        let response = refusal.error_response();
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "21");
        assert_eq!(response.headers().get(RATE_LIMIT).unwrap(), "\"key\";r=0;t=21");
        assert!(limiter.check(&"b").is_ok());
        clock.advance(Duration::from_secs(20));
        assert!(limiter.check(&"a").is_ok());
        assert!(limiter.check(&"a").is_err());
    }

    #[test]
    fn an_allowance_says_what_is_left_and_when_all_is_back() {
        let (limiter, _clock) = limiter(60);
        let mut headers = HeaderMap::new();
        limiter.check(&"a").unwrap().write(&mut headers);
        assert_eq!(headers.get(RATE_LIMIT_POLICY).unwrap(), "\"key\";q=60;w=60");
        assert_eq!(headers.get(RATE_LIMIT).unwrap(), "\"key\";r=59;t=1");
    }

    #[test]
    fn callers_with_their_whole_quota_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::<u32, _>::new("address", 60, clock.clone()).unwrap();
        for address in 0..FORGET_EVERY {
            limiter.check(&address).unwrap();
        }
        assert_eq!(limiter.known(), usize::try_from(FORGET_EVERY).unwrap());
        clock.advance(Duration::from_secs(61));
        limiter.check(&0).unwrap();
        assert_eq!(limiter.known(), 1);
    }

    #[test]
    fn a_quota_of_nothing_is_no_limit() {
        assert!(Limiter::<u32, _>::new("key", 0, FakeRelativeClock::default()).is_none());
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}

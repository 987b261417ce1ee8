//! Settings of the pipeline.

use std::time::Duration;

use connector::RetryPolicy;
use ltv_core::Currency;

/// Settings of the pipeline, each with a safe default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In which currency to report when there are several and none is asked for.
    pub reporting_currency: Currency,
    /// In which zone periods begin, by IANA name.
    pub time_zone: String,
    /// How long after a message about money the provider's lists are read.
    pub read_delay: Duration,
    /// How long to wait after a failed call to a provider, before the delay is spread; it doubles from call to call.
    pub read_retry: Duration,
    /// How long to wait between two calls at most.
    pub retry_cap: Duration,
    /// How often a call is made before its job fails.
    pub retry_tries: u32,
    /// For how long the breaker of a provider's endpoint opens at first.
    pub breaker_open: Duration,
    /// For how long it opens at most.
    pub breaker_open_max: Duration,
    /// When scheduled jobs run.
    pub jobs: JobSettings,
    /// How many messages are observed in one transaction.
    pub observe_batch: i64,
    /// How many cases are booked in one block.
    pub book_batch: i64,
    /// How many bookers run side by side. SQLite has one writer, so more than one helps on PostgreSQL alone.
    pub bookers: usize,
    /// How long a claim holds when the process dies.
    pub lease_seconds: i64,
    /// How often workers look although nobody woke them.
    pub idle_poll: Duration,
    /// How many messages may wait for their commit before new ones are turned away with 503.
    pub ingest_queue: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reporting_currency: Currency::GBP,
            time_zone: "Europe/London".to_owned(),
            read_delay: Duration::from_secs(2),
            read_retry: RetryPolicy::STRIPE.base,
            retry_cap: RetryPolicy::STRIPE.cap,
            retry_tries: RetryPolicy::STRIPE.tries,
            breaker_open: Duration::from_secs(30),
            breaker_open_max: Duration::from_secs(600),
            jobs: JobSettings::default(),
            observe_batch: 500,
            book_batch: 500,
            bookers: 1,
            lease_seconds: 60,
            idle_poll: Duration::from_secs(1),
            ingest_queue: 4096,
        }
    }
}

impl Settings {
    /// When to call a provider again.
    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy { base: self.read_retry, cap: self.retry_cap, tries: self.retry_tries }
    }
}

/// When scheduled jobs run: cron patterns in UTC, with or without seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Reads again what providers sent since the last time, and 24 hours before.
    pub sweep_events: String,
    /// Reads again what providers sent in the last 30 days.
    pub sweep_events_full: String,
    /// Reads on in providers' lists.
    pub sweep_lists: String,
    /// Deletes what is kept no longer.
    pub prune: String,
    /// How many jobs run side by side.
    pub workers: usize,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            sweep_events: "*/5 * * * *".to_owned(),
            sweep_events_full: "30 3 * * *".to_owned(),
            sweep_lists: "*/15 * * * *".to_owned(),
            prune: "10 4 * * *".to_owned(),
            workers: 2,
        }
    }
}

//! Settings of the pipeline.

use std::time::Duration;

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
    /// How long to wait after a failed read.
    pub read_retry: Duration,
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
            read_retry: Duration::from_secs(5),
            observe_batch: 500,
            book_batch: 500,
            bookers: 1,
            lease_seconds: 60,
            idle_poll: Duration::from_secs(1),
            ingest_queue: 4096,
        }
    }
}

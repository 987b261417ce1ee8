//! Waiting for a state, with a deadline; and the one look at the clock.

use std::time::{Duration, Instant};

use anyhow::bail;
use chrono::{DateTime, Utc};

/// How often a state is looked at.
const POLL: Duration = Duration::from_millis(15);

/// Looks until `look` gives something.
///
/// # Errors
/// What `look` fails with; or `what` did not come about within `deadline`.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if started.elapsed() > deadline {
            bail!("not so within {} s: {what}", deadline.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Now: signatures are dated, and the service compares them with its clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the tests look at the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

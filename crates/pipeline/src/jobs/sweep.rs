//! Sweeps: what the provider sent, and its lists, are read again, so that nothing stays lost (I15).

use std::sync::Arc;

use chrono::TimeDelta;
use connector::{Cursor, Page};
use ltv_core::Timestamp;
use serde::Deserialize;
use serde_json::json;
use store::{JobRow, ReadCursorRow, Tally};

use super::progress::Progress;
use super::runner::{JobError, Step};
use crate::integrations::Live;
use crate::pipeline::Inner;

/// Under this name the end of the last sweep is kept.
pub(crate) const EVENTS_THROUGH: &str = "through:events";
/// How much of what was swept before is swept again.
const OVERLAP_HOURS: i64 = 24;
/// How far back providers keep what they sent.
const WINDOW_DAYS: i64 = 30;

#[derive(Debug, Deserialize)]
struct Input {
    integration: Option<String>,
    #[serde(default)]
    full: bool,
}

/// One page of what the provider sent.
pub(super) async fn events(
    inner: &Arc<Inner>,
    job: &JobRow,
    mut progress: Progress,
) -> Result<Step, JobError> {
    let input: Input = serde_json::from_value(job.input.clone())?;
    let Some(live) = inner.integration_of(input.integration.as_deref()) else { return Ok(stopped(progress)) };
    if !live.provider.sweeps() {
        return Ok(Step::Done(
            progress,
            json!({ "skipped": "what was sent cannot be read from this provider" }),
        ));
    }
    let since = match progress.since {
        Some(since) => since,
        None => inner.since(&live, input.full).await?,
    };
    progress.since = Some(since);
    let page = live.provider.events_since(since, &Cursor(progress.cursor.take())).await?;
    metrics::counter!("ltv_pages_read_total").increment(1);
    let (has_more, complete_through, next) = (page.has_more, page.complete_through, page.next.0.clone());
    let (seen, new) = inner.keep_swept(&live, page).await?;
    progress.add(seen, new);
    if has_more {
        progress.cursor = next;
        return Ok(Step::More(progress));
    }
    progress.complete_through = complete_through;
    if let Some(through) = complete_through {
        inner.reader.ended(&live, EVENTS_THROUGH, through).await?;
    }
    let result = json!({
        "pages": progress.pages, "seen": progress.seen, "new": progress.new, "completeThrough": complete_through,
    });
    Ok(Step::Done(progress, result))
}

/// One page of one list.
pub(super) async fn lists(
    inner: &Arc<Inner>,
    job: &JobRow,
    mut progress: Progress,
) -> Result<Step, JobError> {
    let input: Input = serde_json::from_value(job.input.clone())?;
    let Some(live) = inner.integration_of(input.integration.as_deref()) else { return Ok(stopped(progress)) };
    let lists = live.provider.lists();
    if let Some(list) = lists.get(progress.place) {
        let page = inner.reader.read_page(&live, *list).await?;
        progress.add(page.seen, page.new);
        if !page.has_more {
            progress.place = progress.place.saturating_add(1);
            progress.complete_through = earlier(progress.complete_through, page.complete_through);
        }
        return Ok(Step::More(progress));
    }
    if let Some(through) = progress.complete_through {
        inner.reader.ended(&live, crate::reader::LISTS_THROUGH, through).await?;
    }
    let result = json!({ "pages": progress.pages, "seen": progress.seen, "new": progress.new });
    Ok(Step::Done(progress, result))
}

fn stopped(progress: Progress) -> Step {
    Step::Done(progress, json!({ "skipped": "the integration is stopped" }))
}

/// The earlier of two instants, where both are known.
pub(crate) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Inner {
    pub(super) fn integration_of(&self, id: Option<&str>) -> Option<Arc<Live>> {
        self.integrations.live().get(id?).cloned()
    }

    /// From when on to sweep: a day before the end of the last sweep, at most 30 days back.
    async fn since(&self, live: &Live, full: bool) -> Result<Timestamp, JobError> {
        let now = self.clock.now();
        let window = now.checked_sub_signed(TimeDelta::days(WINDOW_DAYS)).unwrap_or(now);
        if full {
            return Ok(window);
        }
        let last = self.reader.through(&live.view.id, EVENTS_THROUGH).await?;
        let overlapping = last.and_then(|last| last.checked_sub_signed(TimeDelta::hours(OVERLAP_HOURS)));
        Ok(overlapping.map_or(window, |since| since.max(window)))
    }

    /// Stores what was swept. What had come before is no repetition by the provider, so it is not counted as one.
    async fn keep_swept(&self, live: &Live, page: Page) -> Result<(u64, u64), JobError> {
        let seen = u64::try_from(page.messages.len()).unwrap_or(u64::MAX);
        let new = self.reader.keep(live, page.messages).await?;
        let again = i64::try_from(seen.saturating_sub(new)).unwrap_or(0);
        let scope = live.view.id.clone();
        if again > 0 {
            let count = again.saturating_neg();
            let tally = Tally { scope: scope.clone(), name: "duplicate".to_owned(), count };
            self.store.add_tallies(vec![tally]).await?;
        }
        if new > 0 {
            tracing::warn!(integration.id = %scope, "A sweep of {scope} found {new} messages that had not come");
        }
        for (outcome, count) in [("seen", seen), ("new", new)] {
            metrics::counter!("ltv_sweep_messages_total", "integration" => scope.clone(), "outcome" => outcome)
                .increment(count);
        }
        Ok((seen, new))
    }
}

/// A row that says up to when something was read.
pub(crate) fn through_row(
    integration: &str,
    name: &str,
    through: Timestamp,
    now: Timestamp,
) -> ReadCursorRow {
    ReadCursorRow {
        integration: integration.to_owned(),
        list: name.to_owned(),
        cursor: Some(through.to_rfc3339()),
        updated_at: now,
    }
}

//! The sweep: reads what Stripe sent, to find what never arrived.
//!
//! The list is newest first and reaches back 30 days. A walk goes from the head, as it was when the walk began, to the
//! oldest event that is wanted. What is sent meanwhile lies before the head: the next walk sees it.

use chrono::{DateTime, Duration};
use connector::{Cursor, Page, ProviderError};
use ltv_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client::{Client, unreadable};
use crate::lists::is_missing;

/// An event may be listed a little after the second that it bears.
const MARGIN_SECONDS: i64 = 60;

/// Where a walk stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    /// From when on events are wanted, in seconds.
    since: i64,
    /// When the walk began, by Stripe's clock, in seconds.
    began: i64,
    /// The oldest event so far.
    after: String,
}

/// Reads on; from the start when the event at the cursor is gone.
pub(crate) async fn since(client: &Client, since: Timestamp, cursor: &Cursor) -> Result<Page, ProviderError> {
    // A cursor that cannot be read starts anew: reading twice is harmless, missing something is not.
    let walk = cursor.0.as_deref().and_then(|text| serde_json::from_str::<Walk>(text).ok());
    match step(client, since, walk.as_ref()).await {
        Err(error) if walk.is_some() && is_missing(&error) => step(client, since, None).await,
        outcome => outcome,
    }
}

async fn step(client: &Client, since: Timestamp, walk: Option<&Walk>) -> Result<Page, ProviderError> {
    let from = walk.map_or(since.timestamp(), |walk| walk.since);
    let text = from.to_string();
    let mut query = vec![("created[gte]", text.as_str())];
    query.extend(walk.map(|walk| ("starting_after", walk.after.as_str())));
    let page = client.events(&query).await?;
    let began = walk.map_or(page.date.timestamp(), |walk| walk.began);
    if !page.has_more {
        let complete_through = DateTime::from_timestamp(began, 0)
            .and_then(|began| began.checked_sub_signed(Duration::seconds(MARGIN_SECONDS)));
        return Ok(Page { messages: page.messages, next: Cursor(None), has_more: false, complete_through });
    }
    let last = page.messages.last().map(|message| message.source_id.clone());
    let Some(after) = last.filter(|last| walk.is_none_or(|walk| walk.after != *last)) else {
        return Err(unreadable(page.operation, "the list goes round in circles"));
    };
    let next = Cursor(serde_json::to_string(&Walk { since: from, began, after }).ok());
    Ok(Page { messages: page.messages, next, has_more: true, complete_through: None })
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;

//! Book: claim dirty anchors → what their cases should add up to − what is posted = one entry each, all in one block.
//!
//! The target is computed by `ltv-core` inside the store's transaction, from the observations that the transaction sees;
//! a mark is deleted only if nothing new came meanwhile. Running totals and parties are projected in the same
//! transaction, so that the present figures never lag behind the journal.

use std::sync::Arc;

use ltv_core::Timestamp;
use ltv_core::ledger::Case;
use ltv_core::policy::Policy;
use ltv_core::subscription;
use store::{Booker, Booking, Store, StoreError};

use crate::settings::Settings;

/// What one pass of a booker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookReport {
    /// How many marks were claimed.
    pub marks: usize,
    /// How many entries were booked.
    pub entries: usize,
    /// Cases that could not be computed.
    pub stuck: usize,
}

/// The pure function that the store's booking transaction asks.
pub(crate) fn booker(policy: Policy) -> Booker {
    Arc::new(move |anchor, observations| {
        let target =
            Case::gather(anchor.clone(), observations).target(&policy).map_err(|error| error.to_string())?;
        Ok(Booking { target, facts: subscription::facts(anchor, observations) })
    })
}

/// Books one batch. An empty report: there is nothing to do.
pub(crate) async fn pass(
    store: &dyn Store,
    booker: &Booker,
    settings: &Settings,
    now: Timestamp,
) -> Result<BookReport, StoreError> {
    let marks = store.claim_dirty(now, settings.lease_seconds, settings.book_batch).await?;
    if marks.is_empty() {
        return Ok(BookReport::default());
    }
    let claimed = marks.len();
    let booked = store.book(marks, Arc::clone(booker), now).await?;
    for (anchor, reason) in &booked.stuck {
        tracing::error!(case.anchor = %anchor, %reason, "Case {anchor} could not be computed: {reason}");
    }
    Ok(BookReport { marks: claimed, entries: booked.entries, stuck: booked.stuck.len() })
}

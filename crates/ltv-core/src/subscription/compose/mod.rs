//! Composes a supplier's timeline from facts: per subscription a track of what it pays, then all tracks side by side.

mod classify;
mod discounts;
mod events;
mod failed;
mod inputs;
mod joined;
mod price;
mod rating;
mod refunds;
mod spans;
mod track;

use super::{MrrError, PartyFact, Rates, SupplierTimeline};
use crate::policy::Policy;
use crate::{Currency, ObjectKey, Timestamp};

use inputs::Inputs;
use rating::Rating;
use track::Track;

pub(super) fn compose(
    facts: &[PartyFact],
    policy: &Policy,
    reporting: Currency,
    rates: &Rates,
    as_of: Timestamp,
) -> Result<SupplierTimeline, MrrError> {
    let inputs = Inputs::of(facts);
    let mut gaps = Vec::new();
    let mut rating = Rating::new(reporting, rates, &inputs, policy, as_of);
    let mut tracks: Vec<(&ObjectKey, Track)> = Vec::new();
    for key in inputs.subscriptions() {
        let track = Track::of(key, &inputs, policy, &mut rating, as_of, &mut gaps)?;
        tracks.push((key, track));
    }
    joined::bridge_gaps(&mut tracks, policy);
    let joined = classify::classify(&mut tracks, reporting, as_of)?;
    let failures = failed::failures(&inputs, &mut rating, as_of)?;
    gaps.sort();
    gaps.dedup();
    Ok(SupplierTimeline {
        currency: reporting,
        as_of,
        steps: joined.steps,
        movements: joined.movements,
        trials: joined.trials,
        failures,
        status: joined.status,
        events: events::events(&inputs, as_of),
        gaps,
        left_out: rating.left_out(),
        used_rates: rating.used(),
    })
}

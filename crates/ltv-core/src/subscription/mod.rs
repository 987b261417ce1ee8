//! Subscriptions: what their cases say (facts), what they are worth a month (MRR), and why that changes (movements).

mod fact;

pub use fact::{
    Billed, BilledLine, Contract, ContractState, DiscountTerm, Dunning, DunningOutcome, Fact, FailedAttempt,
    PartyFact, RateSeen, Return,
};

use crate::{ObjectKey, Observation};

/// What the case of `anchor` says of subscriptions, from the same observations from which its target is computed.
/// Order and repetition do not matter; the facts come in a fixed order.
#[must_use]
pub fn facts(_anchor: &ObjectKey, _observations: &[Observation]) -> Vec<PartyFact> {
    Vec::new()
}

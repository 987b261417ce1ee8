//! From the observations of a case to what it says of subscriptions.

mod billed;
mod contract;
mod dunning;
mod rate;
mod returns;

use std::collections::BTreeMap;

use super::{Fact, PartyFact};
use crate::observation::{counting, merged};
use crate::{Body, ObjectKey, Observation, Party};

/// What the case of `anchor` says of subscriptions, from the same observations from which its target is computed.
/// Order and repetition do not matter; the facts come in a fixed order.
#[must_use]
pub fn facts(anchor: &ObjectKey, observations: &[Observation]) -> Vec<PartyFact> {
    if !says_something(anchor, observations) {
        return Vec::new();
    }
    let told = Told { anchor, objects: counting(observations) };
    match told.own() {
        Some(Body::Subscription(own)) => contract::facts(&told, &own),
        Some(Body::Discount(own)) => contract::discount_facts(&told, &own),
        Some(Body::Invoice(own)) => {
            let mut facts = billed::facts(&told, &own);
            facts.extend(dunning::facts(&told, Some(&own)));
            facts
        }
        Some(Body::Payment(own)) => {
            let mut facts = returns::facts(&told, &own);
            facts.extend(rate::facts(&told, &own));
            facts
        }
        Some(_) => Vec::new(),
        None => dunning::facts(&told, None),
    }
}

/// False for most cases of money: only a refund, or a settlement in another currency, makes a charge tell anything.
fn says_something(anchor: &ObjectKey, observations: &[Observation]) -> bool {
    let own = observations.iter().find(|seen| seen.object == *anchor);
    match own.map(|seen| &seen.body) {
        Some(Body::Subscription(_) | Body::Discount(_) | Body::Invoice(_)) => true,
        Some(Body::Payment(payment)) => observations.iter().any(|seen| match &seen.body {
            Body::Refund(_) => true,
            Body::Settlement(moved) => moved.amount.currency() != payment.amount.currency(),
            _ => false,
        }),
        Some(_) => false,
        None => observations.iter().any(|seen| matches!(seen.body, Body::PaymentFailure(_))),
    }
}

/// The observations of a case, each object's from earliest to latest.
struct Told<'a> {
    anchor: &'a ObjectKey,
    objects: BTreeMap<ObjectKey, Vec<&'a Observation>>,
}

impl<'a> Told<'a> {
    /// The anchor's own merged state.
    fn own(&self) -> Option<Body> {
        merged(self.of(self.anchor))
    }

    /// The observations of one object.
    fn of(&self, key: &ObjectKey) -> &[&'a Observation] {
        self.objects.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every object's merged state with its latest observation.
    fn merged(&self) -> impl Iterator<Item = (&ObjectKey, Body, &'a Observation)> {
        self.objects.iter().filter_map(|(key, seen)| Some((key, merged(seen)?, *seen.last()?)))
    }

    fn party_fact(&self, customer: Option<&ObjectKey>, fact: Fact) -> PartyFact {
        let party = match customer {
            Some(key) => Party::Customer(key.clone()),
            None => Party::Unassigned(self.anchor.provider()),
        };
        PartyFact { party, fact }
    }
}

//! A subscription's states.

use super::Told;
use crate::observation::{Discount, Subscription, SubscriptionItem};
use crate::subscription::calendar::Cycle;
use crate::subscription::{Contract, ContractState, DiscountTerm, Fact, PartyFact};
use crate::{Body, ObjectKey, Observation};

/// The states of the subscription that is the anchor, and the discounts that name it.
pub(super) fn facts(told: &Told<'_>, own: &Subscription) -> Vec<PartyFact> {
    let mut discounts: Vec<DiscountTerm> = told
        .merged()
        .filter_map(|(key, body, latest)| match body {
            Body::Discount(body) if body.subscription.as_ref() == Some(told.anchor) => {
                Some(term(key, body, latest))
            }
            _ => None,
        })
        .collect();
    discounts.sort_by(|a, b| a.discount.cmp(&b.discount));
    let contract = Contract {
        subscription: told.anchor.clone(),
        started_at: own.started_at,
        states: states(told.of(told.anchor)),
        discounts,
    };
    vec![told.party_fact(own.customer.as_ref(), Fact::Contract(contract))]
}

/// A discount of all that a customer is billed. One of a subscription is in the subscription's case.
pub(super) fn discount_facts(told: &Told<'_>, own: &Discount) -> Vec<PartyFact> {
    let latest = told.of(told.anchor).last();
    match (latest, &own.subscription) {
        (Some(latest), None) => {
            let fact = Fact::Discount(term(told.anchor, own.clone(), latest));
            vec![told.party_fact(own.customer.as_ref(), fact)]
        }
        (Some(_) | None, _) => Vec::new(),
    }
}

fn term(key: &ObjectKey, body: Discount, latest: &Observation) -> DiscountTerm {
    DiscountTerm {
        discount: key.id().to_owned(),
        item: body.item,
        percent_off: body.percent_off,
        amount_off: body.amount_off,
        duration: body.duration,
        started_at: body.started_at,
        ended_at: body.ended_at,
        limited_to_products: body.limited_to_products,
        source: latest.message,
    }
}

/// Folds observations, from earliest to latest. Of one second only the last counts, so that what was told in any order
/// within it is one change; a renewal by the calendar is none.
fn states(seen: &[&Observation]) -> Vec<ContractState> {
    let mut states: Vec<ContractState> = Vec::new();
    for (index, observation) in seen.iter().enumerate() {
        let Body::Subscription(body) = &observation.body else { continue };
        let next = index.checked_add(1).and_then(|next| seen.get(next));
        if next.is_some_and(|next| next.observed_at == observation.observed_at) {
            continue;
        }
        let state = state(body, observation);
        if !states.last().is_some_and(|before| goes_on(before, &state)) {
            states.push(state);
        }
    }
    states
}

fn state(body: &Subscription, observation: &Observation) -> ContractState {
    ContractState {
        from: observation.observed_at,
        status: body.status.clone(),
        currency: body.currency,
        items: body.items.clone(),
        discounts: body.discounts.clone(),
        ended_at: body.ended_at,
        canceled_at: body.canceled_at,
        cancel_at_period_end: body.cancel_at_period_end,
        cancel_reason: body.cancel_reason.clone(),
        trial_end_at: body.trial_end_at,
        collection_paused: body.collection_paused.clone(),
        source: observation.message,
    }
}

/// True when `state` says nothing that `before` does not: equal, or renewed by the calendar.
fn goes_on(before: &ContractState, state: &ContractState) -> bool {
    let alike = ContractState {
        from: before.from,
        source: before.source,
        items: before.items.clone(),
        ..state.clone()
    };
    alike == *before
        && before.items.len() == state.items.len()
        && before.items.iter().zip(&state.items).all(|(old, new)| renews(old, new))
}

fn renews(old: &SubscriptionItem, new: &SubscriptionItem) -> bool {
    let alike = SubscriptionItem {
        period_start_at: old.period_start_at,
        period_end_at: old.period_end_at,
        ..new.clone()
    };
    let cycle = old.interval.and_then(|interval| Cycle::new(interval, old.interval_count));
    let follows = match (old.period_start_at, new.period_start_at, cycle) {
        (old, new, _) if old == new => true,
        (Some(old), Some(new), Some(cycle)) => cycle.period_of(old, new) == new,
        (Some(_) | None, _, _) => false,
    };
    follows && alike == *old
}

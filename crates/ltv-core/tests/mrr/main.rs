//! MRR by facts and policies: the rules R7 to R11, and the scenarios of subscriptions.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod discounts;
mod failures;
mod gaps;
mod laws;
mod money;
mod policies;
mod portfolio;
mod sequences;
mod states;

use std::collections::{BTreeMap, BTreeSet};

use ltv_core::policy::Policy;
use ltv_core::subscription::{Exact, Fact, Movement, PartyFact, RateSeen, Rates, SupplierTimeline, facts};
use ltv_core::testkit::instant;
use ltv_core::{Body, Currency, ObjectKey, Observation, Timestamp};

/// The facts of all cases in `told`: each observation goes to the cases that it belongs to.
fn facts_of(told: &[Observation]) -> Vec<PartyFact> {
    let mut anchors: BTreeSet<ObjectKey> = BTreeSet::new();
    for seen in told {
        let parents = seen.edges().into_iter().map(|(_, parent)| parent);
        anchors.extend(parents);
        anchors.insert(seen.object.clone());
    }
    anchors.iter().flat_map(|anchor| facts(anchor, &case(anchor, told))).collect()
}

/// What belongs to the case of `anchor`: itself, what names it, and the invoices that it pays.
fn case(anchor: &ObjectKey, told: &[Observation]) -> Vec<Observation> {
    let intents: BTreeSet<ObjectKey> = told
        .iter()
        .filter(|seen| seen.object == *anchor && matches!(seen.body, Body::Payment(_)))
        .flat_map(|seen| seen.edges().into_iter().map(|(_, key)| key))
        .collect();
    let names = |seen: &Observation| seen.edges().iter().any(|(_, to)| to == anchor || intents.contains(to));
    let ours: BTreeSet<ObjectKey> =
        told.iter().filter(|seen| names(seen)).map(|seen| seen.object.clone()).collect();
    let invoices: BTreeSet<ObjectKey> = told
        .iter()
        .filter(|seen| ours.contains(&seen.object) && matches!(seen.body, Body::InvoicePayment(_)))
        .flat_map(|seen| seen.edges().into_iter().map(|(_, key)| key))
        .collect();
    told.iter()
        .filter(|seen| {
            let object = &seen.object;
            let is_child = seen.edges().iter().any(|(_, to)| ours.contains(to));
            object == anchor || ours.contains(object) || invoices.contains(object) || is_child
        })
        .cloned()
        .collect()
}

fn rates_of(facts: &[PartyFact]) -> Rates {
    let seen: Vec<RateSeen> = facts
        .iter()
        .filter_map(|fact| match &fact.fact {
            Fact::Rate(rate) => Some(rate.clone()),
            _ => None,
        })
        .collect();
    Rates::from_facts(&seen)
}

/// One supplier's timeline under a policy.
fn timeline_under(policy: &Policy, told: &[Observation], as_of: &str) -> SupplierTimeline {
    let facts = facts_of(told);
    SupplierTimeline::compose(&facts, policy, Currency::GBP, &rates_of(&facts), instant(as_of)).unwrap()
}

/// One supplier's timeline under the house's own policy.
fn timeline(told: &[Observation], as_of: &str) -> SupplierTimeline {
    timeline_under(&Policy::preset_default(), told, as_of)
}

/// MRR at an instant, as shown.
fn mrr_at(timeline: &SupplierTimeline, at: &str) -> String {
    shown(timeline.mrr_at(instant(at)))
}

fn shown(amount: Exact) -> String {
    amount.rounded().unwrap().to_decimal_string()
}

/// Movements as `2026-01-01 new +30.00`.
fn moves(timeline: &SupplierTimeline) -> Vec<String> {
    timeline.movements.iter().map(movement_text).collect()
}

fn movement_text(movement: &Movement) -> String {
    let amount = shown(movement.amount);
    let sign = if movement.amount.is_positive() { "+" } else { "" };
    format!("{} {} {sign}{amount}", movement.at.date_naive(), movement.kind)
}

/// Checks that movements sum to the change in MRR between any two instants.
fn assert_sums(timeline: &SupplierTimeline) {
    let mut changes: BTreeMap<Timestamp, Exact> = BTreeMap::new();
    let zero = Exact::zero(timeline.currency);
    for movement in &timeline.movements {
        assert!(!movement.amount.is_zero());
        let sum = changes.entry(movement.at).or_insert(zero);
        *sum = sum.plus(movement.amount).unwrap();
    }
    let mut before = zero;
    for step in &timeline.steps {
        let change = step.mrr.minus(before).unwrap();
        assert_eq!(changes.remove(&step.at).unwrap_or(zero), change, "at {}", step.at);
        before = step.mrr;
    }
    assert!(changes.values().all(|change| change.is_zero()), "{changes:?}");
}

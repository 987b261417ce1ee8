//! When which discount is on.

use chrono::TimeDelta;

use crate::observation::DiscountDuration;
use crate::policy::Discounts;
use crate::subscription::calendar::add_months;
use crate::subscription::{Contract, DiscountTerm};
use crate::{MessageId, Timestamp};

use super::Inputs;

/// A discount with the time in which billed periods must begin to get it.
#[derive(Debug, Clone)]
pub(super) struct Window<'a> {
    pub term: &'a DiscountTerm,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    /// From when another one has its place, be the billed period over or not.
    replaced: Option<Timestamp>,
    /// True for one of all that the customer is billed: it gives way to the subscription's own.
    of_customer: bool,
}

impl Window<'_> {
    /// True at `at` within a billed period that began at `period`: a discount covers the whole of a period that began
    /// before its end.
    pub fn is_on(&self, at: Timestamp, period: Timestamp) -> bool {
        self.start.is_none_or(|start| at >= start)
            && self.end.is_none_or(|end| period < end)
            && self.replaced.is_none_or(|replaced| at < replaced)
    }

    /// True when it may come off this item.
    pub fn concerns(&self, item: &str) -> bool {
        self.term.item.as_deref().is_none_or(|only| only == item)
    }

    /// True when it gives way to a discount of the subscription itself.
    pub fn gives_way(&self) -> bool {
        self.of_customer
    }

    pub fn source(&self) -> MessageId {
        self.term.source
    }
}

/// The discounts of a subscription that the policy takes off, those limited to an item first.
pub(super) fn windows<'a>(
    contract: &'a Contract,
    inputs: &Inputs<'a>,
    choice: Discounts,
    gaps: &mut Vec<String>,
) -> Vec<Window<'a>> {
    if choice == Discounts::None {
        return Vec::new();
    }
    let own = contract.discounts.iter().map(|term| window(term, contract, false));
    let customer = inputs.discounts.values().map(|term| window(term, contract, true));
    let mut windows: Vec<Window<'a>> = own.chain(customer).filter(|window| recurs(window, choice)).collect();
    windows.sort_by(|a, b| {
        let place = |window: &Window<'a>| (window.term.item.is_none(), window.start, &window.term.discount);
        place(a).cmp(&place(b))
    });
    tell_gaps(contract, &windows, inputs, gaps);
    windows
}

/// When the discounts for one invoice began that the policy does not take off.
pub(super) fn one_time(contract: &Contract, inputs: &Inputs<'_>, choice: Discounts) -> Vec<Timestamp> {
    let own = contract.discounts.iter().map(|term| window(term, contract, false));
    let customer = inputs.discounts.values().map(|term| window(term, contract, true));
    let once = own.chain(customer).filter(|window| window.term.duration == DiscountDuration::Once);
    once.filter(|window| !recurs(window, choice)).filter_map(|window| window.start).collect()
}

fn recurs(window: &Window<'_>, choice: Discounts) -> bool {
    match window.term.duration {
        DiscountDuration::Once => choice == Discounts::All,
        DiscountDuration::Repeating { .. } | DiscountDuration::Forever | DiscountDuration::Unknown(_) => true,
    }
}

fn window<'a>(term: &'a DiscountTerm, contract: &'a Contract, of_customer: bool) -> Window<'a> {
    let lists = |state: &&crate::subscription::ContractState| state.discounts.contains(&term.discount);
    let first_listed = contract.states.iter().find(lists).map(|state| state.from);
    // Taken off the subscription: what came after it was listed and does not list it.
    let dropped = contract.states.iter().skip_while(|state| !lists(state)).find(|state| !lists(state));
    // Listed from the subscription's first second on: it was on from then, whatever the clock of the discount says.
    let start = term.started_at.into_iter().chain(first_listed).min();
    let begun = term.started_at.or(start).or(contract.started_at);
    let runs_out = match term.duration {
        DiscountDuration::Once => {
            begun.and_then(|begun| begun.checked_add_signed(TimeDelta::microseconds(1)))
        }
        DiscountDuration::Repeating { months } => {
            begun.and_then(|begun| add_months(begun, i64::from(months)))
        }
        DiscountDuration::Forever | DiscountDuration::Unknown(_) => None,
    };
    let own_end = term.ended_at.into_iter().chain(runs_out).min();
    let end = own_end.into_iter().chain(dropped.map(|state| state.from)).min();
    // One that ran out long before only leaves its place.
    let ran_out =
        |at: Timestamp| own_end.is_some_and(|end| at.signed_duration_since(end) >= TimeDelta::days(1));
    let replaced = replaced_at(term, contract).filter(|at| !ran_out(*at));
    Window { term, start, end, replaced, of_customer }
}

/// When another discount, on the same, was first listed in the place of this one.
fn replaced_at(term: &DiscountTerm, contract: &Contract) -> Option<Timestamp> {
    let last = contract.states.iter().rfind(|state| state.discounts.contains(&term.discount))?;
    let term_of = |id: &String| contract.discounts.iter().find(|other| other.discount == *id);
    let replaces = |id: &&String| {
        let item = term_of(id).and_then(|other| other.item.as_deref());
        !last.discounts.contains(id) && item == term.item.as_deref()
    };
    let later = contract.states.iter().skip_while(|state| state.from <= last.from);
    let (from, by) =
        later.filter_map(|state| Some((state.from, state.discounts.iter().find(replaces)?))).next()?;
    let started = term_of(by).and_then(|other| other.started_at);
    started.filter(|at| *at > last.from && *at < from).or(Some(from))
}

fn tell_gaps(contract: &Contract, windows: &[Window<'_>], inputs: &Inputs<'_>, gaps: &mut Vec<String>) {
    let name = contract.subscription.id();
    for id in contract.states.iter().flat_map(|state| &state.discounts) {
        let known = contract.discounts.iter().any(|term| term.discount == *id);
        if !known && !inputs.discounts.contains_key(id.as_str()) {
            gaps.push(format!(
                "{name}: the terms of discount {id} are not known, so that it is not taken off"
            ));
        }
    }
    let many = contract.states.iter().any(|state| state.items.len() > 1);
    for window in windows {
        let term = window.term;
        if term.limited_to_products && term.item.is_none() && many {
            gaps.push(format!(
                "{name}: discount {} is limited to some products and is taken off all items",
                term.discount
            ));
        }
        if let DiscountDuration::Unknown(word) = &term.duration {
            gaps.push(format!("{name}: discount {} lasts `{word}`, taken as forever", term.discount));
        }
        let unread = term.percent_off.as_deref().is_some_and(|text| super::price::decimal(text).is_none());
        if unread || (term.percent_off.is_none() && term.amount_off.is_none()) {
            gaps.push(format!("{name}: what discount {} takes off is not known", term.discount));
        }
    }
}

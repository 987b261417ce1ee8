//! What happened to a supplier, for people to read.

use super::Inputs;
use super::failed::outcome;
use super::spans::ended_at;
use crate::observation::{SubscriptionItem, SubscriptionStatus};
use crate::subscription::{Contract, ContractState, Dunning, DunningOutcome, Event, EventKind};
use crate::{Currency, MessageId, Money, ObjectKey, Provider, Timestamp};

pub(super) fn events(inputs: &Inputs<'_>, as_of: Timestamp) -> Vec<Event> {
    let mut list = List { events: Vec::new(), as_of };
    for (key, contract) in &inputs.contracts {
        list.contract(key, contract);
        for term in &contract.discounts {
            list.discount(key, term);
        }
    }
    for term in inputs.discounts.values() {
        let provider = inputs.contracts.keys().next().map_or(Provider::Stripe, |key| key.provider());
        list.discount(&ObjectKey::new(provider, term.discount.clone()), term);
    }
    for dunning in inputs.dunnings.values() {
        list.dunning(dunning, outcome(dunning, inputs, as_of));
    }
    list.events.sort_by(|a, b| (a.at, a.kind, &a.object).cmp(&(b.at, b.kind, &b.object)));
    list.events
}

struct List {
    events: Vec<Event>,
    as_of: Timestamp,
}

impl List {
    fn push(
        &mut self,
        at: Timestamp,
        kind: EventKind,
        title: String,
        object: &ObjectKey,
        source: Option<MessageId>,
    ) -> Option<&mut Event> {
        if at > self.as_of {
            return None;
        }
        let sources = source.into_iter().collect();
        self.events.push(Event { at, kind, title, amount: None, object: object.clone(), sources });
        self.events.last_mut()
    }

    fn contract(&mut self, key: &ObjectKey, contract: &Contract) {
        let end = ended_at(contract);
        let mut before: Option<&ContractState> = None;
        for state in &contract.states {
            if end.is_none_or(|(at, _)| state.from < at) {
                self.state(key, contract, before, state);
            }
            before = Some(state);
        }
        if let Some((at, state)) = end {
            let why = state.cancel_reason.as_deref().map(|reason| format!(": {}", reason.replace('_', " ")));
            let title = format!("{} ended{}", key.id(), why.unwrap_or_default());
            self.push(at, EventKind::Ended, title, key, Some(state.source));
        }
    }

    fn state(
        &mut self,
        key: &ObjectKey,
        contract: &Contract,
        before: Option<&ContractState>,
        state: &ContractState,
    ) {
        let mut push = |kind, title: String| {
            self.push(state.from, kind, title, key, Some(state.source));
        };
        let name = key.id();
        let was = before.map(|before| &before.status);
        let runs = |status: &SubscriptionStatus| {
            matches!(status, SubscriptionStatus::Active | SubscriptionStatus::PastDue)
        };
        let ran_before = contract
            .states
            .iter()
            .take_while(|earlier| earlier.from < state.from)
            .any(|earlier| runs(&earlier.status));
        if runs(&state.status) && !ran_before {
            push(EventKind::Started, format!("{name} started: {}", plan(state)));
        } else if before.is_some_and(|before| changed(&before.items, &state.items)) {
            push(EventKind::PlanChanged, format!("{name} changed to {}", plan(state)));
        }
        if state.status == SubscriptionStatus::Trialing && was != Some(&SubscriptionStatus::Trialing) {
            let until = state.trial_end_at.map(|at| format!(" until {}", at.date_naive()));
            push(EventKind::TrialStarted, format!("Trial of {name}{}", until.unwrap_or_default()));
        }
        if state.status == SubscriptionStatus::PastDue && was != Some(&SubscriptionStatus::PastDue) {
            push(EventKind::PastDue, format!("A payment of {name} is late"));
        }
        if state.status == SubscriptionStatus::Active && was == Some(&SubscriptionStatus::PastDue) {
            push(EventKind::Recovered, format!("{name} is paid up again"));
        }
        let paused = is_paused(state);
        let was_paused = before.is_some_and(is_paused);
        if paused && !was_paused {
            let how = state.collection_paused.as_deref().map(|how| format!(" ({})", how.replace('_', " ")));
            push(EventKind::Paused, format!("Collection of {name} is paused{}", how.unwrap_or_default()));
        }
        if !paused && was_paused {
            push(EventKind::Resumed, format!("Collection of {name} goes on"));
        }
        if asks(state) && !before.is_some_and(asks) {
            push(EventKind::CancelAsked, format!("The end of {name} was asked for"));
        }
    }

    fn discount(&mut self, object: &ObjectKey, term: &crate::subscription::DiscountTerm) {
        let off = match (&term.percent_off, term.amount_off) {
            (Some(percent), _) => format!("{percent} %"),
            (None, Some(amount)) => amount.to_string(),
            (None, None) => "an unknown part".to_owned(),
        };
        if let Some(at) = term.started_at {
            let title = format!("Discount {} takes {off} off", term.discount);
            self.push(at, EventKind::DiscountStarted, title, object, Some(term.source));
        }
        if let Some(at) = term.ended_at {
            let title = format!("Discount {} of {off} ended", term.discount);
            self.push(at, EventKind::DiscountEnded, title, object, Some(term.source));
        }
    }

    fn dunning(&mut self, dunning: &Dunning, outcome: DunningOutcome) {
        let (invoice, amount) = (&dunning.invoice, dunning.amount);
        for attempt in &dunning.attempts {
            let why = attempt.code.as_deref().map(|code| format!(": {}", code.replace('_', " ")));
            let title = format!("A payment of {} failed{}", invoice.id(), why.unwrap_or_default());
            let event = self.push(attempt.at, EventKind::PaymentFailed, title, invoice, Some(attempt.source));
            event.into_iter().for_each(|event| event.amount = Some(amount));
        }
        let source = dunning.attempts.last().map(|attempt| attempt.source);
        let ended = match outcome {
            DunningOutcome::Open => None,
            DunningOutcome::Recovered { at } => Some((at, EventKind::PaymentRecovered, "was paid after all")),
            DunningOutcome::Lost { at } => Some((at, EventKind::PaymentLost, "was given up")),
        };
        if let Some((at, kind, words)) = ended {
            let event = self.push(at, kind, format!("{} {words}", invoice.id()), invoice, source);
            event.into_iter().for_each(|event| event.amount = Some(amount));
        }
    }
}

fn is_paused(state: &ContractState) -> bool {
    state.status == SubscriptionStatus::Paused || state.collection_paused.is_some()
}

fn asks(state: &ContractState) -> bool {
    state.cancel_at_period_end || state.canceled_at.is_some()
}

fn changed(before: &[SubscriptionItem], after: &[SubscriptionItem]) -> bool {
    let terms = |items: &[SubscriptionItem]| -> Vec<_> {
        let mut terms: Vec<_> = items
            .iter()
            .map(|item| {
                (
                    item.price.clone(),
                    item.unit_amount.clone(),
                    item.quantity,
                    item.interval,
                    item.interval_count,
                )
            })
            .collect();
        terms.sort();
        terms
    };
    terms(before) != terms(after)
}

/// The plan in words, such as `2 × 30.00 GBP a month`.
fn plan(state: &ContractState) -> String {
    let parts: Vec<String> = state.items.iter().map(|item| item_words(item, state.currency)).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" + ") }
}

fn item_words(item: &SubscriptionItem, currency: Currency) -> String {
    use crate::observation::BillingInterval::{Day, Month, Week, Year};
    let whole = item.unit_amount.as_deref().and_then(|text| text.parse::<i64>().ok());
    let price = match (&item.unit_amount, whole) {
        (_, Some(minor)) => Money::from_minor(minor, currency).to_string(),
        (Some(text), None) => format!("{text} minor units of {currency}"),
        (None, None) => "a price by use or tiers".to_owned(),
    };
    let times = item.quantity.filter(|quantity| *quantity != 1).map(|quantity| format!("{quantity} × "));
    let unit = match item.interval {
        Some(Day) => "day",
        Some(Week) => "week",
        Some(Month) => "month",
        Some(Year) => "year",
        None => "period",
    };
    let every = match item.interval_count.unwrap_or(1) {
        1 => format!("a {unit}"),
        count => format!("every {count} {unit}s"),
    };
    format!("{}{price} {every}", times.unwrap_or_default())
}

//! From when to when a subscription was in which state; its past before the first state is taken from its invoices.

use chrono::TimeDelta;

use super::Inputs;
use super::inputs::starts_at;
use super::price::{cycle_of, monthly_of_line};
use crate::observation::{SubscriptionItem, SubscriptionStatus};
use crate::subscription::{Billed, Contract, ContractState, Exact, MrrError};
use crate::{Currency, MessageId, ObjectKey, Timestamp};

/// How much later than its start a subscription may be shown for the first time without anything being missing.
const SHOWN_LATE: TimeDelta = TimeDelta::days(1);

/// A time in which one state holds.
pub(super) struct Span<'a> {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
    pub holds: Holds<'a>,
}

/// What holds.
pub(super) enum Holds<'a> {
    /// A state that was shown.
    State(&'a ContractState),
    /// What an invoice billed, where no state was shown.
    Billed {
        /// A month, less discounts.
        monthly: Exact,
        /// What discounts took off before.
        off: Exact,
        source: MessageId,
    },
    /// A trial that no state shows any more.
    Trial { source: MessageId },
    /// It has ended, or there is nothing to know.
    Nothing(Option<&'a ContractState>),
}

/// The spans of one subscription, from earliest to latest, without holes.
pub(super) fn spans<'a>(
    key: &ObjectKey,
    inputs: &Inputs<'a>,
    gaps: &mut Vec<String>,
) -> Result<Vec<Span<'a>>, MrrError> {
    let billed = inputs.billed_of(key);
    let Some(contract) = inputs.contracts.get(key).copied() else {
        return without_contract(key, billed, gaps);
    };
    let mut spans: Vec<Span<'a>> = Vec::new();
    let end = ended_at(contract);
    for state in &contract.states {
        let from = if spans.is_empty() { effective_start(state, billed) } else { state.from };
        if end.is_none_or(|(at, _)| from < at) && !is_over(&state.status) {
            spans.push(Span { from, until: None, holds: Holds::State(state) });
        }
    }
    let known_from = spans.first().map(|span| span.from).or(end.map(|(at, _)| at));
    if let Some(known_from) = known_from {
        let past = past(contract, billed, known_from, gaps)?;
        spans.splice(0..0, past);
    }
    if let Some((at, state)) = end {
        spans.push(Span { from: at, until: None, holds: Holds::Nothing(Some(state)) });
    }
    close(&mut spans);
    tell_gaps(contract, gaps);
    Ok(spans)
}

/// When the subscription ended, and the state that says so.
pub(super) fn ended_at(contract: &Contract) -> Option<(Timestamp, &ContractState)> {
    let over = contract.states.iter().find(|state| is_over(&state.status))?;
    let at = match over.status {
        SubscriptionStatus::Ended => over.ended_at.unwrap_or(over.from),
        _ => over.from,
    };
    Some((at, over))
}

fn is_over(status: &SubscriptionStatus) -> bool {
    match status {
        SubscriptionStatus::Ended | SubscriptionStatus::IncompleteExpired => true,
        SubscriptionStatus::Unknown(_)
        | SubscriptionStatus::Incomplete
        | SubscriptionStatus::Trialing
        | SubscriptionStatus::Active
        | SubscriptionStatus::PastDue
        | SubscriptionStatus::Unpaid
        | SubscriptionStatus::Paused => false,
    }
}

/// From when the first state holds. One that was first shown long after its period began (its messages were lost, or it
/// was read later) holds from the start of that period, or from the last change that a proration tells.
fn effective_start(state: &ContractState, billed: &[&Billed]) -> Timestamp {
    let runs = matches!(state.status, SubscriptionStatus::Active | SubscriptionStatus::PastDue);
    let period = state.items.iter().filter_map(|item| item.period_start_at).max();
    let Some(period) = period.filter(|start| runs && is_late(*start, state.from)) else {
        return state.from;
    };
    let changes = billed.iter().flat_map(|billed| &billed.changes).copied();
    let changed = changes.filter(|at| *at >= period && *at <= state.from).max();
    let trial_end = state.trial_end_at.filter(|at| *at > period && *at <= state.from);
    changed.into_iter().chain(trial_end).fold(period, Timestamp::max)
}

fn is_late(expected: Timestamp, shown: Timestamp) -> bool {
    shown.signed_duration_since(expected) >= SHOWN_LATE
}

/// The past before `known_from`, from invoices; what is missing is named.
fn past<'a>(
    contract: &Contract,
    billed: &[&'a Billed],
    known_from: Timestamp,
    gaps: &mut Vec<String>,
) -> Result<Vec<Span<'a>>, MrrError> {
    let mut spans = Vec::new();
    let trial = past_trial(contract, known_from);
    if let Some((from, _, source)) = trial {
        spans.push(Span { from, until: None, holds: Holds::Trial { source } });
    }
    let items = || contract.states.iter().flat_map(|state| &state.items);
    let is_past = |from: &Timestamp| *from < known_from && trial.is_none_or(|(_, end, _)| *from >= end);
    let past_billed = || billed.iter().filter_map(|fact| Some((starts_at(fact).filter(is_past)?, fact)));
    // The first message comes seconds after the first invoice: nothing was missed, and the state says what holds.
    let shown_at_once = contract.states.first().is_some_and(|state| !is_over(&state.status))
        && past_billed().next().is_some_and(|(from, _)| !is_late(from, known_from));
    for (from, fact) in past_billed().filter(|_| !shown_at_once) {
        if let Some((monthly, off)) = monthly(fact, &items().collect::<Vec<_>>())? {
            let holds = Holds::Billed { monthly, off, source: fact.source };
            spans.push(Span { from, until: None, holds });
        }
    }
    let billed = |span: &&Span<'_>| matches!(span.holds, Holds::Billed { .. });
    let known = spans.iter().find(billed).map_or(known_from, |span| span.from);
    let started = contract.started_at.into_iter().chain(trial.map(|(_, end, _)| end)).max();
    if let Some(started) = started.filter(|started| is_late(*started, known)) {
        gaps.push(format!(
            "{}: nothing is known from {} to {}",
            contract.subscription.id(),
            started.date_naive(),
            known.date_naive()
        ));
    }
    Ok(spans)
}

/// A trial that was over before the first state: its start, its end, and the message that tells of it.
fn past_trial(contract: &Contract, known_from: Timestamp) -> Option<(Timestamp, Timestamp, MessageId)> {
    let state = contract.states.first()?;
    let (started, end) = contract.started_at.zip(state.trial_end_at)?;
    (started < end && end <= known_from && state.from > end).then_some((started, end, state.source))
}

/// What an invoice's lines are worth a month, and what discounts took off before.
fn monthly(billed: &Billed, items: &[&SubscriptionItem]) -> Result<Option<(Exact, Exact)>, MrrError> {
    let Some(first) = billed.lines.first() else { return Ok(None) };
    let zero = Exact::zero(first.amount.currency());
    let (mut sum, mut off) = (zero, zero);
    for line in &billed.lines {
        let item = items.iter().find(|item| item.price.is_some() && item.price == line.price);
        let (left, taken) = monthly_of_line(line, item.and_then(|item| cycle_of(item)))?;
        (sum, off) = (sum.plus(left)?, off.plus(taken)?);
    }
    Ok(Some((sum, off)))
}

/// A subscription of which only invoices tell lasts as long as they bill.
fn without_contract<'a>(
    key: &ObjectKey,
    billed: &[&'a Billed],
    gaps: &mut Vec<String>,
) -> Result<Vec<Span<'a>>, MrrError> {
    let mut spans: Vec<Span<'a>> = Vec::new();
    let mut end: Option<Timestamp> = None;
    for fact in billed {
        let (Some(from), Some((monthly, off))) = (starts_at(fact), monthly(fact, &[])?) else { continue };
        if let Some(ended) = end.filter(|end| is_late(*end, from)) {
            spans.push(Span { from: ended, until: None, holds: Holds::Nothing(None) });
        }
        spans.push(Span { from, until: None, holds: Holds::Billed { monthly, off, source: fact.source } });
        end = end.max(fact.lines.iter().map(|line| line.period_end_at).max());
    }
    if let Some(end) = end {
        gaps.push(format!("{}: it was never shown itself; its MRR is that of its invoices", key.id()));
        spans.push(Span { from: end, until: None, holds: Holds::Nothing(None) });
    }
    close(&mut spans);
    Ok(spans)
}

fn close(spans: &mut [Span<'_>]) {
    let starts: Vec<Timestamp> = spans.iter().skip(1).map(|span| span.from).collect();
    for (span, next) in spans.iter_mut().zip(starts) {
        span.until = Some(next);
    }
}

fn tell_gaps(contract: &Contract, gaps: &mut Vec<String>) {
    for state in &contract.states {
        if let SubscriptionStatus::Unknown(word) = &state.status {
            gaps.push(format!(
                "{}: its state `{word}` is not known, and taken as the one before",
                contract.subscription.id()
            ));
        }
    }
}

impl Span<'_> {
    /// The currency of what holds.
    pub fn currency(&self) -> Option<Currency> {
        match &self.holds {
            Holds::State(state) => Some(state.currency),
            Holds::Billed { monthly, .. } => Some(monthly.currency()),
            Holds::Trial { .. } | Holds::Nothing(_) => None,
        }
    }
}

//! What one subscription pays, from point to point.

use chrono::TimeDelta;

use super::Inputs;
use super::discounts::{Window, one_time, windows};
use super::inputs::starts_at;
use super::price::{Items, On, cycle_of};
use super::rating::{Price, Rating};
use super::refunds::refunded;
use super::spans::{Holds, Span, ended_at, spans};
use crate::observation::SubscriptionStatus;
use crate::policy::{ChurnDate, Discounts, PastDue, Pauses, Policy, Trials};
use crate::subscription::{ContractState, DunningOutcome, Exact, MrrError};
use crate::{MessageId, ObjectKey, Timestamp};

/// What holds from a time on.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub at: Timestamp,
    /// What is paid a month, in the currency of the answer.
    pub mrr: Exact,
    /// The same in its own currency.
    pub native: Exact,
    pub price: Price,
    /// True while it counts, be it at a price of nothing.
    pub live: bool,
    pub paused: bool,
    pub late: bool,
    /// True when it is known to end.
    pub ending: bool,
    pub trialing: bool,
    /// Of the change from the point before: what ended discounts make, in the currency of the answer.
    pub discount_end: Exact,
    /// True when payments that failed made it stop here.
    pub involuntary: bool,
    pub sources: Vec<MessageId>,
}

/// What one subscription pays over time.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub points: Vec<Point>,
}

/// What is known of one subscription beside its states.
struct Maker<'m, 'a> {
    policy: &'m Policy,
    rating: &'m mut Rating<'a>,
    windows: &'m [Window<'a>],
    billed: &'m [&'a crate::subscription::Billed],
    /// Times without revenue after a refund that returned the unused part.
    refunded: Vec<(Timestamp, Option<Timestamp>, MessageId)>,
    /// Times in which an invoice waits after a failure.
    failing: Vec<(Timestamp, Option<Timestamp>)>,
    /// True when its first payment never came: it was never a customer.
    never: bool,
    horizon: Timestamp,
    points: Vec<Point>,
    on: Vec<On<'m>>,
    /// When discounts for one invoice began, which do not count.
    one_time: Vec<Timestamp>,
    /// The discounts, by their places, that were on an invoice of the past, and what they took off a month.
    past: Option<(Vec<usize>, Exact)>,
    status: Option<SubscriptionStatus>,
}

impl Track {
    pub fn of<'a>(
        key: &ObjectKey,
        inputs: &Inputs<'a>,
        policy: &Policy,
        rating: &mut Rating<'a>,
        as_of: Timestamp,
        gaps: &mut Vec<String>,
    ) -> Result<Self, MrrError> {
        let spans = spans(key, inputs, gaps)?;
        let contract = inputs.contracts.get(key).copied();
        let windows =
            contract.map(|contract| windows(contract, inputs, policy.discounts, gaps)).unwrap_or_default();
        let one_time =
            contract.map(|contract| one_time(contract, inputs, policy.discounts)).unwrap_or_default();
        let over = contract.and_then(ended_at);
        let billed = inputs.billed_of(key);
        let returns = inputs.returns.get(key).map(Vec::as_slice).unwrap_or_default();
        let mut maker = Maker {
            policy,
            windows: &windows,
            billed,
            refunded: if policy.refund_ends_revenue { refunded(returns, billed) } else { Vec::new() },
            failing: failing(key, inputs),
            never: over.is_some_and(|(_, state)| state.status == SubscriptionStatus::IncompleteExpired),
            // So far must be looked ahead to see whether a gap was bridged.
            horizon: as_of.checked_add_signed(TimeDelta::days(i64::from(policy.gap_days))).unwrap_or(as_of),
            points: Vec::new(),
            on: Vec::new(),
            one_time,
            past: None,
            status: None,
            rating,
        };
        for span in &spans {
            maker.span(span)?;
        }
        Ok(Self { points: maker.points })
    }
}

impl<'m, 'a: 'm> Maker<'m, 'a> {
    fn span(&mut self, span: &Span<'a>) -> Result<(), MrrError> {
        let until = span.until.unwrap_or(self.horizon);
        match &span.holds {
            Holds::State(state) => {
                let items = Items {
                    items: &state.items,
                    currency: state.currency,
                    from: span.from,
                    windows: self.windows,
                    billed: self.billed,
                };
                if let Some((places, _)) = self.past.take() {
                    self.on = items.on_these(&places);
                }
                for at in self.instants(span, &items, until) {
                    self.state(at, state, &items)?;
                }
                if !matches!(state.status, SubscriptionStatus::Unknown(_)) {
                    self.status = Some(state.status.clone());
                }
            }
            Holds::Billed { monthly, off, source } => {
                let (native, with_ended) = self.past(span.from, *monthly, *off)?;
                let mut instants = vec![span.from];
                instants.extend(self.edges().into_iter().filter(|edge| *edge > span.from && *edge < until));
                instants.retain(|at| *at <= self.horizon);
                instants.sort();
                instants.dedup();
                for at in instants {
                    let late = self.fails(at);
                    let flags = Flags { live: true, late, ..Flags::default() };
                    let ended = with_ended.filter(|_| at == span.from);
                    self.push(at, flags, native, span.from, ended, vec![*source])?;
                }
            }
            Holds::Trial { source } => {
                let flags = Flags { trialing: true, ..Flags::default() };
                self.push(span.from, flags, Exact::zero(self.rating.to), span.from, None, vec![*source])?;
            }
            Holds::Nothing(state) => {
                let involuntary = state.is_some_and(is_for_payment) || self.was_late();
                let flags = Flags { involuntary, ..Flags::default() };
                let sources = state.map(|state| state.source).into_iter().collect();
                let native = self.points.last().map_or(Exact::zero(self.rating.to), |last| last.native);
                let none = Exact::zero(native.currency());
                self.push(span.from, flags, none, span.from, None, sources)?;
            }
        }
        Ok(())
    }

    /// What an invoice says of the time before the first state: the price, and with discounts that ended since the
    /// invoice before, the price as it were with them.
    fn past(&mut self, from: Timestamp, net: Exact, off: Exact) -> Result<(Exact, Option<Exact>), MrrError> {
        let windows = self.windows.iter().enumerate();
        let on: Vec<usize> =
            windows.filter(|(_, window)| window.is_on(from, from)).map(|(place, _)| place).collect();
        // The first invoice after a discount for one began has it.
        let earlier = |begun: Timestamp| {
            self.billed
                .iter()
                .filter_map(|billed| starts_at(billed))
                .any(|start| start >= begun && start < from)
        };
        let once = || self.one_time.iter().any(|begun| *begun <= from && !earlier(*begun));
        let whole = self.policy.discounts == Discounts::None || (on.is_empty() && once());
        let (native, off) = if whole { (net.plus(off)?, Exact::zero(off.currency())) } else { (net, off) };
        let live = self.points.last().is_some_and(|last| last.live);
        let ended = match &self.past {
            Some((before, taken))
                if live && off < *taken && before.iter().any(|place| !on.contains(place)) =>
            {
                Some(native.minus(taken.minus(off)?)?)
            }
            Some(_) | None => None,
        };
        self.past = Some((on, off));
        Ok((native, ended))
    }

    /// When anything may change within a span.
    fn instants(&self, span: &Span<'a>, items: &Items<'_>, until: Timestamp) -> Vec<Timestamp> {
        let mut at = self.edges();
        for item in items.items {
            let (Some(cycle), anchor) = (cycle_of(item), item.period_start_at.unwrap_or(span.from)) else {
                continue;
            };
            at.extend(self.windows.iter().filter_map(|window| cycle.start_from(anchor, window.end?)));
            if span.currency().is_some_and(|currency| self.rating.varies(currency)) {
                let next = |after: Timestamp| cycle.start_after(anchor, after);
                let last = until.min(self.horizon);
                let starts = std::iter::successors(next(span.from), |start| next(*start));
                at.extend(starts.take_while(|start| *start <= last));
            }
        }
        at.extend(self.windows.iter().filter_map(|window| window.start));
        if items.depend_on_invoices() {
            at.extend(self.billed.iter().filter_map(|billed| starts_at(billed)));
        }
        at.retain(|at| *at > span.from && (span.until.is_none() || *at < until) && *at <= self.horizon);
        if span.from <= self.horizon {
            at.push(span.from);
        }
        at.sort();
        at.dedup();
        at
    }

    /// When refunds and failures begin and end to matter.
    fn edges(&self) -> Vec<Timestamp> {
        let refunded = self.refunded.iter().flat_map(|(from, until, _)| [Some(*from), *until]);
        let failing = self.failing.iter().flat_map(|(from, until)| [Some(*from), *until]);
        refunded.chain(failing).flatten().collect()
    }

    fn state(&mut self, at: Timestamp, state: &'a ContractState, items: &Items<'m>) -> Result<(), MrrError> {
        let flags = self.flags(at, state);
        let on = items.on(at);
        let native = items.monthly(at, &on)?;
        let before = self.points.last();
        // What came off before and does not any more, though the item is still there.
        let is_item = |on: &On<'_>| items.items.iter().any(|item| item.item == on.1);
        let gone: Vec<On<'m>> =
            self.on.iter().copied().filter(|old| is_item(old) && !on.contains(old)).collect();
        let ended = if gone.is_empty() || !flags.live || !before.is_some_and(|before| before.live) {
            None
        } else {
            // Where one takes the place of another, what ends is the difference.
            let mut still: Vec<On<'m>> = on.iter().copied().filter(|new| self.on.contains(new)).collect();
            still.extend(gone.iter().copied());
            still.sort();
            Some(items.monthly(at, &still)?)
        };
        let started = on.iter().filter(|new| !self.on.contains(new));
        let mut sources = vec![state.source];
        sources
            .extend(started.chain(&gone).filter_map(|(index, _)| Some(self.windows.get(*index)?.source())));
        sources.extend(self.refund_at(at).filter(|(from, ..)| *from == at).map(|(_, _, source)| *source));
        self.on = on;
        self.push(at, flags, native, items.latest_period(at), ended, sources)
    }

    fn flags(&self, at: Timestamp, state: &ContractState) -> Flags {
        let status = match &state.status {
            SubscriptionStatus::Unknown(_) => self.status.clone().unwrap_or(state.status.clone()),
            known => known.clone(),
        };
        let asked = state.cancel_at_period_end || state.canceled_at.is_some();
        let counts = match status {
            SubscriptionStatus::Active => true,
            SubscriptionStatus::PastDue => self.policy.past_due != PastDue::Not,
            SubscriptionStatus::Unpaid => self.policy.past_due == PastDue::Counted,
            SubscriptionStatus::Trialing => self.policy.trials == Trials::Counted,
            SubscriptionStatus::Paused
            | SubscriptionStatus::Incomplete
            | SubscriptionStatus::IncompleteExpired
            | SubscriptionStatus::Ended
            | SubscriptionStatus::Unknown(_) => false,
        };
        let held = counts && is_paused(self.policy.pauses, state.collection_paused.as_deref());
        let gone = self.never
            || self.refund_at(at).is_some()
            || (asked && self.policy.churn_date == ChurnDate::CancelAsked);
        let live = counts && !held && !gone;
        let behind = matches!(status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid);
        Flags {
            live,
            paused: !gone && (held || status == SubscriptionStatus::Paused),
            late: live && (behind || self.fails(at)),
            ending: live && asked,
            trialing: status == SubscriptionStatus::Trialing,
            involuntary: !live && self.refund_at(at).is_none() && !asked && (behind || is_for_payment(state)),
        }
    }

    fn push(
        &mut self,
        at: Timestamp,
        flags: Flags,
        native: Exact,
        period: Timestamp,
        with_ended: Option<Exact>,
        mut sources: Vec<MessageId>,
    ) -> Result<(), MrrError> {
        let flags = if self.never || (flags.live && self.refund_at(at).is_some()) {
            Flags { live: false, late: false, ending: false, paused: false, ..flags }
        } else {
            flags
        };
        let price = if flags.live { self.rating.price(native.currency(), period) } else { None };
        let zero = Exact::zero(self.rating.to);
        let (live, mrr) = match price {
            Some(price) => (true, price.apply(native, self.rating.to)?),
            None => (false, zero),
        };
        let price = price.unwrap_or(Price::ONE);
        let discount_end = match with_ended {
            Some(with) => mrr.minus(price.apply(with, self.rating.to)?)?,
            None => zero,
        };
        // A larger discount in the place of another is not the end of one.
        let discount_end = if discount_end.is_positive() { discount_end } else { zero };
        if self.points.last().is_some_and(|last| live && last.live && !price.same(last.price)) {
            sources.extend(price.source);
        }
        sources.sort();
        sources.dedup();
        let point = Point {
            at,
            mrr,
            native: if live { native } else { Exact::zero(native.currency()) },
            price,
            live,
            paused: flags.paused,
            late: flags.late,
            ending: flags.ending,
            trialing: flags.trialing,
            discount_end,
            involuntary: flags.involuntary,
            sources,
        };
        if !self.points.last().is_some_and(|last| last.holds_as(&point)) {
            self.points.push(point);
        }
        Ok(())
    }

    fn refund_at(&self, at: Timestamp) -> Option<&(Timestamp, Option<Timestamp>, MessageId)> {
        self.refunded.iter().find(|(from, until, _)| at >= *from && until.is_none_or(|until| at < until))
    }

    fn fails(&self, at: Timestamp) -> bool {
        self.failing.iter().any(|(from, until)| at >= *from && until.is_none_or(|until| at < until))
    }

    fn was_late(&self) -> bool {
        self.points.last().is_some_and(|last| last.late || last.involuntary)
    }
}

/// How a subscription stands at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    live: bool,
    paused: bool,
    late: bool,
    ending: bool,
    trialing: bool,
    involuntary: bool,
}

impl Point {
    /// True when nothing that matters is other in `later`.
    fn holds_as(&self, later: &Self) -> bool {
        let flags = |point: &Self| (point.live, point.paused, point.late, point.ending, point.trialing);
        flags(self) == flags(later)
            && self.mrr == later.mrr
            && self.native == later.native
            && self.price.same(later.price)
            && self.involuntary == later.involuntary
    }
}

fn is_paused(choice: Pauses, behaviour: Option<&str>) -> bool {
    match (choice, behaviour) {
        (Pauses::None, _) | (_, None) => false,
        (Pauses::All, Some(_)) => true,
        (Pauses::NeverCollected, Some(behaviour)) => matches!(behaviour, "void" | "mark_uncollectible"),
    }
}

fn is_for_payment(state: &ContractState) -> bool {
    matches!(state.cancel_reason.as_deref(), Some("payment_failed" | "payment_disputed"))
}

/// From when to when an invoice waits after a failure. A subscription that is shown as active afterwards waits no more.
fn failing(key: &ObjectKey, inputs: &Inputs<'_>) -> Vec<(Timestamp, Option<Timestamp>)> {
    let states = || inputs.contracts.get(key).into_iter().flat_map(|contract| &contract.states);
    inputs
        .dunnings_of(key)
        .filter_map(|dunning| {
            let from = dunning.attempts.first()?.at;
            let until = match dunning.outcome {
                DunningOutcome::Recovered { at } | DunningOutcome::Lost { at } => Some(at),
                DunningOutcome::Open => {
                    let last = dunning.attempts.last()?.at;
                    let active = |state: &&ContractState| {
                        state.from > last && state.status == SubscriptionStatus::Active
                    };
                    states().find(active).map(|state| state.from)
                }
            };
            Some((from, until))
        })
        .filter(|(from, until)| until.is_none_or(|until| until > *from))
        .collect()
}

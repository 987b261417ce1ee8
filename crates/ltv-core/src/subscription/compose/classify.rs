//! From tracks side by side to steps and movements.

use super::joined::is_stop;
use super::track::{Point, Track};
use crate::subscription::{
    Exact, Movement, MovementKind, MrrError, Step, SubscriptionMrr, SupplierStatus, Trial, TrialOutcome,
};
use crate::{Currency, MessageId, ObjectKey, Timestamp};

/// What all tracks of a supplier come to.
pub(super) struct Joined {
    pub steps: Vec<Step>,
    pub movements: Vec<Movement>,
    pub trials: Vec<Trial>,
    pub status: SupplierStatus,
}

/// What changes at one instant in one subscription, before it is known what it is to the supplier.
struct Part<'t> {
    key: &'t ObjectKey,
    after: &'t Point,
    what: What,
    amount: Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Fx,
    DiscountEnd,
    Pause,
    Resume,
    Start,
    Stop,
    Change,
}

/// The supplier as it stands while time goes on.
struct Walk<'t> {
    zero: Exact,
    now: Vec<Option<&'t Point>>,
    /// Which of them pay, or did until they were paused.
    paid: Vec<bool>,
    /// True once MRR was above 0.
    ever: bool,
    /// True from churn on until MRR is above 0 again.
    lapsed: bool,
    steps: Vec<Step>,
    movements: Vec<Movement>,
}

pub(super) fn classify(
    tracks: &mut [(&ObjectKey, Track)],
    currency: Currency,
    as_of: Timestamp,
) -> Result<Joined, MrrError> {
    for (_, track) in tracks.iter_mut() {
        track.points.retain(|point| point.at <= as_of);
    }
    let tracks: &[(&ObjectKey, Track)] = tracks;
    let mut instants: Vec<Timestamp> =
        tracks.iter().flat_map(|(_, track)| track.points.iter().map(|point| point.at)).collect();
    instants.sort();
    instants.dedup();
    let mut walk = Walk {
        zero: Exact::zero(currency),
        now: vec![None; tracks.len()],
        paid: vec![false; tracks.len()],
        ever: false,
        lapsed: false,
        steps: Vec::new(),
        movements: Vec::new(),
    };
    let mut next = vec![0_usize; tracks.len()];
    for at in instants {
        let mut changed: Vec<(usize, &ObjectKey, &Point)> = Vec::new();
        for (index, ((key, track), next)) in tracks.iter().zip(&mut next).enumerate() {
            // Several points of one instant: the last counts.
            while let Some(point) = track.points.get(*next).filter(|point| point.at == at) {
                changed.retain(|(other, ..)| *other != index);
                changed.push((index, *key, point));
                *next = next.saturating_add(1);
            }
        }
        walk.advance(at, &changed, tracks)?;
    }
    Ok(Joined { status: walk.status(), trials: trials(tracks), steps: walk.steps, movements: walk.movements })
}

impl<'t> Walk<'t> {
    fn advance(
        &mut self,
        at: Timestamp,
        changed: &[(usize, &'t ObjectKey, &'t Point)],
        tracks: &[(&'t ObjectKey, Track)],
    ) -> Result<(), MrrError> {
        let before = self.total()?;
        let had_left = self.lapsed || !self.now.iter().flatten().any(|point| point.live || point.paused);
        let mut parts = Vec::new();
        for (index, key, after) in changed {
            let old = self.now.get(*index).copied().flatten();
            let paid = self.paid.get(*index).copied().unwrap_or_default();
            self.split(key, old.map(|old| (old, paid)), after, &mut parts)?;
            if let (Some(place), Some(paid)) = (self.now.get_mut(*index), self.paid.get_mut(*index)) {
                *place = Some(after);
                *paid = if after.live { after.mrr.is_positive() } else { *paid && after.paused };
            }
        }
        let after = self.total()?;
        let first = self.movements.len();
        if before.is_zero() {
            self.rise(at, parts, had_left);
        } else if after.is_zero() {
            self.fall(at, parts);
        } else {
            self.shift(at, parts)?;
        }
        let churned = self.movements.iter().skip(first).any(|movement| movement.kind == MovementKind::Churn);
        self.ever |= after.is_positive();
        self.lapsed = if after.is_positive() { false } else { self.lapsed || churned };
        self.step(at, after, tracks)
    }

    fn total(&self) -> Result<Exact, MrrError> {
        Exact::sum(self.now.iter().flatten().map(|point| point.mrr), self.zero.currency())
    }

    /// Splits what changes in one subscription, exactly; `old` comes with whether it pays, or did until it was paused.
    fn split(
        &self,
        key: &'t ObjectKey,
        old: Option<(&Point, bool)>,
        after: &'t Point,
        parts: &mut Vec<Part<'t>>,
    ) -> Result<(), MrrError> {
        let mut push = |what, amount: Exact| {
            if !amount.is_zero() {
                parts.push(Part { key, after, what, amount });
            }
        };
        let Some((old, _)) = old.filter(|(old, _)| old.live) else {
            // What did not pay before, such as a trial without a card, cannot pay on.
            let was_paused = old.is_some_and(|(old, paid)| old.paused && paid);
            push(if was_paused { What::Resume } else { What::Start }, after.mrr);
            return Ok(());
        };
        if !after.live {
            let what = if is_stop(Some(old), after) { What::Stop } else { What::Pause };
            push(what, old.mrr.negated()?);
            return Ok(());
        }
        let rerated = if old.native.currency() == after.native.currency() && !old.price.same(after.price) {
            after.price.apply(old.native, self.zero.currency())?.minus(old.mrr)?
        } else {
            self.zero
        };
        push(What::Fx, rerated);
        push(What::DiscountEnd, after.discount_end);
        push(What::Change, after.mrr.minus(old.mrr)?.minus(rerated)?.minus(after.discount_end)?);
        Ok(())
    }

    /// From nothing: the first time, again, or on.
    fn rise(&mut self, at: Timestamp, parts: Vec<Part<'t>>, had_left: bool) {
        for part in parts {
            let kind = match part.what {
                _ if !self.ever => MovementKind::New,
                What::Resume => MovementKind::Resume,
                What::DiscountEnd if !had_left => MovementKind::DiscountEnd,
                What::Fx if !had_left => MovementKind::Fx,
                _ if had_left => MovementKind::Reactivation,
                _ => by_sign(part.amount),
            };
            self.emit(at, kind, part.amount, &[part]);
        }
    }

    /// To nothing.
    fn fall(&mut self, at: Timestamp, parts: Vec<Part<'t>>) {
        for part in parts {
            let kind = match part.what {
                What::Stop => MovementKind::Churn,
                other => plain(other, part.amount),
            };
            self.emit(at, kind, part.amount, &[part]);
        }
    }

    /// From something to something: what one subscription loses and another gets at the same instant is one change.
    fn shift(&mut self, at: Timestamp, parts: Vec<Part<'t>>) -> Result<(), MrrError> {
        let moves = |part: &Part<'_>| matches!(part.what, What::Start | What::Stop | What::Change);
        let switches = parts.iter().any(|part| matches!(part.what, What::Start | What::Stop));
        let (mut net, alone): (Vec<Part<'t>>, Vec<Part<'t>>) =
            parts.into_iter().partition(|part| switches && moves(part));
        for part in alone {
            self.emit(at, plain(part.what, part.amount), part.amount, &[part]);
        }
        // Named by the subscription that goes on.
        net.sort_by_key(|part| (part.what != What::Start, part.key));
        let amount = Exact::sum(net.iter().map(|part| part.amount), self.zero.currency())?;
        self.emit(at, by_sign(amount), amount, &net);
        Ok(())
    }

    fn emit(&mut self, at: Timestamp, kind: MovementKind, amount: Exact, parts: &[Part<'t>]) {
        let Some(first) = parts.first().filter(|_| !amount.is_zero()) else { return };
        let mut sources: Vec<MessageId> = parts.iter().flat_map(|part| part.after.sources.clone()).collect();
        sources.sort();
        sources.dedup();
        self.movements.push(Movement {
            at,
            kind,
            amount,
            voluntary: (kind == MovementKind::Churn).then_some(!first.after.involuntary),
            subscription: first.key.clone(),
            sources,
        });
    }

    fn step(&mut self, at: Timestamp, mrr: Exact, tracks: &[(&'t ObjectKey, Track)]) -> Result<(), MrrError> {
        let sum = |test: fn(&Point) -> bool| {
            let points = self.now.iter().flatten().filter(|point| test(point));
            Exact::sum(points.map(|point| point.mrr), self.zero.currency())
        };
        let paying = tracks.iter().zip(&self.now).filter_map(|((key, _), point)| {
            let point = point.filter(|point| !point.mrr.is_zero())?;
            Some(SubscriptionMrr {
                subscription: (*key).clone(),
                mrr: point.mrr,
                native: point.native,
                rate_numer: point.price.numer,
                rate_denom: point.price.denom,
            })
        });
        let step = Step {
            at,
            mrr,
            at_risk: sum(|point| point.late)?,
            scheduled_loss: sum(|point| point.ending)?,
            subscriptions: paying.collect(),
        };
        let goes_on = match self.steps.last() {
            Some(last) => Step { at, ..last.clone() } == step,
            None => step.mrr.is_zero(),
        };
        if !goes_on {
            self.steps.push(step);
        }
        Ok(())
    }

    fn status(&self) -> SupplierStatus {
        let any = |test: fn(&Point) -> bool| self.now.iter().flatten().any(|point| test(point));
        if any(|point| point.live && point.late && !point.mrr.is_zero()) {
            SupplierStatus::PastDue
        } else if any(|point| point.live && !point.trialing) {
            SupplierStatus::Active
        } else if any(|point| point.paused) {
            SupplierStatus::Paused
        } else if any(|point| point.trialing) {
            SupplierStatus::Trialing
        } else if self.ever {
            SupplierStatus::Churned
        } else {
            SupplierStatus::None
        }
    }
}

fn plain(what: What, amount: Exact) -> MovementKind {
    match what {
        What::Fx => MovementKind::Fx,
        What::DiscountEnd => MovementKind::DiscountEnd,
        What::Pause => MovementKind::Pause,
        What::Resume => MovementKind::Resume,
        What::Start | What::Stop | What::Change => by_sign(amount),
    }
}

fn by_sign(amount: Exact) -> MovementKind {
    if amount.is_positive() { MovementKind::Expansion } else { MovementKind::Contraction }
}

fn trials(tracks: &[(&ObjectKey, Track)]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (key, track) in tracks {
        let Some(first) = track.points.iter().position(|point| point.trialing) else { continue };
        let Some(started) = track.points.get(first) else { continue };
        let outcome = track
            .points
            .iter()
            .skip(first)
            .filter(|point| !point.trialing)
            .find_map(|point| match (point.live, point.mrr.is_positive()) {
                (true, true) => Some(TrialOutcome::Converted { at: point.at }),
                (true, false) => None,
                (false, _) if point.paused => None,
                (false, _) => Some(TrialOutcome::Expired { at: point.at }),
            })
            .unwrap_or(TrialOutcome::Running);
        trials.push(Trial { subscription: (*key).clone(), started_at: started.at, outcome });
    }
    trials.sort_by_key(|trial| trial.started_at);
    trials
}

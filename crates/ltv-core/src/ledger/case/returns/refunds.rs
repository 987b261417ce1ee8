//! Money given back, and refunds that failed.

use super::{Return, View};
use crate::ledger::Account;
use crate::ledger::case::Case;
use crate::ledger::case::account_moves::book_for;
use crate::ledger::case::draft::{Draft, Fact, Fault};
use crate::ledger::case::gather::Known;
use crate::observation::{Refund, RefundStatus, Settlement, SettlementKind};
use crate::{Money, Timestamp};

/// The movements of one refund.
#[derive(Default)]
struct Movements<'a> {
    out: Vec<&'a Known<Settlement>>,
    back: Vec<&'a Known<Settlement>>,
    others: Vec<&'a Known<Settlement>>,
}

impl<'a> Movements<'a> {
    fn of(case: &'a Case, refund: &'a Known<Refund>) -> Self {
        let mut sorted = Self::default();
        for known in case.settlements_of(&refund.key) {
            let first_of = |side: &[&Known<Settlement>]| side.first().map(|first| first.body.currency());
            let fits = |side| first_of(side).is_none_or(|currency| currency == known.body.currency());
            match known.body.settlement_kind {
                SettlementKind::Refund if fits(&sorted.out) => sorted.out.push(known),
                SettlementKind::RefundFailure if fits(&sorted.back) => sorted.back.push(known),
                // Part of the payment itself.
                SettlementKind::PartialCaptureReversal => {}
                SettlementKind::Refund
                | SettlementKind::RefundFailure
                | SettlementKind::Charge
                | SettlementKind::ChargeFailure
                | SettlementKind::Dispute
                | SettlementKind::DisputeReversal
                | SettlementKind::Fee
                | SettlementKind::Payout
                | SettlementKind::TopUp
                | SettlementKind::Transfer
                | SettlementKind::Unknown(_) => sorted.others.push(known),
            }
        }
        sorted
    }
}

/// True for the refund by which a provider shows the part of an authorisation that was never taken. Its movement may
/// name the refund or the charge as its source, the refund names it either way.
pub(in crate::ledger::case) fn is_capture_remainder(case: &Case, refund: &Known<Refund>) -> bool {
    case.settlements.iter().any(|known| {
        let is_its = known.body.source.as_ref() == Some(&refund.key)
            || refund.body.settlement.as_ref() == Some(&known.key);
        is_its && known.body.settlement_kind == SettlementKind::PartialCaptureReversal
    })
}

/// `None` for a refund that stands; else when it ended, where that is told.
pub(in crate::ledger::case) fn when_ended(case: &Case, refund: &Known<Refund>) -> Option<Option<Timestamp>> {
    let movements = Movements::of(case, refund);
    let back_at = movements.back.first().map(|known| known.body.created_at);
    is_ended(refund, &movements).then_some(back_at.or(refund.history.ended_at))
}

fn is_ended(refund: &Known<Refund>, movements: &Movements<'_>) -> bool {
    matches!(refund.body.status, RefundStatus::Failed | RefundStatus::Canceled) || !movements.back.is_empty()
}

/// Collects the refunds of the case; what they cost beside is booked at once.
pub(super) fn collect(view: &View<'_>, returns: &mut Vec<Return>, draft: &mut Draft) -> Result<(), Fault> {
    for refund in &view.case.refunds {
        let movements = Movements::of(view.case, refund);
        for known in &movements.others {
            book_for(&known.moved(view.party), &known.body, draft)?;
        }
        for known in movements.out.iter().chain(&movements.back) {
            let fact = known.fact(view.party, known.body.created_at);
            let fact = Fact { object: refund.key.clone(), ..fact };
            draft.pair(&fact, Account::ProcessorFees, Account::ProviderBalance, known.body.fee)?;
        }
        if !is_capture_remainder(view.case, refund) {
            collect_refund(view, refund, &movements, returns)?;
        }
    }
    Ok(())
}

fn collect_refund(
    view: &View<'_>,
    refund: &Known<Refund>,
    movements: &Movements<'_>,
    returns: &mut Vec<Return>,
) -> Result<(), Fault> {
    let has_moved = !movements.out.is_empty() || !movements.back.is_empty();
    let ended = is_ended(refund, movements);
    // An authorisation that is let go looks like a refund, and moves nothing.
    let of_nothing = view.payment.is_some() && view.taken.is_none();
    if !has_moved && (of_nothing || (ended && refund.body.settlement.is_none())) {
        return Ok(());
    }
    let out = out_of(view, refund, movements)?;
    let back = if ended { Some(back_of(view, refund, movements, &out)?) } else { None };
    returns.push(out);
    returns.extend(back);
    Ok(())
}

fn out_of(view: &View<'_>, refund: &Known<Refund>, movements: &Movements<'_>) -> Result<Return, Fault> {
    let moved = sum(&movements.out)?.map(Money::checked_neg).transpose()?;
    let fact = match movements.out.first() {
        Some(known) => Fact { object: refund.key.clone(), ..known.moved(view.party) },
        None => refund.fact(view.party, refund.body.created_at),
    };
    Ok(Return {
        fact,
        account: Account::Refunds,
        own: refund.body.amount,
        presented: view.presented(refund.body.amount, moved)?,
        moved,
        quantity: 1,
    })
}

/// The refund's undoing: at its movement, or when it was told, or as if it had never been.
fn back_of(
    view: &View<'_>,
    refund: &Known<Refund>,
    movements: &Movements<'_>,
    out: &Return,
) -> Result<Return, Fault> {
    let fact = match movements.back.first() {
        Some(known) => known.moved(view.party),
        None => refund.fact(view.party, refund.history.ended_at.unwrap_or(out.fact.at)),
    };
    let moved = match sum(&movements.back)? {
        Some(came_back) => Some(came_back.checked_neg()?),
        None => out.moved.map(Money::checked_neg).transpose()?,
    };
    Ok(Return {
        fact,
        account: Account::Refunds,
        own: out.own.checked_neg()?,
        presented: out.presented.map(|presented| presented.checked_neg().ok_or(Fault)).transpose()?,
        moved,
        quantity: -1,
    })
}

fn sum(movements: &[&Known<Settlement>]) -> Result<Option<Money>, Fault> {
    let Some(first) = movements.first() else { return Ok(None) };
    let amounts = movements.iter().map(|known| known.body.amount);
    Ok(Some(Money::try_sum(amounts, first.body.currency())?))
}

//! The case of a payment: what it took, what was given or forced back, and what is still open.

use super::account_moves::{book_for, is_of_the_account};
use super::billing::{counting_account, income};
use super::draft::{Draft, Fact, Fault, add, sub};
use super::gather::Known;
use super::invoice_share::{Parts, parts_of_payment};
use super::pieces::{self, Piece, Taken};
use super::{Case, counter, returns};
use crate::ledger::Account;
use crate::observation::{Payment, PaymentStatus, Settlement, SettlementKind};
use crate::policy::Policy;
use crate::{Money, Party};

/// True when others tell of a payment that was not shown itself.
pub(super) fn is_told_of(case: &Case) -> bool {
    let of_payment = |known: &Known<Settlement>| {
        matches!(known.body.settlement_kind, SettlementKind::Charge | SettlementKind::ChargeFailure)
            && known.body.source.as_ref() == Some(&case.anchor)
    };
    !case.refunds.is_empty() || !case.disputes.is_empty() || case.settlements.iter().any(of_payment)
}

/// Books the whole case.
pub(super) fn book(
    case: &Case,
    payment: Option<&Known<&Payment>>,
    policy: &Policy,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let customer = payment.and_then(|payment| payment.body.customer.clone());
    let party = customer.map_or_else(|| case.unassigned(), Party::Customer);
    let sorted = pieces::sort(case, payment)?;
    for stray in sorted.strays {
        book_for(&stray.moved(&party), &stray.body, draft)?;
    }
    let mut parts = Parts::default();
    if let Some(taken) = &sorted.taken {
        parts = parts_taken(case, payment, taken, policy)?;
        book_pieces(case, &party, taken, parts, draft)?;
    }
    if let Some(payment) = payment {
        book_pending(payment, sorted.taken.as_ref(), &party, draft)?;
        counter::book(case, payment, sorted.taken.as_ref(), &party, draft)?;
    }
    let view = returns::View { case, party: &party, taken: sorted.taken.as_ref(), tax: parts.tax, payment };
    returns::book(&view, draft)?;
    book_others(case, &party, draft)
}

/// What the booked amount is made of, by the invoices that the payment pays.
fn parts_taken(
    case: &Case,
    payment: Option<&Known<&Payment>>,
    taken: &Taken,
    policy: &Policy,
) -> Result<Parts, Fault> {
    let intent = payment.and_then(|payment| payment.body.payment_intent.as_ref());
    parts_of_payment(case, intent, taken.presented, policy)?.scaled_to(taken.booked.minor())
}

fn book_pieces(
    case: &Case,
    party: &Party,
    taken: &Taken,
    whole: Parts,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let counted_on = counting_account(whole)?;
    let mut before = whole.scaled_to(0)?;
    for piece in &taken.pieces {
        let fact =
            Fact { party: party.clone(), object: case.anchor.clone(), at: piece.at, source: piece.source };
        let after = whole.scaled_to(add(before.gross, piece.gross)?)?;
        income(draft, &fact, after.minus(before)?, taken.booked.currency())?;
        draft.count(&fact, counted_on, taken.booked.currency(), piece.count)?;
        book_asset(&fact, piece, taken, draft)?;
        before = after;
    }
    Ok(())
}

/// The balance gets what came in; what the income has more or less waits in suspense.
fn book_asset(fact: &Fact, piece: &Piece, taken: &Taken, draft: &mut Draft) -> Result<(), Fault> {
    let currency = taken.booked.currency();
    let difference = Money::from_minor(sub(piece.gross, piece.came_in)?, currency);
    draft.add(fact, Account::ProviderBalance, Money::from_minor(piece.came_in, currency), 0)?;
    draft.add(fact, Account::Suspense, difference, 0)?;
    draft.unexplained(fact, difference)?;
    draft.pair(fact, Account::ProcessorFees, Account::ProviderBalance, piece.fee)
}

/// A payment that was announced is pending from when it was made until it counts or fails.
fn book_pending(
    payment: &Known<&Payment>,
    taken: Option<&Taken>,
    party: &Party,
    draft: &mut Draft,
) -> Result<(), Fault> {
    if !payment.history.was_pending && payment.body.status != PaymentStatus::Pending {
        return Ok(());
    }
    let opened_at = payment.body.created_at;
    let closed_at = match (taken.and_then(Taken::at), &payment.body.status) {
        (Some(counted_at), _) => Some(counted_at),
        (None, PaymentStatus::Pending) => None,
        // Where no message says when it ended, it leaves no trace.
        (None, PaymentStatus::Failed) => Some(payment.history.ended_at.unwrap_or(opened_at)),
        (None, PaymentStatus::Succeeded | PaymentStatus::Unknown(_)) => Some(opened_at),
    };
    if closed_at.is_some_and(|closed_at| closed_at <= opened_at) {
        return Ok(());
    }
    let fact = payment.fact(party, opened_at);
    draft.pair(&fact, Account::Pending, Account::Memorandum, payment.body.amount)?;
    match closed_at {
        None => Ok(()),
        Some(closed_at) => {
            let fact = payment.fact(party, closed_at);
            draft.pair(&fact, Account::Memorandum, Account::Pending, payment.body.amount)
        }
    }
}

/// Movements that name the payment and are neither the payment nor its return: its fees are the customer's; the rest
/// is the account's, or waits in suspense.
fn book_others(case: &Case, party: &Party, draft: &mut Draft) -> Result<(), Fault> {
    for known in case.settlements_of(&case.anchor) {
        match known.body.settlement_kind {
            SettlementKind::Charge
            | SettlementKind::ChargeFailure
            | SettlementKind::PartialCaptureReversal
            | SettlementKind::Dispute
            | SettlementKind::DisputeReversal => {}
            SettlementKind::Fee | SettlementKind::Refund | SettlementKind::RefundFailure => {
                book_for(&known.moved(party), &known.body, draft)?;
            }
            SettlementKind::Payout
            | SettlementKind::TopUp
            | SettlementKind::Transfer
            | SettlementKind::Unknown(_) => {
                let own = if is_of_the_account(&known.body.settlement_kind) {
                    Party::Account(known.key.provider())
                } else {
                    party.clone()
                };
                book_for(&known.moved(&own), &known.body, draft)?;
            }
        }
    }
    Ok(())
}

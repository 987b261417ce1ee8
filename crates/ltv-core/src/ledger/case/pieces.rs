//! What a payment took: its movements, or, until there is one, what the payment says of itself.

use super::Case;
use super::draft::{Fault, add, share_of, sub};
use super::gather::Known;
use crate::observation::{Payment, PaymentStatus, Settlement, SettlementKind};
use crate::{Currency, MessageId, Money, Timestamp};

/// What a payment took, in the customer's currency and as booked.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// In the currency that the customer paid.
    pub presented: Money,
    /// In the currency of the balance; before there is a movement, as presented.
    pub booked: Money,
    /// One per movement, in the order in which they make up the whole.
    pub pieces: Vec<Piece>,
}

/// One step of what was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub at: Timestamp,
    pub source: MessageId,
    /// What came into the balance.
    pub came_in: i64,
    /// What counts as income. Another number than `came_in` only where the two do not agree.
    pub gross: i64,
    /// What the provider kept of it.
    pub fee: Money,
    /// One for the payment, minus one when it failed after all.
    pub count: i64,
}

impl Taken {
    /// When the payment first counted.
    pub fn at(&self) -> Option<Timestamp> {
        self.pieces.first().map(|piece| piece.at)
    }

    /// True when the customer paid in the currency of the balance.
    pub fn is_of_one_currency(&self) -> bool {
        self.presented.currency() == self.booked.currency()
    }
}

/// What was taken, and the movements of the payment that cannot be understood yet.
pub(super) struct Sorted<'a> {
    pub taken: Option<Taken>,
    pub strays: Vec<&'a Known<Settlement>>,
}

/// Sorts the payment's own movements.
pub(super) fn sort<'a>(case: &'a Case, payment: Option<&Known<&Payment>>) -> Result<Sorted<'a>, Fault> {
    let movements = own_movements(case);
    let first = movements.iter().find(|known| known.body.settlement_kind == SettlementKind::Charge);
    if let Some(first) = first {
        let currency = first.body.currency();
        let (ours, strays): (Vec<_>, Vec<_>) =
            movements.into_iter().partition(|known| known.body.currency() == currency);
        return match standing(payment, &ours) {
            Standing::CountsFrom(start) => {
                Ok(Sorted { taken: Some(settled(payment, currency, ours, start)?), strays })
            }
            Standing::Announced => Ok(Sorted { taken: None, strays }),
            Standing::Disagrees => {
                Ok(Sorted { taken: None, strays: ours.into_iter().chain(strays).collect() })
            }
        };
    }
    match payment.filter(|payment| is_counted(payment.body)) {
        None => Ok(Sorted { taken: None, strays: movements }),
        Some(payment) => {
            let presented = presented(payment.body);
            let (failures, strays) = movements.into_iter().partition(|known| {
                known.body.settlement_kind == SettlementKind::ChargeFailure
                    && known.body.currency() == presented.currency()
            });
            Ok(Sorted { taken: Some(unsettled(payment, presented, failures)?), strays })
        }
    }
}

/// Whether the movements of a payment count. Direct debits move in the balance when they are sent to the bank, days
/// before it is known whether they succeed; so the payment's own word decides, where it was told.
enum Standing {
    /// They count, none of them before this instant, if there is one.
    CountsFrom(Option<Timestamp>),
    /// The outcome is open: the amount is pending.
    Announced,
    /// The payment failed, and its movement was not taken back yet.
    Disagrees,
}

fn standing(payment: Option<&Known<&Payment>>, movements: &[&Known<Settlement>]) -> Standing {
    let Some(payment) = payment else { return Standing::CountsFrom(None) };
    match &payment.body.status {
        PaymentStatus::Pending => Standing::Announced,
        // It never counted: coming in and going back are of one instant.
        PaymentStatus::Failed => match movements.iter().find(|known| is_failure(known)) {
            Some(failure) => Standing::CountsFrom(Some(failure.body.created_at)),
            None => Standing::Disagrees,
        },
        PaymentStatus::Succeeded if payment.history.was_pending => {
            Standing::CountsFrom(payment.history.paid_at)
        }
        PaymentStatus::Succeeded | PaymentStatus::Unknown(_) => Standing::CountsFrom(None),
    }
}

/// Movements that make up the payment: first what came in, then remainders of an authorisation, then failures.
fn own_movements(case: &Case) -> Vec<&Known<Settlement>> {
    let own = |known: &&Known<Settlement>| match known.body.settlement_kind {
        SettlementKind::Charge | SettlementKind::ChargeFailure => {
            known.body.source.as_ref() == Some(&case.anchor)
        }
        // Comes as a refund of the part that was never taken, and may name the refund as its source.
        SettlementKind::PartialCaptureReversal => true,
        SettlementKind::Refund
        | SettlementKind::RefundFailure
        | SettlementKind::Dispute
        | SettlementKind::DisputeReversal
        | SettlementKind::Fee
        | SettlementKind::Payout
        | SettlementKind::TopUp
        | SettlementKind::Transfer
        | SettlementKind::Unknown(_) => false,
    };
    let mut movements: Vec<&Known<Settlement>> = case.settlements.iter().filter(own).collect();
    movements.sort_by_key(|known| (is_failure(known), rank(known), known.body.created_at, known.key.clone()));
    movements
}

fn rank(known: &Known<Settlement>) -> u8 {
    u8::from(known.body.settlement_kind != SettlementKind::Charge)
}

fn is_failure(known: &Known<Settlement>) -> bool {
    known.body.settlement_kind == SettlementKind::ChargeFailure
}

fn is_counted(payment: &Payment) -> bool {
    payment.captured && payment.status == PaymentStatus::Succeeded
}

/// What the customer paid, by the payment itself. Some flows report nothing captured on a payment that succeeded.
fn presented(payment: &Payment) -> Money {
    if payment.amount_captured.minor() > 0 { payment.amount_captured } else { payment.amount }
}

/// What was taken by its movements. The balance gets what they say; where the payment itself says another amount of
/// the same currency, that is the income, and the difference waits in suspense.
fn settled(
    payment: Option<&Known<&Payment>>,
    currency: Currency,
    movements: Vec<&Known<Settlement>>,
    start: Option<Timestamp>,
) -> Result<Taken, Fault> {
    let amounts = movements.iter().filter(|known| !is_failure(known)).map(|known| known.body.amount);
    let came_in = Money::try_sum(amounts, currency)?;
    let (presented, booked) = match payment.map(|payment| payment.body) {
        None => (came_in, came_in),
        Some(body) if presented(body).currency() != currency => (presented(body), came_in),
        Some(body) if body.amount_captured.is_zero() => (came_in, came_in),
        Some(body) => (body.amount_captured, body.amount_captured),
    };
    let mut difference = sub(booked.minor(), came_in.minor())?;
    let mut pieces = Vec::with_capacity(movements.len());
    for known in movements.iter().filter(|known| !is_failure(known)) {
        let amount = known.body.amount.minor();
        pieces.push(Piece {
            at: start.map_or(known.body.created_at, |start| start.max(known.body.created_at)),
            source: known.history.message,
            came_in: amount,
            gross: add(amount, difference)?,
            fee: known.body.fee,
            count: i64::from(pieces.is_empty()),
        });
        difference = 0;
    }
    push_failures(&mut pieces, &movements, booked, came_in)?;
    Ok(Taken { presented, booked, pieces })
}

/// What was taken by the payment's own word, until its movement is known.
fn unsettled(
    payment: &Known<&Payment>,
    presented: Money,
    failures: Vec<&Known<Settlement>>,
) -> Result<Taken, Fault> {
    let mut pieces = vec![Piece {
        at: payment.history.paid_at.unwrap_or(payment.body.created_at),
        source: payment.history.message,
        came_in: presented.minor(),
        gross: presented.minor(),
        fee: Money::zero(presented.currency()),
        count: 1,
    }];
    push_failures(&mut pieces, &failures, presented, presented)?;
    Ok(Taken { presented, booked: presented, pieces })
}

/// Failures take back their share of the income, and the payment's count once nothing is left.
fn push_failures(
    pieces: &mut Vec<Piece>,
    movements: &[&Known<Settlement>],
    booked: Money,
    came_in: Money,
) -> Result<(), Fault> {
    let (mut failed, mut taken_back) = (0, 0);
    for known in movements.iter().filter(|known| is_failure(known)) {
        failed = sub(failed, known.body.amount.minor())?;
        let so_far = share_of(booked.minor(), failed, came_in.minor())?;
        pieces.push(Piece {
            at: known.body.created_at,
            source: known.history.message,
            came_in: known.body.amount.minor(),
            gross: sub(taken_back, so_far)?,
            fee: known.body.fee,
            count: if failed == came_in.minor() { -1 } else { 0 },
        });
        taken_back = so_far;
    }
    Ok(())
}

//! Money forced back, and back again. It moves by movements alone: withdrawn is not lost, and reinstated is not won.

use super::{Return, View};
use crate::Money;
use crate::ledger::Account;
use crate::ledger::case::account_moves::book_for;
use crate::ledger::case::draft::{Draft, Fault, add, share_of, sub};
use crate::ledger::case::gather::Known;
use crate::observation::{Dispute, Settlement, SettlementKind};

/// Collects the money of the case's disputes; counts and fees are booked at once.
pub(super) fn collect(view: &View<'_>, returns: &mut Vec<Return>, draft: &mut Draft) -> Result<(), Fault> {
    for dispute in &view.case.disputes {
        let movements = view.case.settlements_of(&dispute.key);
        count(view, dispute, &movements, draft)?;
        for known in &movements {
            if !is_of_dispute(known) {
                book_beside(view, known, draft)?;
            }
        }
        collect_movements(view, Some(dispute), &movements, returns, draft)?;
    }
    // Some providers name the charge itself as the source of a dispute's movement.
    let direct = view.case.settlements_of(&view.case.anchor);
    collect_movements(view, None, &direct, returns, draft)
}

fn is_of_dispute(known: &Known<Settlement>) -> bool {
    matches!(known.body.settlement_kind, SettlementKind::Dispute | SettlementKind::DisputeReversal)
}

/// What moved for a dispute beside its money: fees are the dispute's.
fn book_beside(view: &View<'_>, known: &Known<Settlement>, draft: &mut Draft) -> Result<(), Fault> {
    let fact = known.moved(view.party);
    match known.body.settlement_kind {
        SettlementKind::Fee => {
            let kept = known.body.amount.checked_sub(known.body.fee)?;
            draft.pair(&fact, Account::ProviderBalance, Account::DisputeFees, kept)
        }
        // Part of the payment itself.
        SettlementKind::PartialCaptureReversal => Ok(()),
        SettlementKind::Charge
        | SettlementKind::ChargeFailure
        | SettlementKind::Refund
        | SettlementKind::RefundFailure
        | SettlementKind::Dispute
        | SettlementKind::DisputeReversal
        | SettlementKind::Payout
        | SettlementKind::TopUp
        | SettlementKind::Transfer
        | SettlementKind::Unknown(_) => book_for(&fact, &known.body, draft),
    }
}

fn count(
    view: &View<'_>,
    dispute: &Known<Dispute>,
    movements: &[&Known<Settlement>],
    draft: &mut Draft,
) -> Result<(), Fault> {
    let account = if dispute.body.status.is_inquiry() { Account::Inquiries } else { Account::Chargebacks };
    let moved = movements.first().map(|known| known.body.currency());
    let currency = match view.taken {
        Some(taken) => taken.booked.currency(),
        None => moved.unwrap_or(dispute.body.amount.currency()),
    };
    draft.count(&dispute.fact(view.party, dispute.body.created_at), account, currency, 1)
}

fn collect_movements(
    view: &View<'_>,
    dispute: Option<&Known<Dispute>>,
    movements: &[&Known<Settlement>],
    returns: &mut Vec<Return>,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let mut shares = Shares::of(view, dispute, movements)?;
    for known in movements.iter().filter(|known| is_of_dispute(known)) {
        let fact = known.moved(view.party);
        draft.pair(&fact, Account::DisputeFees, Account::ProviderBalance, known.body.fee)?;
        let moved = known.body.amount.checked_neg()?;
        if view.base().is_some_and(|taken| taken.booked.currency() != moved.currency()) {
            draft.suspense(&fact, known.body.amount)?;
            continue;
        }
        returns.push(Return {
            fact,
            account: Account::Chargebacks,
            own: moved,
            presented: shares.next(known, moved.minor())?,
            moved: Some(moved),
            quantity: 0,
        });
    }
    Ok(())
}

/// How the disputed amount, in the customer's currency, is spread over movements in the balance's.
///
/// Withdrawals take it in proportion to what moved. When each withdrawal has its reversal, the reversals give it all
/// back, since only the rate can have changed; fewer reversals give back their proportion of what was withdrawn.
struct Shares<'a> {
    view: &'a View<'a>,
    disputed: Option<Money>,
    withdrawn: Side,
    reversed: Side,
}

/// The movements of one direction.
#[derive(Default)]
struct Side {
    /// What the disputed amount is spread over.
    total: i64,
    count: usize,
    moved: i64,
    presented: i64,
}

impl<'a> Shares<'a> {
    fn of(
        view: &'a View<'a>,
        dispute: Option<&Known<Dispute>>,
        movements: &[&Known<Settlement>],
    ) -> Result<Self, Fault> {
        let disputed = dispute.map(|dispute| dispute.body.amount);
        let mut shares = Self { view, disputed, withdrawn: Side::default(), reversed: Side::default() };
        let Some(currency) = view.base().map(|taken| taken.booked.currency()) else { return Ok(shares) };
        for known in
            movements.iter().filter(|known| is_of_dispute(known) && known.body.currency() == currency)
        {
            let side = shares.side(known);
            side.count = side.count.saturating_add(1);
            side.total = sub(side.total, known.body.amount.minor())?;
        }
        if shares.reversed.count == shares.withdrawn.count {
            shares.reversed.total = shares.reversed.total.checked_neg().ok_or(Fault)?;
        } else {
            shares.reversed.total = shares.withdrawn.total;
        }
        Ok(shares)
    }

    fn side(&mut self, known: &Known<Settlement>) -> &mut Side {
        match known.body.settlement_kind {
            SettlementKind::DisputeReversal => &mut self.reversed,
            _ => &mut self.withdrawn,
        }
    }

    /// The next movement's part of the disputed amount, in the customer's currency.
    fn next(&mut self, known: &Known<Settlement>, moved: i64) -> Result<Option<i64>, Fault> {
        let Some(taken) = self.view.base() else { return Ok(None) };
        if taken.is_of_one_currency() {
            return Ok(Some(moved));
        }
        let (presented, booked) = (taken.presented, taken.booked);
        let disputed = self.disputed.filter(|disputed| disputed.currency() == presented.currency());
        let side = self.side(known);
        side.moved = add(side.moved, moved)?;
        let so_far = match disputed {
            Some(disputed) => share_of(disputed.minor(), side.moved, side.total)?,
            None => share_of(presented.minor(), side.moved, booked.minor())?,
        };
        let step = sub(so_far, side.presented)?;
        side.presented = so_far;
        Ok(Some(step))
    }
}

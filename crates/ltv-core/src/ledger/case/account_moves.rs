//! The account's own movements, payouts, and money of which nothing else is known.

use super::Case;
use super::draft::{Draft, Fact, Fault};
use super::gather::Known;
use crate::ledger::Account;
use crate::observation::{Payout, PayoutStatus, Refund, RefundStatus, Settlement, SettlementKind};
use crate::{Money, Party};

/// Books every movement of an object that is unknown itself, or names no charge.
pub(super) fn book_all(case: &Case, draft: &mut Draft) -> Result<(), Fault> {
    case.settlements.iter().try_for_each(|known| book(&known.with(&known.body), draft))
}

/// Books one movement by its kind: the account's own moves on their accounts, the rest in suspense.
pub(super) fn book(known: &Known<&Settlement>, draft: &mut Draft) -> Result<(), Fault> {
    let movement = known.body;
    let provider = known.key.provider();
    let party = match (&movement.source, is_of_the_account(&movement.settlement_kind)) {
        (None, _) | (Some(_), true) => Party::Account(provider),
        (Some(_), false) => Party::Unassigned(provider),
    };
    book_for(&known.fact(&party, movement.created_at), movement, draft)
}

/// Books a movement that is neither a payment nor its return, for the fact's party.
pub(super) fn book_for(fact: &Fact, movement: &Settlement, draft: &mut Draft) -> Result<(), Fault> {
    let Some(account) = account_of(&movement.settlement_kind) else {
        return draft.suspense(fact, movement.amount.checked_sub(movement.fee)?);
    };
    draft.pair(fact, Account::ProviderBalance, account, movement.amount)?;
    draft.pair(fact, Account::ProcessorFees, Account::ProviderBalance, movement.fee)
}

/// True for moves that are the account's and no customer's, whatever they name.
pub(super) fn is_of_the_account(kind: &SettlementKind) -> bool {
    account_of(kind).is_some()
}

fn account_of(kind: &SettlementKind) -> Option<Account> {
    match kind {
        SettlementKind::Fee => Some(Account::ProcessorFees),
        SettlementKind::Payout | SettlementKind::TopUp => Some(Account::Bank),
        SettlementKind::Transfer => Some(Account::Transfers),
        SettlementKind::Charge
        | SettlementKind::ChargeFailure
        | SettlementKind::PartialCaptureReversal
        | SettlementKind::Refund
        | SettlementKind::RefundFailure
        | SettlementKind::Dispute
        | SettlementKind::DisputeReversal
        | SettlementKind::Unknown(_) => None,
    }
}

/// Books a payout: by its movements once there is one, before that by its status.
pub(super) fn book_payout(case: &Case, payout: &Known<&Payout>, draft: &mut Draft) -> Result<(), Fault> {
    if !case.settlements.is_empty() {
        return book_all(case, draft);
    }
    match payout.body.status {
        PayoutStatus::Pending | PayoutStatus::InTransit | PayoutStatus::Paid => {
            let fact = payout.fact(&Party::Account(payout.key.provider()), payout.body.created_at);
            draft.pair(&fact, Account::Bank, Account::ProviderBalance, payout.body.amount)
        }
        PayoutStatus::Canceled | PayoutStatus::Failed | PayoutStatus::Unknown(_) => Ok(()),
    }
}

/// Books a refund that names no charge: its movements in suspense, or its size as unexplained.
pub(super) fn book_orphan_refund(
    case: &Case,
    refund: &Known<&Refund>,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let ended = matches!(refund.body.status, RefundStatus::Failed | RefundStatus::Canceled);
    if !case.settlements.is_empty() || ended {
        return book_all(case, draft);
    }
    let fact = refund.fact(&case.unassigned(), refund.body.created_at);
    let amount: Money = refund.body.amount;
    draft.unexplained(&fact, amount)
}

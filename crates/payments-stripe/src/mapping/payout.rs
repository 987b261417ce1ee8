//! Payouts: money between the balance and the bank.

use ltv_core::Body;
use ltv_core::observation::{Payout, PayoutStatus};

use super::amount::Denomination;
use super::settlement;
use super::sink::{Sink, own_key};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a payout.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let money = Denomination::of(node, "currency")?;
    let body = Payout {
        amount: money.need(node, "amount")?,
        status: sink.word(&node.need_text("status")?, "payout.status", status, PayoutStatus::Unknown),
        settlement: settlement::named(node, "balance_transaction", sink)?,
        failure_settlement: settlement::named(node, "failure_balance_transaction", sink)?,
        created_at: node.need_instant("created")?,
    };
    sink.show(own_key(node)?, Body::Payout(body));
    Ok(())
}

fn status(word: &str) -> Option<PayoutStatus> {
    Some(match word {
        "pending" => PayoutStatus::Pending,
        "in_transit" => PayoutStatus::InTransit,
        "paid" => PayoutStatus::Paid,
        "canceled" => PayoutStatus::Canceled,
        "failed" => PayoutStatus::Failed,
        _ => return None,
    })
}

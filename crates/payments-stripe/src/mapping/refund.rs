//! Refunds.

use ltv_core::Body;
use ltv_core::observation::{Refund, RefundStatus};

use super::amount::Denomination;
use super::settlement;
use super::sink::{Sink, own_key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a refund.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let money = Denomination::of(node, "currency")?;
    // Stripe leaves it empty where it does not know: that is not success.
    let word = node.text("status").unwrap_or("null".into());
    let body = Refund {
        payment: reference(node, "charge"),
        amount: money.need_unsigned(node, "amount")?,
        status: sink.word(&word, "refund.status", status, RefundStatus::Unknown),
        settlement: settlement::named(node, "balance_transaction", sink)?,
        failure_settlement: settlement::named(node, "failure_balance_transaction", sink)?,
        created_at: node.need_instant("created")?,
    };
    sink.show(own_key(node)?, Body::Refund(body));
    Ok(())
}

fn status(word: &str) -> Option<RefundStatus> {
    Some(match word {
        "pending" => RefundStatus::Pending,
        "requires_action" => RefundStatus::RequiresAction,
        "succeeded" => RefundStatus::Succeeded,
        "canceled" => RefundStatus::Canceled,
        "failed" => RefundStatus::Failed,
        _ => return None,
    })
}

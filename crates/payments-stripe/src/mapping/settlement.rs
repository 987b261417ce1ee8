//! Balance transactions: what really moved in the account's balance.

use ltv_core::observation::{Settlement, SettlementKind};
use ltv_core::{Body, ObjectKey};

use super::amount::Denomination;
use super::sink::{Sink, key, own_key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a balance transaction and names it.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<ObjectKey, MappingError> {
    let object = own_key(node)?;
    let money = Denomination::of(node, "currency")?;
    let body = Settlement {
        settlement_kind: kind(node, sink),
        source: reference(node, "source"),
        amount: money.need(node, "amount")?,
        fee: money.need(node, "fee")?,
        net: money.need(node, "net")?,
        exchange_rate: node.decimal_text("exchange_rate"),
        of_payments_balance: node.text("balance_type").is_none_or(|balance| balance == "payments"),
        created_at: node.need_instant("created")?,
        available_at: node.instant("available_on"),
    };
    sink.show(object.clone(), Body::Settlement(body));
    Ok(object)
}

/// The balance transaction that a field names; one that is given whole is observed too.
pub(crate) fn named(
    node: &Node<'_>,
    name: &str,
    sink: &mut Sink<'_>,
) -> Result<Option<ObjectKey>, MappingError> {
    match node.node(name) {
        Some(whole) if whole.text("object").as_deref() == Some("balance_transaction") => {
            map(&whole, sink).map(Some)
        }
        _ => Ok(node.reference(name).map(|id| key(&id))),
    }
}

/// The reporting category tells best; older shapes have the type alone.
fn kind(node: &Node<'_>, sink: &mut Sink<'_>) -> SettlementKind {
    if let Some(category) = node.text("reporting_category") {
        return sink.word(
            &category,
            "balance_transaction.reporting_category",
            by_category,
            SettlementKind::Unknown,
        );
    }
    let kind = node.text("type").unwrap_or_default();
    sink.word(&kind, "balance_transaction.type", by_type, SettlementKind::Unknown)
}

fn by_category(category: &str) -> Option<SettlementKind> {
    Some(match category {
        "charge" => SettlementKind::Charge,
        "charge_failure" => SettlementKind::ChargeFailure,
        "partial_capture_reversal" => SettlementKind::PartialCaptureReversal,
        "refund" => SettlementKind::Refund,
        "refund_failure" => SettlementKind::RefundFailure,
        "dispute" => SettlementKind::Dispute,
        "dispute_reversal" => SettlementKind::DisputeReversal,
        "fee" | "network_cost" | "tax" => SettlementKind::Fee,
        "payout" | "payout_reversal" => SettlementKind::Payout,
        "topup" | "topup_reversal" => SettlementKind::TopUp,
        "transfer"
        | "transfer_reversal"
        | "risk_reserved_funds"
        | "connect_collection_transfer"
        | "connect_reserved_funds" => SettlementKind::Transfer,
        // Known words whose money still cannot be explained.
        "other" | "other_adjustment" | "contribution" | "platform_earning" | "platform_earning_refund" => {
            SettlementKind::Unknown(category.to_owned())
        }
        _ if category.starts_with("advance") || category.starts_with("financing_") => {
            SettlementKind::Unknown(category.to_owned())
        }
        _ => return None,
    })
}

fn by_type(kind: &str) -> Option<SettlementKind> {
    Some(match kind {
        "charge" | "payment" => SettlementKind::Charge,
        // A payment that was pending and then failed, although the word speaks of a refund.
        "payment_reversal" | "payment_failure_refund" => SettlementKind::ChargeFailure,
        "refund" | "payment_refund" => SettlementKind::Refund,
        "refund_failure" => SettlementKind::RefundFailure,
        "payout" | "payout_cancel" | "payout_failure" | "payout_reversal" => SettlementKind::Payout,
        "topup" | "topup_reversal" => SettlementKind::TopUp,
        "stripe_fee"
        | "stripe_fx_fee"
        | "network_cost"
        | "tax_fee"
        | "application_fee"
        | "application_fee_refund" => SettlementKind::Fee,
        "reserve_transaction" | "reserved_funds" => SettlementKind::Transfer,
        _ if kind.starts_with("transfer") => SettlementKind::Transfer,
        // A dispute, its reversal, a failed refund or a fee: the type alone does not tell.
        "adjustment" => SettlementKind::Unknown(kind.to_owned()),
        _ => return None,
    })
}

//! Credit notes.

use ltv_core::observation::{CreditNote, CreditNoteStatus};
use ltv_core::{Body, Money};

use super::amount::Denomination;
use super::sink::{Sink, own_key, reference};
use super::tax;
use crate::error::MappingError;
use crate::model::Node;

/// Maps a credit note.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let money = Denomination::of(node, "currency")?;
    let total = money.need_unsigned(node, "total")?;
    let body = CreditNote {
        customer: reference(node, "customer"),
        invoice: reference(node, "invoice"),
        status: sink.word(
            &node.need_text("status")?,
            "credit_note.status",
            status,
            CreditNoteStatus::Unknown,
        ),
        total,
        tax: tax::total(node, &["tax_amounts"], money)?,
        amount_to_customer_balance: to_customer_balance(node, money, total)?,
        created_at: node.need_instant("created")?,
        voided_at: node.instant("voided_at"),
    };
    sink.show(own_key(node)?, Body::CreditNote(body));
    Ok(())
}

fn status(word: &str) -> Option<CreditNoteStatus> {
    Some(match word {
        "issued" => CreditNoteStatus::Issued,
        "void" => CreditNoteStatus::Void,
        _ => return None,
    })
}

/// What is paid back after payment is refund + customer balance + out of band; only the first and the last are given.
fn to_customer_balance(node: &Node<'_>, money: Denomination, total: Money) -> Result<Money, MappingError> {
    if node.reference("customer_balance_transaction").is_none() {
        return Ok(money.zero());
    }
    // The balance's own transaction, where it is given whole, tells exactly: negative is credit of the customer.
    if let Some(whole) = node.node("customer_balance_transaction")
        && let Some(amount) = money.optional(&whole, "amount")?
    {
        return negated(amount, node);
    }
    let mut rest = money.optional_unsigned(node, "post_payment_amount")?.unwrap_or(total).minor();
    rest = rest.saturating_sub(money.or_zero(node, "out_of_band_amount")?.minor());
    rest = rest.saturating_sub(refunded(node, money)?.minor());
    if rest < 0 {
        return Err(MappingError::Negative { pointer: node.pointer("post_payment_amount") });
    }
    Ok(Money::from_minor(rest, money.currency()))
}

/// Since 2025-03-31 each refund has its amount beside it; before, a single one may be given whole.
fn refunded(node: &Node<'_>, money: Denomination) -> Result<Money, MappingError> {
    match node.list("refunds") {
        Some(refunds) => money.sum(&refunds, "amount_refunded"),
        None => match node.node("refund") {
            Some(refund) => money.need_unsigned(&refund, "amount"),
            None => Ok(money.zero()),
        },
    }
}

fn negated(amount: Money, node: &Node<'_>) -> Result<Money, MappingError> {
    let pointer = || node.pointer("customer_balance_transaction/amount");
    let minor = amount.minor().checked_neg().ok_or_else(|| MappingError::TooLarge { pointer: pointer() })?;
    if minor < 0 {
        return Err(MappingError::WrongType { pointer: pointer(), wanted: "a credit (negative)" });
    }
    Ok(Money::from_minor(minor, amount.currency()))
}

//! Which payment paid which invoice.

use ltv_core::observation::{InvoicePayment, InvoicePaymentStatus, PaymentRef};
use ltv_core::{Body, ObjectKey};

use super::amount::Denomination;
use super::sink::{Sink, key, own_key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps an invoice payment.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let money = Denomination::of(node, "currency")?;
    let status = sink.word(
        &node.need_text("status")?,
        "invoice_payment.status",
        status,
        InvoicePaymentStatus::Unknown,
    );
    let body = InvoicePayment {
        invoice: key(&node.need_reference("invoice")?),
        payment: node.node("payment").and_then(|payment| {
            let charge = || reference(&payment, "charge").map(PaymentRef::Charge);
            let intent = || reference(&payment, "payment_intent").map(PaymentRef::Intent);
            intent().or_else(charge)
        }),
        amount: money.optional_unsigned(node, "amount_paid")?,
        status,
        created_at: node.instant("created"),
    };
    sink.show(own_key(node)?, Body::InvoicePayment(body));
    Ok(())
}

/// The name of an invoice payment that is told by the invoice or the charge alone.
pub(crate) fn joint_key(invoice: &ObjectKey, payment: &ObjectKey) -> ObjectKey {
    key(&format!("{}+{}", invoice.id(), payment.id()))
}

/// The name of a failed attempt, after its charge, or what else names the attempt.
pub(crate) fn failure_key(attempt: &str) -> ObjectKey {
    key(&format!("failure+{attempt}"))
}

fn status(word: &str) -> Option<InvoicePaymentStatus> {
    Some(match word {
        "open" => InvoicePaymentStatus::Open,
        "canceled" => InvoicePaymentStatus::Canceled,
        "paid" => InvoicePaymentStatus::Paid,
        _ => return None,
    })
}

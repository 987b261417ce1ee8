//! Charges: payments, what their older shape embeds, and their failures.

use ltv_core::observation::{
    InvoicePayment, InvoicePaymentStatus, Payment, PaymentFailure, PaymentRef, PaymentStatus,
};
use ltv_core::{Body, ObjectKey};

use super::amount::Denomination;
use super::invoice_payment::{self, failure_key};
use super::sink::{Sink, own_key, reference};
use super::{refund, settlement};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a charge.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let object = own_key(node)?;
    let payment = payment(node, sink)?;
    if payment.status == PaymentStatus::Failed {
        fail(&object, &payment, node, sink);
    }
    if let Some(invoice) = reference(node, "invoice") {
        let paid = payment.captured && payment.status == PaymentStatus::Succeeded;
        pay(&object, invoice, paid, &payment, sink);
    }
    sink.show(object, Body::Payment(payment));
    for embedded in node.list("refunds").unwrap_or_default() {
        refund::map(&embedded, sink)?;
    }
    Ok(())
}

fn payment(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<Payment, MappingError> {
    let money = Denomination::of(node, "currency")?;
    let amount = money.need_unsigned(node, "amount")?;
    let captured = node.need_boolean("captured")?;
    // Older shapes capture all or nothing.
    let all_or_nothing = if captured { amount } else { money.zero() };
    Ok(Payment {
        customer: reference(node, "customer"),
        amount,
        amount_captured: money.optional_unsigned(node, "amount_captured")?.unwrap_or(all_or_nothing),
        amount_refunded: money.optional_unsigned(node, "amount_refunded")?.unwrap_or(money.zero()),
        captured,
        status: sink.word(&node.need_text("status")?, "charge.status", status, PaymentStatus::Unknown),
        payment_intent: reference(node, "payment_intent"),
        settlement: settlement::named(node, "balance_transaction", sink)?,
        failure_settlement: settlement::named(node, "failure_balance_transaction", sink)?,
        created_at: node.need_instant("created")?,
    })
}

fn status(word: &str) -> Option<PaymentStatus> {
    Some(match word {
        "succeeded" => PaymentStatus::Succeeded,
        "pending" => PaymentStatus::Pending,
        "failed" => PaymentStatus::Failed,
        _ => return None,
    })
}

fn fail(object: &ObjectKey, payment: &Payment, node: &Node<'_>, sink: &mut Sink<'_>) {
    // Only the event of the failure itself tells when it was; a read tells when the attempt began.
    let failed_at =
        if sink.event_kind() == "charge.failed" { sink.observed_at() } else { payment.created_at };
    let body = PaymentFailure {
        customer: payment.customer.clone(),
        payment: Some(object.clone()),
        invoice: reference(node, "invoice"),
        amount: payment.amount,
        code: node.text("failure_code").map(|code| code.into_owned()),
        attempt: None,
        next_attempt_at: None,
        failed_at,
    };
    sink.show(failure_key(object.id()), Body::PaymentFailure(body));
}

/// Before 2025-03-31 the charge names its invoice.
fn pay(object: &ObjectKey, invoice: ObjectKey, paid: bool, payment: &Payment, sink: &mut Sink<'_>) {
    let body = InvoicePayment {
        invoice: invoice.clone(),
        payment: Some(PaymentRef::Charge(object.clone())),
        amount: None,
        status: if paid { InvoicePaymentStatus::Paid } else { InvoicePaymentStatus::Open },
        created_at: Some(payment.created_at),
    };
    sink.show(invoice_payment::joint_key(&invoice, object), Body::InvoicePayment(body));
}

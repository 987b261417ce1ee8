//! Invoices, before and since 2025-03-31.

use ltv_core::observation::{
    Invoice, InvoicePayment, InvoicePaymentStatus, InvoiceStatus, PaymentFailure, PaymentRef,
};
use ltv_core::{Body, Money, ObjectKey};

use super::amount::Denomination;
use super::invoice_payment::{self, failure_key, joint_key};
use super::sink::{Sink, own_key, reference};
use super::{discount, invoice_line, tax};
use crate::error::MappingError;
use crate::model::Node;

/// Maps an invoice, and what it says of its payments.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let object = own_key(node)?;
    let invoice = invoice(node, sink)?;
    pay(&object, &invoice, node, sink);
    for whole in node.list("payments").unwrap_or_default() {
        invoice_payment::map(&whole, sink)?;
    }
    if sink.event_kind() == "invoice.payment_failed" {
        fail(&object, &invoice, node, sink);
    }
    discount::of_invoice(node, sink)?;
    sink.show(object, Body::Invoice(invoice));
    Ok(())
}

fn invoice(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<Invoice, MappingError> {
    let money = Denomination::of(node, "currency")?;
    let word = node.text("status").unwrap_or("null".into());
    let amount_paid = money.need(node, "amount_paid")?;
    let shown = node.node("lines");
    let lines = node.list("lines").unwrap_or_default();
    let lines: Result<Vec<_>, _> = lines.iter().map(|line| invoice_line::map(line, money, sink)).collect();
    let transitions = node.node("status_transitions");
    let transition = |name: &str| transitions.as_ref().and_then(|transitions| transitions.instant(name));
    Ok(Invoice {
        customer: reference(node, "customer"),
        subscription: subscription(node),
        status: sink.word(&word, "invoice.status", status, InvoiceStatus::Unknown),
        total: money.need(node, "total")?,
        tax: tax::total(node, &["total_tax_amounts"], money)?,
        amount_due: money.need(node, "amount_due")?,
        amount_paid,
        amount_paid_off_provider: paid_off_provider(node, money, amount_paid)?,
        starting_balance: money.or_zero(node, "starting_balance")?,
        ending_balance: money.optional(node, "ending_balance")?,
        lines: lines?,
        lines_complete: shown.is_some_and(|shown| shown.boolean("has_more") == Some(false)),
        billing_reason: node.text("billing_reason").map(|reason| reason.into_owned()),
        created_at: node.need_instant("created")?,
        finalized_at: transition("finalized_at").or_else(|| node.instant("finalized_at")),
        paid_at: transition("paid_at"),
        voided_at: transition("voided_at"),
    })
}

fn subscription(node: &Node<'_>) -> Option<ObjectKey> {
    let details = node.node("parent").and_then(|parent| parent.node("subscription_details"));
    details
        .and_then(|details| reference(&details, "subscription"))
        .or_else(|| reference(node, "subscription"))
}

fn paid_off_provider(
    node: &Node<'_>,
    money: Denomination,
    amount_paid: Money,
) -> Result<Money, MappingError> {
    match money.optional_unsigned(node, "amount_paid_off_stripe")? {
        Some(amount) => Ok(amount),
        // The older flag says that all of it was.
        None if node.boolean("paid_out_of_band") == Some(true) => Ok(amount_paid),
        None => Ok(money.zero()),
    }
}

fn status(word: &str) -> Option<InvoiceStatus> {
    Some(match word {
        "draft" => InvoiceStatus::Draft,
        "open" => InvoiceStatus::Open,
        "uncollectible" => InvoiceStatus::Uncollectible,
        "paid" => InvoiceStatus::Paid,
        "void" => InvoiceStatus::Void,
        _ => return None,
    })
}

/// Before 2025-03-31 the invoice names its latest charge, and the payment intent.
fn older_payment(node: &Node<'_>) -> Option<(ObjectKey, PaymentRef)> {
    let charge = reference(node, "charge").map(|key| (key.clone(), PaymentRef::Charge(key)));
    charge.or_else(|| reference(node, "payment_intent").map(|key| (key.clone(), PaymentRef::Intent(key))))
}

fn pay(object: &ObjectKey, invoice: &Invoice, node: &Node<'_>, sink: &mut Sink<'_>) {
    let Some((payment, named)) = older_payment(node) else { return };
    // Paid in another way: the charge that is still named is an attempt that failed.
    let paid = invoice.status == InvoiceStatus::Paid && node.boolean("paid_out_of_band") != Some(true);
    let body = InvoicePayment {
        invoice: object.clone(),
        payment: Some(named),
        amount: None,
        status: if paid { InvoicePaymentStatus::Paid } else { InvoicePaymentStatus::Open },
        created_at: None,
    };
    sink.show(joint_key(object, &payment), Body::InvoicePayment(body));
}

fn fail(object: &ObjectKey, invoice: &Invoice, node: &Node<'_>, sink: &mut Sink<'_>) {
    let attempt = node.integer("attempt_count").and_then(|count| u32::try_from(count).ok());
    let payment = older_payment(node);
    let failure = match &payment {
        Some((payment, _)) => failure_key(payment.id()),
        // Newer shapes name no charge: the attempt's number tells it from the others.
        None => failure_key(&format!("{}+{}", object.id(), attempt.unwrap_or_default())),
    };
    let body = PaymentFailure {
        customer: invoice.customer.clone(),
        payment: payment.and_then(|(_, named)| match named {
            PaymentRef::Charge(key) => Some(key),
            PaymentRef::Intent(_) => None,
        }),
        invoice: Some(object.clone()),
        amount: invoice.amount_due,
        code: None,
        attempt,
        next_attempt_at: node.instant("next_payment_attempt"),
        failed_at: sink.observed_at(),
    };
    sink.show(failure, Body::PaymentFailure(body));
}

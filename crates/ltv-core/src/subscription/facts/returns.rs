//! Money given back of what paid for periods of a subscription.

use std::collections::BTreeMap;

use super::Told;
use super::billed::{counts, with_discount};
use crate::money::share;
use crate::observation::{
    Invoice, InvoicePayment, InvoicePaymentStatus, Payment, PaymentRef, PaymentStatus, Refund, RefundStatus,
    SettlementKind,
};
use crate::subscription::{Fact, PartyFact, Return, Returned};
use crate::{Body, Money, ObjectKey, Timestamp};

/// One fact a subscription whose period the charge paid, where any of it went back.
pub(super) fn facts(told: &Told<'_>, charge: &Payment) -> Vec<PartyFact> {
    if charge.status != PaymentStatus::Succeeded || !charge.captured {
        return Vec::new();
    }
    let refunds = refunds(told);
    if refunds.is_empty() {
        return Vec::new();
    }
    let mut facts = Vec::new();
    for invoice in paid_invoices(told, charge).into_values() {
        for paid in periods(&invoice) {
            let Some(fact) = fact(told, charge, &invoice, &paid, &refunds) else { continue };
            let customer = charge.customer.as_ref().or(invoice.customer.as_ref());
            facts.push(told.party_fact(customer, Fact::Return(fact)));
        }
    }
    facts
}

/// A period of a subscription on an invoice.
struct Paid {
    subscription: ObjectKey,
    gross: i64,
    start: Timestamp,
    end: Timestamp,
}

fn fact(
    told: &Told<'_>,
    charge: &Payment,
    invoice: &Invoice,
    paid: &Paid,
    refunds: &[Returned],
) -> Option<Return> {
    let total = invoice.total.minor();
    let taken = if charge.amount_captured.is_zero() { charge.amount } else { charge.amount_captured };
    let of_period = |money: Money| {
        let minor = share(money.minor(), paid.gross.min(total), total)?;
        Some(Money::from_minor(minor, money.currency()))
    };
    let refunds = refunds
        .iter()
        .filter(|refund| refund.amount.currency() == taken.currency())
        .filter_map(|refund| Some(Returned { amount: of_period(refund.amount)?, ..refund.clone() }))
        .collect();
    Some(Return {
        subscription: paid.subscription.clone(),
        payment: told.anchor.clone(),
        paid: of_period(taken)?,
        period_start_at: paid.start,
        period_end_at: paid.end,
        refunds,
    })
}

/// Refunds of the charge that stand, from earliest to latest.
fn refunds(told: &Told<'_>) -> Vec<Returned> {
    let mut refunds: Vec<(Returned, &ObjectKey)> = told
        .merged()
        .filter_map(|(key, body, latest)| match body {
            Body::Refund(body) if body.payment.as_ref() == Some(told.anchor) && stands(told, key, &body) => {
                Some((Returned { at: body.created_at, amount: body.amount, source: latest.message }, key))
            }
            _ => None,
        })
        .collect();
    refunds.sort_by(|(a, a_key), (b, b_key)| (a.at, a_key).cmp(&(b.at, b_key)));
    refunds.into_iter().map(|(refund, _)| refund).collect()
}

/// Neither failed nor the remainder of an authorisation.
fn stands(told: &Told<'_>, key: &ObjectKey, refund: &Refund) -> bool {
    let status = match refund.status {
        RefundStatus::Pending | RefundStatus::Succeeded => true,
        RefundStatus::RequiresAction
        | RefundStatus::Canceled
        | RefundStatus::Failed
        | RefundStatus::Unknown(_) => false,
    };
    let is_remainder = told.merged().any(|(moved, body, _)| match body {
        Body::Settlement(body) => {
            body.settlement_kind == SettlementKind::PartialCaptureReversal
                && (body.source.as_ref() == Some(key) || refund.settlement.as_ref() == Some(moved))
        }
        _ => false,
    });
    status && !is_remainder
}

/// The invoices that the charge paid, each once, by key.
fn paid_invoices(told: &Told<'_>, charge: &Payment) -> BTreeMap<ObjectKey, Invoice> {
    let own = |paid: &InvoicePayment| match &paid.payment {
        Some(PaymentRef::Charge(key)) => key == told.anchor,
        Some(PaymentRef::Intent(key)) => charge.payment_intent.as_ref() == Some(key),
        None => false,
    };
    let mut invoices = BTreeMap::new();
    for (_, body, _) in told.merged() {
        let Body::InvoicePayment(paid) = body else { continue };
        if paid.status != InvoicePaymentStatus::Paid || !own(&paid) {
            continue;
        }
        if let Some(Body::Invoice(invoice)) = crate::observation::merged(told.of(&paid.invoice))
            && counts(&invoice.status)
            && invoice.total.minor() > 0
        {
            invoices.insert(paid.invoice, invoice);
        }
    }
    invoices
}

/// What the invoice's recurring lines bill, by subscription.
fn periods(invoice: &Invoice) -> Vec<Paid> {
    let mut periods: BTreeMap<ObjectKey, Paid> = BTreeMap::new();
    for line in invoice.lines.iter().filter(|line| line.recurring && !line.proration) {
        let subscription = line.subscription.as_ref().or(invoice.subscription.as_ref());
        let gross = with_discount(line).and_then(|billed| billed.checked_add(line.tax_exclusive).ok());
        let (Some(subscription), Some(gross), Some(start), Some(end)) =
            (subscription, gross, line.period_start_at, line.period_end_at)
        else {
            continue;
        };
        let paid = periods.entry(subscription.clone()).or_insert_with(|| Paid {
            subscription: subscription.clone(),
            gross: 0,
            start,
            end,
        });
        paid.gross = paid.gross.saturating_add(gross.minor());
        paid.start = paid.start.min(start);
        paid.end = paid.end.max(end);
    }
    periods.into_values().filter(|paid| paid.gross > 0 && paid.end > paid.start).collect()
}

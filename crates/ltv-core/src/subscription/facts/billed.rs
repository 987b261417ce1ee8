//! What an invoice bills of subscriptions.

use std::collections::BTreeMap;

use super::Told;
use crate::observation::{Invoice, InvoiceLine, InvoiceStatus};
use crate::subscription::{Billed, BilledLine, Fact, PartyFact};
use crate::{Money, ObjectKey};

/// One fact a subscription.
pub(super) fn facts(told: &Told<'_>, invoice: &Invoice) -> Vec<PartyFact> {
    let Some(latest) = told.of(told.anchor).last() else { return Vec::new() };
    if !counts(&invoice.status) {
        return Vec::new();
    }
    let mut billed: BTreeMap<&ObjectKey, Billed> = BTreeMap::new();
    for line in invoice.lines.iter().filter(|line| line.recurring) {
        let Some(subscription) = line.subscription.as_ref().or(invoice.subscription.as_ref()) else {
            continue;
        };
        let fact = billed.entry(subscription).or_insert_with(|| Billed {
            subscription: subscription.clone(),
            invoice: told.anchor.clone(),
            lines: Vec::new(),
            changes: Vec::new(),
            complete: invoice.lines_complete,
            source: latest.message,
        });
        if line.proration {
            fact.changes.extend(line.period_start_at);
        } else {
            fact.lines.extend(billed_line(line));
        }
    }
    let known = billed.into_values().filter(|fact| !fact.lines.is_empty() || !fact.changes.is_empty());
    known
        .map(|mut fact| {
            fact.changes.sort();
            fact.changes.dedup();
            told.party_fact(invoice.customer.as_ref(), Fact::Billed(fact))
        })
        .collect()
}

/// True once an invoice says what is owed.
pub(super) fn counts(status: &InvoiceStatus) -> bool {
    match status {
        InvoiceStatus::Open | InvoiceStatus::Uncollectible | InvoiceStatus::Paid => true,
        InvoiceStatus::Draft | InvoiceStatus::Void | InvoiceStatus::Unknown(_) => false,
    }
}

fn billed_line(line: &InvoiceLine) -> Option<BilledLine> {
    let tax_inclusive = line.tax.checked_sub(line.tax_exclusive).ok()?;
    Some(BilledLine {
        amount: with_discount(line)?.checked_sub(tax_inclusive).ok()?,
        discount: line.discount,
        tax_inclusive,
        period_start_at: line.period_start_at?,
        period_end_at: line.period_end_at?,
        price: line.price.clone(),
        quantity: line.quantity,
    })
}

/// What is billed less discounts; inclusive tax is in it.
pub(super) fn with_discount(line: &InvoiceLine) -> Option<Money> {
    line.amount.checked_sub(line.discount).ok()
}

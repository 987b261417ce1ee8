//! Failed attempts at an invoice, and what became of it.

use super::Told;
use crate::observation::{Invoice, InvoiceStatus, PaymentFailure};
use crate::subscription::{Dunning, DunningOutcome, Fact, FailedAttempt, PartyFact};
use crate::{Body, Timestamp};

/// The failures that name the anchor; `invoice` is its own state, once it was shown.
pub(super) fn facts(told: &Told<'_>, invoice: Option<&Invoice>) -> Vec<PartyFact> {
    let mut failures: Vec<(PaymentFailure, FailedAttempt)> = told
        .merged()
        .filter_map(|(_, body, latest)| match body {
            Body::PaymentFailure(failure) if failure.invoice.as_ref() == Some(told.anchor) => {
                let attempt = FailedAttempt {
                    at: failure.failed_at,
                    next_at: failure.next_attempt_at,
                    code: failure.code.clone(),
                    source: latest.message,
                };
                Some((failure, attempt))
            }
            _ => None,
        })
        .collect();
    failures.sort_by(|(a, _), (b, _)| {
        (a.failed_at, a.attempt, &a.payment).cmp(&(b.failed_at, b.attempt, &b.payment))
    });
    let Some((first, _)) = failures.first() else { return Vec::new() };
    let customer = invoice.and_then(|invoice| invoice.customer.as_ref()).or(first.customer.as_ref());
    let fact = Dunning {
        invoice: told.anchor.clone(),
        subscription: invoice.and_then(subscription_of),
        amount: invoice.map_or(first.amount, |invoice| invoice.amount_due),
        outcome: invoice.map_or(DunningOutcome::Open, |invoice| outcome(told, invoice)),
        attempts: failures.iter().map(|(_, attempt)| attempt.clone()).collect(),
    };
    vec![told.party_fact(customer, Fact::Dunning(fact))]
}

fn subscription_of(invoice: &Invoice) -> Option<crate::ObjectKey> {
    let of_line = || invoice.lines.iter().find_map(|line| line.subscription.clone());
    invoice.subscription.clone().or_else(of_line)
}

fn outcome(told: &Told<'_>, invoice: &Invoice) -> DunningOutcome {
    let first_shown = || first_shown(told, &invoice.status);
    match invoice.status {
        InvoiceStatus::Paid => DunningOutcome::Recovered { at: invoice.paid_at.unwrap_or_else(first_shown) },
        InvoiceStatus::Void => DunningOutcome::Lost { at: invoice.voided_at.unwrap_or_else(first_shown) },
        InvoiceStatus::Uncollectible => DunningOutcome::Lost { at: first_shown() },
        InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Unknown(_) => DunningOutcome::Open,
    }
}

/// When the invoice was first shown with the status that it has.
fn first_shown(told: &Told<'_>, status: &InvoiceStatus) -> Timestamp {
    let seen = told.of(told.anchor);
    let with_status =
        seen.iter().find(|seen| matches!(&seen.body, Body::Invoice(body) if body.status == *status));
    with_status.or(seen.last()).map_or(Timestamp::UNIX_EPOCH, |seen| seen.observed_at)
}

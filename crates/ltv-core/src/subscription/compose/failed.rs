//! Failed invoices, as of the timeline's end.

use super::Inputs;
use super::rating::Rating;
use super::spans::ended_at;
use crate::Timestamp;
use crate::subscription::{Dunning, DunningOutcome, Exact, FailedInvoice, MrrError};

pub(super) fn failures(
    inputs: &Inputs<'_>,
    rating: &mut Rating<'_>,
    as_of: Timestamp,
) -> Result<Vec<FailedInvoice>, MrrError> {
    let mut failures = Vec::new();
    for dunning in inputs.dunnings.values() {
        let attempts: Vec<_> =
            dunning.attempts.iter().filter(|attempt| attempt.at <= as_of).cloned().collect();
        let Some(first) = attempts.first() else { continue };
        let price = rating.price(dunning.amount.currency(), first.at);
        let amount = Exact::of(dunning.amount)?;
        failures.push(FailedInvoice {
            invoice: dunning.invoice.clone(),
            subscription: dunning.subscription.clone(),
            amount: dunning.amount,
            converted: price.map(|price| price.apply(amount, rating.to)).transpose()?,
            outcome: outcome(dunning, inputs, as_of),
            attempts,
        });
    }
    failures.sort_by(|a, b| (a.first_failed_at(), &a.invoice).cmp(&(b.first_failed_at(), &b.invoice)));
    Ok(failures)
}

/// What became of it; an invoice that nobody will pay any more, since its subscription ended, is lost.
pub(super) fn outcome(dunning: &Dunning, inputs: &Inputs<'_>, as_of: Timestamp) -> DunningOutcome {
    let contract = dunning.subscription.as_ref().and_then(|key| inputs.contracts.get(key));
    let ended = contract.and_then(|contract| ended_at(contract)).map(|(at, _)| at).filter(|at| *at <= as_of);
    match (dunning.outcome, ended) {
        (DunningOutcome::Recovered { at } | DunningOutcome::Lost { at }, _) if at <= as_of => dunning.outcome,
        (_, Some(ended)) => {
            let last = dunning.attempts.last().map_or(ended, |attempt| attempt.at);
            DunningOutcome::Lost { at: ended.max(last) }
        }
        (_, None) => DunningOutcome::Open,
    }
}

//! The rate that a charge's settlement showed.

use super::Told;
use crate::observation::{Payment, PaymentStatus, SettlementKind};
use crate::subscription::{Fact, PartyFact, RateSeen};
use crate::{Body, Money};

/// The charge's first settlement in another currency.
pub(super) fn facts(told: &Told<'_>, charge: &Payment) -> Vec<PartyFact> {
    if charge.status != PaymentStatus::Succeeded {
        return Vec::new();
    }
    let presented = if charge.amount_captured.is_zero() { charge.amount } else { charge.amount_captured };
    let mut seen: Vec<RateSeen> = told
        .merged()
        .filter_map(|(key, body, latest)| match body {
            Body::Settlement(moved)
                if moved.settlement_kind == SettlementKind::Charge
                    && moved.of_payments_balance
                    && moved.source.as_ref() == Some(told.anchor)
                    && is_rate(presented, moved.amount) =>
            {
                Some(RateSeen {
                    presented,
                    settled: moved.amount,
                    at: moved.created_at,
                    settlement: key.clone(),
                    source: latest.message,
                })
            }
            _ => None,
        })
        .collect();
    seen.sort_by(|a, b| (a.at, &a.settlement).cmp(&(b.at, &b.settlement)));
    let first = seen.into_iter().next();
    first.map(|rate| told.party_fact(charge.customer.as_ref(), Fact::Rate(rate))).into_iter().collect()
}

fn is_rate(presented: Money, settled: Money) -> bool {
    presented.currency() != settled.currency() && presented.minor() > 0 && settled.minor() > 0
}

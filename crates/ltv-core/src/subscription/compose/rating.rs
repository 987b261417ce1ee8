//! Rates of exchange as a supplier's MRR uses them.

use std::collections::BTreeMap;

use super::Inputs;
use crate::policy::{FxRule, Policy};
use crate::subscription::{Exact, MrrError, RateSeen, RateUsed, Rates, own_rate};
use crate::{Currency, MessageId, ObjectKey, Timestamp};

/// What one unit of a currency is in the currency of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    pub numer: i64,
    pub denom: i64,
    pub source: Option<MessageId>,
}

impl Price {
    /// The rate of a currency to itself.
    pub const ONE: Self = Self { numer: 1, denom: 1, source: None };

    /// True when both make the same of every amount.
    pub fn same(self, other: Self) -> bool {
        let cross = |a: Self, b: Self| i128::from(a.numer).checked_mul(i128::from(b.denom));
        cross(self, other) == cross(other, self)
    }

    pub fn apply(self, amount: Exact, to: Currency) -> Result<Exact, MrrError> {
        if amount.currency() == to {
            return Ok(amount);
        }
        amount.converted(i128::from(self.numer), i128::from(self.denom), to)
    }
}

/// Finds rates, and keeps those that were used.
pub(super) struct Rating<'a> {
    pub to: Currency,
    rates: &'a Rates,
    own: Vec<&'a RateSeen>,
    rule: FxRule,
    as_of: Timestamp,
    used: BTreeMap<ObjectKey, RateUsed>,
    left_out: Vec<Currency>,
}

impl<'a> Rating<'a> {
    pub fn new(
        to: Currency,
        rates: &'a Rates,
        inputs: &Inputs<'a>,
        policy: &Policy,
        as_of: Timestamp,
    ) -> Self {
        Self {
            to,
            rates,
            own: inputs.rates.clone(),
            rule: policy.fx,
            as_of,
            used: BTreeMap::new(),
            left_out: Vec::new(),
        }
    }

    /// True when the rate of `from` may change with every service period.
    pub fn varies(&self, from: Currency) -> bool {
        from != self.to && self.rule == FxRule::PerServicePeriod
    }

    /// The rate for a service period that starts at `start`: that of the supplier's own settlement, else of the store.
    /// `None`: there is none at all, and the currency is left out.
    pub fn price(&mut self, from: Currency, start: Timestamp) -> Option<Price> {
        if from == self.to {
            return Some(Price::ONE);
        }
        let found = match self.rule {
            FxRule::PerServicePeriod => {
                own_rate(&self.own, from, self.to, start).or_else(|| self.rates.lookup(from, self.to, start))
            }
            FxRule::Latest => self.rates.lookup(from, self.to, self.as_of),
        };
        let Some(rate) = found else {
            if !self.left_out.contains(&from) {
                self.left_out.push(from);
            }
            return None;
        };
        let price = Price { numer: rate.numer, denom: rate.denom, source: Some(rate.source) };
        self.used.entry(rate.settlement.clone()).or_insert(rate);
        Some(price)
    }

    pub fn used(&self) -> Vec<RateUsed> {
        let mut used: Vec<RateUsed> = self.used.values().cloned().collect();
        used.sort_by(|a, b| (a.from, a.on, &a.settlement).cmp(&(b.from, b.on, &b.settlement)));
        used
    }

    pub fn left_out(&self) -> Vec<Currency> {
        let mut left_out = self.left_out.clone();
        left_out.sort();
        left_out
    }
}

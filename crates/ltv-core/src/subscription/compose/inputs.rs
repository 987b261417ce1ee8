//! A supplier's facts, by what they speak of.

use std::collections::{BTreeMap, BTreeSet};

use crate::subscription::{Billed, Contract, DiscountTerm, Dunning, Fact, PartyFact, RateSeen, Return};
use crate::{ObjectKey, Timestamp};

/// A supplier's facts, each once, in a fixed order.
#[derive(Default)]
pub(super) struct Inputs<'a> {
    pub contracts: BTreeMap<&'a ObjectKey, &'a Contract>,
    /// Discounts of all that the customer is billed.
    pub discounts: BTreeMap<&'a str, &'a DiscountTerm>,
    pub billed: BTreeMap<&'a ObjectKey, Vec<&'a Billed>>,
    pub dunnings: BTreeMap<&'a ObjectKey, &'a Dunning>,
    pub returns: BTreeMap<&'a ObjectKey, Vec<&'a Return>>,
    /// Rates that the supplier's own settlements showed.
    pub rates: Vec<&'a RateSeen>,
}

impl<'a> Inputs<'a> {
    pub fn of(facts: &'a [PartyFact]) -> Self {
        let mut inputs = Self::default();
        let mut billed: BTreeMap<(&ObjectKey, &ObjectKey), &Billed> = BTreeMap::new();
        let mut returns: BTreeMap<(&ObjectKey, &ObjectKey), &Return> = BTreeMap::new();
        for fact in facts {
            match &fact.fact {
                Fact::Contract(fact) => {
                    inputs.contracts.insert(&fact.subscription, fact);
                }
                Fact::Discount(fact) => {
                    inputs.discounts.insert(&fact.discount, fact);
                }
                Fact::Billed(fact) => {
                    billed.insert((&fact.subscription, &fact.invoice), fact);
                }
                Fact::Dunning(fact) => {
                    inputs.dunnings.insert(&fact.invoice, fact);
                }
                Fact::Return(fact) => {
                    returns.insert((&fact.subscription, &fact.payment), fact);
                }
                Fact::Rate(fact) => inputs.rates.push(fact),
            }
        }
        for ((subscription, _), fact) in billed {
            inputs.billed.entry(subscription).or_default().push(fact);
        }
        for ((subscription, _), fact) in returns {
            inputs.returns.entry(subscription).or_default().push(fact);
        }
        for list in inputs.billed.values_mut() {
            list.sort_by_key(|fact| (starts_at(fact), &fact.invoice));
        }
        inputs
    }

    /// All subscriptions of which anything is known.
    pub fn subscriptions(&self) -> BTreeSet<&'a ObjectKey> {
        self.contracts.keys().chain(self.billed.keys()).copied().collect()
    }

    /// Invoices of a subscription, by the start of the service that they bill.
    pub fn billed_of(&self, subscription: &ObjectKey) -> &[&'a Billed] {
        self.billed.get(subscription).map(Vec::as_slice).unwrap_or_default()
    }

    /// Failed invoices of a subscription.
    pub fn dunnings_of(&self, subscription: &ObjectKey) -> impl Iterator<Item = &'a Dunning> {
        self.dunnings
            .values()
            .copied()
            .filter(move |dunning| dunning.subscription.as_ref() == Some(subscription))
    }
}

/// When the service starts that an invoice bills.
pub(super) fn starts_at(billed: &Billed) -> Option<Timestamp> {
    billed.lines.iter().map(|line| line.period_start_at).min()
}

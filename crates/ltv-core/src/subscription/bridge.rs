//! From MRR under one policy to MRR under another, reason by reason.

use super::{Exact, MrrError, PartyFact, Rates, SupplierTimeline};
use crate::policy::Policy;
use crate::{Currency, Timestamp};

/// One reason for which two policies differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeLine {
    /// The reason, such as `past due is not counted`.
    pub reason: String,
    /// What it makes; signed.
    pub amount: Exact,
    /// How many suppliers it concerns.
    pub suppliers: u64,
}

/// Sums, supplier by supplier, what each choice in which two policies differ makes of MRR: the choices are switched
/// one at a time, in a fixed order, so that the lines sum exactly to the whole difference.
#[derive(Debug, Clone)]
pub struct Bridge {
    currency: Currency,
    as_of: Timestamp,
    /// From the one policy to the other, each with what its last switch says.
    policies: Vec<Policy>,
    from: Exact,
    to: Exact,
    lines: Vec<BridgeLine>,
}

impl Bridge {
    /// From `a` to `b`.
    #[must_use]
    pub fn new(a: &Policy, b: &Policy, currency: Currency, as_of: Timestamp) -> Self {
        let zero = Exact::zero(currency);
        let mut policies = vec![a.clone()];
        let mut lines = Vec::new();
        for (policy, reason) in a.steps_to(b) {
            policies.push(policy);
            lines.push(BridgeLine { reason, amount: zero, suppliers: 0 });
        }
        Self { currency, as_of, policies, from: zero, to: zero, lines }
    }

    /// Adds a supplier, by the facts of its parties.
    ///
    /// # Errors
    /// [`MrrError`]
    pub fn add(&mut self, facts: &[PartyFact], rates: &Rates) -> Result<(), MrrError> {
        let mut before: Option<Exact> = None;
        let mut lines = self.lines.iter_mut();
        for policy in &self.policies {
            let now = SupplierTimeline::compose(facts, policy, self.currency, rates, self.as_of)?.mrr();
            match before {
                None => self.from = self.from.plus(now)?,
                Some(before) => {
                    let change = now.minus(before)?;
                    if let Some(line) = lines.next() {
                        line.amount = line.amount.plus(change)?;
                        line.suppliers = line.suppliers.saturating_add(u64::from(!change.is_zero()));
                    }
                }
            }
            before = Some(now);
        }
        self.to = self.to.plus(before.unwrap_or(Exact::zero(self.currency)))?;
        Ok(())
    }

    /// MRR under the one.
    #[must_use]
    pub fn from(&self) -> Exact {
        self.from
    }

    /// MRR under the other.
    #[must_use]
    pub fn to(&self) -> Exact {
        self.to
    }

    /// The reasons that make a difference; they sum to `to − from`.
    #[must_use]
    pub fn lines(&self) -> Vec<BridgeLine> {
        self.lines.iter().filter(|line| line.suppliers > 0).cloned().collect()
    }
}

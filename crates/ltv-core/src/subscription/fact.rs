//! What booking keeps of a case beside its postings.
//!
//! Facts hold no choice of a policy: MRR under any policy, as of any time, is a pure function of them. The store keeps
//! them in versions by block, so that an answer for an earlier `knownAt` never changes.

use serde::{Deserialize, Serialize};

use crate::observation::{DiscountDuration, SubscriptionItem, SubscriptionStatus};
use crate::{Currency, MessageId, Money, ObjectKey, Party, Timestamp};

/// A fact, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartyFact {
    /// Whose it is.
    pub party: Party,
    /// What it says.
    pub fact: Fact,
}

/// What one case says of subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The states of one subscription, with its discounts. The case is the subscription.
    Contract(Contract),
    /// A discount of all that a customer is billed. The case is the discount.
    Discount(DiscountTerm),
    /// What an invoice says of a subscription's past. The case is the invoice.
    Billed(Billed),
    /// The failed attempts at an invoice, and what became of them. The case is the invoice.
    Dunning(Dunning),
    /// Money given back of what paid for periods of a subscription. The case is the charge.
    Return(Return),
    /// What a settlement showed of a rate of exchange. The case is the charge.
    Rate(RateSeen),
}

impl Fact {
    /// The kind's name, as stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Contract(_) => "contract",
            Self::Discount(_) => "discount",
            Self::Billed(_) => "billed",
            Self::Dunning(_) => "dunning",
            Self::Return(_) => "return",
            Self::Rate(_) => "rate",
        }
    }
}

/// The states of one subscription, from earliest to latest; a state that repeats the one before is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// The subscription.
    pub subscription: ObjectKey,
    /// When it started; may be before its first state.
    pub started_at: Option<Timestamp>,
    /// Its states.
    pub states: Vec<ContractState>,
    /// The discounts that name it.
    pub discounts: Vec<DiscountTerm>,
}

/// What a subscription looked like from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractState {
    /// From when: the time of the observation.
    pub from: Timestamp,
    /// Its state.
    pub status: SubscriptionStatus,
    /// Its currency.
    pub currency: Currency,
    /// What is billed.
    pub items: Vec<SubscriptionItem>,
    /// Ids of its discounts.
    pub discounts: Vec<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When its end was asked for.
    pub canceled_at: Option<Timestamp>,
    /// True when it ends with its period.
    pub cancel_at_period_end: bool,
    /// The provider's word for why it ended.
    pub cancel_reason: Option<String>,
    /// End of the trial.
    pub trial_end_at: Option<Timestamp>,
    /// How collection is paused: the provider's word.
    pub collection_paused: Option<String>,
    /// The message that showed it.
    pub source: MessageId,
}

/// A discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscountTerm {
    /// The provider's id.
    pub discount: String,
    /// The item that it is limited to.
    pub item: Option<String>,
    /// Share taken off, in percent, as a decimal text.
    pub percent_off: Option<String>,
    /// Amount taken off each invoice; positive.
    pub amount_off: Option<Money>,
    /// How long it lasts.
    pub duration: DiscountDuration,
    /// From when.
    pub started_at: Option<Timestamp>,
    /// Until when, as far as is known.
    pub ended_at: Option<Timestamp>,
    /// True when it may not apply to every item.
    pub limited_to_products: bool,
    /// The message that showed it.
    pub source: MessageId,
}

/// The recurring lines of an invoice of one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Billed {
    /// The subscription.
    pub subscription: ObjectKey,
    /// The invoice.
    pub invoice: ObjectKey,
    /// Its recurring lines, prorations left out.
    pub lines: Vec<BilledLine>,
    /// When, by its prorations, the contract changed within a period.
    pub changes: Vec<Timestamp>,
    /// False when the provider has more lines than it showed.
    pub complete: bool,
    /// The message that showed it.
    pub source: MessageId,
}

/// One recurring line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BilledLine {
    /// What is billed for the period, less discounts, without tax.
    pub amount: Money,
    /// What discounts took off before; positive or zero.
    pub discount: Money,
    /// Tax that the price contained and `amount` does not; positive or zero.
    pub tax_inclusive: Money,
    /// Start of the service.
    pub period_start_at: Timestamp,
    /// End of the service.
    pub period_end_at: Timestamp,
    /// The provider's id of the price.
    pub price: Option<String>,
    /// How many.
    pub quantity: Option<u64>,
}

/// The failed attempts at an invoice, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dunning {
    /// The invoice.
    pub invoice: ObjectKey,
    /// The subscription that it bills.
    pub subscription: Option<ObjectKey>,
    /// What was to be paid; positive.
    pub amount: Money,
    /// The attempts that failed, from first to last.
    pub attempts: Vec<FailedAttempt>,
    /// What became of it.
    pub outcome: DunningOutcome,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// When it failed.
    pub at: Timestamp,
    /// When the provider tries again; `None`: it does not.
    pub next_at: Option<Timestamp>,
    /// The provider's code.
    pub code: Option<String>,
    /// The message that showed it.
    pub source: MessageId,
}

/// What became of an invoice whose payment failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DunningOutcome {
    /// It is still to be paid.
    Open,
    /// It was paid after all.
    Recovered {
        /// When.
        at: Timestamp,
    },
    /// It was given up: voided, or marked uncollectible.
    Lost {
        /// When.
        at: Timestamp,
    },
}

/// Money given back of what paid for periods of a subscription, in the shares of that subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Return {
    /// The subscription.
    pub subscription: ObjectKey,
    /// The charge.
    pub payment: ObjectKey,
    /// What was paid for the period, tax included; positive.
    pub paid: Money,
    /// Start of the service that was paid.
    pub period_start_at: Timestamp,
    /// End of the service that was paid.
    pub period_end_at: Timestamp,
    /// Refunds of it that stand, from earliest to latest.
    pub refunds: Vec<Returned>,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// When.
    pub at: Timestamp,
    /// How much; positive.
    pub amount: Money,
    /// The message that showed it.
    pub source: MessageId,
}

/// What a settlement showed of a rate: `presented` became `settled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateSeen {
    /// What the customer paid; positive.
    pub presented: Money,
    /// What the provider's balance got for it, before fees; positive, of another currency.
    pub settled: Money,
    /// When.
    pub at: Timestamp,
    /// The balance movement that says so.
    pub settlement: ObjectKey,
    /// The message that showed it.
    pub source: MessageId,
}

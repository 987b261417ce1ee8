//! What is billed: subscriptions, invoices and what changes them.

use serde::{Deserialize, Serialize};

use crate::{Currency, Money, ObjectKey, Timestamp};

/// A subscription's state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// The first payment is open.
    Incomplete,
    /// The first payment never came.
    IncompleteExpired,
    /// In its trial.
    Trialing,
    /// Running.
    Active,
    /// Running; a payment is late.
    PastDue,
    /// Running; payments are given up.
    Unpaid,
    /// Paused.
    Paused,
    /// Ended.
    Ended,
}

/// The unit of a billing period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BillingInterval {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// One priced line of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionItem {
    /// The provider's id of the item.
    pub item: String,
    /// The provider's id of the price.
    pub price: Option<String>,
    /// Price of one, in minor units of the subscription's currency, as a decimal text of at most 12 places; `None`
    /// when the price has tiers or is metered.
    pub unit_amount: Option<String>,
    /// How many.
    pub quantity: Option<u64>,
    /// The unit of the billing period.
    pub interval: Option<BillingInterval>,
    /// How many units the billing period has.
    pub interval_count: Option<u32>,
    /// True when billed by use.
    pub metered: bool,
    /// Start of the current period.
    pub period_start_at: Option<Timestamp>,
    /// End of the current period.
    pub period_end_at: Option<Timestamp>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Who subscribed.
    pub customer: Option<ObjectKey>,
    /// Its state.
    pub status: SubscriptionStatus,
    /// Its currency.
    pub currency: Currency,
    /// What is billed.
    pub items: Vec<SubscriptionItem>,
    /// When it started; may be before it was made.
    pub started_at: Option<Timestamp>,
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
    /// Ids of its discounts.
    pub discounts: Vec<String>,
}

/// An invoice's state. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// Not final.
    Draft,
    /// Final, not paid.
    Open,
    /// Given up; may still be paid.
    Uncollectible,
    /// Paid.
    Paid,
    /// Worth nothing.
    Void,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceLine {
    /// The provider's id of the line.
    pub line: String,
    /// Signed; before invoice discounts and exclusive tax.
    pub amount: Money,
    /// Signed sum of the discounts on this line.
    pub discount: Money,
    /// Signed tax of this line, inclusive and exclusive.
    pub tax: Money,
    /// The part of `tax` that comes on top of `amount`.
    pub tax_exclusive: Money,
    /// True for a line of a subscription, prorations included; false for a one-off line.
    pub recurring: bool,
    /// True for a line that settles a change within a period.
    pub proration: bool,
    /// The subscription.
    pub subscription: Option<ObjectKey>,
    /// Start of the service.
    pub period_start_at: Option<Timestamp>,
    /// End of the service.
    pub period_end_at: Option<Timestamp>,
    /// The provider's id of the price.
    pub price: Option<String>,
    /// How many.
    pub quantity: Option<u64>,
}

/// An invoice. Amounts are signed: a negative total is a credit to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Who is billed.
    pub customer: Option<ObjectKey>,
    /// The subscription that it bills.
    pub subscription: Option<ObjectKey>,
    /// Its state.
    pub status: InvoiceStatus,
    /// All of it, tax included.
    pub total: Money,
    /// The tax in it, as reported.
    pub tax: Money,
    /// What was to be paid after customer credit.
    pub amount_due: Money,
    /// What was paid.
    pub amount_paid: Money,
    /// What was paid outside the provider, into the bank.
    pub amount_paid_off_provider: Money,
    /// The customer's balance before it; negative is credit of the customer.
    pub starting_balance: Money,
    /// The customer's balance after it; `None` until it is final.
    pub ending_balance: Option<Money>,
    /// Its lines, as far as they were shown.
    pub lines: Vec<InvoiceLine>,
    /// False when the provider has more lines than it showed.
    pub lines_complete: bool,
    /// The provider's word for why it was made.
    pub billing_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became final.
    pub finalized_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was voided.
    pub voided_at: Option<Timestamp>,
}

/// What an invoice payment names as the payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRef {
    /// The charge itself.
    Charge(ObjectKey),
    /// The payment intent of the charge.
    Intent(ObjectKey),
}

/// An invoice payment's state. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoicePaymentStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// Not paid yet.
    Open,
    /// Withdrawn.
    Canceled,
    /// Paid.
    Paid,
}

/// That an invoice was paid by a payment. Where a provider's older shape names the charge in the invoice (or the
/// other way round), its object key is made of both: `in_1+ch_1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoicePayment {
    /// The invoice.
    pub invoice: ObjectKey,
    /// The payment.
    pub payment: Option<PaymentRef>,
    /// What of the invoice it paid; positive; `None`: not told, the whole payment.
    pub amount: Option<Money>,
    /// Its state.
    pub status: InvoicePaymentStatus,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// A credit note's state. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditNoteStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// In force.
    Issued,
    /// Withdrawn.
    Void,
}

/// A reduction of an invoice. All amounts are positive. What it refunds is counted by the refund, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreditNote {
    /// Whose invoice it was.
    pub customer: Option<ObjectKey>,
    /// The invoice.
    pub invoice: Option<ObjectKey>,
    /// Its state.
    pub status: CreditNoteStatus,
    /// All of it, tax included.
    pub total: Money,
    /// The tax in it.
    pub tax: Money,
    /// What of it was credited to the customer's balance.
    pub amount_to_customer_balance: Money,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was voided.
    pub voided_at: Option<Timestamp>,
}

/// How long a discount lasts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountDuration {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// For one invoice.
    Once,
    /// For a number of months.
    Repeating {
        /// How many.
        months: u32,
    },
    /// For as long as the subscription runs.
    Forever,
}

/// A discount on a subscription, on one of its items, or on everything that a customer is billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    /// Whose it is.
    pub customer: Option<ObjectKey>,
    /// The subscription that it is limited to; `None`: all that the customer is billed.
    pub subscription: Option<ObjectKey>,
    /// The item that it is limited to.
    pub item: Option<String>,
    /// Share taken off, in percent, as a decimal text; `None` when an amount is taken off.
    pub percent_off: Option<String>,
    /// Amount taken off each invoice; positive.
    pub amount_off: Option<Money>,
    /// How long it lasts.
    pub duration: DiscountDuration,
    /// From when.
    pub started_at: Option<Timestamp>,
    /// Until when, as far as is known.
    pub ended_at: Option<Timestamp>,
    /// True when it is limited to some products, so that it may not apply to every item.
    pub limited_to_products: bool,
}

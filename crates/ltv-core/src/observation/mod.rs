//! What providers showed: the state of an object at a time.
//!
//! Observations form a *set*: adding one twice, or in another order, changes nothing. Those of one object are in a
//! [total order](Observation::order_key); refunds, disputes and captures merge by the lattice of their statuses
//! instead of by what came last.

mod billing;
mod merge;
mod money_objects;
mod order;
mod people;
mod set;

pub use billing::{
    BillingInterval, CreditNote, CreditNoteStatus, Discount, DiscountDuration, Invoice, InvoiceLine,
    InvoicePayment, InvoicePaymentStatus, InvoiceStatus, PaymentRef, Subscription, SubscriptionItem,
    SubscriptionStatus,
};
pub use merge::merged;
pub use money_objects::{
    Dispute, DisputeStatus, Payment, PaymentFailure, PaymentStatus, Payout, PayoutStatus, Refund,
    RefundStatus, Settlement, SettlementKind,
};
pub use order::OrderKey;
pub use people::Customer;
pub use set::ObservationSet;
pub(crate) use set::counting;

use serde::{Deserialize, Serialize};

use crate::{MessageId, ObjectKey, Timestamp};

/// How a message came: a webhook goes before a read of the same second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Sent by the provider.
    Webhook,
    /// Read from the provider's API.
    Read,
}

/// At this time, this object looked like this. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// The object.
    pub object: ObjectKey,
    /// The event's time, or the answer's `Date` for a read.
    pub observed_at: Timestamp,
    /// How the message came.
    pub origin: Origin,
    /// The provider's event id, or `api:<type>:<object id>` for an object that was read.
    pub source_id: String,
    /// The message in the inbox that showed it.
    pub message: MessageId,
    /// The version of the mapping that made this observation.
    pub mapping_version: i32,
    /// The object's state.
    pub body: Body,
}

/// The state of one object, neutral of providers. All amounts are in ISO 4217 minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// A customer of the provider's account.
    Customer(Customer),
    /// A subscription.
    Subscription(Subscription),
    /// A discount.
    Discount(Discount),
    /// An invoice, with its tax and lines.
    Invoice(Invoice),
    /// That an invoice was paid by a payment.
    InvoicePayment(InvoicePayment),
    /// A charge, sale or capture.
    Payment(Payment),
    /// An attempt to pay that failed.
    PaymentFailure(PaymentFailure),
    /// What the provider's balance shows for a money object.
    Settlement(Settlement),
    /// Money given back.
    Refund(Refund),
    /// A reduction of an invoice.
    CreditNote(CreditNote),
    /// Money forced back, or an inquiry.
    Dispute(Dispute),
    /// Money moved between the provider and the bank.
    Payout(Payout),
}

/// How an object refers to another. The store keeps these as edges, so that a case can be gathered from any side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// A refund or dispute names its charge; a settlement names its source. Leads towards the anchor.
    Parent,
    /// A charge, or an invoice payment, names the payment (intent) through which invoice and charge meet.
    Pays,
    /// An invoice payment names its invoice.
    OfInvoice,
}

impl Relation {
    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Pays => "pays",
            Self::OfInvoice => "of_invoice",
        }
    }
}

impl Body {
    /// The kind's name, as stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Subscription(_) => "subscription",
            Self::Discount(_) => "discount",
            Self::Invoice(_) => "invoice",
            Self::InvoicePayment(_) => "invoice_payment",
            Self::Payment(_) => "payment",
            Self::PaymentFailure(_) => "payment_failure",
            Self::Settlement(_) => "settlement",
            Self::Refund(_) => "refund",
            Self::CreditNote(_) => "credit_note",
            Self::Dispute(_) => "dispute",
            Self::Payout(_) => "payout",
        }
    }

    /// The customer that the object itself names.
    #[must_use]
    pub fn customer(&self) -> Option<&ObjectKey> {
        match self {
            Self::Subscription(body) => body.customer.as_ref(),
            Self::Discount(body) => body.customer.as_ref(),
            Self::Invoice(body) => body.customer.as_ref(),
            Self::Payment(body) => body.customer.as_ref(),
            Self::PaymentFailure(body) => body.customer.as_ref(),
            Self::CreditNote(body) => body.customer.as_ref(),
            Self::Customer(_)
            | Self::InvoicePayment(_)
            | Self::Settlement(_)
            | Self::Refund(_)
            | Self::Dispute(_)
            | Self::Payout(_) => None,
        }
    }
}

impl Observation {
    /// The edges from this object to others.
    #[must_use]
    pub fn edges(&self) -> Vec<(Relation, ObjectKey)> {
        let mut edges = Vec::new();
        let mut push = |relation, key: &Option<ObjectKey>| {
            if let Some(key) = key {
                edges.push((relation, key.clone()));
            }
        };
        match &self.body {
            Body::Payment(body) => push(Relation::Pays, &body.payment_intent),
            Body::Refund(body) => push(Relation::Parent, &body.payment),
            Body::Dispute(body) => push(Relation::Parent, &body.payment),
            Body::Settlement(body) => push(Relation::Parent, &body.source),
            Body::InvoicePayment(body) => {
                edges.push((Relation::OfInvoice, body.invoice.clone()));
                match &body.payment {
                    Some(PaymentRef::Charge(key) | PaymentRef::Intent(key)) => {
                        edges.push((Relation::Pays, key.clone()));
                    }
                    None => {}
                }
            }
            Body::Discount(body) => push(Relation::Parent, &body.subscription),
            Body::PaymentFailure(body) => push(Relation::Parent, &body.invoice),
            Body::Customer(_)
            | Body::Subscription(_)
            | Body::Invoice(_)
            | Body::CreditNote(_)
            | Body::Payout(_) => {}
        }
        edges
    }

    /// True when this kind of object can change what is booked of a case, its postings or its
    /// [facts](crate::subscription::Fact), so that the case must be booked again.
    #[must_use]
    pub fn touches_case(&self) -> bool {
        match &self.body {
            Body::Payment(_)
            | Body::Refund(_)
            | Body::Dispute(_)
            | Body::Settlement(_)
            | Body::InvoicePayment(_)
            | Body::Invoice(_)
            | Body::CreditNote(_)
            | Body::Payout(_)
            | Body::Subscription(_)
            | Body::Discount(_) => true,
            Body::PaymentFailure(body) => body.invoice.is_some(),
            Body::Customer(_) => false,
        }
    }
}

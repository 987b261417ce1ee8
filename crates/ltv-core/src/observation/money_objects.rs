//! Objects through which money moves.

use serde::{Deserialize, Serialize};

use crate::{Currency, Money, ObjectKey, Timestamp};

/// How far a payment got. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The provider used a word that is not known here: never taken for success.
    Unknown(String),
    /// Announced; the outcome is open.
    Pending,
    /// Refused, or failed after being announced.
    Failed,
    /// Paid, or at least authorised.
    Succeeded,
}

/// A charge, sale or capture, in the currency that the customer paid. All amounts are positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Who paid.
    pub customer: Option<ObjectKey>,
    /// What was authorised.
    pub amount: Money,
    /// What was taken. Some redirect flows report zero on a charge that succeeded in full.
    pub amount_captured: Money,
    /// The provider's cumulative counter, which includes what was authorised and never taken. A cross-check only.
    pub amount_refunded: Money,
    /// False while the payment is only authorised.
    pub captured: bool,
    /// How far it got.
    pub status: PaymentStatus,
    /// The payment intent through which invoices name it.
    pub payment_intent: Option<ObjectKey>,
    /// What the provider's balance shows for it.
    pub settlement: Option<ObjectKey>,
    /// What the provider's balance shows for its failure, when it failed after succeeding.
    pub failure_settlement: Option<ObjectKey>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An attempt to pay that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailure {
    /// Who was to pay.
    pub customer: Option<ObjectKey>,
    /// The charge that failed.
    pub payment: Option<ObjectKey>,
    /// The invoice that it was for.
    pub invoice: Option<ObjectKey>,
    /// What was to be paid; positive.
    pub amount: Money,
    /// The provider's code for the cause.
    pub code: Option<String>,
    /// Which attempt this was, from 1.
    pub attempt: Option<u32>,
    /// When the provider tries again; `None`: not known, or never.
    pub next_attempt_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Timestamp,
}

/// What a balance movement stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettlementKind {
    /// A payment came in.
    Charge,
    /// A payment that had come in failed after all.
    ChargeFailure,
    /// The part of an authorisation that was never taken goes back. Not a refund.
    PartialCaptureReversal,
    /// Money given back.
    Refund,
    /// A refund failed and its money came back.
    RefundFailure,
    /// Money forced back.
    Dispute,
    /// Money forced back came back.
    DisputeReversal,
    /// The provider's own fee, taxes on it included.
    Fee,
    /// To the bank, or back from a payout that failed.
    Payout,
    /// From the bank to the provider.
    TopUp,
    /// To or from another balance: transfers, reserves.
    Transfer,
    /// Not understood: its money goes to suspense.
    Unknown(String),
}

/// What the provider's balance shows for a money object, in the currency of that balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settlement {
    /// What it stands for.
    pub settlement_kind: SettlementKind,
    /// The object that it settles; `None` for the account's own movements.
    pub source: Option<ObjectKey>,
    /// Signed: positive comes into the balance.
    pub amount: Money,
    /// Signed: positive is kept by the provider, negative was given back.
    pub fee: Money,
    /// Signed: amount − fee.
    pub net: Money,
    /// The provider's rate as it wrote it, for people to read; no amount is computed from it.
    pub exchange_rate: Option<String>,
    /// False when it belongs to another balance than that of payments, and is not booked.
    pub of_payments_balance: bool,
    /// When it moved.
    pub created_at: Timestamp,
    /// When it may be paid out.
    pub available_at: Option<Timestamp>,
}

/// How far a refund got. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// On its way; its money has left.
    Pending,
    /// Waits for the customer.
    RequiresAction,
    /// Given back.
    Succeeded,
    /// Withdrawn before it was done.
    Canceled,
    /// Could not be given back, perhaps days after it succeeded; the money came back.
    Failed,
}

/// Money given back, in the currency that the customer paid. The amount is positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The charge.
    pub payment: Option<ObjectKey>,
    /// What is given back; positive.
    pub amount: Money,
    /// How far it got.
    pub status: RefundStatus,
    /// What the provider's balance shows for it.
    pub settlement: Option<ObjectKey>,
    /// What the provider's balance shows for its failure.
    pub failure_settlement: Option<ObjectKey>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How far a dispute got. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// An inquiry that waits for an answer; no money moved.
    InquiryOpen,
    /// An inquiry under review.
    InquiryUnderReview,
    /// An inquiry that came to nothing, or was prevented.
    InquiryClosed,
    /// A dispute that waits for evidence.
    Open,
    /// A dispute under review.
    UnderReview,
    /// Decided for us.
    Won,
    /// Decided against us.
    Lost,
}

impl DisputeStatus {
    /// True for an inquiry, which is no dispute yet.
    #[must_use]
    pub fn is_inquiry(&self) -> bool {
        matches!(self, Self::InquiryOpen | Self::InquiryUnderReview | Self::InquiryClosed)
    }
}

/// Money forced back, or an inquiry. Its money is in its settlements alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// The charge.
    pub payment: Option<ObjectKey>,
    /// What is disputed, in the currency that the customer paid; positive.
    pub amount: Money,
    /// How far it got.
    pub status: DisputeStatus,
    /// The provider's word for the cause.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How far a payout got. A later variant outranks an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    /// The provider used a word that is not known here.
    Unknown(String),
    /// Announced; its money has left the balance.
    Pending,
    /// On its way.
    InTransit,
    /// Sent. It may still fail.
    Paid,
    /// Withdrawn.
    Canceled,
    /// The bank sent it back.
    Failed,
}

/// Money moved between the provider and the bank. Never revenue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    /// Signed: positive goes to the bank.
    pub amount: Money,
    /// How far it got.
    pub status: PayoutStatus,
    /// What the provider's balance shows for it.
    pub settlement: Option<ObjectKey>,
    /// What the provider's balance shows for its failure.
    pub failure_settlement: Option<ObjectKey>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Settlement {
    /// The currency of the balance.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.amount.currency()
    }
}

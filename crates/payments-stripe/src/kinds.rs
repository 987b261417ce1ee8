//! Stripe's event types and object types, and what we make of them.

/// An object type that is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    BalanceTransaction,
    Charge,
    CreditNote,
    Customer,
    Discount,
    Dispute,
    Invoice,
    InvoicePayment,
    PaymentIntent,
    Payout,
    Refund,
    Subscription,
}

impl ObjectKind {
    /// Reads the word in an object's `object` field.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "balance_transaction" => Self::BalanceTransaction,
            "charge" => Self::Charge,
            "credit_note" => Self::CreditNote,
            "customer" => Self::Customer,
            "discount" => Self::Discount,
            "dispute" => Self::Dispute,
            "invoice" => Self::Invoice,
            "invoice_payment" => Self::InvoicePayment,
            "payment_intent" => Self::PaymentIntent,
            "payout" => Self::Payout,
            "refund" => Self::Refund,
            "subscription" => Self::Subscription,
            _ => return None,
        })
    }

    /// The word in an object's `object` field.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::BalanceTransaction => "balance_transaction",
            Self::Charge => "charge",
            Self::CreditNote => "credit_note",
            Self::Customer => "customer",
            Self::Discount => "discount",
            Self::Dispute => "dispute",
            Self::Invoice => "invoice",
            Self::InvoicePayment => "invoice_payment",
            Self::PaymentIntent => "payment_intent",
            Self::Payout => "payout",
            Self::Refund => "refund",
            Self::Subscription => "subscription",
        }
    }

    /// The collection below `/v1/` where such an object is read; `None`: it is not read.
    pub(crate) fn collection(self) -> Option<&'static str> {
        match self {
            Self::BalanceTransaction => Some("balance_transactions"),
            Self::Charge => Some("charges"),
            Self::CreditNote => Some("credit_notes"),
            Self::Customer => Some("customers"),
            Self::Dispute => Some("disputes"),
            Self::Invoice => Some("invoices"),
            Self::InvoicePayment => Some("invoice_payments"),
            Self::Payout => Some("payouts"),
            Self::Refund => Some("refunds"),
            Self::Subscription => Some("subscriptions"),
            // A discount is read with what it is on.
            Self::Discount | Self::PaymentIntent => None,
        }
    }
}

/// What an event type means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Its object is observed.
    Shows(ObjectKind),
    /// Known, and of no account for money, MRR or identity.
    Silent,
    /// Not known.
    Unknown,
}

/// Families of event types whose objects bear nothing that is measured here.
const SILENT_FAMILIES: &[&str] = &[
    "account.",
    "application_fee.",
    "balance.",
    "balance_settings.",
    "billing.",
    "billing_portal.",
    "capability.",
    "cash_balance.",
    "checkout.session.",
    "climate.",
    "coupon.",
    "customer.bank_account.",
    "customer.card.",
    "customer.source.",
    "customer.tax_id.",
    "customer_cash_balance_transaction.",
    "entitlements.",
    "external_account.",
    "file.",
    "financial_connections.",
    "identity.",
    "invoiceitem.",
    "issuing_authorization.",
    "issuing_card.",
    "issuing_cardholder.",
    "issuing_dispute.",
    "issuing_personalization_design.",
    "issuing_token.",
    "issuing_transaction.",
    "mandate.",
    "order.",
    "payment_intent.",
    "payment_link.",
    "payment_method.",
    "person.",
    "plan.",
    "price.",
    "product.",
    "promotion_code.",
    "quote.",
    "radar.",
    "recipient.",
    "reporting.",
    "review.",
    "setup_intent.",
    "sigma.",
    "sku.",
    "source.",
    "subscription_schedule.",
    "tax.",
    "tax_rate.",
    "terminal.",
    "test_helpers.",
    "topup.",
    "transfer.",
    "treasury.",
];

/// What an event type means; that of a thin event goes without its `v1.`.
pub(crate) fn meaning(kind: &str) -> Meaning {
    use ObjectKind as Kind;
    Meaning::Shows(match kind {
        "charge.succeeded" | "charge.captured" | "charge.pending" | "charge.failed" | "charge.expired"
        | "charge.updated" | "charge.refunded" => Kind::Charge,
        "charge.refund.updated" | "refund.created" | "refund.updated" | "refund.failed" => Kind::Refund,
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => Kind::Dispute,
        "invoice.created"
        | "invoice.updated"
        | "invoice.finalized"
        | "invoice.finalization_failed"
        | "invoice.paid"
        | "invoice.payment_succeeded"
        | "invoice.payment_failed"
        | "invoice.payment_action_required"
        | "invoice.payment_attempt_required"
        | "invoice.sent"
        | "invoice.voided"
        | "invoice.marked_uncollectible"
        | "invoice.overdue"
        | "invoice.overpaid" => Kind::Invoice,
        "invoice_payment.paid" | "invoice_payment.detached" => Kind::InvoicePayment,
        "credit_note.created" | "credit_note.updated" | "credit_note.voided" => Kind::CreditNote,
        "customer.created" | "customer.updated" | "customer.deleted" => Kind::Customer,
        "customer.discount.created" | "customer.discount.updated" | "customer.discount.deleted" => {
            Kind::Discount
        }
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.deleted"
        | "customer.subscription.paused"
        | "customer.subscription.resumed" => Kind::Subscription,
        "payout.created"
        | "payout.updated"
        | "payout.paid"
        | "payout.failed"
        | "payout.canceled"
        | "payout.reconciliation_completed" => Kind::Payout,
        "payment_intent.payment_failed" => Kind::PaymentIntent,
        // The upcoming invoice has no id, a deleted one was a draft.
        "invoice.upcoming"
        | "invoice.will_be_due"
        | "invoice.deleted"
        | "customer.subscription.trial_will_end"
        | "customer.subscription.pending_update_applied"
        | "customer.subscription.pending_update_expired"
        | "ping" => return Meaning::Silent,
        _ if SILENT_FAMILIES.iter().any(|family| kind.starts_with(family)) => return Meaning::Silent,
        _ => return Meaning::Unknown,
    })
}

/// The type of the snapshot event that a thin event stands for.
pub(crate) fn snapshot_kind(kind: &str) -> &str {
    kind.strip_prefix("v1.").unwrap_or(kind)
}

/// Whether settlements, or which payment paid which invoice, have probably changed after such an event.
pub(crate) fn announces_settlement(kind: &str) -> bool {
    const FAMILIES: &[&str] =
        &["charge.", "refund.", "payout.", "invoice.", "invoice_payment.", "credit_note.", "payment_intent."];
    FAMILIES.iter().any(|family| snapshot_kind(kind).starts_with(family))
}

/// Whether `version` is of a release whose shapes we know.
pub(crate) fn is_known_api_version(version: &str) -> bool {
    match version.split_once('.') {
        Some((date, train)) => {
            is_date(date) && matches!(train, "acacia" | "basil" | "clover" | "dahlia" | "endive" | "preview")
        }
        None => is_date(version),
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for word in [
            "balance_transaction",
            "charge",
            "credit_note",
            "customer",
            "discount",
            "dispute",
            "invoice",
            "invoice_payment",
            "payment_intent",
            "payout",
            "refund",
            "subscription",
        ] {
            assert_eq!(ObjectKind::from_word(word).map(ObjectKind::word), Some(word));
        }
        assert_eq!(ObjectKind::from_word("price"), None);
    }

    #[test]
    fn types_are_shown_silent_or_unknown() {
        assert_eq!(meaning("charge.refund.updated"), Meaning::Shows(ObjectKind::Refund));
        assert_eq!(meaning("customer.subscription.deleted"), Meaning::Shows(ObjectKind::Subscription));
        assert_eq!(meaning("payment_intent.payment_failed"), Meaning::Shows(ObjectKind::PaymentIntent));
        assert_eq!(meaning("payment_intent.succeeded"), Meaning::Silent);
        assert_eq!(meaning("customer.subscription.trial_will_end"), Meaning::Silent);
        assert_eq!(meaning("customer.discount.created"), Meaning::Shows(ObjectKind::Discount));
        assert_eq!(meaning("customer.discount.melted"), Meaning::Unknown);
        assert_eq!(meaning("price.created"), Meaning::Silent);
        for unknown in ["charge.danced", "invoice", "", "priceless.created", "customer.subscription.melted"] {
            assert_eq!(meaning(unknown), Meaning::Unknown, "{unknown}");
        }
    }

    #[test]
    fn money_announces_settlements_and_identity_does_not() {
        for kind in [
            "charge.succeeded",
            "v1.refund.created",
            "payout.paid",
            "invoice_payment.paid",
            "credit_note.created",
        ] {
            assert!(announces_settlement(kind), "{kind}");
        }
        for kind in ["customer.created", "customer.subscription.updated", "price.created", "charge"] {
            assert!(!announces_settlement(kind), "{kind}");
        }
    }

    #[test]
    fn versions_of_known_trains_are_known() {
        for version in ["2020-03-02", "2024-12-18.acacia", "2026-07-29.dahlia", "2026-10-28.endive"] {
            assert!(is_known_api_version(version), "{version}");
        }
        for version in ["2031-01-01.zinnia", "dahlia", "", "2026-07-29.", "20260729"] {
            assert!(!is_known_api_version(version), "{version}");
        }
    }
}

//! Builders and strategies for tests of this crate and of its users.
//!
//! Builders say only what matters, the rest is plausible:
//!
//! ```
//! use ltv_core::ledger::Case;
//! use ltv_core::policy::Policy;
//! use ltv_core::testkit::{a_charge, a_settlement, key};
//!
//! let told = [
//!     a_charge("ch_1").of("120.00 GBP").from("cus_1").build(),
//!     a_settlement("txn_1").of_charge("ch_1", "120.00 GBP").fee("3.78").build(),
//! ];
//! let target = Case::gather(key("ch_1"), &told).target(&Policy::preset_default())?;
//! assert_eq!(target.lines.len(), 3); // balance, income, fee
//! # Ok::<(), ltv_core::ledger::CaseError>(())
//! ```

mod billing;
mod money_objects;
mod strategies;
mod subscriptions;

pub use billing::{
    CreditNoteBuilder, InvoiceBuilder, InvoicePaymentBuilder, a_credit_note, an_invoice, an_invoice_payment,
};
pub use money_objects::{
    ChargeBuilder, DisputeBuilder, PayoutBuilder, RefundBuilder, SettlementBuilder, a_charge, a_dispute,
    a_payout, a_refund, a_settlement,
};
pub use strategies::{ChargeHistory, charge_histories};
pub use subscriptions::{
    DiscountBuilder, FailureBuilder, SubscriptionBuilder, a_discount, a_payment_failure, a_subscription,
    instant,
};

use chrono::{DateTime, TimeDelta};

use crate::ledger::{Balances, Case, Figures};
use crate::policy::Policy;
use crate::{Body, Currency, MessageId, Money, ObjectKey, Observation, Origin, Provider, Timestamp};

/// The start of 2026, from which days are counted.
const START_SECONDS: i64 = 1_767_225_600;

/// Noon of a day, counted from 1 on 2026-01-01.
#[must_use]
pub fn day(number: i64) -> Timestamp {
    let hours = number.saturating_sub(1).saturating_mul(24).saturating_add(12);
    let start = DateTime::from_timestamp(START_SECONDS, 0).unwrap_or(DateTime::UNIX_EPOCH);
    start.checked_add_signed(TimeDelta::hours(hours)).unwrap_or(start)
}

/// The Stripe object `id`.
#[must_use]
pub fn key(id: &str) -> ObjectKey {
    ObjectKey::new(Provider::Stripe, id)
}

/// Reads `120.00 GBP`.
///
/// # Panics
/// When the text is no amount: the test is wrong.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that writes a wrong amount must fail")]
pub fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').expect("an amount and a currency, such as `120.00 GBP`");
    let currency: Currency = currency.parse().expect("a currency of ISO 4217");
    Money::parse(amount, currency).expect("an amount of this currency")
}

/// Reads `3.78` in a currency that is known already.
#[must_use]
pub(crate) fn money_in(text: &str, currency: Currency) -> Money {
    money(&format!("{text} {currency}"))
}

/// Where an observation comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    at: Option<Timestamp>,
    is_read: bool,
    message: i64,
    mapping_version: i32,
}

impl Told {
    pub(crate) fn observe(self, object: ObjectKey, otherwise_at: Timestamp, body: Body) -> Observation {
        let observed_at = self.at.unwrap_or(otherwise_at);
        let source_id = if self.is_read {
            format!("api:{}:{}", body.kind(), object.id())
        } else {
            format!("evt_{}_{}_{}", object.id(), observed_at.timestamp(), body.status_rank())
        };
        Observation {
            object,
            observed_at,
            origin: if self.is_read { Origin::Read } else { Origin::Webhook },
            source_id,
            message: MessageId(self.message),
            mapping_version: self.mapping_version,
            body,
        }
    }

    pub(crate) fn at(&mut self, at: Timestamp, is_read: bool) {
        (self.at, self.is_read) = (Some(at), is_read);
    }

    pub(crate) fn message(&mut self, message: i64) {
        self.message = message;
    }
}

/// Adds to a builder what all have.
macro_rules! tellable {
    ($builder:ident) => {
        impl $builder {
            /// A webhook told it on this day; without it, on the day when it was made.
            #[must_use]
            pub fn told_on(mut self, day: i64) -> Self {
                self.told.at(crate::testkit::day(day), false);
                self
            }

            /// It was read on this day.
            #[must_use]
            pub fn read_on(mut self, day: i64) -> Self {
                self.told.at(crate::testkit::day(day), true);
                self
            }

            /// The number of its message in the inbox.
            #[must_use]
            pub fn message(mut self, number: i64) -> Self {
                self.told.message(number);
                self
            }

            /// A webhook told it at this instant, such as `2026-01-31T10:00:00Z`.
            #[must_use]
            pub fn told_at(mut self, at: &str) -> Self {
                self.told.at(crate::testkit::instant(at), false);
                self
            }

            /// It was read at this instant.
            #[must_use]
            pub fn read_at(mut self, at: &str) -> Self {
                self.told.at(crate::testkit::instant(at), true);
                self
            }

            /// When the object was made.
            #[must_use]
            pub fn on(mut self, day: i64) -> Self {
                self.made_at = crate::testkit::day(day);
                self
            }

            /// When the object was made, to the second.
            #[must_use]
            pub fn made_at(mut self, at: &str) -> Self {
                self.made_at = crate::testkit::instant(at);
                self
            }
        }
    };
}
pub(crate) use tellable;

/// The figures of one case alone, under the default policy.
///
/// # Panics
/// When the case has no target: the test is wrong.
#[must_use]
#[expect(clippy::expect_used, reason = "a test whose case cannot be booked must fail")]
pub fn figures_of(anchor: &str, observations: &[Observation], currency: Currency) -> Figures {
    let target = Case::gather(key(anchor), observations).target(&Policy::preset_default()).expect("a target");
    let mut balances = Balances::default();
    for (key, line) in &target.lines {
        balances.add(key.account, key.currency, line.amount_minor, line.quantity).expect("small sums");
    }
    balances.figures(currency).expect("small sums")
}

//! Builders of subscriptions, their discounts, and payments that fail.

use super::{Told, day, key, money, tellable};
use crate::observation::{
    BillingInterval, Discount, DiscountDuration, PaymentFailure, Subscription, SubscriptionItem,
    SubscriptionStatus,
};
use crate::{Body, Observation, Timestamp};

/// Reads `2026-01-31T10:00:00Z`, or `2026-01-31` for its midnight in UTC.
///
/// # Panics
/// When the text is no instant: the test is wrong.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that writes a wrong instant must fail")]
pub fn instant(text: &str) -> Timestamp {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse().expect("an instant such as `2026-01-31T10:00:00Z`")
}

/// Builds a subscription: active, one item of price `price_1`, monthly, unless said otherwise.
#[derive(Debug, Clone)]
pub struct SubscriptionBuilder {
    id: String,
    body: Subscription,
    made_at: Timestamp,
    told: Told,
}

/// A subscription of `cus_1` at this price a month, such as `a_subscription("sub_1", "30.00 GBP")`, on day 1.
#[must_use]
pub fn a_subscription(id: &str, price: &str) -> SubscriptionBuilder {
    let price = money(price);
    let body = Subscription {
        customer: Some(key("cus_1")),
        status: SubscriptionStatus::Active,
        currency: price.currency(),
        items: vec![SubscriptionItem {
            item: format!("si_{id}"),
            price: Some("price_1".to_owned()),
            unit_amount: Some(price.minor().to_string()),
            quantity: Some(1),
            interval: Some(BillingInterval::Month),
            interval_count: Some(1),
            metered: false,
            period_start_at: None,
            period_end_at: None,
        }],
        started_at: None,
        ended_at: None,
        canceled_at: None,
        cancel_at_period_end: false,
        cancel_reason: None,
        trial_end_at: None,
        collection_paused: None,
        discounts: Vec::new(),
    };
    SubscriptionBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl SubscriptionBuilder {
    /// Who subscribed.
    #[must_use]
    pub fn by(mut self, customer: &str) -> Self {
        self.body.customer = Some(key(customer));
        self
    }

    /// Its state.
    #[must_use]
    pub fn status(mut self, status: SubscriptionStatus) -> Self {
        self.body.status = status;
        self
    }

    /// How many.
    #[must_use]
    pub fn quantity(mut self, quantity: u64) -> Self {
        self.body.items.iter_mut().for_each(|item| item.quantity = Some(quantity));
        self
    }

    /// How often it is billed.
    #[must_use]
    pub fn every(mut self, count: u32, interval: BillingInterval) -> Self {
        for item in &mut self.body.items {
            (item.interval, item.interval_count) = (Some(interval), Some(count));
        }
        self
    }

    /// The items as they are after `change`.
    #[must_use]
    pub fn items(mut self, change: impl FnOnce(&mut Vec<SubscriptionItem>)) -> Self {
        change(&mut self.body.items);
        self
    }

    /// When the current period began; also when the subscription did, unless that was said already.
    #[must_use]
    pub fn since(mut self, start: &str) -> Self {
        let start = instant(start);
        self.body.items.iter_mut().for_each(|item| item.period_start_at = Some(start));
        self.body.started_at = self.body.started_at.or(Some(start));
        self
    }

    /// When it started.
    #[must_use]
    pub fn started(mut self, at: &str) -> Self {
        self.body.started_at = Some(instant(at));
        self
    }

    /// It ended, for this reason.
    #[must_use]
    pub fn ended(mut self, at: &str, reason: &str) -> Self {
        self.body.status = SubscriptionStatus::Ended;
        self.body.ended_at = Some(instant(at));
        self.body.canceled_at = Some(instant(at));
        self.body.cancel_reason = Some(reason.to_owned());
        self
    }

    /// Its end was asked for, and comes with the end of its period.
    #[must_use]
    pub fn ending(mut self, asked_at: &str) -> Self {
        self.body.canceled_at = Some(instant(asked_at));
        self.body.cancel_at_period_end = true;
        self
    }

    /// Collection is paused: `void`, `keep_as_draft` or `mark_uncollectible`.
    #[must_use]
    pub fn paused(mut self, how: &str) -> Self {
        self.body.collection_paused = Some(how.to_owned());
        self
    }

    /// In its trial until then.
    #[must_use]
    pub fn trial_until(mut self, end: &str) -> Self {
        self.body.status = SubscriptionStatus::Trialing;
        self.body.trial_end_at = Some(instant(end));
        self
    }

    /// Has this discount.
    #[must_use]
    pub fn with_discount(mut self, discount: &str) -> Self {
        self.body.discounts.push(discount.to_owned());
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        self.told.observe(key(&self.id), self.made_at, Body::Subscription(self.body))
    }
}
tellable!(SubscriptionBuilder);

/// Builds a discount.
#[derive(Debug, Clone)]
pub struct DiscountBuilder {
    id: String,
    body: Discount,
    made_at: Timestamp,
    told: Told,
}

/// A discount of `cus_1` that takes nothing off yet, for ever, on day 1.
#[must_use]
pub fn a_discount(id: &str) -> DiscountBuilder {
    let body = Discount {
        customer: Some(key("cus_1")),
        subscription: None,
        item: None,
        percent_off: None,
        amount_off: None,
        duration: DiscountDuration::Forever,
        started_at: None,
        ended_at: None,
        limited_to_products: false,
    };
    DiscountBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl DiscountBuilder {
    /// Of which subscription.
    #[must_use]
    pub fn of(mut self, subscription: &str) -> Self {
        self.body.subscription = Some(key(subscription));
        self
    }

    /// The share taken off.
    #[must_use]
    pub fn percent(mut self, percent: &str) -> Self {
        self.body.percent_off = Some(percent.to_owned());
        self
    }

    /// The amount taken off each invoice.
    #[must_use]
    pub fn amount(mut self, amount: &str) -> Self {
        self.body.amount_off = Some(money(amount));
        self
    }

    /// How long it lasts.
    #[must_use]
    pub fn lasts(mut self, duration: DiscountDuration) -> Self {
        self.body.duration = duration;
        self
    }

    /// From when.
    #[must_use]
    pub fn from(mut self, at: &str) -> Self {
        self.body.started_at = Some(instant(at));
        self
    }

    /// Until when.
    #[must_use]
    pub fn until(mut self, at: &str) -> Self {
        self.body.ended_at = Some(instant(at));
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        self.told.observe(key(&self.id), self.made_at, Body::Discount(self.body))
    }
}
tellable!(DiscountBuilder);

/// Builds a payment that failed.
#[derive(Debug, Clone)]
pub struct FailureBuilder {
    id: String,
    body: PaymentFailure,
    made_at: Timestamp,
    told: Told,
}

/// A failed attempt of `cus_1` at `invoice`, on day 1.
#[must_use]
pub fn a_payment_failure(id: &str, invoice: &str, amount: &str) -> FailureBuilder {
    let body = PaymentFailure {
        customer: Some(key("cus_1")),
        payment: None,
        invoice: Some(key(invoice)),
        amount: money(amount),
        code: None,
        attempt: None,
        next_attempt_at: None,
        failed_at: day(1),
    };
    FailureBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl FailureBuilder {
    /// Which attempt it was, and when the next one comes.
    #[must_use]
    pub fn attempt(mut self, attempt: u32, next_at: Option<&str>) -> Self {
        self.body.attempt = Some(attempt);
        self.body.next_attempt_at = next_at.map(instant);
        self
    }

    /// The provider's code for the cause.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.body.code = Some(code.to_owned());
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = PaymentFailure { failed_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::PaymentFailure(body))
    }
}
tellable!(FailureBuilder);

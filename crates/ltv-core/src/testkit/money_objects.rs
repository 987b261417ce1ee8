//! Builders of objects through which money moves.

use super::{Told, day, key, money, money_in, tellable};
use crate::observation::{
    Dispute, DisputeStatus, Payment, PaymentStatus, Payout, PayoutStatus, Refund, RefundStatus, Settlement,
    SettlementKind,
};
use crate::{Body, Money, Observation, Timestamp};

/// Builds a charge: captured and succeeded, unless said otherwise.
#[derive(Debug, Clone)]
pub struct ChargeBuilder {
    id: String,
    body: Payment,
    captured: Option<Money>,
    refunded: Option<Money>,
    made_at: Timestamp,
    told: Told,
}

/// A charge of 100.00 GBP on day 1, from nobody.
#[must_use]
pub fn a_charge(id: &str) -> ChargeBuilder {
    let amount = money("100.00 GBP");
    let body = Payment {
        customer: None,
        amount,
        amount_captured: amount,
        amount_refunded: amount,
        captured: true,
        status: PaymentStatus::Succeeded,
        payment_intent: None,
        settlement: None,
        failure_settlement: None,
        created_at: day(1),
    };
    ChargeBuilder {
        id: id.to_owned(),
        body,
        captured: None,
        refunded: None,
        made_at: day(1),
        told: Told::default(),
    }
}

impl ChargeBuilder {
    /// What was authorised, and taken unless [`captured`](Self::captured) says otherwise.
    #[must_use]
    pub fn of(mut self, amount: &str) -> Self {
        self.body.amount = money(amount);
        self
    }

    /// What was taken.
    #[must_use]
    pub fn captured(mut self, amount: &str) -> Self {
        self.captured = Some(money(amount));
        self
    }

    /// The cumulative counter.
    #[must_use]
    pub fn refunded(mut self, amount: &str) -> Self {
        self.refunded = Some(money(amount));
        self
    }

    /// Who paid.
    #[must_use]
    pub fn from(mut self, customer: &str) -> Self {
        self.body.customer = Some(key(customer));
        self
    }

    /// The payment intent.
    #[must_use]
    pub fn intent(mut self, id: &str) -> Self {
        self.body.payment_intent = Some(key(id));
        self
    }

    /// Only authorised so far.
    #[must_use]
    pub fn authorised(mut self) -> Self {
        self.body.captured = false;
        self.captured = Some(Money::zero(self.body.amount.currency()));
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: PaymentStatus) -> Self {
        self.body.status = status;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let amount = self.body.amount;
        let body = Payment {
            amount_captured: self.captured.unwrap_or(amount),
            amount_refunded: self.refunded.unwrap_or(Money::zero(amount.currency())),
            created_at: self.made_at,
            ..self.body
        };
        self.told.observe(key(&self.id), self.made_at, Body::Payment(body))
    }
}
tellable!(ChargeBuilder);

/// Builds a movement of the provider's balance.
#[derive(Debug, Clone)]
pub struct SettlementBuilder {
    id: String,
    body: Settlement,
    made_at: Timestamp,
    told: Told,
}

/// A movement on day 1, of nothing yet.
#[must_use]
pub fn a_settlement(id: &str) -> SettlementBuilder {
    let nothing = money("0.00 GBP");
    let body = Settlement {
        settlement_kind: SettlementKind::Charge,
        source: None,
        amount: nothing,
        fee: nothing,
        net: nothing,
        exchange_rate: None,
        of_payments_balance: true,
        created_at: day(1),
        available_at: None,
    };
    SettlementBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl SettlementBuilder {
    /// A movement of any kind; the amount is signed, positive comes in.
    #[must_use]
    pub fn of(mut self, kind: SettlementKind, source: Option<&str>, amount: &str) -> Self {
        self.body.settlement_kind = kind;
        self.body.source = source.map(key);
        self.body.amount = money(amount);
        self.body.fee = Money::zero(self.body.amount.currency());
        self
    }

    /// A payment that came in.
    #[must_use]
    pub fn of_charge(self, charge: &str, amount: &str) -> Self {
        self.of(SettlementKind::Charge, Some(charge), amount)
    }

    /// A refund that went out; the amount is negative.
    #[must_use]
    pub fn of_refund(self, refund: &str, amount: &str) -> Self {
        self.of(SettlementKind::Refund, Some(refund), amount)
    }

    /// A dispute's money that went out; the amount is negative.
    #[must_use]
    pub fn of_dispute(self, dispute: &str, amount: &str) -> Self {
        self.of(SettlementKind::Dispute, Some(dispute), amount)
    }

    /// What the provider kept, signed, in the currency of the amount.
    #[must_use]
    pub fn fee(mut self, fee: &str) -> Self {
        self.body.fee = money_in(fee, self.body.amount.currency());
        self
    }

    /// Of another balance than that of payments.
    #[must_use]
    pub fn of_another_balance(mut self) -> Self {
        self.body.of_payments_balance = false;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let net = self.body.amount.checked_sub(self.body.fee).unwrap_or(self.body.amount);
        let body = Settlement { net, created_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::Settlement(body))
    }
}
tellable!(SettlementBuilder);

/// Builds a refund: succeeded, unless said otherwise.
#[derive(Debug, Clone)]
pub struct RefundBuilder {
    id: String,
    body: Refund,
    made_at: Timestamp,
    told: Told,
}

/// A refund of 10.00 GBP on day 2, of no charge.
#[must_use]
pub fn a_refund(id: &str) -> RefundBuilder {
    let body = Refund {
        payment: None,
        amount: money("10.00 GBP"),
        status: RefundStatus::Succeeded,
        settlement: None,
        failure_settlement: None,
        created_at: day(2),
    };
    RefundBuilder { id: id.to_owned(), body, made_at: day(2), told: Told::default() }
}

impl RefundBuilder {
    /// Of which charge, and how much.
    #[must_use]
    pub fn of(mut self, charge: &str, amount: &str) -> Self {
        self.body.payment = Some(key(charge));
        self.body.amount = money(amount);
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: RefundStatus) -> Self {
        self.body.status = status;
        self
    }

    /// Its movement, whether that was shown or not.
    #[must_use]
    pub fn settlement(mut self, id: &str) -> Self {
        self.body.settlement = Some(key(id));
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = Refund { created_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::Refund(body))
    }
}
tellable!(RefundBuilder);

/// Builds a dispute: open, unless said otherwise.
#[derive(Debug, Clone)]
pub struct DisputeBuilder {
    id: String,
    body: Dispute,
    made_at: Timestamp,
    told: Told,
}

/// A dispute of 100.00 GBP on day 5, of no charge.
#[must_use]
pub fn a_dispute(id: &str) -> DisputeBuilder {
    let body = Dispute {
        payment: None,
        amount: money("100.00 GBP"),
        status: DisputeStatus::Open,
        reason: None,
        created_at: day(5),
    };
    DisputeBuilder { id: id.to_owned(), body, made_at: day(5), told: Told::default() }
}

impl DisputeBuilder {
    /// Of which charge, and how much.
    #[must_use]
    pub fn of(mut self, charge: &str, amount: &str) -> Self {
        self.body.payment = Some(key(charge));
        self.body.amount = money(amount);
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: DisputeStatus) -> Self {
        self.body.status = status;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = Dispute { created_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::Dispute(body))
    }
}
tellable!(DisputeBuilder);

/// Builds a payout: paid, unless said otherwise.
#[derive(Debug, Clone)]
pub struct PayoutBuilder {
    id: String,
    body: Payout,
    made_at: Timestamp,
    told: Told,
}

/// A payout of this amount on day 7.
#[must_use]
pub fn a_payout(id: &str, amount: &str) -> PayoutBuilder {
    let body = Payout {
        amount: money(amount),
        status: PayoutStatus::Paid,
        settlement: None,
        failure_settlement: None,
        created_at: day(7),
    };
    PayoutBuilder { id: id.to_owned(), body, made_at: day(7), told: Told::default() }
}

impl PayoutBuilder {
    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: PayoutStatus) -> Self {
        self.body.status = status;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = Payout { created_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::Payout(body))
    }
}
tellable!(PayoutBuilder);

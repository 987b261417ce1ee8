//! Whole small histories, as lists of observations.

use proptest::prelude::*;

use super::{a_charge, a_dispute, a_refund, a_settlement, an_invoice, an_invoice_payment};
use crate::observation::{DisputeStatus, PaymentStatus, RefundStatus, SettlementKind};
use crate::{Currency, MessageId, Money, Observation};

/// All that was told of one charge, with what the money at the provider came to.
#[derive(Debug, Clone)]
pub struct ChargeHistory {
    /// The charge.
    pub anchor: &'static str,
    /// What was told, in the order in which it happened, each as its own message.
    pub observations: Vec<Observation>,
    /// Sum of the net amounts of all movements, in minor units of the balance's currency.
    pub net_minor: i64,
    /// The balance's currency.
    pub currency: Currency,
    /// The tax in the payment, in the customer's currency, which is the balance's where `rate` is one.
    pub tax_minor: i64,
    /// What the balance got for the charge.
    pub gross_minor: i64,
    /// True when the customer paid in the balance's currency.
    pub same_currency: bool,
}

/// One refund of a history.
#[derive(Debug, Clone)]
struct RefundPlan {
    percent: i64,
    fails: bool,
    rate_shift: i64,
}

#[derive(Debug, Clone)]
struct Plan {
    gross: i64,
    tax_percent: i64,
    fee: i64,
    foreign: bool,
    was_pending: bool,
    fails: bool,
    one_off_percent: i64,
    refunds: Vec<RefundPlan>,
    dispute: Option<(i64, bool)>,
}

/// Histories of one charge: settled in the same or another currency, with or without an invoice, refunded in parts,
/// some of which fail, disputed and perhaps won, or failed after all.
pub fn charge_histories() -> impl Strategy<Value = ChargeHistory> {
    let refund = (1_i64..=60, any::<bool>(), -9_i64..=9)
        .prop_map(|(percent, fails, rate_shift)| RefundPlan { percent, fails, rate_shift });
    (
        1_i64..=2_000_000,
        0_i64..=25,
        0_i64..=500,
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
        0_i64..=100,
        prop::collection::vec(refund, 0..4),
        prop::option::of((1_i64..=100, any::<bool>())),
    )
        .prop_map(
            |(gross, tax_percent, fee, foreign, was_pending, fails, one_off_percent, refunds, dispute)| {
                let refunds = if fails { Vec::new() } else { refunds };
                let dispute = dispute.filter(|_| !fails);
                let plan = Plan {
                    gross,
                    tax_percent,
                    fee,
                    foreign,
                    was_pending,
                    fails,
                    one_off_percent,
                    refunds,
                    dispute,
                };
                Writer::default().write(&plan)
            },
        )
}

/// Writes a plan down, message by message.
#[derive(Default)]
struct Writer {
    told: Vec<Observation>,
    net: i64,
    numbered: i64,
}

impl Writer {
    fn tell(&mut self, mut observation: Observation) {
        self.numbered = self.numbered.saturating_add(1);
        observation.message = MessageId(self.numbered);
        self.told.push(observation);
    }

    fn move_money(&mut self, kind: SettlementKind, source: &str, amount: i64, fee: i64, on: i64) {
        self.net = self.net.saturating_add(amount).saturating_sub(fee);
        let id = format!("txn_{}", self.numbered);
        let amount = Money::from_minor(amount, Currency::GBP).to_string();
        let fee = Money::from_minor(fee, Currency::GBP).to_decimal_string();
        self.tell(a_settlement(&id).of(kind, Some(source), &amount).fee(&fee).on(on).build());
    }

    fn write(mut self, plan: &Plan) -> ChargeHistory {
        let currency = if plan.foreign { Currency::USD } else { Currency::GBP };
        let paid = Money::from_minor(plan.gross, currency);
        // A foreign payment settles at about four fifths.
        let settled = if plan.foreign { part(plan.gross, 80) } else { plan.gross };
        let tax = part(plan.gross, plan.tax_percent);
        let charge = || a_charge("ch_1").of(&paid.to_string()).from("cus_1").intent("pi_1");
        if plan.was_pending {
            self.tell(charge().status(PaymentStatus::Pending).build());
        }
        self.tell(charge().told_on(2).build());
        self.move_money(SettlementKind::Charge, "ch_1", settled, plan.fee, 3);
        self.write_invoice(plan, paid, tax);
        self.write_refunds(plan, paid);
        if plan.fails {
            self.move_money(SettlementKind::ChargeFailure, "ch_1", settled.saturating_neg(), 0, 6);
        }
        self.write_dispute(plan, paid);
        ChargeHistory {
            anchor: "ch_1",
            observations: self.told,
            net_minor: self.net,
            currency: Currency::GBP,
            tax_minor: tax,
            gross_minor: settled,
            same_currency: !plan.foreign,
        }
    }

    fn write_invoice(&mut self, plan: &Plan, paid: Money, tax: i64) {
        let text = |minor| Money::from_minor(minor, paid.currency()).to_decimal_string();
        let untaxed = plan.gross.saturating_sub(tax);
        let (once, once_tax) = (part(untaxed, plan.one_off_percent), part(tax, plan.one_off_percent));
        let invoice = an_invoice("in_1", &paid.to_string(), &text(tax))
            .to("cus_1")
            .recurring_line(&text(untaxed.saturating_sub(once)), &text(tax.saturating_sub(once_tax)))
            .one_off_line(&text(once), &text(once_tax));
        self.tell(invoice.build());
        self.tell(an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of(&paid.to_string()).build());
    }

    fn write_refunds(&mut self, plan: &Plan, paid: Money) {
        for (index, refund) in (0_i64..).zip(&plan.refunds) {
            let id = format!("re_{index}");
            let amount = part(plan.gross, refund.percent).max(1);
            let text = Money::from_minor(amount, paid.currency()).to_string();
            let on = index.saturating_mul(2).saturating_add(5);
            let rate = if plan.foreign { refund.rate_shift.saturating_add(80) } else { 100 };
            let moved = part(amount, rate);
            self.tell(a_refund(&id).of("ch_1", &text).on(on).build());
            self.move_money(SettlementKind::Refund, &id, moved.saturating_neg(), 0, on);
            if refund.fails {
                let failed_on = on.saturating_add(3);
                let failed = a_refund(&id).of("ch_1", &text).on(on).status(RefundStatus::Failed);
                self.tell(failed.told_on(failed_on).build());
                self.move_money(SettlementKind::RefundFailure, &id, moved, 0, failed_on);
            }
        }
    }

    fn write_dispute(&mut self, plan: &Plan, paid: Money) {
        let Some((percent, won)) = plan.dispute else { return };
        let amount = part(plan.gross, percent).max(1);
        let text = Money::from_minor(amount, paid.currency()).to_string();
        let moved = if plan.foreign { part(amount, 77) } else { amount };
        let dispute = || a_dispute("du_1").of("ch_1", &text).on(20);
        self.tell(dispute().build());
        self.move_money(SettlementKind::Dispute, "du_1", moved.saturating_neg(), 2_000, 20);
        let status = if won { DisputeStatus::Won } else { DisputeStatus::Lost };
        self.tell(dispute().status(status).told_on(40).build());
        if won {
            let back = if plan.foreign { part(amount, 83) } else { amount };
            self.move_money(SettlementKind::DisputeReversal, "du_1", back, 0, 41);
        }
    }
}

/// A percentage, rounded down.
fn part(whole: i64, percent: i64) -> i64 {
    whole.saturating_mul(percent).checked_div(100).unwrap_or_default()
}

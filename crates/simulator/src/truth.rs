//! What is true of the invented business: plain sums kept while it is invented, without the ledger that is tested.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::calendar;
use crate::mrr::MrrTruth;

/// The figures block, in pence. All amounts are signed as the HTTP contract signs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TruthFigures {
    /// Payments that were taken.
    pub payments: i64,
    /// Captured, with tax.
    pub gross: i64,
    /// Tax in `gross`.
    pub tax: i64,
    /// Money returned by us, without its tax. A refund that failed is not in it.
    pub refunds: i64,
    /// Refunds that stand.
    pub refund_count: i64,
    /// Money forced back and not reinstated, without its tax.
    pub chargebacks: i64,
    /// Disputes ever opened, won ones included; no inquiries.
    pub disputes: i64,
    /// Inquiries ever opened.
    pub inquiries: i64,
    /// Fees for payments.
    pub processor_fees: i64,
    /// Fees for disputes.
    pub dispute_fees: i64,
    /// What is left, without tax; a sum of its own, not computed from the others.
    pub net_revenue: i64,
    /// What refunds cost less or more than the money was worth when it came; 0 where all is in pounds.
    pub fx_difference: i64,
    /// Always 0: no payment is left pending.
    pub pending: i64,
    /// Always 0: nobody pays in advance.
    pub customer_credit: i64,
    /// The part of `gross` that came by subscriptions.
    pub recurring: i64,
    /// The other part of `gross`.
    pub one_off: i64,
    /// What is left at the provider. Payouts belong to no supplier: they lower the total alone.
    pub provider_balance: i64,
    /// Always 0: everything is told in the end.
    pub unexplained: i64,
}

impl TruthFigures {
    /// The figures block as the HTTP contract writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut block = Map::new();
        for (name, count) in [
            ("payments", self.payments),
            ("refundCount", self.refund_count),
            ("disputes", self.disputes),
            ("inquiries", self.inquiries),
        ] {
            block.insert(name.to_owned(), json!(count));
        }
        for (name, pence) in self.amounts() {
            block.insert(name.to_owned(), json!({"amount": pounds(pence), "currency": "GBP"}));
        }
        Value::Object(block)
    }

    fn amounts(&self) -> [(&'static str, i64); 14] {
        [
            ("gross", self.gross),
            ("tax", self.tax),
            ("refunds", self.refunds),
            ("chargebacks", self.chargebacks),
            ("processorFees", self.processor_fees),
            ("disputeFees", self.dispute_fees),
            ("netRevenue", self.net_revenue),
            ("fxDifference", self.fx_difference),
            ("pending", self.pending),
            ("customerCredit", self.customer_credit),
            ("recurring", self.recurring),
            ("oneOff", self.one_off),
            ("providerBalance", self.provider_balance),
            ("unexplained", self.unexplained),
        ]
    }

    fn add(&mut self, other: &Self) {
        self.payments += other.payments;
        self.gross += other.gross;
        self.tax += other.tax;
        self.refunds += other.refunds;
        self.refund_count += other.refund_count;
        self.chargebacks += other.chargebacks;
        self.disputes += other.disputes;
        self.inquiries += other.inquiries;
        self.processor_fees += other.processor_fees;
        self.dispute_fees += other.dispute_fees;
        self.net_revenue += other.net_revenue;
        self.fx_difference += other.fx_difference;
        self.pending += other.pending;
        self.customer_credit += other.customer_credit;
        self.recurring += other.recurring;
        self.one_off += other.one_off;
        self.provider_balance += other.provider_balance;
        self.unexplained += other.unexplained;
    }
}

/// What is true after the last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// One second after the last event.
    pub as_of: DateTime<Utc>,
    /// The whole business.
    pub total: TruthFigures,
    /// Each customer (`cus_…`).
    pub by_customer: BTreeMap<String, TruthFigures>,
    /// Net revenue in pence of each month (`2026-03`), from the first to the last, months without any included. No
    /// money moves between 21:00 and 06:00 UTC, so it is the same month in London.
    pub months: Vec<(String, i64)>,
    /// MRR and why it changed; `None` for a mix whose refunds and disputes follow no plan.
    pub mrr: Option<MrrTruth>,
}

/// The sums while they grow.
#[derive(Debug, Default)]
pub(crate) struct Books {
    by_customer: BTreeMap<String, TruthFigures>,
    payouts: i64,
    months: BTreeMap<i64, i64>,
}

impl Books {
    /// Opens a customer's page, so that one who never paid has figures too.
    pub(crate) fn open(&mut self, customer: &str) {
        self.by_customer.entry(customer.to_owned()).or_default();
    }

    /// Adds what happened to a customer at a moment.
    pub(crate) fn add(&mut self, customer: &str, at: i64, change: TruthFigures) {
        self.by_customer.entry(customer.to_owned()).or_default().add(&change);
        *self.months.entry(calendar::month_of_second(at)).or_default() += change.net_revenue;
    }

    /// Money that left for the bank, or came back from it (negative).
    pub(crate) fn pay_out(&mut self, amount: i64) {
        self.payouts += amount;
    }

    pub(crate) fn close(
        self,
        as_of: DateTime<Utc>,
        months: impl Iterator<Item = i64>,
        mrr: Option<MrrTruth>,
    ) -> Truth {
        let mut total = TruthFigures::default();
        for figures in self.by_customer.values() {
            total.add(figures);
        }
        total.provider_balance -= self.payouts;
        let months = months
            .map(|month| (calendar::label(month), self.months.get(&month).copied().unwrap_or_default()))
            .collect();
        Truth { as_of, total, by_customer: self.by_customer, months, mrr }
    }
}

/// How much of a payment has been given back, as a running share: what is returned so far decides the value and the
/// tax returned so far, rounded half to even, and each return takes the difference.
#[derive(Debug, Clone)]
pub(crate) struct RunningReturns {
    /// What the customer paid, in the customer's money.
    presented: i64,
    /// What it was worth in pence, and the tax in that.
    worth: i64,
    tax: i64,
    returned: i64,
}

impl RunningReturns {
    pub(crate) fn new(presented: i64, worth: i64, tax: i64) -> Self {
        Self { presented, worth, tax, returned: 0 }
    }

    /// Money goes back (positive), or comes in again (negative): its worth, and the tax in it.
    pub(crate) fn give_back(&mut self, amount: i64) -> (i64, i64) {
        let before = self.so_far();
        self.returned += amount;
        let after = self.so_far();
        (after.0 - before.0, after.1 - before.1)
    }

    /// What has not been returned yet, in the customer's money.
    pub(crate) fn left(&self) -> i64 {
        self.presented - self.returned
    }

    fn so_far(&self) -> (i64, i64) {
        (
            share_of(self.worth, self.returned, self.presented),
            share_of(self.tax, self.returned, self.presented),
        )
    }
}

/// `whole × part ÷ all`, none of them negative, rounded half to even.
pub(crate) fn share_of(whole: i64, part: i64, all: i64) -> i64 {
    half_even(whole * part, all)
}

/// `numerator ÷ denominator`, both not negative, rounded half to even.
fn half_even(numerator: i64, denominator: i64) -> i64 {
    let (quotient, rest) = (numerator / denominator.max(1), numerator % denominator.max(1));
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    quotient + i64::from(up)
}

fn pounds(pence: i64) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let size = pence.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_refunds_of_a_third_give_back_exactly_the_tax() {
        let mut running = RunningReturns::new(10_000, 10_000, 1_667);
        let parts = [3_333, 3_333, 3_334].map(|amount| running.give_back(amount));
        assert_eq!(parts, [(3_333, 556), (3_333, 555), (3_334, 556)]);
        assert_eq!(running.left(), 0);
        assert_eq!(running.give_back(-10_000), (-10_000, -1_667));
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!([(1, 2), (3, 2), (5, 2), (7, 4), (0, 3)].map(|(n, d)| half_even(n, d)), [0, 2, 2, 2, 0]);
    }

    #[test]
    fn money_is_written_as_decimal_text_with_its_sign() {
        let figures = TruthFigures { payments: 1, gross: 5_880, net_revenue: -5, ..TruthFigures::default() };
        let block = figures.to_json();
        assert_eq!(block["gross"], json!({"amount": "58.80", "currency": "GBP"}));
        assert_eq!(block["netRevenue"]["amount"], "-0.05");
        assert_eq!(block["payments"], 1);
        assert_eq!(block.as_object().unwrap().len(), 18);
    }
}

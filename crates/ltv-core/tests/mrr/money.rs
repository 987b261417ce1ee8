//! Tax in the price, refunds that end revenue, and rates of exchange.

use ltv_core::observation::BillingInterval;
use ltv_core::testkit::{
    a_charge, a_refund, a_settlement, a_subscription, an_invoice, an_invoice_payment, instant,
};
use ltv_core::{Currency, Observation};

use super::{assert_sums, moves, mrr_at, shown, timeline};

fn invoice(id: &str, amount: &str, tax_inside: &str, start: &str, end: &str) -> Observation {
    let total = format!("{amount} GBP");
    let invoice = an_invoice(id, &total, tax_inside).to("cus_1").made_at(start);
    invoice.period_line(amount, tax_inside, start, end).build()
}

#[test]
fn tax_that_the_price_contains_is_no_mrr() {
    let sub = a_subscription("sub_1", "60.00 GBP").since("2026-01-01").told_at("2026-01-01").build();
    let inclusive = invoice("in_1", "60.00", "10.00", "2026-01-01", "2026-02-01");
    let timeline = timeline(&[sub.clone(), inclusive], "2026-03-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +50.00"]);
    let exempt = invoice("in_1", "60.00", "0.00", "2026-01-01", "2026-02-01");
    assert_eq!(moves(&super::timeline(&[sub, exempt], "2026-03-01")), ["2026-01-01 new +60.00"]);
}

#[test]
fn a_rounded_tax_moves_no_mrr_and_another_rate_of_tax_does() {
    let sub = a_subscription("sub_1", "60.00 GBP").since("2026-01-01").told_at("2026-01-01").build();
    let mut told = vec![
        sub,
        // A discount for one invoice: the sixth of 49.99 is rounded.
        invoice("in_1", "49.99", "8.33", "2026-01-01", "2026-02-01"),
        invoice("in_2", "60.00", "10.00", "2026-02-01", "2026-03-01"),
    ];
    assert_eq!(moves(&timeline(&told, "2026-04-01")), ["2026-01-01 new +50.00"]);
    told.push(invoice("in_3", "60.00", "12.00", "2026-03-01", "2026-04-01"));
    let expected = ["2026-01-01 new +50.00", "2026-03-01 contraction -2.00"];
    assert_eq!(moves(&timeline(&told, "2026-04-01")), expected);
}

#[test]
fn tax_on_top_is_no_mrr_either() {
    let sub = a_subscription("sub_1", "60.00 USD").since("2026-01-01").told_at("2026-01-01").build();
    let invoice = an_invoice("in_1", "65.33 USD", "5.33").to("cus_1").recurring_line("60.00", "5.33").build();
    let facts = super::facts_of(&[sub, invoice]);
    let usd = ltv_core::subscription::SupplierTimeline::compose(
        &facts,
        &ltv_core::policy::Policy::preset_default(),
        Currency::USD,
        &super::rates_of(&facts),
        instant("2026-03-01"),
    );
    assert_eq!(shown(usd.unwrap().mrr()), "60.00");
}

fn paid_period(refunds: &[(&str, &str)]) -> Vec<Observation> {
    let mut told = vec![
        a_subscription("sub_1", "60.00 GBP").since("2026-01-01").told_at("2026-01-01").build(),
        invoice("in_1", "60.00", "0.00", "2026-01-01", "2026-01-31"),
        an_invoice_payment("inpay_1", "in_1").by_charge("ch_1").of("60.00 GBP").build(),
        a_charge("ch_1").of("60.00 GBP").from("cus_1").made_at("2026-01-01").build(),
    ];
    for (index, (at, amount)) in refunds.iter().enumerate() {
        told.push(a_refund(&format!("re_{index}")).of("ch_1", amount).made_at(at).build());
    }
    told
}

#[test]
fn a_refund_of_the_unused_part_ends_revenue_and_a_smaller_one_does_not() {
    // 20 of 30 days are left.
    let ends = timeline(&paid_period(&[("2026-01-11", "40.00 GBP")]), "2026-04-01");
    assert_eq!(moves(&ends), ["2026-01-01 new +60.00", "2026-01-11 churn -60.00"]);
    assert_eq!(ends.movements[1].voluntary, Some(true));
    let small = timeline(&paid_period(&[("2026-01-11", "39.99 GBP")]), "2026-04-01");
    assert_eq!(moves(&small), ["2026-01-01 new +60.00"]);
    let in_parts = paid_period(&[("2026-01-11", "39.99 GBP"), ("2026-01-12", "1.00 GBP")]);
    let in_parts = timeline(&in_parts, "2026-04-01");
    assert_eq!(moves(&in_parts), ["2026-01-01 new +60.00", "2026-01-12 churn -60.00"]);
    let too_late = timeline(&paid_period(&[("2026-02-03", "60.00 GBP")]), "2026-04-01");
    assert_eq!(moves(&too_late), ["2026-01-01 new +60.00"]);
}

#[test]
fn after_a_refund_the_next_billed_period_is_revenue_again() {
    let mut told = paid_period(&[("2026-01-11", "60.00 GBP")]);
    told.push(invoice("in_2", "60.00", "0.00", "2026-02-01", "2026-03-01"));
    let timeline = timeline(&told, "2026-04-01");
    let expected = ["2026-01-01 new +60.00", "2026-01-11 churn -60.00", "2026-02-01 reactivation +60.00"];
    assert_eq!(moves(&timeline), expected);
    assert_sums(&timeline);
}

fn settled(charge: &str, at: &str, paid: &str, settled: &str) -> [Observation; 2] {
    [
        a_charge(charge).of(paid).from("cus_1").made_at(at).build(),
        a_settlement(&format!("txn_{charge}")).of_charge(charge, settled).made_at(at).build(),
    ]
}

#[test]
fn each_service_period_has_its_own_rate_and_that_is_no_expansion() {
    let sub = a_subscription("sub_1", "100.00 USD").since("2026-01-01").told_at("2026-01-01").build();
    let january = settled("ch_1", "2026-01-01", "100.00 USD", "80.00 GBP");
    let february = settled("ch_2", "2026-02-01T01:00:00Z", "100.00 USD", "76.00 GBP");
    let told: Vec<Observation> = [vec![sub], january.to_vec(), february.to_vec()].concat();
    let timeline = timeline(&told, "2026-02-20");
    assert_eq!(
        (mrr_at(&timeline, "2026-01-15"), mrr_at(&timeline, "2026-02-15")),
        ("80.00".into(), "76.00".into())
    );
    assert_eq!(moves(&timeline), ["2026-01-01 new +80.00", "2026-02-01 fx -4.00"]);
    assert_eq!(timeline.used_rates.len(), 2);
    assert_eq!(timeline.used_rates[1].on, instant("2026-02-01").date_naive());
    assert_sums(&timeline);
}

#[test]
fn a_yearly_plan_keeps_the_rate_of_its_year() {
    let yearly = a_subscription("sub_1", "1200.00 USD").every(1, BillingInterval::Year);
    let sub = yearly.since("2026-01-01").told_at("2026-01-01").build();
    let first = settled("ch_1", "2026-01-01", "1200.00 USD", "960.00 GBP");
    let other = settled("ch_2", "2026-06-01", "100.00 USD", "76.00 GBP");
    let told: Vec<Observation> = [vec![sub], first.to_vec(), other.to_vec()].concat();
    assert_eq!(moves(&timeline(&told, "2026-12-01")), ["2026-01-01 new +80.00"]);
}

#[test]
fn a_currency_without_any_rate_is_left_out_and_said() {
    let sub = a_subscription("sub_1", "100.00 USD").since("2026-01-01").told_at("2026-01-01").build();
    let timeline = timeline(&[sub], "2026-02-20");
    assert_eq!(moves(&timeline), [""; 0]);
    assert_eq!(timeline.left_out, [Currency::USD]);
}

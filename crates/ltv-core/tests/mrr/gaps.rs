//! A past that messages do not tell.

use ltv_core::Observation;
use ltv_core::observation::BillingInterval;
use ltv_core::testkit::{a_subscription, an_invoice};

use super::{moves, mrr_at, timeline};

fn invoice(id: &str, amount: &str, start: &str, end: &str) -> Observation {
    let total = format!("{amount} GBP");
    an_invoice(id, &total, "0.00").to("cus_1").made_at(start).period_line(amount, "0.00", start, end).build()
}

#[test]
fn the_past_before_a_first_look_is_taken_from_invoices() {
    let sub = a_subscription("sub_1", "50.00 GBP").started("2026-01-01").since("2026-03-01");
    let told = [
        sub.read_at("2026-03-20").build(),
        invoice("in_1", "30.00", "2026-01-01", "2026-02-01"),
        invoice("in_2", "30.00", "2026-02-01", "2026-03-01"),
        invoice("in_3", "50.00", "2026-03-01", "2026-04-01"),
    ];
    let timeline = timeline(&told, "2026-04-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +30.00", "2026-03-01 expansion +20.00"]);
    assert_eq!(timeline.gaps, [""; 0]);
}

#[test]
fn a_proration_dates_a_change_that_was_not_shown() {
    let yearly = a_subscription("sub_1", "120.00 GBP").every(1, BillingInterval::Year).quantity(15);
    let more = an_invoice("in_2", "302.47 GBP", "0.00").to("cus_1").made_at("2026-07-01");
    let told = [
        yearly.since("2026-01-01").read_at("2026-09-01").build(),
        invoice("in_1", "1200.00", "2026-01-01", "2027-01-01"),
        more.period_line("302.47", "0.00", "2026-07-01", "2027-01-01").prorated().build(),
    ];
    let timeline = timeline(&told, "2026-10-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +100.00", "2026-07-01 expansion +50.00"]);
}

#[test]
fn a_trial_that_was_over_before_the_first_look_is_counted() {
    let mut sub = a_subscription("sub_1", "50.00 GBP").started("2026-01-01").since("2026-02-15");
    sub = sub.trial_until("2026-01-15").status(ltv_core::observation::SubscriptionStatus::Active);
    let told = [
        sub.read_at("2026-03-01").build(),
        invoice("in_0", "0.00", "2026-01-01", "2026-01-15"),
        invoice("in_1", "50.00", "2026-01-15", "2026-02-15"),
    ];
    let timeline = timeline(&told, "2026-04-01");
    assert_eq!(moves(&timeline), ["2026-01-15 new +50.00"]);
    assert_eq!((timeline.trials.len(), timeline.gaps.len()), (1, 0));
    assert_eq!(
        timeline.trials[0].outcome,
        ltv_core::subscription::TrialOutcome::Converted { at: ltv_core::testkit::instant("2026-01-15") }
    );
}

#[test]
fn what_no_invoice_tells_is_named() {
    let sub = a_subscription("sub_1", "50.00 GBP").started("2025-06-01").since("2026-03-01");
    let timeline = timeline(&[sub.read_at("2026-03-20").build()], "2026-04-01");
    assert_eq!(moves(&timeline), ["2026-03-01 new +50.00"]);
    assert_eq!(timeline.gaps, ["sub_1: nothing is known from 2025-06-01 to 2026-03-01"]);
}

#[test]
fn a_subscription_that_was_only_read_after_its_end_is_rebuilt_too() {
    let ended = a_subscription("sub_1", "30.00 GBP").since("2026-02-01").started("2026-01-01");
    let told = [
        ended.ended("2026-03-01", "cancellation_requested").read_at("2026-05-01").build(),
        invoice("in_1", "30.00", "2026-01-01", "2026-02-01"),
        invoice("in_2", "30.00", "2026-02-01", "2026-03-01"),
    ];
    assert_eq!(moves(&timeline(&told, "2026-06-01")), ["2026-01-01 new +30.00", "2026-03-01 churn -30.00"]);
}

#[test]
fn invoices_alone_tell_mrr_as_long_as_they_bill() {
    let told = [
        invoice("in_1", "30.00", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
        invoice("in_2", "30.00", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
    ];
    let timeline = timeline(&told, "2026-05-01");
    assert_eq!(moves(&timeline), ["2026-01-31 new +30.00", "2026-03-31 churn -30.00"]);
    assert_eq!(mrr_at(&timeline, "2026-03-01"), "30.00");
    assert_eq!(timeline.gaps.len(), 1);
}

#[test]
fn prorations_and_one_off_lines_move_no_mrr() {
    let sub = a_subscription("sub_1", "60.00 GBP").since("2026-01-01").told_at("2026-01-01").build();
    let downgrade = an_invoice("in_2", "-40.00 GBP", "0.00").to("cus_1").made_at("2026-01-10");
    let told = [
        sub,
        downgrade.period_line("-40.00", "0.00", "2026-01-10", "2026-02-01").prorated().build(),
        an_invoice("in_3", "500.00 GBP", "0.00").to("cus_1").one_off_line("500.00", "0.00").build(),
    ];
    assert_eq!(moves(&timeline(&told, "2026-03-01")), ["2026-01-01 new +60.00"]);
}

//! Sequences of messages as a provider really sends them.

use ltv_core::observation::{BillingInterval, DiscountDuration, InvoiceStatus, SubscriptionStatus};
use ltv_core::policy::{Discounts, Policy};
use ltv_core::subscription::SupplierStatus;
use ltv_core::testkit::{
    a_charge, a_discount, a_refund, a_subscription, an_invoice, an_invoice_payment, instant,
};
use ltv_core::{Body, Observation};

use super::{assert_sums, moves, mrr_at, timeline, timeline_under};

fn invoice(id: &str, amount: &str, start: &str, end: &str) -> Observation {
    let total = format!("{amount} GBP");
    an_invoice(id, &total, "0.00").to("cus_1").made_at(start).period_line(amount, "0.00", start, end).build()
}

#[test]
fn a_first_message_seconds_after_the_first_invoice_is_one_new_subscription() {
    let (start, shown) = ("2026-01-01T10:00:00Z", "2026-01-01T10:00:02Z");
    let told = [
        a_subscription("sub_1", "50.00 GBP").since(start).with_discount("di_1").told_at(shown).build(),
        a_discount("di_1")
            .of("sub_1")
            .percent("50")
            .lasts(DiscountDuration::Once)
            .from(start)
            .told_at(shown)
            .build(),
        invoice("in_1", "25.00", start, "2026-02-01T10:00:00Z"),
    ];
    let timeline = timeline(&told, "2026-03-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +50.00"]);
    assert_sums(&timeline);
}

#[test]
fn a_first_payment_that_waits_is_neither_new_nor_churn() {
    let (start, shown) = ("2026-01-01T10:00:00Z", "2026-01-01T10:00:02Z");
    let mut open = invoice("in_1", "50.00", start, "2026-02-01T10:00:00Z");
    if let Body::Invoice(body) = &mut open.body {
        (body.status, body.paid_at) = (InvoiceStatus::Open, None);
    }
    let sub = a_subscription("sub_1", "50.00 GBP").since(start);
    let told = [sub.status(SubscriptionStatus::Incomplete).told_at(shown).build(), open];
    let timeline = timeline(&told, "2026-01-01T20:00:00Z");
    assert_eq!(moves(&timeline), [""; 0]);
    assert_eq!(timeline.status, SupplierStatus::None);
}

#[test]
fn a_refund_of_a_plan_that_was_left_for_another_does_not_end_the_new_one() {
    let paid = |number: u8, amount: &str| {
        let (invoice, charge, total) =
            (format!("in_{number}"), format!("ch_{number}"), format!("{amount} GBP"));
        [
            an_invoice_payment(&format!("inpay_{number}"), &invoice).by_charge(&charge).of(&total).build(),
            a_charge(&charge).of(&total).from("cus_1").build(),
        ]
    };
    let monthly = a_subscription("sub_1", "60.00 GBP").since("2026-01-01").told_at("2026-01-01");
    let yearly = a_subscription("sub_1", "600.00 GBP").every(1, BillingInterval::Year);
    let told = [
        vec![
            monthly.build(),
            yearly.started("2026-01-01").since("2026-01-11").told_at("2026-01-11").build(),
            invoice("in_1", "60.00", "2026-01-01", "2026-02-01"),
            invoice("in_2", "600.00", "2026-01-11", "2027-01-11"),
            a_refund("re_1").of("ch_1", "60.00 GBP").made_at("2026-01-11T15:00:00Z").build(),
        ],
        paid(1, "60.00").to_vec(),
        paid(2, "600.00").to_vec(),
    ]
    .concat();
    let kept = timeline(&told, "2026-06-01");
    assert_eq!(moves(&kept), ["2026-01-01 new +60.00", "2026-01-11 contraction -10.00"]);
    let given_up = a_refund("re_2").of("ch_2", "600.00 GBP").made_at("2026-01-20").build();
    let left = timeline(&[told, vec![given_up]].concat(), "2026-06-01");
    assert_eq!(moves(&left)[2..], ["2026-01-20 churn -50.00"]);
}

#[test]
fn a_discount_that_replaces_another_is_not_taken_off_beside_it() {
    let sub = |discount: &str, at: &str| {
        a_subscription("sub_1", "50.00 GBP").since("2026-01-01").with_discount(discount).told_at(at).build()
    };
    let discount = |id: &str, percent: &str, at: &str| {
        a_discount(id).of("sub_1").percent(percent).from(at).told_at(at).build()
    };
    let (start, later) = ("2026-01-01", "2026-01-15");
    for (percent, expected) in [
        ("20", vec!["2026-01-01 new +40.00"]),
        ("10", vec!["2026-01-01 new +40.00", "2026-01-15 discountEnd +5.00"]),
        ("50", vec!["2026-01-01 new +40.00", "2026-01-15 contraction -15.00"]),
    ] {
        let told = [
            sub("di_1", start),
            discount("di_1", "20", start),
            sub("di_2", later),
            discount("di_2", percent, later),
        ];
        let timeline = timeline(&told, "2026-06-01");
        assert_eq!(moves(&timeline), expected, "{percent}");
        assert_sums(&timeline);
    }
}

#[test]
fn a_discount_that_follows_a_removed_one_within_the_period_is_not_taken_off_beside_it() {
    let sub = |at: &str| a_subscription("sub_1", "50.00 GBP").since("2026-01-01").told_at(at);
    let discount = |id: &str, percent: &str, at: &str| a_discount(id).of("sub_1").percent(percent).from(at);
    let told = [
        sub("2026-01-01").with_discount("di_1").build(),
        discount("di_1", "20", "2026-01-01").told_at("2026-01-01").build(),
        sub("2026-01-15").build(),
        sub("2026-01-20T00:00:02Z").with_discount("di_2").build(),
        discount("di_2", "10", "2026-01-20").told_at("2026-01-20T00:00:02Z").build(),
    ];
    let removed = timeline(&told[..3], "2026-06-01");
    assert_eq!(moves(&removed), ["2026-01-01 new +40.00", "2026-02-01 discountEnd +10.00"]);
    let followed = timeline(&told, "2026-06-01");
    assert_eq!(moves(&followed), ["2026-01-01 new +40.00", "2026-01-20 discountEnd +5.00"]);
}

#[test]
fn a_pause_before_the_first_payment_has_no_resumption() {
    let sub = |id: &str| a_subscription(id, "20.00 GBP").started("2026-01-01");
    let trial = |id: &str| {
        [
            sub(id).trial_until("2026-01-15").told_at("2026-01-01").build(),
            sub(id).status(SubscriptionStatus::Paused).told_at("2026-01-15").build(),
            sub(id).told_at("2026-03-01").build(),
        ]
    };
    let first = a_subscription("sub_1", "30.00 GBP").since("2025-06-01");
    let running = first.clone().told_at("2025-06-01").build();
    let beside = timeline(&[vec![running.clone()], trial("sub_2").to_vec()].concat(), "2026-06-01");
    assert_eq!(moves(&beside), ["2025-06-01 new +30.00", "2026-03-01 expansion +20.00"]);
    let left = first.ended("2025-09-01", "cancellation_requested").told_at("2025-09-01").build();
    let again = timeline(&[vec![running, left], trial("sub_2").to_vec()].concat(), "2026-06-01");
    assert_eq!(moves(&again)[1..], ["2025-09-01 churn -30.00", "2026-03-01 reactivation +20.00"]);
}

#[test]
fn a_price_in_tiers_is_the_sum_of_the_lines_of_all_its_tiers() {
    let (start, end) = ("2026-01-01", "2026-02-01");
    let tiers = an_invoice("in_1", "25.00 GBP", "0.00").to("cus_1").made_at(start);
    let told = [
        a_subscription("sub_1", "1.00 GBP")
            .since(start)
            .told_at(start)
            .items(|items| items[0].unit_amount = None)
            .build(),
        tiers.period_line("15.00", "0.00", start, end).period_line("10.00", "0.00", start, end).build(),
    ];
    assert_eq!(moves(&timeline(&told, "2026-03-01")), ["2026-01-01 new +25.00"]);
}

#[test]
fn a_cancellation_that_is_taken_back_moves_nothing() {
    let sub = || a_subscription("sub_1", "30.00 GBP").since("2026-01-31");
    let told = [
        sub().told_at("2026-01-31").build(),
        sub().ending("2026-02-10").told_at("2026-02-10").build(),
        sub().told_at("2026-02-12").build(),
        sub().ending("2026-03-01").told_at("2026-03-01").build(),
        sub().ended("2026-03-31", "cancellation_requested").told_at("2026-03-31T00:05:00Z").build(),
    ];
    let during = timeline(&told[..2], "2026-02-11");
    assert_eq!((during.scheduled_loss(), during.mrr()), (during.mrr(), during.mrr()));
    assert!(timeline(&told[..3], "2026-02-13").scheduled_loss().is_zero());
    let whole = timeline(&told, "2026-06-01");
    assert_eq!(moves(&whole), ["2026-01-31 new +30.00", "2026-03-31 churn -30.00"]);
    assert_eq!(whole.movements[1].at, instant("2026-03-31"));
    assert_eq!(whole.movements[1].voluntary, Some(true));
}

#[test]
fn a_switch_is_a_continuation_up_to_seven_days() {
    let first = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
    let second = |at: &str| {
        a_subscription("sub_2", "480.00 GBP").every(1, BillingInterval::Year).since(at).told_at(at).build()
    };
    let told = |at: &str| {
        let ended = first().ended("2026-02-01", "cancellation_requested").told_at("2026-02-01");
        [first().told_at("2026-01-01").build(), ended.build(), second(at)]
    };
    for at in ["2026-02-01", "2026-02-04", "2026-02-08"] {
        let timeline = timeline(&told(at), "2026-06-01");
        assert_eq!(moves(&timeline)[1..], [format!("{at} expansion +10.00")]);
        assert_sums(&timeline);
    }
    let late = timeline(&told("2026-02-09"), "2026-06-01");
    assert_eq!(moves(&late)[1..], ["2026-02-01 churn -30.00", "2026-02-09 reactivation +40.00"]);
    let inside = timeline(&told("2026-02-08"), "2026-02-05");
    assert_eq!((moves(&inside).len(), mrr_at(&inside, "2026-02-05")), (1, "30.00".to_owned()));
}

#[test]
fn a_plan_that_changes_from_month_to_year_while_discounted_for_months_keeps_it_for_the_year() {
    let told = [
        a_subscription("sub_1", "50.00 GBP")
            .since("2026-01-31")
            .with_discount("di_1")
            .told_at("2026-01-31")
            .build(),
        a_discount("di_1")
            .of("sub_1")
            .percent("50")
            .lasts(DiscountDuration::Repeating { months: 3 })
            .from("2026-01-31")
            .until("2026-04-30")
            .told_at("2026-01-31")
            .build(),
        a_subscription("sub_1", "480.00 GBP")
            .every(1, BillingInterval::Year)
            .started("2026-01-31")
            .since("2026-03-15")
            .with_discount("di_1")
            .told_at("2026-03-15")
            .build(),
    ];
    let timeline = timeline(&told, "2027-06-01");
    let expected = ["2026-01-31 new +25.00", "2026-03-15 contraction -5.00", "2027-03-15 discountEnd +20.00"];
    assert_eq!(moves(&timeline), expected);
}

/// A supplier of whom nothing is read before May: five invoices, of which the first `discounted` had a discount.
fn read_in_may(discount: Observation, off: &str, discounted: usize) -> Vec<Observation> {
    let starts = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"];
    let mut told = vec![
        a_subscription("sub_1", "50.00 GBP")
            .started(starts[0])
            .since(starts[4])
            .read_at("2026-05-15")
            .build(),
        discount,
    ];
    for (number, (start, end)) in starts.iter().zip(&starts[1..]).enumerate() {
        let mut invoice = invoice(&format!("in_{number}"), "50.00", start, end);
        if let (Body::Invoice(body), true) = (&mut invoice.body, number < discounted) {
            body.lines.iter_mut().for_each(|line| line.discount = ltv_core::testkit::money(off));
        }
        told.push(invoice);
    }
    told
}

#[test]
fn a_past_that_is_only_read_tells_discounts_as_one_that_was_shown() {
    let discount = || a_discount("di_1").of("sub_1").from("2026-01-01").read_at("2026-05-15");
    let months = discount().amount("10.00 GBP").lasts(DiscountDuration::Repeating { months: 3 });
    let repeating = timeline(&read_in_may(months.clone().build(), "10.00 GBP", 3), "2026-06-01");
    assert_eq!(moves(&repeating), ["2026-01-01 new +40.00", "2026-04-01 discountEnd +10.00"]);
    let four = discount().amount("10.00 GBP").lasts(DiscountDuration::Repeating { months: 4 });
    let into_the_state = timeline(&read_in_may(four.build(), "10.00 GBP", 4), "2026-06-01");
    assert_eq!(moves(&into_the_state), ["2026-01-01 new +40.00", "2026-05-01 discountEnd +10.00"]);
    let once = discount().percent("50").lasts(DiscountDuration::Once);
    let one_time = timeline(&read_in_may(once.build(), "25.00 GBP", 1), "2026-06-01");
    assert_eq!(moves(&one_time), ["2026-01-01 new +50.00"]);
    let none = Policy { discounts: Discounts::None, ..Policy::preset_default() };
    let gross = timeline_under(&none, &read_in_may(months.build(), "10.00 GBP", 3), "2026-06-01");
    assert_eq!(moves(&gross), ["2026-01-01 new +50.00"]);
    [repeating, into_the_state, one_time, gross].iter().for_each(assert_sums);
}

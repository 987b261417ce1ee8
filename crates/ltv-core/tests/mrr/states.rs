//! States, plans, trials, pauses and switches.

use ltv_core::observation::{BillingInterval, SubscriptionStatus};
use ltv_core::subscription::{Fact, MovementKind, SupplierStatus, TrialOutcome};
use ltv_core::testkit::{a_subscription, instant};

use super::{assert_sums, facts_of, moves, mrr_at, timeline};

#[test]
fn updated_before_created_in_one_second_is_one_new_subscription() {
    let at = "2026-01-01T10:00:00Z";
    let updated = a_subscription("sub_1", "30.00 GBP").since(at).told_at(at).message(1).build();
    let created = a_subscription("sub_1", "30.00 GBP")
        .since(at)
        .status(SubscriptionStatus::Incomplete)
        .told_at(at)
        .message(2)
        .build();
    for told in [
        vec![updated.clone(), created.clone()],
        vec![created.clone(), updated.clone()],
        vec![created.clone(), updated.clone(), created.clone(), updated.clone()],
    ] {
        let timeline = timeline(&told, "2026-03-01");
        assert_eq!(moves(&timeline), ["2026-01-01 new +30.00"]);
        assert_eq!(timeline.movements[0].at, instant(at));
        assert_eq!(timeline.status, SupplierStatus::Active);
    }
}

#[test]
fn a_renewal_by_the_calendar_makes_no_new_state_and_another_day_does() {
    let states = |told: &[_]| match &facts_of(told)[0].fact {
        Fact::Contract(contract) => contract.states.len(),
        other => panic!("{} is no contract", other.kind()),
    };
    let month = |start: &str| a_subscription("sub_1", "30.00 GBP").since(start).told_at(start).build();
    let told = [month("2026-01-31"), month("2026-02-28"), month("2026-03-31")];
    assert_eq!(states(&told), 1);
    let moved = [month("2026-01-31"), month("2026-02-28"), month("2026-03-15")];
    assert_eq!(states(&moved), 2);
}

#[test]
fn seats_added_in_mid_year_expand_by_their_yearly_price() {
    let seats = |count, at: &str| {
        let yearly = a_subscription("sub_1", "120.00 GBP").every(1, BillingInterval::Year);
        yearly.quantity(count).since("2026-01-01").told_at(at).build()
    };
    let timeline = timeline(&[seats(10, "2026-01-01"), seats(15, "2026-07-01")], "2026-12-31");
    assert_eq!(mrr_at(&timeline, "2026-06-30"), "100.00");
    assert_eq!(mrr_at(&timeline, "2026-07-01"), "150.00");
    assert_eq!(moves(&timeline), ["2026-01-01 new +100.00", "2026-07-01 expansion +50.00"]);
    assert_sums(&timeline);
}

#[test]
fn each_interval_is_taken_by_the_month() {
    for (count, interval, shown) in [
        (1, BillingInterval::Month, "12.00"),
        (3, BillingInterval::Month, "4.00"),
        (1, BillingInterval::Year, "1.00"),
        (1, BillingInterval::Week, "52.00"),
        (1, BillingInterval::Day, "365.00"),
    ] {
        let told = a_subscription("sub_1", "12.00 GBP").every(count, interval).told_at("2026-01-01").build();
        assert_eq!(mrr_at(&timeline(&[told], "2026-02-01"), "2026-01-15"), shown, "{count} {interval:?}");
    }
}

#[test]
fn usage_is_no_mrr_and_several_items_add_up() {
    let told = a_subscription("sub_1", "30.00 GBP").told_at("2026-01-01").items(|items| {
        let mut metered = items[0].clone();
        (metered.item, metered.metered, metered.unit_amount) = ("si_m".to_owned(), true, None);
        let mut yearly = items[0].clone();
        (yearly.item, yearly.interval) = ("si_y".to_owned(), Some(BillingInterval::Year));
        items.extend([metered, yearly]);
    });
    assert_eq!(mrr_at(&timeline(&[told.build()], "2026-02-01"), "2026-01-15"), "32.50");
}

#[test]
fn a_trial_that_never_pays_is_no_churn() {
    let sub = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
    let told = [
        sub().trial_until("2026-01-15").told_at("2026-01-01").build(),
        sub().status(SubscriptionStatus::PastDue).told_at("2026-01-15").build(),
        sub().status(SubscriptionStatus::IncompleteExpired).told_at("2026-01-16").build(),
    ];
    let timeline = timeline(&told, "2026-02-01");
    assert_eq!(moves(&timeline), [""; 0]);
    assert_eq!(timeline.trials.len(), 1);
    assert!(matches!(timeline.trials[0].outcome, TrialOutcome::Expired { .. }));
    assert_eq!((timeline.status, timeline.steps.len()), (SupplierStatus::None, 0));
}

#[test]
fn a_trial_that_pays_is_converted_when_it_does() {
    let sub = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
    let trial = sub().trial_until("2026-01-15").told_at("2026-01-01").build();
    let running = timeline(std::slice::from_ref(&trial), "2026-01-10");
    assert_eq!(
        (running.status, running.trials[0].outcome),
        (SupplierStatus::Trialing, TrialOutcome::Running)
    );
    let paid = timeline(&[trial, sub().told_at("2026-01-15").build()], "2026-02-01");
    assert_eq!(paid.trials[0].outcome, TrialOutcome::Converted { at: instant("2026-01-15") });
    assert_eq!(moves(&paid), ["2026-01-15 new +30.00"]);
}

#[test]
fn a_pause_without_invoices_pauses_and_resumes() {
    let sub = || a_subscription("sub_1", "35.00 GBP").since("2026-01-01");
    let told = [
        sub().told_at("2026-01-01").build(),
        sub().paused("void").told_at("2026-02-01").build(),
        sub().told_at("2026-04-01").build(),
    ];
    let whole = timeline(&told, "2026-05-01");
    let expected = ["2026-01-01 new +35.00", "2026-02-01 pause -35.00", "2026-04-01 resume +35.00"];
    assert_eq!(moves(&whole), expected);
    let months = ["2026-01-15", "2026-02-15", "2026-03-15", "2026-04-15"].map(|at| mrr_at(&whole, at));
    assert_eq!(months, ["35.00", "0.00", "0.00", "35.00"]);
    assert_eq!(timeline(&told, "2026-03-01").status, SupplierStatus::Paused);
    let drafts = [told[0].clone(), sub().paused("keep_as_draft").told_at("2026-02-01").build()];
    assert_eq!(mrr_at(&timeline(&drafts, "2026-03-01"), "2026-02-15"), "35.00");
}

#[test]
fn one_that_is_set_to_end_counts_until_it_ends() {
    let sub = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
    let told = [
        sub().told_at("2026-01-01").build(),
        sub().ending("2026-01-10").told_at("2026-01-10").build(),
        sub().ended("2026-02-01", "cancellation_requested").told_at("2026-02-01T00:05:00Z").build(),
    ];
    let before = timeline(&told, "2026-01-20");
    assert_eq!(before.mrr(), before.scheduled_loss());
    let after = timeline(&told, "2026-03-01");
    assert_eq!(moves(&after), ["2026-01-01 new +30.00", "2026-02-01 churn -30.00"]);
    assert_eq!(after.movements[1].at, instant("2026-02-01"));
    assert_eq!(after.movements[1].voluntary, Some(true));
    assert_eq!(after.status, SupplierStatus::Churned);
}

#[test]
fn a_gap_of_seven_days_is_bridged_and_a_longer_one_is_churn_and_reactivation() {
    let switch = |start: &str| {
        let old = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
        timeline(
            &[
                old().told_at("2026-01-01").build(),
                old().ended("2026-02-01", "cancellation_requested").told_at("2026-02-01").build(),
                a_subscription("sub_2", "50.00 GBP").since(start).told_at(start).build(),
            ],
            "2026-04-01",
        )
    };
    assert_eq!(moves(&switch("2026-02-01")), ["2026-01-01 new +30.00", "2026-02-01 expansion +20.00"]);
    let bridged = switch("2026-02-08");
    assert_eq!(moves(&bridged), ["2026-01-01 new +30.00", "2026-02-08 expansion +20.00"]);
    assert_eq!(mrr_at(&bridged, "2026-02-04"), "30.00");
    let left = switch("2026-02-08T00:00:01Z");
    assert_eq!(
        moves(&left),
        ["2026-01-01 new +30.00", "2026-02-01 churn -30.00", "2026-02-08 reactivation +50.00"]
    );
    for timeline in [bridged, left] {
        assert_sums(&timeline);
    }
}

#[test]
fn of_two_subscriptions_one_that_ends_is_a_contraction() {
    let sub = |id: &str, price: &str| a_subscription(id, price).since("2026-01-01");
    let told = [
        sub("sub_1", "30.00 GBP").told_at("2026-01-01").build(),
        a_subscription("sub_2", "20.00 GBP").since("2026-01-05").told_at("2026-01-05").build(),
        sub("sub_1", "30.00 GBP").ended("2026-03-01", "cancellation_requested").told_at("2026-03-01").build(),
    ];
    let timeline = timeline(&told, "2026-04-01");
    let expected = ["2026-01-01 new +30.00", "2026-01-05 expansion +20.00", "2026-03-01 contraction -30.00"];
    assert_eq!(moves(&timeline), expected);
    assert_sums(&timeline);
}

#[test]
fn given_up_payments_count_nothing_and_an_unknown_state_keeps_the_one_before() {
    let sub = || a_subscription("sub_1", "30.00 GBP").since("2026-01-01");
    let told = [
        sub().told_at("2026-01-01").build(),
        sub().status(SubscriptionStatus::Unknown("floating".to_owned())).told_at("2026-02-01").build(),
        sub().status(SubscriptionStatus::PastDue).told_at("2026-03-01").build(),
        sub().status(SubscriptionStatus::Unpaid).told_at("2026-03-20").build(),
    ];
    let timeline = timeline(&told, "2026-05-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +30.00", "2026-03-20 churn -30.00"]);
    assert_eq!(
        (timeline.movements[1].kind, timeline.movements[1].voluntary),
        (MovementKind::Churn, Some(false))
    );
    assert!(timeline.gaps.iter().any(|gap| gap.contains("floating")), "{:?}", timeline.gaps);
}

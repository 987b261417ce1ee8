//! Discounts: once, repeating, forever, on a year, on an item, on a customer.

use ltv_core::observation::{BillingInterval, DiscountDuration};
use ltv_core::policy::{Discounts, Policy};
use ltv_core::subscription::{SupplierStatus, SupplierTimeline};
use ltv_core::testkit::{DiscountBuilder, a_discount, a_subscription};

use super::{assert_sums, moves, mrr_at, timeline, timeline_under};

const START: &str = "2026-01-01";
const MONTHS: DiscountDuration = DiscountDuration::Repeating { months: 3 };

fn with(discount: DiscountBuilder, as_of: &str) -> SupplierTimeline {
    let sub = a_subscription("sub_1", "50.00 GBP").since(START).with_discount("di_1").told_at(START).build();
    timeline(&[sub, discount.of("sub_1").from(START).told_at(START).build()], as_of)
}

#[test]
fn a_discount_for_one_invoice_is_no_mrr() {
    let timeline = with(a_discount("di_1").percent("50").lasts(DiscountDuration::Once), "2026-06-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +50.00"]);
}

#[test]
fn a_repeating_discount_ends_as_such_and_not_as_an_expansion() {
    let timeline = with(a_discount("di_1").amount("10.00 GBP").lasts(MONTHS), "2026-06-01");
    assert_eq!(mrr_at(&timeline, "2026-02-15"), "40.00");
    assert_eq!(mrr_at(&timeline, "2026-05-15"), "50.00");
    assert_eq!(moves(&timeline), ["2026-01-01 new +40.00", "2026-04-01 discountEnd +10.00"]);
    assert_sums(&timeline);
}

#[test]
fn a_discount_forever_stays() {
    let timeline = with(a_discount("di_1").percent("20"), "2030-01-01");
    assert_eq!(moves(&timeline), ["2026-01-01 new +40.00"]);
}

#[test]
fn a_customer_at_a_discount_of_all_is_neither_new_nor_churned() {
    let timeline = with(a_discount("di_1").percent("100"), "2026-06-01");
    assert_eq!(moves(&timeline), [""; 0]);
    assert_eq!((timeline.status, timeline.mrr().is_zero()), (SupplierStatus::Active, true));
    let later = with(a_discount("di_1").percent("100").lasts(MONTHS), "2026-06-01");
    assert_eq!(moves(&later), ["2026-04-01 new +50.00"]);
}

#[test]
fn a_discount_covers_the_whole_billed_year_that_it_began_in() {
    let yearly = || a_subscription("sub_1", "600.00 GBP").every(1, BillingInterval::Year).since(START);
    let told = [
        yearly().with_discount("di_1").told_at(START).build(),
        a_discount("di_1").of("sub_1").percent("50").lasts(MONTHS).from(START).told_at(START).build(),
        // The provider takes it off the subscription after its months.
        yearly().told_at("2026-04-01").build(),
    ];
    for told in [&told[..2], &told[..]] {
        let timeline = timeline(told, "2027-02-01");
        assert_eq!(mrr_at(&timeline, "2026-05-15"), "25.00");
        assert_eq!(moves(&timeline), ["2026-01-01 new +25.00", "2027-01-01 discountEnd +25.00"]);
    }
}

#[test]
fn an_expansion_and_the_end_of_a_discount_at_once_are_told_apart() {
    let sub = |count| a_subscription("sub_1", "50.00 GBP").quantity(count).since(START);
    let told = [
        sub(1).with_discount("di_1").told_at(START).build(),
        a_discount("di_1").of("sub_1").percent("20").from(START).told_at(START).build(),
        sub(2).told_at("2026-03-01").build(),
    ];
    let timeline = timeline(&told, "2026-04-01");
    let expected = ["2026-01-01 new +40.00", "2026-03-01 discountEnd +20.00", "2026-03-01 expansion +40.00"];
    assert_eq!(moves(&timeline), expected);
    assert_sums(&timeline);
}

#[test]
fn a_discount_added_later_contracts() {
    let sub = || a_subscription("sub_1", "50.00 GBP").since(START);
    let told = [
        sub().told_at(START).build(),
        sub().with_discount("di_1").told_at("2026-02-10").build(),
        a_discount("di_1").of("sub_1").percent("10").from("2026-02-10").told_at("2026-02-10").build(),
    ];
    assert_eq!(
        moves(&timeline(&told, "2026-04-01")),
        ["2026-01-01 new +50.00", "2026-02-10 contraction -5.00"]
    );
}

#[test]
fn a_discount_of_an_item_leaves_the_others_alone() {
    let sub = a_subscription("sub_1", "50.00 GBP").since(START).told_at(START).items(|items| {
        let mut second = items[0].clone();
        second.item = "si_2".to_owned();
        items.push(second);
    });
    let mut discount = a_discount("di_1").of("sub_1").percent("50").from(START).told_at(START).build();
    if let ltv_core::Body::Discount(body) = &mut discount.body {
        body.item = Some("si_2".to_owned());
    }
    assert_eq!(mrr_at(&timeline(&[sub.build(), discount], "2026-02-01"), "2026-01-15"), "75.00");
}

#[test]
fn a_discount_of_the_customer_gives_way_to_the_subscriptions_own() {
    let sub = || a_subscription("sub_1", "50.00 GBP").since(START).told_at(START);
    let of_customer = a_discount("di_c").percent("50").from(START).told_at(START).build();
    let own = a_discount("di_1").of("sub_1").percent("10").from(START).told_at(START).build();
    let alone = timeline(&[sub().build(), of_customer.clone()], "2026-02-01");
    assert_eq!(mrr_at(&alone, "2026-01-15"), "25.00");
    let both = timeline(&[sub().with_discount("di_1").build(), of_customer, own], "2026-02-01");
    assert_eq!(mrr_at(&both, "2026-01-15"), "45.00");
}

#[test]
fn terms_that_are_not_known_are_named() {
    let sub = a_subscription("sub_1", "50.00 GBP").since(START).with_discount("di_9").told_at(START).build();
    let timeline = timeline(&[sub], "2026-02-01");
    assert!(timeline.gaps.iter().any(|gap| gap.contains("di_9")), "{:?}", timeline.gaps);
    assert_eq!(mrr_at(&timeline, "2026-01-15"), "50.00");
}

#[test]
fn a_policy_may_take_off_all_discounts_or_none() {
    let sub = a_subscription("sub_1", "50.00 GBP").since(START).with_discount("di_1").told_at(START).build();
    let once = a_discount("di_1").of("sub_1").percent("50").lasts(DiscountDuration::Once).from(START);
    let told = [sub, once.told_at(START).build()];
    let all = Policy { discounts: Discounts::All, ..Policy::preset_default() };
    assert_eq!(
        moves(&timeline_under(&all, &told, "2026-04-01")),
        ["2026-01-01 new +25.00", "2026-02-01 discountEnd +25.00"]
    );
    let none = Policy { discounts: Discounts::None, ..Policy::preset_default() };
    assert_eq!(moves(&timeline_under(&none, &told, "2026-04-01")), ["2026-01-01 new +50.00"]);
}

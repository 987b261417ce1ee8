//! Many suppliers: series and cohorts.

use ltv_core::subscription::{MovementKind, MrrSeries, SupplierTimeline, cohorts};
use ltv_core::testkit::{a_charge, a_settlement, a_subscription, instant};
use ltv_core::{Currency, Timestamp};

use super::{shown, timeline};

fn months(list: &[&str]) -> Vec<Timestamp> {
    list.iter().map(|at| instant(at)).collect()
}

fn business() -> Vec<SupplierTimeline> {
    let sub = |price: &str, start: &str| a_subscription("sub_1", price).since(start);
    let stays = timeline(&[sub("30.00 GBP", "2026-01-05").told_at("2026-01-05").build()], "2026-04-01");
    let leaves = timeline(
        &[
            sub("50.00 GBP", "2026-01-10").told_at("2026-01-10").build(),
            sub("50.00 GBP", "2026-01-10")
                .ended("2026-03-10", "payment_failed")
                .told_at("2026-03-10")
                .build(),
        ],
        "2026-04-01",
    );
    let joins = timeline(
        &[
            sub("10.00 GBP", "2026-02-01").trial_until("2026-02-15").told_at("2026-02-01").build(),
            sub("10.00 GBP", "2026-02-01").told_at("2026-02-15").build(),
        ],
        "2026-04-01",
    );
    vec![stays, leaves, joins]
}

#[test]
fn each_period_goes_from_its_start_to_its_end_by_its_movements() {
    let boundaries = months(&["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]);
    let series = MrrSeries::of(&business(), Currency::GBP, &boundaries).unwrap();
    let ends: Vec<String> = series.points.iter().map(|point| shown(point.end)).collect();
    assert_eq!(ends, ["80.00", "90.00", "40.00"]);
    let counts: Vec<_> =
        series.points.iter().map(|point| (point.suppliers, point.trials, point.converted)).collect();
    assert_eq!(counts, [(2, 0, 0), (3, 1, 1), (2, 0, 0)]);
    let whole = series.whole.unwrap();
    assert_eq!(shown(whole.movements[MovementKind::New.index()]), "90.00");
    assert_eq!(shown(whole.movements[MovementKind::Churn.index()]), "-50.00");
    for point in series.points.iter().chain([&whole]) {
        let shown = point.shown().unwrap();
        let sum: i64 = shown.movements.iter().map(|money| money.minor()).sum();
        assert_eq!(sum, shown.end.minor() - shown.start.minor());
    }
    assert_eq!(MrrSeries::of(&business(), Currency::GBP, &boundaries[..1]).unwrap().whole, None);
}

#[test]
fn thirds_that_are_shown_add_up() {
    let third = |id: &str| {
        let yearly = a_subscription(id, "1.00 GBP").every(3, ltv_core::observation::BillingInterval::Year);
        timeline(&[yearly.told_at("2026-01-01").build()], "2026-02-01")
    };
    let timelines = [third("sub_1"), third("sub_2"), third("sub_3")];
    let series = MrrSeries::of(&timelines, Currency::GBP, &months(&["2026-01-01", "2026-02-01"])).unwrap();
    let point = series.points[0].shown().unwrap();
    assert_eq!((point.end.minor(), point.movements[0].minor()), (8, 8));
}

#[test]
fn cohorts_tell_who_is_left_and_what_they_pay() {
    let boundaries = months(&["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]);
    let table = cohorts(&business(), Currency::GBP, &boundaries).unwrap();
    let sizes: Vec<_> =
        table.iter().map(|cohort| (cohort.month, cohort.suppliers, cohort.periods.len())).collect();
    assert_eq!(sizes, [(0, 2, 3), (1, 1, 2)]);
    let last = &table[0].periods[2];
    assert_eq!((last.n, last.suppliers, shown(last.revenue)), (2, 1, "30.00".to_owned()));
    assert_eq!(last.supplier_retention.as_deref(), Some("0.5000"));
    assert_eq!(last.revenue_retention.as_deref(), Some("0.3750"));
    assert_eq!(table[0].periods[0].net_retention.as_deref(), Some("1.0000"));
}

#[test]
fn rates_of_exchange_alone_leave_retention_at_constant_rates_whole() {
    let settled = |charge: &str, at: &str, gbp: &str| {
        [
            a_charge(charge).of("100.00 USD").from("cus_1").made_at(at).build(),
            a_settlement(&format!("txn_{charge}")).of_charge(charge, gbp).made_at(at).build(),
        ]
    };
    let sub = a_subscription("sub_1", "100.00 USD").since("2026-01-01").told_at("2026-01-01").build();
    let told = [
        vec![sub],
        settled("ch_1", "2026-01-01", "80.00 GBP").to_vec(),
        settled("ch_2", "2026-02-01", "76.00 GBP").to_vec(),
    ];
    let timeline = timeline(&told.concat(), "2026-02-28");
    let boundaries = months(&["2026-01-01", "2026-02-01", "2026-02-28"]);
    let table = cohorts([&timeline], Currency::GBP, &boundaries).unwrap();
    let february = &table[0].periods[1];
    assert_eq!(february.net_retention.as_deref(), Some("0.9500"));
    assert_eq!(february.net_retention_constant_rates.as_deref(), Some("1.0000"));
}

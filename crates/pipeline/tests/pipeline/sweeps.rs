//! What was lost is healed, and a source says up to when it is complete.

use connector::ObjectRef;
use connector::testkit::fake::{message, refused};
use ltv_core::Origin;
use ltv_core::testkit::{a_charge, a_refund, a_settlement, key};
use pipeline::RevenueQuestion;

use crate::bench::{Bench, data, event};

async fn payments(bench: &Bench) -> i64 {
    bench.pipeline.revenue(&RevenueQuestion::default()).await.unwrap().figures.payments
}

#[tokio::test]
async fn a_lost_webhook_is_healed_by_the_next_sweep() {
    let bench = Bench::new().await;
    let charge = a_charge("ch_1").of("120.00 GBP").from("cus_1").told_at("2026-11-24T10:02:00Z").build();
    bench.fake.send(event("evt_1", "charge.succeeded", &charge));
    bench.pass(60).await;
    assert_eq!(payments(&bench).await, 0, "nobody has told us yet");
    bench.pass(300).await;
    assert_eq!(payments(&bench).await, 1);
    let status = bench.status().await;
    assert_eq!((status.accepted, status.done, status.duplicates), (1, 1, 0));
}

#[tokio::test]
async fn a_sweep_of_what_came_changes_nothing_and_counts_no_repetition() {
    let bench = Bench::new().await;
    for number in 1..=5 {
        let charge = a_charge(&format!("ch_{number}")).from("cus_1").told_at("2026-11-24T10:02:00Z").build();
        let id = format!("evt_{number}");
        bench.fake.send(event(&id, "charge.succeeded", &charge));
        bench.deliver(&id, "charge.succeeded", &charge).await;
    }
    let before = bench.pipeline.digest().await.unwrap();
    bench.pass(600).await;
    let status = bench.status().await;
    assert_eq!((status.accepted, status.duplicates), (5, 0));
    assert_eq!(bench.pipeline.digest().await.unwrap(), before);
    // Told again by the provider itself, it is one.
    let charge = a_charge("ch_1").from("cus_1").told_at("2026-11-24T10:02:00Z").build();
    bench.deliver("evt_1", "charge.succeeded", &charge).await;
    assert_eq!(bench.status().await.duplicates, 1);
}

#[tokio::test]
async fn a_source_is_complete_up_to_where_lists_and_events_got() {
    let bench = Bench::new().await;
    let first = bench.status().await.complete_through.unwrap();
    assert!(bench.status().await.last_sweep_at.is_some());
    // Lists go on, events fail: the source is no further than its events.
    bench.fake.fail_next(refused(401, "events"));
    bench.pass(300).await;
    assert_eq!(bench.status().await.complete_through, Some(first));
    bench.pass(900).await;
    assert!(bench.status().await.complete_through.unwrap() > first, "both went on");
}

#[tokio::test]
async fn lists_are_read_on_without_any_announcement() {
    let bench = Bench::new().await;
    let charge = a_charge("ch_1").of("100.00 GBP").from("cus_1").told_at("2026-11-24T10:02:00Z").build();
    bench.deliver("evt_1", "charge.succeeded", &charge).await;
    let settled = a_settlement("txn_1").of_charge("ch_1", "100.00 GBP").fee("1.70").build();
    bench.fake.list(message(
        Origin::Read,
        "api:balance_transaction:txn_1",
        "balance_transaction",
        &data(&settled),
        bench.now(),
    ));
    bench.pass(900).await;
    let figures = bench.pipeline.revenue(&RevenueQuestion::default()).await.unwrap().figures;
    assert_eq!(figures.processor_fees.minor(), 170);
}

#[tokio::test]
async fn an_object_that_nobody_showed_is_read_once() {
    let bench = Bench::new().await;
    let charge = ObjectRef { object_type: "charge".to_owned(), key: key("ch_1") };
    bench.fake.let_need("evt_1", vec![charge.clone()]);
    let read = a_charge("ch_1").of("100.00 GBP").from("cus_1").build();
    bench.fake.hold(charge, message(Origin::Read, "api:charge:ch_1", "charge", &data(&read), bench.now()));
    let refund = a_refund("re_1").of("ch_1", "40.00 GBP").told_at("2026-11-24T10:02:00Z").build();
    bench.deliver("evt_1", "refund.created", &refund).await;
    assert_eq!(bench.calls("fetch charge ch_1"), 0, "its own webhook may be on its way");
    assert!(bench.status().await.reading);
    bench.pass(2).await;
    assert_eq!(bench.calls("fetch charge ch_1"), 1);
    assert_eq!(payments(&bench).await, 1);
    assert!(!bench.status().await.reading);
}

#[tokio::test]
async fn an_object_that_came_meanwhile_is_not_read() {
    let bench = Bench::new().await;
    bench.fake.let_need("evt_1", vec![ObjectRef { object_type: "charge".to_owned(), key: key("ch_1") }]);
    let refund = a_refund("re_1").of("ch_1", "40.00 GBP").told_at("2026-11-24T10:02:00Z").build();
    bench.deliver("evt_1", "refund.created", &refund).await;
    let charge = a_charge("ch_1").of("100.00 GBP").from("cus_1").told_at("2026-11-24T10:01:30Z").build();
    bench.deliver("evt_2", "charge.succeeded", &charge).await;
    bench.pass(2).await;
    assert_eq!(bench.calls("fetch charge ch_1"), 0);
    // And what is known from the start makes no job.
    bench.fake.let_need("evt_3", vec![ObjectRef { object_type: "charge".to_owned(), key: key("ch_1") }]);
    let refund = a_refund("re_2").of("ch_1", "10.00 GBP").told_at("2026-11-24T10:03:00Z").build();
    bench.deliver("evt_3", "refund.created", &refund).await;
    assert!(!bench.status().await.reading);
}

#[tokio::test]
async fn an_hours_outage_costs_few_calls_and_all_is_caught_up_after_it() {
    let bench = Bench::new().await;
    bench.fake.set_down(true);
    let charge = a_charge("ch_1").of("120.00 GBP").from("cus_1").told_at("2026-11-24T10:02:00Z").build();
    bench.fake.send(event("evt_1", "charge.succeeded", &charge));
    let before = bench.fake.calls().len();
    for _ in 0..360 {
        bench.pass(10).await;
    }
    let during = bench.fake.calls().len() - before;
    // 12 sweeps of events and 4 of lists, each tried twice at most.
    assert!(during <= 32, "an hour without answers: {during} calls");
    bench.fake.set_down(false);
    for _ in 0..100 {
        bench.pass(10).await;
    }
    assert_eq!(payments(&bench).await, 1);
    assert_eq!(bench.status().await.breaker, "closed");
}

//! MRR, its movements and timelines, from webhooks to answers.

use ltv_core::observation::{InvoiceStatus, SubscriptionStatus};
use ltv_core::testkit::{a_payment_failure, a_subscription, an_invoice, key};
use ltv_core::{Party, SupplierId, Timestamp};
use pipeline::{AskError, Interval, MovementKind, MovementsQuestion, MrrQuestion, View};

use crate::bench::Bench;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn as_of(text: &str) -> View {
    View { as_of: Some(at(text)), time_zone: Some("UTC".to_owned()), ..View::default() }
}

fn supplier(id: &str) -> SupplierId {
    SupplierId::of(&Party::Customer(key(id)))
}

/// Two suppliers: one starts in January and doubles in March; the other starts in February and ends in April.
async fn business() -> Bench {
    let bench = Bench::new().await;
    let first = |price: &str| a_subscription("sub_1", price).by("cus_1").since("2026-01-10");
    let second = || a_subscription("sub_2", "20.00 GBP").by("cus_2").since("2026-02-05");
    let told = [
        ("evt_1", first("30.00 GBP").told_at("2026-01-10T09:00:00Z").build()),
        ("evt_2", second().told_at("2026-02-05T09:00:00Z").build()),
        ("evt_3", first("60.00 GBP").told_at("2026-03-15T09:00:00Z").build()),
        ("evt_4", {
            let ended = second().status(SubscriptionStatus::Ended);
            ended
                .ended("2026-04-20T09:00:00Z", "cancellation_requested")
                .told_at("2026-04-20T09:00:00Z")
                .build()
        }),
    ];
    for (id, observation) in &told {
        bench.deliver(id, "customer.subscription.updated", observation).await;
    }
    bench
}

#[tokio::test]
async fn points_show_start_end_and_what_changed_it() {
    let bench = business().await;
    let question = MrrQuestion { view: as_of("2026-05-02T00:00:00Z"), ..MrrQuestion::default() };
    let answer = bench.pipeline.mrr(&question).await.unwrap();
    let ends: Vec<i64> = answer.points.iter().map(|point| point.end.minor()).collect();
    assert_eq!(ends, [3_000, 5_000, 8_000, 6_000, 6_000]);
    assert_eq!(answer.points[0].at, at("2026-01-01T00:00:00Z"));
    let whole = answer.whole.unwrap();
    assert_eq!((whole.start.minor(), whole.end.minor(), whole.suppliers), (0, 6_000, 1));
    let named = |kind: MovementKind| {
        let place = MovementKind::ALL.iter().position(|each| *each == kind).unwrap();
        whole.movements[place].minor()
    };
    assert_eq!(named(MovementKind::New), 5_000);
    assert_eq!(named(MovementKind::Expansion), 3_000);
    assert_eq!(named(MovementKind::Churn), -2_000);
    for point in &answer.points {
        let change: i64 = point.movements.iter().map(|movement| movement.minor()).sum();
        assert_eq!(point.start.minor() + change, point.end.minor());
    }
    assert_eq!(answer.viewed.policy, "default@1");
}

#[tokio::test]
async fn what_is_asked_for_cuts_the_periods() {
    let bench = business().await;
    let question = MrrQuestion {
        view: as_of("2026-05-02T00:00:00Z"),
        from: Some(at("2026-03-10T00:00:00Z")),
        to: Some(at("2026-04-01T00:00:00Z")),
        interval: Some(Interval::Month),
    };
    let answer = bench.pipeline.mrr(&question).await.unwrap();
    assert_eq!(answer.points.len(), 1);
    assert_eq!((answer.points[0].start.minor(), answer.points[0].end.minor()), (5_000, 8_000));
    let backwards = MrrQuestion { to: question.from, from: question.to, ..question };
    assert!(matches!(bench.pipeline.mrr(&backwards).await, Err(AskError::BadQuestion { .. })));
}

#[tokio::test]
async fn an_earlier_known_at_answers_what_was_known_then() {
    let bench = business().await;
    let before = View { known_at: Some(bench.now()), ..as_of("2026-05-02T00:00:00Z") };
    let question = MrrQuestion { view: before, ..MrrQuestion::default() };
    let then = bench.pipeline.mrr(&question).await.unwrap();
    bench.pass(3600).await;
    let late = a_subscription("sub_3", "10.00 GBP").by("cus_3").since("2026-02-01");
    bench
        .deliver("evt_5", "customer.subscription.created", &late.told_at("2026-02-01T09:00:00Z").build())
        .await;
    assert_eq!(bench.pipeline.mrr(&question).await.unwrap().whole, then.whole);
    let now = MrrQuestion { view: as_of("2026-05-02T00:00:00Z"), ..MrrQuestion::default() };
    assert_eq!(bench.pipeline.mrr(&now).await.unwrap().whole.unwrap().end.minor(), 7_000);
}

#[tokio::test]
async fn movements_come_newest_first_page_by_page_down_to_their_messages() {
    let bench = business().await;
    let mut question =
        MovementsQuestion { view: as_of("2026-05-02T00:00:00Z"), limit: 3, ..MovementsQuestion::default() };
    let first = bench.pipeline.movements(&question).await.unwrap();
    let kinds: Vec<_> = first.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [MovementKind::Churn, MovementKind::Expansion, MovementKind::New]);
    assert_eq!(first.rows[0].voluntary, Some(true));
    assert_eq!(first.rows[0].sources[0].event_id, "evt_4");
    question.cursor = first.next_cursor;
    let rest = bench.pipeline.movements(&question).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next_cursor), (1, None));
    let narrowed = MovementsQuestion {
        kind: Some(MovementKind::New),
        supplier: Some(supplier("cus_2")),
        cursor: None,
        ..question
    };
    let rows = bench.pipeline.movements(&narrowed).await.unwrap().rows;
    assert_eq!((rows.len(), rows[0].amount.minor()), (1, 2_000));
}

#[tokio::test]
async fn a_suppliers_page_tells_what_happened_and_what_it_pays() {
    let bench = business().await;
    let view = as_of("2026-05-02T00:00:00Z");
    let answer = bench.pipeline.timeline(&supplier("cus_1"), &view, 100, None).await.unwrap();
    assert_eq!((answer.mrr.current.minor(), answer.mrr.status), (6_000, "active"));
    let steps: Vec<i64> = answer.steps.iter().map(|(_, mrr)| mrr.minor()).collect();
    assert_eq!(steps, [3_000, 6_000]);
    let movements = answer.events.iter().filter(|event| event.kind == "movement");
    let after: Vec<i64> = movements.map(|event| event.mrr_after.unwrap().minor()).collect();
    assert_eq!(after, [6_000, 3_000], "newest first");
    let ltv = bench.pipeline.supplier(&supplier("cus_2"), &view).await.unwrap();
    assert_eq!(ltv.mrr.unwrap().status, "churned");
    let nobody = bench.pipeline.timeline(&supplier("cus_9"), &view, 10, None).await;
    assert!(matches!(nobody, Err(AskError::NotFound { .. })));
}

#[tokio::test]
async fn cohorts_show_what_is_left_after_each_month_that_has_ended() {
    let bench = business().await;
    let answer = bench.pipeline.cohorts(&as_of("2026-05-02T00:00:00Z")).await.unwrap();
    let keys: Vec<(&str, usize)> =
        answer.cohorts.iter().map(|cohort| (cohort.key.as_str(), cohort.periods.len())).collect();
    assert_eq!(keys, [("2026-01", 4), ("2026-02", 3)]);
    let january = &answer.cohorts[0].periods[3];
    assert_eq!(january.net_retention.as_deref(), Some("2.0000"));
    assert_eq!(january.revenue_retention.as_deref(), Some("1.0000"));
    assert_eq!(answer.cohorts[1].periods[2].supplier_retention.as_deref(), Some("0.0000"));
}

#[tokio::test]
async fn a_bridge_adds_up_and_an_unknown_policy_names_the_known_ones() {
    let bench = business().await;
    let view = as_of("2026-05-02T00:00:00Z");
    let answer = bench.pipeline.bridge(&view, "default", "stripe").await.unwrap();
    let change: i64 = answer.lines.iter().map(|line| line.amount.minor()).sum();
    assert_eq!(answer.from.minor() + change, answer.to.minor());
    assert_eq!((answer.policy_a.as_str(), answer.policy_b.as_str()), ("default@1", "stripe@1"));
    let error = bench.pipeline.bridge(&view, "default", "mine").await.unwrap_err().to_string();
    assert!(error.contains("policyB") && error.contains("chartmogul@1"), "{error}");
}

#[tokio::test]
async fn a_ledger_without_subscriptions_has_no_mrr_and_no_points() {
    let bench = Bench::new().await;
    let answer = bench.pipeline.mrr(&MrrQuestion::default()).await.unwrap();
    assert_eq!((answer.points.len(), answer.whole), (0, None));
    let failures = bench.pipeline.payment_failures(&View::default(), None, None, None).await.unwrap();
    assert_eq!((failures.invoices, failures.recovery_rate), (0, None));
}

#[tokio::test]
async fn a_failed_payment_is_counted_with_the_mrr_that_it_puts_at_risk() {
    let bench = Bench::new().await;
    let late = || a_subscription("sub_1", "30.00 GBP").by("cus_1").since("2026-01-10");
    let invoice = an_invoice("in_1", "30.00 GBP", "0.00").to("cus_1").of_subscription("sub_1");
    let invoice = invoice.status(InvoiceStatus::Open).told_at("2026-02-10T09:00:00Z").build();
    let failure = a_payment_failure("evt_3", "in_1", "30.00 GBP").attempt(1, Some("2026-02-13T09:00:00Z"));
    let told = [
        ("evt_1", late().told_at("2026-01-10T09:00:00Z").build()),
        ("evt_2", invoice),
        ("evt_3", failure.made_at("2026-02-10T09:00:00Z").build()),
        ("evt_4", late().status(SubscriptionStatus::PastDue).told_at("2026-02-10T09:00:01Z").build()),
    ];
    for (id, observation) in &told {
        bench.deliver(id, "invoice.payment_failed", observation).await;
    }
    let view = as_of("2026-02-11T00:00:00Z");
    let all = bench.pipeline.payment_failures(&view, None, None, None).await.unwrap();
    assert_eq!((all.attempts, all.invoices, all.open.minor(), all.at_risk.minor()), (1, 1, 3_000, 3_000));
    assert_eq!(all.rows[0].next_attempt_at, Some(at("2026-02-13T09:00:00Z")));
    let own = bench.pipeline.payment_failures(&view, None, None, Some(&supplier("cus_1"))).await.unwrap();
    assert_eq!((own.rows, own.open), (all.rows, all.open));
    let earlier = Some(at("2026-02-01T00:00:00Z"));
    let before = bench.pipeline.payment_failures(&view, None, earlier, None).await.unwrap();
    assert_eq!((before.invoices, before.rows.len()), (0, 0));
    let timeline = bench.pipeline.timeline(&supplier("cus_1"), &view, 100, None).await.unwrap();
    assert_eq!(timeline.mrr.status, "pastDue");
    assert!(timeline.events.iter().any(|event| event.kind == "paymentFailed"));
}

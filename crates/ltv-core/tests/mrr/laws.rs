//! The laws of MRR, as properties over whole small histories.

use ltv_core::observation::{BillingInterval, DiscountDuration, SubscriptionStatus};
use ltv_core::policy::{FxRule, Policy};
use ltv_core::subscription::{Bridge, Exact, MrrSeries, SupplierTimeline};
use ltv_core::testkit::{
    a_charge, a_discount, a_payment_failure, a_refund, a_settlement, a_subscription, an_invoice,
    an_invoice_payment,
};
use ltv_core::{Currency, Observation, Timestamp};
use proptest::prelude::*;

use super::{assert_sums, facts_of, rates_of};

/// One thing that is told of a supplier.
#[derive(Debug, Clone)]
enum Told {
    State { sub: u8, day: u16, price: u16, seats: u8, yearly: bool, status: u8 },
    Discount { sub: u8, day: u16, percent: u8, duration: u8 },
    Invoice { sub: u8, day: u16, amount: u16, tax: u8, refund_after: Option<u8> },
    Failure { day: u16 },
}

fn date(day: u16) -> String {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::from(day));
    day.to_string()
}

fn observations(told: &[Told], foreign: bool) -> Vec<Observation> {
    let currency = if foreign { "USD" } else { "GBP" };
    let mut all: Vec<Observation> =
        told.iter().enumerate().flat_map(|(index, told)| tell(index, told, currency)).collect();
    for (number, observation) in (1..).zip(&mut all) {
        observation.message = ltv_core::MessageId(number);
    }
    all
}

fn tell(index: usize, told: &Told, currency: &str) -> Vec<Observation> {
    match told {
        Told::State { sub, day, price, seats, yearly, status } => {
            let interval = if *yearly { BillingInterval::Year } else { BillingInterval::Month };
            let sub = a_subscription(&format!("sub_{sub}"), &format!("{price}.00 {currency}"))
                .every(1, interval)
                .quantity(u64::from(*seats))
                .since("2026-01-01")
                .told_at(&date(*day));
            vec![match status {
                0 => sub.status(SubscriptionStatus::PastDue).build(),
                1 => sub.status(SubscriptionStatus::Unpaid).build(),
                2 => sub.paused("void").build(),
                3 => sub.ended(&date(*day), "payment_failed").build(),
                4 => sub.trial_until(&date(day + 14)).build(),
                5 => sub.ending(&date(*day)).build(),
                _ => sub.build(),
            }]
        }
        Told::Discount { sub, day, percent, duration } => {
            let duration = match duration {
                0 => DiscountDuration::Once,
                1 => DiscountDuration::Forever,
                months => DiscountDuration::Repeating { months: u32::from(*months) },
            };
            let discount = a_discount(&format!("di_{index}")).percent(&percent.to_string()).lasts(duration);
            vec![discount.of(&format!("sub_{sub}")).from(&date(*day)).told_at(&date(*day)).build()]
        }
        Told::Invoice { sub, day, amount, tax, refund_after } => {
            let (invoice, charge) = (format!("in_{index}"), format!("ch_{index}"));
            let (start, end) = (date(*day), date(day + 30));
            let total = format!("{amount}.00 {currency}");
            let tax = format!("{}.00", amount * u16::from(*tax) / 100);
            let bill = an_invoice(&invoice, &total, &tax).of_subscription(&format!("sub_{sub}")).to("cus_1");
            let settled = format!("{}.00 GBP", amount * 3 / 4 + 1);
            let mut all = vec![
                bill.made_at(&start).period_line(&format!("{amount}.00"), &tax, &start, &end).build(),
                an_invoice_payment(&format!("inpay_{index}"), &invoice).by_charge(&charge).of(&total).build(),
                a_charge(&charge).of(&total).from("cus_1").made_at(&start).build(),
                a_settlement(&format!("txn_{index}")).of_charge(&charge, &settled).made_at(&start).build(),
            ];
            if let Some(after) = refund_after {
                let refund = a_refund(&format!("re_{index}")).of(&charge, &total);
                all.push(refund.made_at(&date(day + u16::from(*after))).build());
            }
            all
        }
        Told::Failure { day } => {
            let (failure, invoice) = (format!("fail_{index}"), format!("in_{}", index.saturating_sub(1)));
            vec![
                a_payment_failure(&failure, &invoice, &format!("9.00 {currency}"))
                    .made_at(&date(*day))
                    .build(),
            ]
        }
    }
}

fn told() -> impl Strategy<Value = Told> {
    let day = 0_u16..400;
    prop_oneof![
        6 => (0_u8..3, day.clone(), 1_u16..99, 1_u8..9, any::<bool>(), 0_u8..12).prop_map(
            |(sub, day, price, seats, yearly, status)| Told::State { sub, day, price, seats, yearly, status }
        ),
        1 => (0_u8..3, day.clone(), 1_u8..=100, 0_u8..7)
            .prop_map(|(sub, day, percent, duration)| Told::Discount { sub, day, percent, duration }),
        2 => (0_u8..3, day.clone(), 10_u16..500, 0_u8..25, prop::option::of(0_u8..29)).prop_map(
            |(sub, day, amount, tax, refund_after)| Told::Invoice { sub, day, amount, tax, refund_after }
        ),
        1 => day.prop_map(|day| Told::Failure { day }),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Observation>> {
    (prop::collection::vec(told(), 1..14), any::<bool>())
        .prop_map(|(told, foreign)| observations(&told, foreign))
}

fn compose(policy: &Policy, told: &[Observation], as_of: Timestamp) -> SupplierTimeline {
    let facts = facts_of(told);
    SupplierTimeline::compose(&facts, policy, Currency::GBP, &rates_of(&facts), as_of).unwrap()
}

fn at(day: u16) -> Timestamp {
    ltv_core::testkit::instant(&date(day))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn order_and_repetition_change_no_fact_and_no_timeline(
        (told, again) in histories().prop_flat_map(|told| {
            let twice: Vec<Observation> = told.iter().chain(&told).cloned().collect();
            (Just(told), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(facts_of(&told), facts_of(&again));
        let (mut facts, rates) = (facts_of(&told), rates_of(&facts_of(&told)));
        let policy = Policy::preset_default();
        let timeline = |facts: &[_]| SupplierTimeline::compose(facts, &policy, Currency::GBP, &rates, at(500)).unwrap();
        let one = timeline(&facts);
        facts.reverse();
        facts.extend(facts.clone());
        prop_assert_eq!(one, timeline(&facts));
    }

    #[test]
    fn movements_sum_to_the_change_in_any_window_and_parts_shown_to_the_whole(
        told in histories(),
        days in prop::collection::btree_set(0_u16..500, 2..8),
    ) {
        for policy in Policy::presets() {
            let timeline = compose(&policy, &told, at(500));
            assert_sums(&timeline);
            let boundaries: Vec<Timestamp> = days.iter().map(|day| at(*day)).collect();
            let series = MrrSeries::of([&timeline, &timeline], Currency::GBP, &boundaries).unwrap();
            for point in series.points.iter().chain(&series.whole) {
                let change = point.end.minus(point.start).unwrap();
                prop_assert_eq!(Exact::sum(point.movements, Currency::GBP).unwrap(), change);
                let shown = point.shown().unwrap();
                let sum: i64 = shown.movements.iter().map(|money| money.minor()).sum();
                prop_assert_eq!(sum, shown.end.minor() - shown.start.minor());
            }
        }
    }

    #[test]
    fn a_step_is_the_sum_of_its_subscriptions_and_what_is_late_or_ending_is_part_of_it(told in histories()) {
        let timeline = compose(&Policy::preset_default(), &told, at(500));
        for step in &timeline.steps {
            let sum = Exact::sum(step.subscriptions.iter().map(|paid| paid.mrr), Currency::GBP).unwrap();
            prop_assert_eq!(sum, step.mrr);
            prop_assert!(step.at_risk <= step.mrr && step.scheduled_loss <= step.mrr);
            prop_assert!(step.mrr >= Exact::zero(Currency::GBP));
        }
        prop_assert!(timeline.steps.windows(2).all(|pair| pair[0].at < pair[1].at));
        prop_assert!(timeline.movements.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn an_answer_for_an_earlier_time_is_the_beginning_of_a_later_one(told in histories(), day in 0_u16..500) {
        let policy = Policy { fx: FxRule::PerServicePeriod, ..Policy::preset_default() };
        let (whole, part) = (compose(&policy, &told, at(500)), compose(&policy, &told, at(day)));
        let until = whole.steps.partition_point(|step| step.at <= at(day));
        prop_assert_eq!(&whole.steps[..until], &part.steps[..]);
        let until = whole.movements.partition_point(|movement| movement.at <= at(day));
        prop_assert_eq!(&whole.movements[..until], &part.movements[..]);
    }

    #[test]
    fn a_bridge_sums_exactly(suppliers in prop::collection::vec(histories(), 1..4)) {
        for (a, b) in [(0, 1), (1, 2), (2, 0)] {
            let [a, b] = [a, b].map(|index: usize| Policy::presets()[index].clone());
            let mut bridge = Bridge::new(&a, &b, Currency::GBP, at(300));
            let (mut from, mut to) = (Exact::zero(Currency::GBP), Exact::zero(Currency::GBP));
            for told in &suppliers {
                let facts = facts_of(told);
                bridge.add(&facts, &rates_of(&facts)).unwrap();
                from = from.plus(compose(&a, told, at(300)).mrr()).unwrap();
                to = to.plus(compose(&b, told, at(300)).mrr()).unwrap();
            }
            prop_assert_eq!((bridge.from(), bridge.to()), (from, to));
            let sum = Exact::sum(bridge.lines().iter().map(|line| line.amount), Currency::GBP).unwrap();
            prop_assert_eq!(sum, to.minus(from).unwrap());
        }
    }

    #[test]
    fn who_never_paid_cannot_churn_and_is_new_once(told in histories()) {
        use ltv_core::subscription::MovementKind;
        let timeline = compose(&Policy::preset_default(), &told, at(500));
        let Some(first) = timeline.movements.first() else { return Ok(()) };
        prop_assert_eq!(first.kind, MovementKind::New);
        let news = timeline.movements.iter().filter(|movement| movement.kind == MovementKind::New);
        prop_assert!(news.into_iter().all(|movement| movement.at == first.at));
        let mut paying = false;
        for movement in &timeline.movements {
            match movement.kind {
                MovementKind::Churn => prop_assert!(paying),
                MovementKind::New | MovementKind::Reactivation => paying = true,
                _ => {}
            }
        }
    }

    #[test]
    fn every_kind_has_its_sign_and_what_goes_on_had_stopped(told in histories()) {
        use ltv_core::subscription::MovementKind::{
            Churn, Contraction, DiscountEnd, Expansion, Fx, New, Pause, Reactivation, Resume,
        };
        for policy in Policy::presets() {
            let timeline = compose(&policy, &told, at(500));
            let mut stopped = Vec::new();
            let mut mrr = Exact::zero(Currency::GBP);
            for movement in &timeline.movements {
                let rises = movement.amount.is_positive();
                match movement.kind {
                    New | Expansion | Reactivation | Resume | DiscountEnd => prop_assert!(rises, "{movement:?}"),
                    Contraction | Churn | Pause => prop_assert!(!rises, "{movement:?}"),
                    Fx => {}
                }
                prop_assert!(movement.kind != Resume || stopped.contains(&Pause), "{movement:?}");
                prop_assert_eq!(movement.kind == Churn, movement.voluntary.is_some());
                if movement.kind == Reactivation {
                    prop_assert!(mrr.is_zero() || stopped.last() == Some(&Reactivation), "{movement:?}");
                }
                stopped.push(movement.kind);
                mrr = mrr.plus(movement.amount).unwrap();
            }
        }
    }
}

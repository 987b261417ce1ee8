//! Late payments, recovered and lost.

use ltv_core::observation::{InvoiceStatus, SubscriptionStatus};
use ltv_core::subscription::{DunningOutcome, EventKind, Fact, Failures, SupplierStatus};
use ltv_core::testkit::{a_payment_failure, a_subscription, an_invoice, instant};
use ltv_core::{Body, Currency, Observation};

use super::{facts_of, moves, mrr_at, shown, timeline};

fn sub() -> ltv_core::testkit::SubscriptionBuilder {
    a_subscription("sub_1", "60.00 GBP").since("2026-01-28")
}

fn invoice(status: InvoiceStatus, paid_at: Option<&str>, told_at: &str) -> Observation {
    let builder = an_invoice("in_2", "60.00 GBP", "0.00").to("cus_1").status(status);
    let mut told = builder.made_at("2026-02-28").told_at(told_at).build();
    if let Body::Invoice(invoice) = &mut told.body {
        invoice.paid_at = paid_at.map(instant);
    }
    told
}

fn late() -> Vec<Observation> {
    vec![
        sub().told_at("2026-01-28").build(),
        invoice(InvoiceStatus::Open, None, "2026-02-28"),
        a_payment_failure("fail_1", "in_2", "60.00 GBP")
            .attempt(1, Some("2026-03-03"))
            .code("card_declined")
            .made_at("2026-02-28")
            .build(),
        sub().status(SubscriptionStatus::PastDue).told_at("2026-02-28").build(),
    ]
}

fn recovered() -> Vec<Observation> {
    let mut told = late();
    told.push(invoice(InvoiceStatus::Paid, Some("2026-03-05"), "2026-03-05"));
    told.push(sub().told_at("2026-03-05").build());
    told
}

fn lost() -> Vec<Observation> {
    let mut told = late();
    told.push(sub().ended("2026-03-21", "payment_failed").told_at("2026-03-21").build());
    told
}

fn failures(told: &[Observation], as_of: &str) -> (Failures, Vec<Option<ltv_core::Timestamp>>) {
    let timeline = timeline(told, as_of);
    let window = (instant("2026-01-01"), instant("2026-12-31"));
    let sums = Failures::of([&timeline], Currency::GBP, window.0, window.1).unwrap();
    (sums, timeline.failures.iter().map(|failed| failed.next_attempt_at()).collect())
}

#[test]
fn a_late_payment_is_at_risk_until_it_is_recovered() {
    let recovered = recovered();
    let timeline = timeline(&recovered, "2026-04-01");
    assert_eq!(moves(&timeline), ["2026-01-28 new +60.00"]);
    let risk = |at: &str| shown(timeline.step_at(instant(at)).unwrap().at_risk);
    assert_eq!(
        ["2026-02-27", "2026-02-28", "2026-03-04", "2026-03-05"].map(risk),
        ["0.00", "60.00", "60.00", "0.00"]
    );
    assert_eq!(super::timeline(&recovered, "2026-03-01").status, SupplierStatus::PastDue);
    let (sums, next) = failures(&recovered, "2026-04-01");
    assert_eq!((sums.attempts, sums.invoices, shown(sums.recovered)), (1, 1, "60.00".to_owned()));
    assert_eq!((sums.recovery_rate().as_deref(), next), (Some("1.0000"), vec![None]));
}

#[test]
fn a_lost_payment_is_involuntary_churn() {
    let timeline = timeline(&lost(), "2026-04-01");
    assert_eq!(moves(&timeline), ["2026-01-28 new +60.00", "2026-03-21 churn -60.00"]);
    assert_eq!(timeline.movements[1].voluntary, Some(false));
    assert_eq!(mrr_at(&timeline, "2026-03-20"), "60.00");
    let (sums, _) = failures(&lost(), "2026-04-01");
    assert_eq!((shown(sums.lost), shown(sums.involuntary_churn)), ("60.00".to_owned(), "-60.00".to_owned()));
    assert!(sums.voluntary_churn.is_zero());
    assert_eq!(sums.recovery_rate().as_deref(), Some("0.0000"));
}

#[test]
fn before_its_end_is_known_a_failed_invoice_is_open() {
    let (sums, next) = failures(&lost(), "2026-03-10");
    assert_eq!(
        (shown(sums.open), shown(sums.at_risk), sums.recovery_rate()),
        ("60.00".into(), "60.00".into(), None)
    );
    assert_eq!(next, [Some(instant("2026-03-03"))]);
}

#[test]
fn without_a_word_of_the_subscription_the_failure_itself_tells_the_risk() {
    let mut told = recovered();
    told.retain(
        |seen| !matches!(&seen.body, Body::Subscription(sub) if sub.status == SubscriptionStatus::PastDue),
    );
    let timeline = timeline(&told, "2026-04-01");
    let risk = |at: &str| shown(timeline.step_at(instant(at)).unwrap().at_risk);
    assert_eq!(["2026-03-01", "2026-03-05"].map(risk), ["60.00", "0.00"]);
}

#[test]
fn two_tellings_of_one_failure_keep_what_each_knows() {
    let by_charge =
        a_payment_failure("fail_1", "in_2", "60.00 GBP").code("card_declined").made_at("2026-02-28");
    let by_invoice =
        a_payment_failure("fail_1", "in_2", "60.00 GBP").attempt(2, Some("2026-03-03")).made_at("2026-02-28");
    let told = [by_charge.told_at("2026-02-28T00:00:01Z").build(), by_invoice.build()];
    let facts = facts_of(&[told.to_vec(), vec![invoice(InvoiceStatus::Open, None, "2026-02-28")]].concat());
    let dunning = facts.iter().find_map(|fact| match &fact.fact {
        Fact::Dunning(dunning) => Some(dunning),
        _ => None,
    });
    let dunning = dunning.unwrap();
    assert_eq!((dunning.attempts.len(), dunning.outcome), (1, DunningOutcome::Open));
    assert_eq!(dunning.attempts[0].code.as_deref(), Some("card_declined"));
    assert_eq!(dunning.attempts[0].next_at, Some(instant("2026-03-03")));
}

#[test]
fn people_can_read_what_happened() {
    let kinds: Vec<EventKind> =
        timeline(&lost(), "2026-04-01").events.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::Started,
            EventKind::PastDue,
            EventKind::PaymentFailed,
            EventKind::Ended,
            EventKind::PaymentLost
        ]
    );
    let until: Vec<EventKind> =
        timeline(&lost(), "2026-03-01").events.iter().map(|event| event.kind).collect();
    assert_eq!(until.len(), 3);
}

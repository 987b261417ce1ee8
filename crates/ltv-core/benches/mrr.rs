//! How long it takes to compose the timelines of a whole business: 20,000 suppliers over 36 months, half of them in a
//! foreign currency, and to sum them month by month.
#![expect(clippy::unwrap_used, reason = "a broken benchmark must fail loudly")]

use divan::{Bencher, black_box};
use ltv_core::observation::{BillingInterval, SubscriptionStatus};
use ltv_core::policy::Policy;
use ltv_core::subscription::{Fact, MrrSeries, PartyFact, Rates, SupplierTimeline, facts};
use ltv_core::testkit::{a_charge, a_settlement, a_subscription, instant};
use ltv_core::{Currency, Observation, Timestamp};

const SUPPLIERS: usize = 20_000;
const MONTHS: u32 = 36;

fn main() {
    divan::main();
}

fn month(number: u32) -> String {
    format!("{}-{:02}-01", 2023 + number / 12, number % 12 + 1)
}

/// What is told of one supplier: a renewal each month, an upgrade, a late payment, an end.
fn a_supplier(index: usize) -> Vec<PartyFact> {
    let currency = if index.is_multiple_of(2) { "GBP" } else { "USD" };
    let price = |plan: usize| format!("{}.00 {currency}", 19 + plan * 30);
    let mut told: Vec<Observation> = Vec::new();
    for number in 0..MONTHS {
        let plan = usize::from(number >= 18);
        let start = month(number);
        let sub = a_subscription("sub_1", &price(plan)).started("2023-01-01").since(&start).told_at(&start);
        let late = number == 20;
        told.push(if late { sub.status(SubscriptionStatus::PastDue).build() } else { sub.build() });
    }
    if index.is_multiple_of(5) {
        let yearly = a_subscription("sub_2", &price(2)).every(1, BillingInterval::Year);
        told.push(yearly.since("2023-06-01").told_at("2023-06-01").build());
    }
    let sub = told.first().unwrap().object.clone();
    let mut all = facts(&sub, &told);
    if let Some(second) = told.iter().find(|seen| seen.object != sub) {
        all.extend(facts(&second.object, std::slice::from_ref(second)));
    }
    all
}

fn rates() -> Rates {
    let mut rates = Rates::default();
    for number in 0..MONTHS {
        let (at, charge) = (month(number), format!("ch_{number}"));
        let told = [
            a_charge(&charge).of("100.00 USD").made_at(&at).build(),
            a_settlement("txn_1")
                .of_charge(&charge, &format!("{}.00 GBP", 70 + number % 9))
                .made_at(&at)
                .build(),
        ];
        for fact in facts(&told[0].object, &told) {
            if let Fact::Rate(rate) = &fact.fact {
                rates.add(rate);
            }
        }
    }
    rates
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn compose_a_business(bencher: Bencher) {
    // Few kinds of suppliers, each composed many times.
    let kinds: Vec<Vec<PartyFact>> = (0..20).map(a_supplier).collect();
    let (rates, policy, as_of) = (rates(), Policy::preset_default(), instant("2026-01-01"));
    let months: Vec<Timestamp> = (0..=MONTHS).map(|number| instant(&month(number))).collect();
    bencher.bench(|| {
        let timelines: Vec<SupplierTimeline> = kinds
            .iter()
            .cycle()
            .take(SUPPLIERS)
            .map(|facts| SupplierTimeline::compose(facts, &policy, Currency::GBP, &rates, as_of).unwrap())
            .collect();
        black_box(MrrSeries::of(&timelines, Currency::GBP, &months).unwrap())
    });
}

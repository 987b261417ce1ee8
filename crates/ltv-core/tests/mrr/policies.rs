//! The same facts under different policies, and bridges between them.

use ltv_core::observation::SubscriptionStatus;
use ltv_core::policy::{PastDue, Policy, Trials};
use ltv_core::subscription::{Bridge, Exact, Rates};
use ltv_core::testkit::{a_discount, a_subscription, instant};
use ltv_core::{Currency, Observation};

use super::{facts_of, moves, shown, timeline_under};

const START: &str = "2026-01-01";

fn sub(id: &str) -> ltv_core::testkit::SubscriptionBuilder {
    a_subscription(id, "30.00 GBP").since(START)
}

fn late() -> Vec<Observation> {
    let told = sub("sub_1").status(SubscriptionStatus::PastDue).told_at("2026-02-01").build();
    vec![sub("sub_1").told_at(START).build(), told]
}

fn ending() -> Vec<Observation> {
    let told = sub("sub_1").ending("2026-02-10").told_at("2026-02-10").build();
    vec![sub("sub_1").told_at(START).build(), told]
}

fn paused() -> Vec<Observation> {
    let told = sub("sub_1").paused("void").told_at("2026-02-10").build();
    vec![sub("sub_1").told_at(START).build(), told]
}

#[test]
fn each_choice_changes_what_it_says() {
    let with = |change: fn(&mut Policy)| {
        let mut policy = Policy::preset_default();
        change(&mut policy);
        policy
    };
    let not_late = with(|policy| policy.past_due = PastDue::Not);
    assert_eq!(moves(&timeline_under(&not_late, &late(), "2026-03-01"))[1], "2026-02-01 churn -30.00");
    let trials = with(|policy| policy.trials = Trials::Counted);
    let trial = [sub("sub_1").trial_until("2026-02-01").told_at(START).build()];
    assert_eq!(moves(&timeline_under(&trials, &trial, "2026-01-20")), ["2026-01-01 new +30.00"]);
    let stripe = Policy::preset_stripe();
    assert_eq!(moves(&timeline_under(&stripe, &ending(), "2026-03-01"))[1], "2026-02-10 churn -30.00");
    assert_eq!(moves(&timeline_under(&stripe, &paused(), "2026-03-01")).len(), 1);
    let unpaid =
        [late(), vec![sub("sub_1").status(SubscriptionStatus::Unpaid).told_at("2026-03-01").build()]];
    let chartmogul = Policy::preset_chartmogul();
    assert_eq!(moves(&timeline_under(&chartmogul, &unpaid.concat(), "2026-04-01")).len(), 1);
}

#[test]
fn a_bridge_explains_the_whole_difference() {
    let once = a_discount("di_1").of("sub_1").percent("20").from(START).told_at(START).build();
    let discounted = vec![sub("sub_1").with_discount("di_1").told_at(START).build(), once];
    let suppliers = [late(), ending(), paused(), discounted].map(|told| facts_of(&told));
    let as_of = instant("2026-03-01");
    for a in Policy::presets() {
        for b in Policy::presets() {
            let mut bridge = Bridge::new(&a, &b, Currency::GBP, as_of);
            suppliers.iter().for_each(|facts| bridge.add(facts, &Rates::default()).unwrap());
            let lines = bridge.lines();
            let sum = Exact::sum(lines.iter().map(|line| line.amount), Currency::GBP).unwrap();
            assert_eq!(sum, bridge.to().minus(bridge.from()).unwrap(), "{} to {}", a.name, b.name);
            assert!(lines.iter().all(|line| line.suppliers > 0));
        }
    }
    let mut bridge = Bridge::new(&Policy::preset_default(), &Policy::preset_stripe(), Currency::GBP, as_of);
    suppliers.iter().for_each(|facts| bridge.add(facts, &Rates::default()).unwrap());
    let lines: Vec<String> =
        bridge.lines().iter().map(|line| format!("{} {}", shown(line.amount), line.reason)).collect();
    assert_eq!(
        lines,
        ["30.00 paused collections are counted", "-30.00 revenue ceases when the end is asked for"]
    );
}

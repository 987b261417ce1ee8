//! The invented business: the same each time, whole, and true to itself.
#![expect(clippy::unwrap_used, reason = "test code may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};
use proptest::prelude::*;
use serde_json::Value;
use simulator::{BusinessConfig, History, TruthFigures, invent};

fn config(suppliers: u32, months: u32, seed: u64) -> BusinessConfig {
    BusinessConfig { suppliers, months, seed, start: start(), livemode: false }
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 3, 9, 12, 0, 0).unwrap()
}

fn bodies(history: &History) -> Vec<Value> {
    history.events.iter().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
}

fn settlements(history: &History) -> Vec<Value> {
    history.world.balance_transaction_bodies().map(|body| serde_json::from_slice(body).unwrap()).collect()
}

fn sum(settlements: &[Value], field: &str, categories: &[&str]) -> i64 {
    settlements
        .iter()
        .filter(|row| {
            categories.is_empty() || categories.contains(&row["reporting_category"].as_str().unwrap())
        })
        .map(|row| row[field].as_i64().unwrap())
        .sum()
}

fn assert_true_to_itself(history: &History) {
    let truth = &history.truth;
    let settlements = settlements(history);
    let total = truth.total;
    for figures in truth.by_customer.values().chain([&total]) {
        let formula = figures.gross
            - figures.tax
            - figures.refunds
            - figures.chargebacks
            - figures.processor_fees
            - figures.dispute_fees;
        assert_eq!(figures.net_revenue, formula);
        assert_eq!(figures.gross, figures.recurring + figures.one_off);
    }
    assert_eq!(total.provider_balance, sum(&settlements, "net", &[]));
    assert_eq!(total.gross, sum(&settlements, "amount", &["charge"]));
    assert_eq!(total.processor_fees, sum(&settlements, "fee", &["charge"]));
    assert_eq!(total.dispute_fees, sum(&settlements, "fee", &["dispute", "dispute_reversal"]));
    let payouts = sum(&settlements, "net", &["payout", "payout_reversal"]);
    let owned: i64 = truth.by_customer.values().map(|figures| figures.provider_balance).sum();
    assert_eq!(total.provider_balance, owned + payouts);
    let net: i64 = truth.by_customer.values().map(|figures| figures.net_revenue).sum();
    assert_eq!(total.net_revenue, net);
    assert_eq!(truth.months.iter().map(|(_, net)| net).sum::<i64>(), net);
    assert!(history.events.iter().all(|event| event.at < truth.as_of));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (once, again) = (invent(&config(25, 8, 7)), invent(&config(25, 8, 7)));
    assert_eq!(once.events, again.events);
    assert_eq!(once.truth, again.truth);
    let bodies = |history: &History| history.world.balance_transaction_bodies().cloned().collect::<Vec<_>>();
    assert_eq!(bodies(&once), bodies(&again));
    let other = invent(&config(25, 8, 8));
    assert_ne!(once.events, other.events);
    assert_ne!(once.truth.total, other.truth.total);
}

#[test]
fn the_story_has_all_that_a_ledger_must_cope_with() {
    let history = invent(&config(150, 18, 7));
    let kinds: BTreeSet<&str> = history.events.iter().map(|event| event.kind.as_str()).collect();
    for kind in [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
        "customer.created",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.updated",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "payout.failed",
        "payout.paid",
        "refund.created",
        "refund.failed",
        "refund.updated",
    ] {
        assert!(kinds.contains(kind), "{kind} never happens");
    }
    let closed: BTreeSet<String> = bodies(&history)
        .iter()
        .filter(|body| body["type"] == "charge.dispute.closed")
        .map(|body| body["data"]["object"]["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(closed, ["lost", "warning_closed", "won"].map(str::to_owned).into());
    let total = history.truth.total;
    assert!(
        total.one_off > 0 && total.inquiries > 0 && total.refunds > 0 && total.chargebacks > 0,
        "{total:?}"
    );
    assert_true_to_itself(&history);
}

#[test]
fn a_charge_with_several_partial_refunds_exists() {
    let history = invent(&config(150, 18, 7));
    let mut refunds: BTreeMap<String, usize> = BTreeMap::new();
    for body in bodies(&history).iter().filter(|body| body["type"] == "refund.created") {
        *refunds.entry(body["data"]["object"]["charge"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(refunds.values().any(|count| *count >= 3));
}

#[test]
fn ids_are_unique_and_messages_stand_in_true_order() {
    let history = invent(&config(60, 12, 1));
    let ids: BTreeSet<&str> = history.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), history.events.len());
    assert!(history.events.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let settlements = settlements(&history);
    let rows: BTreeSet<&str> = settlements.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(rows.len(), settlements.len());
}

#[test]
fn bodies_say_what_their_event_says_and_nothing_is_left_open() {
    for livemode in [false, true] {
        let history = invent(&BusinessConfig { livemode, ..config(40, 6, 3) });
        for (event, body) in history.events.iter().zip(bodies(&history)) {
            assert_eq!(body["id"], event.id);
            assert_eq!(body["type"], event.kind);
            assert_eq!(body["created"], event.at.timestamp());
            assert_eq!(body["livemode"], livemode);
            let stated = &body["data"]["object"]["livemode"];
            assert!(stated.is_null() || *stated == livemode);
            assert!(!String::from_utf8_lossy(&event.body).contains("{{"));
        }
    }
}

#[test]
fn every_money_object_has_its_balance_transaction() {
    let history = invent(&config(80, 12, 5));
    let sources: BTreeMap<String, String> = settlements(&history)
        .iter()
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["source"].as_str().unwrap().to_owned()))
        .collect();
    for body in bodies(&history) {
        let object = &body["data"]["object"];
        for field in ["balance_transaction", "failure_balance_transaction"] {
            if let Some(id) = object[field].as_str() {
                assert_eq!(sources[id], object["id"].as_str().unwrap());
            }
        }
        if object["object"] == "dispute" && body["type"] != "charge.dispute.closed" {
            let moved = !object["status"].as_str().unwrap().starts_with("warning");
            assert_eq!(!object["balance_transactions"].as_array().unwrap().is_empty(), moved);
        }
    }
}

#[test]
fn the_last_counter_of_each_charge_is_the_sum_of_the_refunds_that_stand() {
    let history = invent(&config(150, 18, 11));
    let mut counters: BTreeMap<String, i64> = BTreeMap::new();
    let mut refunds: BTreeMap<String, (String, i64, bool)> = BTreeMap::new();
    for body in bodies(&history) {
        let object = &body["data"]["object"];
        let id = || object["id"].as_str().unwrap().to_owned();
        match object["object"].as_str().unwrap() {
            "charge" => drop(counters.insert(id(), object["amount_refunded"].as_i64().unwrap())),
            "refund" => {
                let charge = object["charge"].as_str().unwrap().to_owned();
                let stands = object["status"] != "failed";
                refunds.insert(id(), (charge, object["amount"].as_i64().unwrap(), stands));
            }
            _ => {}
        }
    }
    let mut sums: BTreeMap<String, i64> = counters.keys().map(|charge| (charge.clone(), 0)).collect();
    for (charge, amount, stands) in refunds.values() {
        *sums.get_mut(charge).unwrap() += if *stands { *amount } else { 0 };
    }
    assert_eq!(sums, counters);
    let standing = refunds.values().filter(|(_, _, stands)| *stands).count();
    assert_eq!(history.truth.total.refund_count, i64::try_from(standing).unwrap());
}

#[test]
fn nothing_happens_outside_the_months_and_no_money_moves_at_night() {
    let history = invent(&config(60, 6, 9));
    let months: Vec<&str> = history.truth.months.iter().map(|(month, _)| month.as_str()).collect();
    assert_eq!(months, ["2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08"]);
    for event in &history.events {
        assert!((3..=8).contains(&event.at.month()) && event.at.year() == 2024, "{}", event.at);
        assert!((6..21).contains(&event.at.hour()), "{} at {}", event.kind, event.at);
    }
}

#[test]
fn an_empty_business_is_true_as_well() {
    for (suppliers, months) in [(0, 12), (12, 0), (0, 0)] {
        let history = invent(&config(suppliers, months, 1));
        assert!(history.events.is_empty());
        assert_eq!(history.truth.total, TruthFigures::default());
    }
}

#[test]
fn about_seven_messages_tell_a_month_of_a_supplier() {
    let history = invent(&config(300, 24, 7));
    let paid = usize::try_from(history.truth.total.payments).unwrap();
    let per_payment = history.events.len() / paid;
    assert!((6..=8).contains(&per_payment), "{per_payment} messages for each payment");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_story_is_true_to_itself(suppliers in 0_u32..40, months in 0_u32..15, seed in any::<u64>()) {
        assert_true_to_itself(&invent(&config(suppliers, months, seed)));
    }
}

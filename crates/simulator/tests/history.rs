//! The invented business: the same each time, whole, and true to itself.
#![expect(clippy::unwrap_used, reason = "test code may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};
use proptest::prelude::*;
use serde_json::Value;
use simulator::{BusinessConfig, History, MOVEMENT_KINDS, Mix, Pence, TruthFigures, invent, invent_packed};

fn config(suppliers: u32, months: u32, seed: u64) -> BusinessConfig {
    BusinessConfig { suppliers, months, seed, start: start(), livemode: false, mix: Mix::Plain }
}

fn believable(suppliers: u32, months: u32, seed: u64) -> BusinessConfig {
    BusinessConfig { mix: Mix::Believable, ..config(suppliers, months, seed) }
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 3, 9, 12, 0, 0).unwrap()
}

fn bodies(history: &History) -> Vec<Value> {
    history.events.iter().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
}

fn settlements(history: &History) -> Vec<Value> {
    history.world.balance_transaction_bodies().map(|body| serde_json::from_slice(&body).unwrap()).collect()
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
    if let Some(mrr) = &truth.mrr {
        assert_eq!(truth.by_customer.keys().collect::<Vec<_>>(), mrr.by_customer.keys().collect::<Vec<_>>());
        assert_eq!(
            mrr.months.last().map_or("0.00".to_owned(), |month| month.end.to_decimal()),
            mrr.total.to_decimal()
        );
        let paying = mrr.by_customer.values().filter(|worth| **worth > Pence::default()).count();
        let told = mrr.months.last().map_or(0, |month| month.suppliers);
        assert_eq!(told, i64::try_from(paying).unwrap());
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
    let bodies = |history: &History| history.world.balance_transaction_bodies().collect::<Vec<_>>();
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
    for (livemode, mix) in [(false, Mix::Plain), (true, Mix::Plain), (true, Mix::Believable)] {
        let history = invent(&BusinessConfig { livemode, mix, ..config(40, 6, 3) });
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
    for config in [config(80, 12, 5), believable(80, 12, 5)] {
        let history = invent(&config);
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
    for config in [config(60, 6, 9), believable(60, 6, 9)] {
        let history = invent(&config);
        let months: Vec<&str> = history.truth.months.iter().map(|(month, _)| month.as_str()).collect();
        assert_eq!(months, ["2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08"]);
        for event in &history.events {
            assert!((3..=8).contains(&event.at.month()) && event.at.year() == 2024, "{}", event.at);
            assert!((6..21).contains(&event.at.hour()), "{} at {}", event.kind, event.at);
        }
    }
}

#[test]
fn an_empty_business_is_true_as_well() {
    for (suppliers, months) in [(0, 12), (12, 0), (0, 0)] {
        for config in [config(suppliers, months, 1), believable(suppliers, months, 1)] {
            let history = invent(&config);
            assert!(history.events.is_empty());
            assert_eq!(history.truth.total, TruthFigures::default());
        }
    }
}

#[test]
fn about_seven_messages_tell_a_month_of_a_supplier() {
    let history = invent(&config(300, 24, 7));
    let paid = usize::try_from(history.truth.total.payments).unwrap();
    let per_payment = history.events.len() / paid;
    assert!((6..=8).contains(&per_payment), "{per_payment} messages for each payment");
}

#[test]
fn a_believable_business_is_the_same_each_time_and_true_to_itself() {
    let history = invent(&believable(200, 24, 7));
    assert_true_to_itself(&history);
    let packed = invent_packed(&believable(200, 24, 7));
    assert_eq!(packed.world.events(), history.events.len());
    for (place, event) in history.events.iter().enumerate() {
        assert_eq!(packed.world.event(place).as_ref(), Some(event));
    }
    assert_eq!(packed.truth, history.truth);
    assert_ne!(invent(&believable(200, 24, 8)).events, history.events);
    assert_eq!(invent(&config(20, 6, 7)).truth.mrr, None, "the plain mix has no truth for MRR");
}

#[test]
fn a_believable_business_has_every_kind_of_movement_and_of_trouble() {
    let history = invent(&believable(250, 30, 7));
    let months = history.truth.mrr.clone().unwrap().months;
    for (place, kind) in MOVEMENT_KINDS.iter().enumerate() {
        assert!(
            months.iter().any(|month| month.movements[place] != Pence::default()),
            "{kind} never happens"
        );
    }
    let kinds: BTreeSet<&str> = history.events.iter().map(|event| event.kind.as_str()).collect();
    for kind in [
        "charge.dispute.closed",
        "charge.failed",
        "customer.discount.created",
        "customer.discount.deleted",
        "customer.subscription.deleted",
        "invoice.marked_uncollectible",
        "invoice.payment_failed",
        "invoice.voided",
        "refund.failed",
    ] {
        assert!(kinds.contains(kind), "{kind} never happens");
    }
    let total = history.truth.total;
    assert!(
        total.fx_difference != 0 && total.tax > 0 && total.chargebacks > 0 && total.one_off > 0,
        "{total:?}"
    );
}

#[test]
fn invoices_of_every_market_add_up_as_the_provider_reports_them() {
    let history = invent(&believable(200, 18, 3));
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for body in bodies(&history).iter().filter(|body| body["type"] == "invoice.paid") {
        let invoice = &body["data"]["object"];
        let number = |value: &Value| value.as_i64().unwrap();
        let lines = invoice["lines"]["data"].as_array().unwrap();
        let sum = |name: &str| lines.iter().map(|line| number(&line[name])).sum::<i64>();
        let tax: i64 = lines.iter().map(|line| number(&line["taxes"][0]["amount"])).sum();
        let off: i64 = invoice["total_discount_amounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| number(&row["amount"]))
            .sum();
        let inclusive = invoice["total_taxes"][0]["tax_behavior"] == "inclusive";
        assert_eq!(number(&invoice["subtotal"]), sum("amount"));
        assert_eq!(number(&invoice["total_taxes"][0]["amount"]), tax);
        assert_eq!(number(&invoice["total"]), sum("amount") - off + if inclusive { 0 } else { tax });
        assert_eq!(number(&invoice["total_excluding_tax"]), number(&invoice["total"]) - tax);
        let currency = invoice["currency"].as_str().unwrap().to_owned();
        let reason = invoice["total_taxes"][0]["taxability_reason"].as_str().unwrap().to_owned();
        *seen.entry((currency, format!("{reason} {inclusive}"))).or_default() += 1;
    }
    let markets: Vec<String> = seen.keys().map(|(currency, tax)| format!("{currency} {tax}")).collect();
    let all = [
        "eur reverse_charge false",
        "gbp standard_rated false",
        "gbp standard_rated true",
        "usd standard_rated false",
    ];
    assert_eq!(markets, all);
}

#[test]
fn a_foreign_payment_is_settled_in_pounds_at_the_rate_that_it_names() {
    let history = invent(&believable(120, 12, 5));
    let settlements: BTreeMap<String, Value> = settlements(&history)
        .into_iter()
        .map(|row| (row["source"].as_str().unwrap().to_owned(), row))
        .collect();
    let mut foreign = 0;
    for body in bodies(&history).iter().filter(|body| body["type"] == "charge.succeeded") {
        let charge = &body["data"]["object"];
        let row = &settlements[charge["id"].as_str().unwrap()];
        assert_eq!(row["currency"], "gbp");
        if charge["currency"] == "gbp" {
            assert_eq!((&row["amount"], &row["exchange_rate"]), (&charge["amount"], &Value::Null));
            continue;
        }
        foreign += 1;
        let rate: i64 = row["exchange_rate"].to_string().strip_prefix("0.").unwrap().parse().unwrap();
        let digits = row["exchange_rate"].to_string().len() - 2;
        let rate = rate * 10_i64.pow(u32::try_from(6 - digits).unwrap());
        assert_eq!(
            row["amount"].as_i64().unwrap(),
            (charge["amount"].as_i64().unwrap() * rate + 500_000) / 1_000_000
        );
        assert_eq!(row["fee_details"].as_array().unwrap().len(), 2);
    }
    assert!(foreign > 50, "{foreign} foreign payments");
}

/// Read from the last messages alone: what those pay who pay in pounds on top, by the month, without a coupon.
#[test]
fn mrr_of_plain_contracts_is_what_their_last_state_says() {
    let history = invent(&believable(300, 24, 11));
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    for body in bodies(&history) {
        let object = &body["data"]["object"];
        if object["object"] == "subscription" {
            last.insert(object["customer"].as_str().unwrap().to_owned(), object.clone());
        }
    }
    let mrr = history.truth.mrr.unwrap();
    let mut checked = 0;
    for (customer, subscription) in last {
        let price = &subscription["items"]["data"][0]["price"];
        let is_plain = price["currency"] == "gbp"
            && price["tax_behavior"] == "exclusive"
            && price["recurring"]["interval"] == "month"
            && subscription["discounts"].as_array().unwrap().is_empty();
        if !is_plain {
            continue;
        }
        let counts = ["active", "past_due"].contains(&subscription["status"].as_str().unwrap());
        let pays = counts && subscription["pause_collection"].is_null();
        let seats = subscription["items"]["data"][0]["quantity"].as_i64().unwrap();
        let pence = if pays { price["unit_amount"].as_i64().unwrap() * seats } else { 0 };
        let shown = format!("{}.{:02}", pence / 100, pence % 100);
        assert_eq!(mrr.by_customer[&customer].to_decimal(), shown, "{customer}");
        checked += 1;
    }
    assert!(checked > 80, "{checked} plain contracts");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_story_is_true_to_itself(suppliers in 0_u32..40, months in 0_u32..15, seed in any::<u64>()) {
        assert_true_to_itself(&invent(&config(suppliers, months, seed)));
    }

    #[test]
    fn every_believable_story_is_true_to_itself(suppliers in 0_u32..25, months in 0_u32..15, seed in any::<u64>()) {
        assert_true_to_itself(&invent(&believable(suppliers, months, seed)));
    }
}

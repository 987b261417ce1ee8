//! From fixtures of both shapes to observations.

use bytes::Bytes;
use chrono::DateTime;
use ltv_core::Provider;
use ltv_core::observation::SettlementKind;
use ltv_core::{Body, ObjectKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(object: &Value) -> Message {
    Message {
        provider: Provider::Stripe,
        origin: Origin::Read,
        source_id: "api:x:1".to_owned(),
        kind: object["object"].as_str().unwrap_or_default().to_owned(),
        observed_at: DateTime::from_timestamp(9, 0).unwrap(),
        livemode: None,
        account: None,
        substance: [0; 32],
        payload: Bytes::from(object.to_string()),
    }
}

fn show(object: &Value) -> Observed {
    observe(MessageId(1), &read(object)).unwrap()
}

fn settlement(category: Option<&str>, kind: &str) -> Value {
    json!({"id": "txn_1", "object": "balance_transaction", "amount": -900, "fee": 100, "net": -1000, "currency": "gbp",
        "created": 5, "reporting_category": category, "type": kind, "source": "x_1"})
}

fn kind_of(category: Option<&str>, kind: &str) -> (SettlementKind, Vec<String>) {
    let observed = show(&settlement(category, kind));
    let drift = observed.drift.into_iter().map(|drift| drift.what).collect();
    match &observed.observations[0].body {
        Body::Settlement(settlement) => (settlement.settlement_kind.clone(), drift),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_reporting_category_decides_what_a_settlement_stands_for() {
    use SettlementKind as Kind;
    for (category, expected) in [
        ("charge", Kind::Charge),
        ("charge_failure", Kind::ChargeFailure),
        ("partial_capture_reversal", Kind::PartialCaptureReversal),
        ("refund", Kind::Refund),
        ("refund_failure", Kind::RefundFailure),
        ("dispute", Kind::Dispute),
        ("dispute_reversal", Kind::DisputeReversal),
        ("fee", Kind::Fee),
        ("network_cost", Kind::Fee),
        ("tax", Kind::Fee),
        ("payout", Kind::Payout),
        ("payout_reversal", Kind::Payout),
        ("topup", Kind::TopUp),
        ("topup_reversal", Kind::TopUp),
        ("transfer", Kind::Transfer),
        ("transfer_reversal", Kind::Transfer),
        ("risk_reserved_funds", Kind::Transfer),
        ("other_adjustment", Kind::Unknown("other_adjustment".to_owned())),
        ("financing_paydown", Kind::Unknown("financing_paydown".to_owned())),
    ] {
        // The type is misleading on purpose.
        assert_eq!(kind_of(Some(category), "refund"), (expected, vec![]), "{category}");
    }
    let drift = vec!["balance_transaction.reporting_category=lottery".to_owned()];
    assert_eq!(kind_of(Some("lottery"), "charge"), (Kind::Unknown("lottery".to_owned()), drift));
}

#[test]
fn without_a_category_the_type_decides_and_an_adjustment_stays_unknown() {
    use SettlementKind as Kind;
    for (kind, expected) in [
        ("charge", Kind::Charge),
        ("payment", Kind::Charge),
        ("refund", Kind::Refund),
        ("payment_refund", Kind::Refund),
        ("payment_failure_refund", Kind::ChargeFailure),
        ("refund_failure", Kind::RefundFailure),
        ("payout", Kind::Payout),
        ("payout_failure", Kind::Payout),
        ("payout_cancel", Kind::Payout),
        ("topup", Kind::TopUp),
        ("transfer", Kind::Transfer),
        ("transfer_refund", Kind::Transfer),
        ("stripe_fee", Kind::Fee),
        ("application_fee", Kind::Fee),
        ("network_cost", Kind::Fee),
        ("tax_fee", Kind::Fee),
        ("adjustment", Kind::Unknown("adjustment".to_owned())),
    ] {
        assert_eq!(kind_of(None, kind), (expected, vec![]), "{kind}");
    }
    let drift = vec!["balance_transaction.type=lottery".to_owned()];
    assert_eq!(kind_of(None, "lottery"), (Kind::Unknown("lottery".to_owned()), drift));
}

#[test]
fn words_in_drift_are_short_and_printable() {
    let word = format!("ünsäglich\n{}", "x".repeat(500));
    let mut charge = json!({"id": "ch_1", "object": "charge", "amount": 1, "captured": true, "currency": "gbp", "created": 1});
    charge["status"] = json!(word);
    let drift = show(&charge).drift;
    assert_eq!(drift.len(), 1);
    assert!(drift[0].what.starts_with("charge.status=?ns?glich?xxx"), "{}", drift[0].what);
    assert!(drift[0].what.len() <= 120);
}

#[test]
fn an_object_type_that_is_not_mapped_is_drift() {
    let observed = show(&json!({"id": "x_1", "object": "hologram"}));
    assert!(observed.observations.is_empty());
    assert_eq!(observed.drift[0].what, "object type hologram");
}

#[test]
fn the_same_drift_is_told_once() {
    let line = |id: &str| json!({"id": id, "amount": 1, "type": "wish"});
    let invoice = json!({"id": "in_1", "object": "invoice", "currency": "gbp", "created": 1, "total": 2, "amount_due": 2,
        "amount_paid": 0, "status": "open", "lines": {"data": [line("il_1"), line("il_2")], "has_more": false}});
    let drift: Vec<_> = show(&invoice).drift.into_iter().map(|drift| drift.what).collect();
    assert_eq!(drift, ["invoice.line.type=wish"]);
}

#[test]
fn an_exact_rate_keeps_every_digit() {
    let mut object = settlement(Some("charge"), "charge");
    object["exchange_rate"] = json!("RATE");
    let text = object.to_string().replace("\"RATE\"", "1.2345678901234567890123456789");
    let message = Message { payload: Bytes::from(text), ..read(&object) };
    let observed = observe(MessageId(1), &message).unwrap();
    match &observed.observations[0].body {
        Body::Settlement(settlement) => {
            assert_eq!(settlement.exchange_rate.as_deref(), Some("1.2345678901234567890123456789"));
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// The truth is in the balance transactions: none of their amounts is ever altered.
    #[test]
    fn settlements_carry_the_amounts_as_they_are(amount in any::<i32>(), fee in any::<i32>()) {
        let mut object = settlement(Some("charge"), "charge");
        object["amount"] = json!(amount);
        object["fee"] = json!(fee);
        object["net"] = json!(i64::from(amount) - i64::from(fee));
        let observed = show(&object);
        prop_assert_eq!(&observed.observations[0].object, &ObjectKey::new(Provider::Stripe, "txn_1"));
        let Body::Settlement(body) = &observed.observations[0].body else { panic!("a settlement") };
        prop_assert_eq!(body.amount.minor() - body.fee.minor(), body.net.minor());
        prop_assert_eq!(body.amount.minor(), i64::from(amount));
    }
}

//! Discounts, shape by shape.

use bytes::Bytes;
use chrono::DateTime;
use connector::Message;
use ltv_core::{MessageId, Observation, Origin, Provider};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::observe;
use super::*;

fn event(kind: &str, object: &Value) -> Message {
    Message {
        provider: Provider::Stripe,
        origin: Origin::Webhook,
        source_id: "evt_1".to_owned(),
        kind: kind.to_owned(),
        observed_at: DateTime::from_timestamp(1000, 0).unwrap(),
        livemode: None,
        account: None,
        substance: [0; 32],
        payload: Bytes::from(json!({"object": "event", "data": {"object": object}}).to_string()),
    }
}

fn shown(kind: &str, object: &Value) -> (Vec<Observation>, Vec<String>) {
    let observed = observe(MessageId(1), &event(kind, object)).unwrap();
    (observed.observations, observed.drift.into_iter().map(|drift| drift.what).collect())
}

fn one(kind: &str, object: &Value) -> Discount {
    match shown(kind, object).0.pop().unwrap().body {
        Body::Discount(discount) => discount,
        other => panic!("no discount: {other:?}"),
    }
}

fn coupon(fields: &Value) -> Value {
    let mut coupon = json!({"id": "C", "object": "coupon", "duration": "forever", "percent_off": null, "amount_off": null});
    let whole = coupon.as_object_mut().unwrap();
    whole.extend(fields.as_object().unwrap().clone());
    coupon
}

fn discount_with(fields: &Value) -> Value {
    json!({"id": "di_1", "object": "discount", "customer": "cus_1", "subscription": "sub_1", "start": 10, "end": null,
        "source": {"type": "coupon", "coupon": coupon(fields)}})
}

const CREATED: &str = "customer.discount.created";

#[test]
fn the_two_shapes_with_a_whole_coupon_show_the_same() {
    let clover = discount_with(&json!({"percent_off": 12.5}));
    let mut legacy = clover.clone();
    let inside = legacy.as_object_mut().unwrap().remove("source").unwrap();
    legacy["coupon"] = inside["coupon"].clone();
    assert_eq!(one(CREATED, &clover), one(CREATED, &legacy));
    assert_eq!(one(CREATED, &clover).percent_off.as_deref(), Some("12.5"));
}

#[test]
fn a_coupon_that_is_told_by_its_id_leaves_open_what_it_takes_off() {
    let mut told = discount_with(&json!({}));
    told["source"]["coupon"] = json!("C");
    let discount = one(CREATED, &told);
    assert_eq!((discount.percent_off, discount.amount_off), (None, None));
    assert_eq!(discount.duration, DiscountDuration::Unknown("unread".to_owned()));
    assert_eq!(shown(CREATED, &told).1, Vec::<String>::new());
}

#[test]
fn durations_are_read_and_what_is_none_is_drift() {
    let duration = |fields: Value| {
        (one(CREATED, &discount_with(&fields)).duration, shown(CREATED, &discount_with(&fields)).1)
    };
    let known = |duration| (duration, vec![]);
    assert_eq!(duration(json!({"duration": "once"})), known(DiscountDuration::Once));
    assert_eq!(duration(json!({"duration": "forever"})), known(DiscountDuration::Forever));
    assert_eq!(
        duration(json!({"duration": "repeating", "duration_in_months": 3})),
        known(DiscountDuration::Repeating { months: 3 })
    );
    for (fields, word) in [
        (json!({"duration": "sometimes"}), "sometimes"),
        (json!({"duration": "repeating", "duration_in_months": null}), "repeating"),
        (json!({"duration": "repeating", "duration_in_months": -3}), "repeating"),
    ] {
        let drift = vec![format!("coupon.duration={word}")];
        assert_eq!(duration(fields), (DiscountDuration::Unknown(word.to_owned()), drift));
    }
}

#[test]
fn amounts_are_minor_units_of_iso_and_shares_beyond_the_whole_are_drift() {
    let yen = one(CREATED, &discount_with(&json!({"amount_off": 500, "currency": "jpy"})));
    assert_eq!(yen.amount_off.unwrap().minor(), 500);
    let krona = one(CREATED, &discount_with(&json!({"amount_off": 50_000, "currency": "isk"})));
    assert_eq!(krona.amount_off.unwrap().minor(), 500);
    for percent in [json!(0), json!(-5), json!(100.01), json!("many")] {
        let (observations, drift) = shown(CREATED, &discount_with(&json!({"percent_off": percent})));
        assert_eq!((observations.len(), drift.len()), (1, 1), "{percent}");
        assert!(matches!(&observations[0].body, Body::Discount(discount) if discount.percent_off.is_none()));
    }
    assert_eq!(
        one(CREATED, &discount_with(&json!({"percent_off": 100.0}))).percent_off.as_deref(),
        Some("100")
    );
}

#[test]
fn an_amount_without_a_currency_or_below_zero_is_an_error_that_names_the_place() {
    for fields in [
        json!({"amount_off": 5}),
        json!({"amount_off": -5, "currency": "gbp"}),
        json!({"amount_off": 1.5, "currency": "gbp"}),
    ] {
        let error = observe(MessageId(1), &event(CREATED, &discount_with(&fields))).unwrap_err().to_string();
        assert!(error.contains("/data/object/source/coupon/"), "{error}");
    }
}

#[test]
fn a_discount_that_is_taken_away_ends_then_and_not_when_it_would_have_ended() {
    let ends = |end: Value, kind: &str, deleted: Value| {
        let mut discount = discount_with(&json!({"percent_off": 10}));
        discount["end"] = end;
        discount["deleted"] = deleted;
        one(kind, &discount).ended_at.map(|at| at.timestamp())
    };
    assert_eq!(ends(json!(9000), DELETED, json!(null)), Some(1000));
    assert_eq!(ends(json!(null), DELETED, json!(null)), Some(1000));
    assert_eq!(ends(json!(500), DELETED, json!(null)), Some(500));
    assert_eq!(ends(json!(null), CREATED, json!(true)), Some(1000));
    assert_eq!(ends(json!(9000), CREATED, json!(null)), Some(9000));
    assert_eq!(ends(json!(null), CREATED, json!(null)), None);
}

#[test]
fn limits_to_products_are_told_where_they_are_shown() {
    let limited = |applies_to: Value| {
        one(CREATED, &discount_with(&json!({"applies_to": applies_to}))).limited_to_products
    };
    assert!(limited(json!({"products": ["prod_1"]})));
    assert!(!limited(json!({"products": []})));
    assert!(!limited(json!(null)));
}

#[test]
fn what_is_on_one_invoice_or_payment_shows_nothing_and_without_any_name_it_is_an_error() {
    for on in ["invoice", "invoice_item", "checkout_session"] {
        let mut discount = discount_with(&json!({}));
        discount["subscription"] = json!(null);
        discount[on] = json!("x_1");
        assert!(shown(CREATED, &discount).0.is_empty(), "{on}");
        discount["subscription"] = json!("sub_1");
        assert_eq!(shown(CREATED, &discount).0.len(), 1, "{on}");
    }
    let nameless = json!({"object": "discount", "coupon": coupon(&json!({}))});
    let error = observe(MessageId(1), &event(CREATED, &nameless)).unwrap_err().to_string();
    assert!(error.contains("/data/object/id"), "{error}");
}

#[test]
fn a_discount_without_id_is_named_by_what_it_is_on() {
    let old = json!({"object": "discount", "coupon": coupon(&json!({})), "customer": "cus_1", "subscription": "sub_1"});
    assert_eq!(shown(CREATED, &old).0[0].object, key("sub_1+C"));
    let subscription = json!({"id": "sub_1", "object": "subscription", "status": "active", "currency": "gbp",
        "customer": "cus_1", "discount": {"object": "discount", "coupon": coupon(&json!({"percent_off": 5}))}});
    let (observations, _) = shown("customer.subscription.updated", &subscription);
    assert_eq!(observations[0].object, key("sub_1+C"));
    match (&observations[0].body, &observations[1].body) {
        (Body::Discount(discount), Body::Subscription(subscription)) => {
            assert_eq!(discount.subscription, Some(key("sub_1")));
            assert_eq!(discount.customer, Some(key("cus_1")));
            assert_eq!(subscription.discounts, ["sub_1+C"]);
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_share_keeps_its_own_digits(whole in 1_u32..100, part in 0_u32..100) {
        let text = format!(r#"{{"id":"di_1","object":"discount","coupon":{{"id":"C","duration":"once","percent_off":{whole}.{part:02}}}}}"#);
        let payload = format!(r#"{{"object":"event","data":{{"object":{text}}}}}"#);
        let message = Message { payload: Bytes::from(payload), ..event(CREATED, &json!({})) };
        let observed = observe(MessageId(1), &message).unwrap();
        match &observed.observations[0].body {
            Body::Discount(discount) => {
                let percent: Decimal = discount.percent_off.as_deref().unwrap().parse().unwrap();
                prop_assert_eq!(percent * Decimal::ONE_HUNDRED, Decimal::from(whole * 100 + part));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

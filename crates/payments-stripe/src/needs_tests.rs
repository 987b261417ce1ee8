//! What completes which message.

use bytes::Bytes;
use chrono::DateTime;
use serde_json::{Value, json};

use super::*;

fn message(origin: Origin, kind: &str, payload: &Value) -> Message {
    Message {
        provider: Provider::Stripe,
        origin,
        source_id: "x".to_owned(),
        kind: kind.to_owned(),
        observed_at: DateTime::from_timestamp(0, 0).unwrap(),
        livemode: None,
        account: None,
        substance: [0; 32],
        payload: Bytes::from(payload.to_string()),
    }
}

fn needs(message: &Message) -> Option<String> {
    of(message).map(|need| format!("{} {}", need.object_type, need.key.id()))
}

fn of_event(kind: &str, object: &Value) -> Option<String> {
    needs(&message(Origin::Webhook, kind, &json!({"object": "event", "data": {"object": object}})))
}

fn of_object(kind: &str, object: &Value) -> Option<String> {
    needs(&message(Origin::Read, kind, object))
}

#[test]
fn a_refund_and_a_dispute_need_their_charge_however_they_came() {
    let object = json!({"id": "x_1", "charge": "ch_1"});
    for (event, word) in [("refund.updated", "refund"), ("charge.dispute.closed", "dispute")] {
        assert_eq!(of_event(event, &object).as_deref(), Some("charge ch_1"));
        assert_eq!(of_object(word, &object).as_deref(), Some("charge ch_1"));
        assert_eq!(of_event(event, &json!({"id": "x_1", "charge": null})), None);
    }
}

#[test]
fn a_balance_transaction_needs_the_object_whose_money_it_moved() {
    let need = |source: Value| of_object("balance_transaction", &json!({"id": "txn_1", "source": source}));
    for (source, expected) in [
        ("ch_1", "charge ch_1"),
        ("py_1", "charge py_1"),
        ("re_1", "refund re_1"),
        ("pyr_1", "refund pyr_1"),
        ("dp_1", "dispute dp_1"),
        ("du_1", "dispute du_1"),
    ] {
        assert_eq!(need(json!(source)).as_deref(), Some(expected));
    }
    for source in [json!("po_1"), json!("fee_1"), json!(null), json!({"id": "ch_1"})] {
        assert_eq!(need(source.clone()), None, "{source}");
    }
}

#[test]
fn an_invoice_needs_its_lines_unless_it_shows_them_all_or_is_a_draft() {
    let invoice = |more: bool, status: &str| json!({"id": "in_1", "status": status, "lines": {"has_more": more, "data": []}});
    assert_eq!(of_event("invoice.paid", &invoice(true, "paid")).as_deref(), Some("invoice_lines in_1"));
    assert_eq!(of_object("invoice", &invoice(true, "open")).as_deref(), Some("invoice_lines in_1"));
    assert_eq!(of_event("invoice.paid", &invoice(false, "paid")), None);
    assert_eq!(of_event("invoice.created", &invoice(true, "draft")), None);
    assert_eq!(of_event("invoice.paid", &json!({"id": "in_1", "status": "paid"})), None);
}

#[test]
fn a_subscription_is_read_when_it_leaves_something_out_and_once_only() {
    let subscription = |discounts: Value, of_item: Value, more: bool| json!({"id": "sub_1", "discounts": discounts, "items": {"has_more": more, "data": [{"id": "si_1", "discounts": of_item}]}});
    let whole = json!({"id": "di_1", "source": {"coupon": {"id": "C", "duration": "once"}}});
    for object in [
        subscription(json!(["di_1"]), json!([]), false),
        subscription(json!([]), json!(["di_1"]), false),
        subscription(json!([]), json!([{"id": "di_1", "source": {"coupon": "C"}}]), false),
        subscription(json!([]), json!([]), true),
    ] {
        assert_eq!(
            of_event("customer.subscription.updated", &object).as_deref(),
            Some("subscription sub_1"),
            "{object}"
        );
        assert_eq!(of_object("subscription", &object), None, "{object}");
    }
    for object in [
        subscription(json!([]), json!([]), false),
        subscription(json!([whole]), json!([whole]), false),
        json!({"id": "sub_1"}),
    ] {
        assert_eq!(of_event("customer.subscription.updated", &object), None, "{object}");
    }
}

#[test]
fn a_discount_that_names_its_coupon_needs_what_it_is_on() {
    let discount = |coupon: Value, on: Value| json!({"id": "di_1", "customer": "cus_1", "subscription": on, "source": {"coupon": coupon}});
    let created = "customer.discount.created";
    assert_eq!(
        of_event(created, &discount(json!("C"), json!("sub_1"))).as_deref(),
        Some("subscription sub_1")
    );
    assert_eq!(of_event(created, &discount(json!("C"), json!(null))).as_deref(), Some("customer cus_1"));
    assert_eq!(of_event(created, &discount(json!({"id": "C", "duration": "once"}), json!("sub_1"))), None);
    assert_eq!(of_event("customer.discount.deleted", &discount(json!("C"), json!("sub_1"))), None);
}

#[test]
fn a_thin_event_needs_its_object_and_what_is_no_event_needs_nothing() {
    let thin = json!({"object": "v2.core.event", "related_object": {"id": "ch_1", "type": "charge"}});
    assert_eq!(
        needs(&message(Origin::Webhook, "v1.charge.succeeded", &thin)).as_deref(),
        Some("charge ch_1")
    );
    assert_eq!(needs(&message(Origin::Webhook, "v1.customer.discount.created", &thin)), None);
    assert_eq!(needs(&message(Origin::Webhook, "price.created", &thin)), None);
    assert_eq!(needs(&message(Origin::Webhook, "charge.succeeded", &json!([]))), None);
    assert_eq!(needs(&message(Origin::Read, "coupon", &json!({"id": "C"}))), None);
}

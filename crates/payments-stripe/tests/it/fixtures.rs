//! What each fixture shows, and the samples of a folder that may be there.

use std::fs;
use std::path::{Path, PathBuf};

use connector::{Message, Observed};
use ltv_core::observation::PaymentRef;
use ltv_core::{Body, MessageId, ObjectKey, Origin, Provider};
use serde_json::{Value, json};

use crate::common::{now, signed, stripe};

/// Names a folder of Stripe samples; see [`every_sample_event_is_observed`].
const SAMPLES: &str = "LTV_SHARED_DATA";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn text(name: &str) -> String {
    fs::read_to_string(fixtures().join(format!("{name}.json"))).unwrap()
}

/// A webhook is signed and accepted; a bare object stands for one that was read.
async fn message(text: String) -> Message {
    let value: Value = serde_json::from_str(&text).unwrap();
    if value.get("data").is_some() || value.get("related_object").is_some() {
        return stripe().accept(&signed(text), now()).await.unwrap();
    }
    let word = |name: &str| value[name].as_str().unwrap().to_owned();
    Message {
        provider: Provider::Stripe,
        origin: Origin::Read,
        source_id: format!("api:{}:{}", word("object"), word("id")),
        kind: word("object"),
        observed_at: now(),
        livemode: None,
        account: None,
        substance: [0; 32],
        payload: text.into(),
    }
}

async fn observed(name: &str) -> Observed {
    stripe().observe(MessageId(1), &message(text(name)).await).unwrap()
}

fn body<'a>(observed: &'a Observed, id: &str) -> &'a Body {
    let key = ObjectKey::new(Provider::Stripe, id);
    &observed.observations.iter().find(|observation| observation.object == key).unwrap().body
}

#[tokio::test]
async fn every_fixture_shows_what_its_snapshot_says() {
    let mut names: Vec<String> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 40, "the fixtures are in place");
    for name in names {
        let message = message(text(&name)).await;
        let observed = stripe().observe(MessageId(1), &message).unwrap();
        let bodies: Vec<Value> = observed
            .observations
            .iter()
            .map(|observation| json!({ "object": observation.object, "body": observation.body }))
            .collect();
        let drift: Vec<&str> = observed.drift.iter().map(|drift| drift.what.as_str()).collect();
        let needs: Vec<String> = stripe()
            .needs(&message)
            .iter()
            .map(|need| format!("{} {}", need.object_type, need.key))
            .collect();
        let shown = json!({ "observations": bodies, "drift": drift, "needs": needs });
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name, shown) });
    }
}

/// S04: the same invoice, charge and subscription in two API versions.
#[tokio::test]
async fn both_shapes_of_an_object_show_the_same() {
    for (current, legacy, id) in [
        ("invoice_paid", "invoice_paid_legacy", "in_1"),
        ("charge_succeeded", "charge_succeeded_legacy", "ch_1"),
        ("subscription_created", "subscription_created_legacy", "sub_1"),
    ] {
        assert_eq!(body(&observed(current).await, id), body(&observed(legacy).await, id), "{id}");
    }
}

#[tokio::test]
async fn the_older_invoice_and_the_older_charge_name_one_and_the_same_link() {
    let (invoice, charge) =
        (observed("invoice_paid_legacy").await, observed("charge_succeeded_legacy").await);
    let link = |observed: &Observed| match body(observed, "in_1+ch_1") {
        Body::InvoicePayment(link) => {
            (link.invoice.clone(), link.payment.clone(), link.status.clone(), link.amount)
        }
        other => panic!("not a link: {other:?}"),
    };
    assert_eq!(link(&invoice), link(&charge));
    assert_eq!(link(&charge).1, Some(PaymentRef::Charge(ObjectKey::new(Provider::Stripe, "ch_1"))));
}

#[tokio::test]
async fn the_failure_of_a_charge_and_that_of_its_intent_are_one() {
    let (charge, intent) = (observed("charge_failed").await, observed("payment_intent_failed").await);
    let failure = |observed: &Observed| match body(observed, "failure+ch_bad") {
        Body::PaymentFailure(failure) => failure.clone(),
        other => panic!("not a failure: {other:?}"),
    };
    assert_eq!(failure(&charge), failure(&intent));
}

#[tokio::test]
async fn personal_data_never_reaches_an_observation() {
    let observed = observed("customer_created").await;
    let shown = serde_json::to_string(&observed.observations).unwrap();
    assert!(shown.contains("WS-7"));
    assert!(!shown.contains("example.com") && !shown.contains("Studio"));
}

/// Takes each needed field away, and puts another type in its place: an error that names the field, never a figure.
#[tokio::test]
async fn what_lacks_a_needed_field_is_an_error_that_names_it() {
    for (name, fields) in [
        ("charge_succeeded", &["id", "object", "amount", "currency", "captured", "status", "created"][..]),
        ("refund_created", &["id", "amount", "currency", "created"]),
        ("dispute_won", &["id", "amount", "currency", "status", "created"]),
        ("invoice_paid", &["id", "total", "amount_due", "amount_paid", "currency", "created"]),
        ("invoice_payment_paid", &["id", "invoice", "status", "currency"]),
        ("credit_note_split", &["id", "total", "status", "currency", "created"]),
        ("customer_created", &["id"]),
        ("subscription_created", &["id", "status"]),
        ("payout_failed", &["id", "amount", "currency", "status", "created"]),
        ("payment_intent_failed", &["amount", "currency"]),
    ] {
        for field in fields {
            for broken in [None, Some(json!(null)), Some(json!({"a": "planted"})), Some(json!([true]))] {
                let mut value: Value = serde_json::from_str(&text(name)).unwrap();
                let object = value["data"]["object"].as_object_mut().unwrap();
                match broken.clone() {
                    Some(other) => object.insert((*field).to_owned(), other),
                    None => object.remove(*field),
                };
                let message = message(value.to_string()).await;
                let error = stripe().observe(MessageId(1), &message).unwrap_err().to_string();
                assert!(
                    error.contains(&format!("/data/object/{field}")),
                    "{name} {field} {broken:?}: {error}"
                );
                assert!(!error.contains("planted"), "{error}");
            }
        }
    }
}

/// Whatever a field holds, mapping ends: with observations or with an error, never with a panic.
#[tokio::test]
async fn no_field_of_any_fixture_can_make_the_mapping_panic() {
    let odd = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(i64::MIN),
        json!("x"),
        json!([[]]),
        json!({}),
    ];
    for entry in fs::read_dir(fixtures()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        let mut pointers = Vec::new();
        collect(&whole, String::new(), &mut pointers);
        let genuine = message(text).await;
        for pointer in pointers {
            for other in &odd {
                let mut value = whole.clone();
                *value.pointer_mut(&pointer).unwrap() = other.clone();
                let broken = Message { payload: value.to_string().into(), ..genuine.clone() };
                let outcome = stripe().observe(MessageId(1), &broken);
                let drift = outcome.map(|observed| observed.drift).unwrap_or_default();
                assert!(drift.iter().all(|drift| drift.what.len() <= 120));
                let _needs = stripe().needs(&broken);
            }
        }
    }
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                collect(field, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{at}"), pointers);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() {
        pointers.push(pointer);
    }
}

/// Observes every event below the folder that `LTV_SHARED_DATA` names. Without it there is nothing to observe, which
/// the test says.
#[tokio::test]
async fn every_sample_event_is_observed() {
    let Some(folder) = std::env::var_os(SAMPLES) else {
        println!("{SAMPLES} is not set: no samples were observed");
        return;
    };
    let (mut folders, mut count) = (vec![PathBuf::from(folder)], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                count += observe_sample(&path).await;
            }
        }
    }
    assert!(count > 50, "only {count} samples were found");
}

async fn observe_sample(path: &Path) -> usize {
    let value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let is = |word: &str| value.get("object") == Some(&json!(word));
    if is("event") && value.get("data").is_some_and(|data| data["object"]["id"].is_string())
        || is("v2.core.event")
    {
        let message = message(value.to_string()).await;
        let observed = stripe().observe(MessageId(1), &message);
        let observed = observed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(observed.drift.is_empty(), "{}: {:?}", path.display(), observed.drift);
        return 1;
    }
    if !is("list") {
        return 0;
    }
    let items = value["data"].as_array().unwrap().iter().filter(|item| item.get("object").is_some());
    let mut count = 0;
    for item in items {
        let message = message(item.to_string()).await;
        let observed = stripe().observe(MessageId(1), &message);
        let observed = observed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(observed.drift, [], "{}", path.display());
        count += 1;
    }
    count
}

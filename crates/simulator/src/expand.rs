//! Objects with others put in their place, as `expand[]` asks for.

use serde_json::{Value, json};

use crate::world::{Asked, From};
use crate::world::{ListKind, World};

/// The most invoice payments that are put into an invoice.
const PAYMENTS_MAX: usize = 100;
/// Fields that name another object, and the collection in which it lies.
const REFERENCES: [(&str, &str); 8] = [
    ("balance_transaction", "balance_transactions"),
    ("charge", "charges"),
    ("customer", "customers"),
    ("invoice", "invoices"),
    ("latest_charge", "charges"),
    ("latest_invoice", "invoices"),
    ("payment_intent", "payment_intents"),
    ("subscription", "subscriptions"),
];

/// The object with what was asked for in it, as shown at `until`. A path that leads nowhere leaves it as it is.
pub(crate) fn expand(world: &World, body: &[u8], paths: &[String], until: i64) -> Vec<u8> {
    let Ok(mut object) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        walk(world, &mut object, &parts, until);
    }
    object.to_string().into_bytes()
}

fn walk(world: &World, object: &mut Value, path: &[&str], until: i64) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Value::Array(rows) = object {
        for row in rows {
            walk(world, row, path, until);
        }
        return;
    }
    if *first == "payments" && object.get("object") == Some(&json!("invoice")) {
        put_payments(world, object, until);
    }
    let Some(field) = object.get_mut(*first) else { return };
    replace(world, first, field, until);
    walk(world, field, rest, until);
}

/// Puts the object in the place of its id; each of several.
fn replace(world: &World, name: &str, field: &mut Value, until: i64) {
    let collection = match name {
        "discounts" => Some("discounts"),
        _ => REFERENCES.iter().find(|(field, _)| *field == name).map(|(_, collection)| *collection),
    };
    let Some(collection) = collection else { return };
    let one = |value: &mut Value| {
        let whole = value.as_str().and_then(|id| world.object(collection, id, until));
        if let Some(whole) = whole.and_then(|whole| serde_json::from_slice(&whole).ok()) {
            *value = whole;
        }
    };
    match field {
        Value::Array(values) => values.iter_mut().for_each(one),
        value => one(value),
    }
}

fn put_payments(world: &World, invoice: &mut Value, until: i64) {
    let id = invoice.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted = |body: &[u8]| {
        serde_json::from_slice::<Value>(body).is_ok_and(|row| row.get("invoice") == Some(&json!(id)))
    };
    let asked =
        Asked { from: &From::Newest, limit: PAYMENTS_MAX, since: i64::MIN, until, wanted: Some(&wanted) };
    let Some(page) = world.page(ListKind::InvoicePayments, &asked) else { return };
    let rows: Vec<Value> = page
        .places
        .iter()
        .filter_map(|place| world.body_of(ListKind::InvoicePayments, *place))
        .filter_map(|body| serde_json::from_slice(&body).ok())
        .collect();
    let payments =
        json!({"object": "list", "data": rows, "has_more": page.has_more, "url": "/v1/invoice_payments"});
    if let Some(invoice) = invoice.as_object_mut() {
        invoice.insert("payments".to_owned(), payments);
    }
}

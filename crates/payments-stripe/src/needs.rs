//! What should be read to complete what a message shows.

use connector::{Message, ObjectRef};
use ltv_core::{ObjectKey, Origin, Provider};

use crate::kinds::{self, Meaning, ObjectKind};
use crate::mapping::discount;
use crate::model::Node;
use crate::webhook::THIN_EVENT;
use crate::whole::{INVOICE_LINES, has_more_items};

/// How ids of the objects that a balance transaction stands for begin.
const SOURCES: &[(&str, ObjectKind)] = &[
    ("ch_", ObjectKind::Charge),
    ("py_", ObjectKind::Charge),
    ("re_", ObjectKind::Refund),
    ("pyr_", ObjectKind::Refund),
    ("dp_", ObjectKind::Dispute),
    ("du_", ObjectKind::Dispute),
];

/// - A thin event needs its object.
/// - A refund and a dispute need the charge, which says whose money it is; so does a balance transaction need the
///   object whose money it moved.
/// - An invoice that does not show all its lines needs them.
/// - A subscription that does not show all its items, or tells its discounts by their ids, and a discount that tells
///   its coupon so, need the subscription (or the customer): discounts cannot be read by themselves. What was read does
///   not need to be read again.
///
/// What is known already is not told apart here: the caller looks.
pub(crate) fn of(message: &Message) -> Option<ObjectRef> {
    let root = Node::parse(std::str::from_utf8(&message.payload).ok()?, "").ok()?;
    if message.origin == Origin::Read {
        return of_read(ObjectKind::from_word(&message.kind)?, &root);
    }
    let Meaning::Shows(kind) = kinds::meaning(kinds::snapshot_kind(&message.kind)) else { return None };
    if root.text("object").as_deref() == Some(THIN_EVENT) {
        kind.collection()?;
        return Some(reference(kind, &root.node("related_object")?.text("id")?));
    }
    let object = root.node("data")?.node("object")?;
    match kind {
        ObjectKind::Subscription => subscription(&object),
        ObjectKind::Discount => owner_of(&object, &message.kind),
        _ => of_read(kind, &object),
    }
}

fn of_read(kind: ObjectKind, object: &Node<'_>) -> Option<ObjectRef> {
    match kind {
        ObjectKind::Refund | ObjectKind::Dispute => {
            Some(reference(ObjectKind::Charge, &object.reference("charge")?))
        }
        ObjectKind::BalanceTransaction => {
            let source = object.text("source")?;
            let (_, kind) = SOURCES.iter().find(|(prefix, _)| source.starts_with(prefix))?;
            Some(reference(*kind, &source))
        }
        ObjectKind::Invoice => lines(object),
        ObjectKind::Charge
        | ObjectKind::CreditNote
        | ObjectKind::Customer
        | ObjectKind::Discount
        | ObjectKind::InvoicePayment
        | ObjectKind::PaymentIntent
        | ObjectKind::Payout
        | ObjectKind::Subscription => None,
    }
}

/// A draft may still change, and is not counted.
fn lines(invoice: &Node<'_>) -> Option<ObjectRef> {
    let more = invoice.node("lines")?.boolean("has_more") == Some(true);
    if !more || invoice.text("status").as_deref() == Some("draft") {
        return None;
    }
    let key = ObjectKey::new(Provider::Stripe, invoice.reference("id")?);
    Some(ObjectRef { object_type: INVOICE_LINES.to_owned(), key })
}

fn subscription(subscription: &Node<'_>) -> Option<ObjectRef> {
    let items = subscription.list("items").unwrap_or_default();
    let unread = discount::has_unread(subscription) || items.iter().any(discount::has_unread);
    let id = subscription.reference("id").filter(|_| unread || has_more_items(subscription))?;
    Some(reference(ObjectKind::Subscription, &id))
}

fn owner_of(discount: &Node<'_>, event: &str) -> Option<ObjectRef> {
    // One that is over is no longer shown by its subscription.
    if discount::coupon(discount).is_some() || event.ends_with(".deleted") {
        return None;
    }
    let on = |name, kind| discount.reference(name).map(|id| reference(kind, &id));
    on("subscription", ObjectKind::Subscription).or_else(|| on("customer", ObjectKind::Customer))
}

fn reference(kind: ObjectKind, id: &str) -> ObjectRef {
    ObjectRef { object_type: kind.word().to_owned(), key: ObjectKey::new(Provider::Stripe, id) }
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;

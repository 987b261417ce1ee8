//! From Stripe's objects to observations. Pure: no I/O, no clock, no logging.

mod amount;
mod charge;
mod credit_note;
mod customer;
pub(crate) mod discount;
mod dispute;
mod invoice;
mod invoice_line;
mod invoice_payment;
mod payment_intent;
mod payout;
mod refund;
mod settlement;
mod sink;
mod subscription;
mod tax;

use connector::{Message, Observed};
use ltv_core::{MessageId, Origin};

use crate::error::MappingError;
use crate::kinds::{self, Meaning, ObjectKind};
use crate::model::Node;
use crate::webhook::THIN_EVENT;
use sink::Sink;

/// The version of this mapping. It grows when the same message would show something else than before.
pub const MAPPING_VERSION: i32 = 2;

/// Says what a message shows.
pub(crate) fn observe(id: MessageId, message: &Message) -> Result<Observed, MappingError> {
    let text = match std::str::from_utf8(&message.payload) {
        Ok(text) => text,
        Err(_) => return Err(MappingError::NotAnObject { pointer: String::new() }),
    };
    let root = Node::parse(text, "")?;
    let mut sink = Sink::new(id, message);
    match message.origin {
        Origin::Read => match ObjectKind::from_word(&message.kind) {
            Some(kind) => object(kind, &root, &mut sink)?,
            None => sink.drift("object type", &message.kind),
        },
        Origin::Webhook => event(&root, &mut sink)?,
    }
    Ok(sink.finish())
}

fn event(root: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let kind = sink.event_kind();
    let thin = root.text("object").as_deref() == Some(THIN_EVENT);
    if let Some(version) = root.text("api_version")
        && !kinds::is_known_api_version(&version)
    {
        sink.drift("api version", &version);
    }
    match kinds::meaning(if thin { kinds::snapshot_kind(kind) } else { kind }) {
        Meaning::Unknown => sink.drift("event type", kind),
        Meaning::Silent => {}
        // A thin event shows nothing itself; the provider's `needs` names its object.
        Meaning::Shows(_) if thin => {}
        Meaning::Shows(shown) => object(shown, &root.need_node("data")?.need_node("object")?, sink)?,
    }
    Ok(())
}

fn object(kind: ObjectKind, node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    if node.need_text("object")? != kind.word() {
        return Err(node.wrong_type("object", kind.word()));
    }
    match kind {
        ObjectKind::BalanceTransaction => settlement::map(node, sink).map(|_key| ()),
        ObjectKind::Charge => charge::map(node, sink),
        ObjectKind::CreditNote => credit_note::map(node, sink),
        ObjectKind::Customer => customer::map(node, sink),
        ObjectKind::Discount => discount::map(node, sink),
        ObjectKind::Dispute => dispute::map(node, sink),
        ObjectKind::Invoice => invoice::map(node, sink),
        ObjectKind::InvoicePayment => invoice_payment::map(node, sink),
        ObjectKind::PaymentIntent => payment_intent::map(node, sink),
        ObjectKind::Payout => payout::map(node, sink),
        ObjectKind::Refund => refund::map(node, sink),
        ObjectKind::Subscription => subscription::map(node, sink),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! Payment intents. Their money is that of their charge; only a failed attempt is observed.

use ltv_core::Body;
use ltv_core::observation::PaymentFailure;

use super::amount::Denomination;
use super::invoice_payment::failure_key;
use super::sink::{Sink, key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a payment intent whose last attempt failed.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    if sink.event_kind() != "payment_intent.payment_failed" {
        return Ok(());
    }
    let money = Denomination::of(node, "currency")?;
    let error = node.node("last_payment_error");
    let charge =
        node.reference("latest_charge").or_else(|| error.as_ref()?.reference("charge")).or_else(|| {
            // Before 2022-11-15 the charges are embedded, the latest first.
            node.list("charges")?.first()?.text("id")
        });
    // The same name as the failure that the charge's own event shows, so that one attempt is one failure.
    let object = match &charge {
        Some(charge) => failure_key(charge),
        None => failure_key(&node.need_id()?),
    };
    let body = PaymentFailure {
        customer: reference(node, "customer"),
        payment: charge.map(|id| key(&id)),
        invoice: reference(node, "invoice"),
        amount: money.need_unsigned(node, "amount")?,
        code: error.and_then(|error| error.text("code").map(|code| code.into_owned())),
        attempt: None,
        next_attempt_at: None,
        failed_at: sink.observed_at(),
    };
    sink.show(object, Body::PaymentFailure(body));
    Ok(())
}

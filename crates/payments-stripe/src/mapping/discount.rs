//! Discounts, in the three shapes that Stripe gives them: with the coupon inside, with the coupon inside of `source`
//! (since 2025-09-30), and there with the coupon's id alone.
//!
//! # Source
//! <https://docs.stripe.com/api/discounts/object>

use std::str::FromStr;

use ltv_core::observation::{Discount, DiscountDuration};
use ltv_core::{Body, ObjectKey};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::amount::Denomination;
use super::sink::{Sink, key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// The event that says that a discount is over.
const DELETED: &str = "customer.discount.deleted";
/// Stands for the duration of a coupon whose id alone is known.
const UNREAD: &str = "unread";

/// What a discount that is given inside of another object is on, where it does not say so itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Owner<'a> {
    pub(crate) customer: Option<&'a ObjectKey>,
    pub(crate) subscription: Option<&'a ObjectKey>,
    pub(crate) item: Option<&'a str>,
}

/// Maps a discount that is an event's own object.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    if is_for_one_invoice(node) {
        return Ok(());
    }
    let object = own_key(node, Owner::default()).ok_or_else(|| node.absent("id"))?;
    let mut body = discount(node, Owner::default(), sink)?;
    if sink.event_kind() == DELETED || node.boolean("deleted") == Some(true) {
        // One that was taken away early still bears the end that it would have had.
        let now = sink.observed_at();
        body.ended_at = Some(body.ended_at.map_or(now, |end| end.min(now)));
    }
    sink.show(object, Body::Discount(body));
    Ok(())
}

/// Maps the discounts that are given whole in `discounts`, or in the single `discount` of older shapes.
pub(crate) fn embedded(node: &Node<'_>, owner: Owner<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let single = node.node("discount");
    for whole in node.list("discounts").unwrap_or_default().into_iter().chain(single) {
        let Some(object) = own_key(&whole, owner) else { continue };
        // Without its coupon it would only hide what is known of it.
        if coupon(&whole).is_some() && !is_for_one_invoice(&whole) {
            let body = discount(&whole, owner, sink)?;
            sink.show(object, Body::Discount(body));
        }
    }
    Ok(())
}

/// Maps the discounts of an invoice that are those of a subscription; others are for the one invoice.
pub(crate) fn of_invoice(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let single = node.node("discount");
    for whole in node.list("discounts").unwrap_or_default().into_iter().chain(single) {
        let named = whole.reference("subscription").is_some() && coupon(&whole).is_some();
        if let Some(object) = own_key(&whole, Owner::default()).filter(|_| named) {
            let body = discount(&whole, Owner::default(), sink)?;
            sink.show(object, Body::Discount(body));
        }
    }
    Ok(())
}

/// The ids of an object's discounts.
pub(crate) fn ids(node: &Node<'_>, owner: Owner<'_>) -> Vec<String> {
    let many = node.raw_items("discounts").unwrap_or_default();
    let mut ids: Vec<String> = many.iter().filter_map(|raw| id_of(raw, owner)).collect();
    if ids.is_empty()
        && let Some(single) = node.node("discount")
    {
        ids.extend(own_key(&single, owner).map(|key| key.id().to_owned()));
    }
    ids
}

/// Whether an object names discounts of which it does not say what they take off.
pub(crate) fn has_unread(node: &Node<'_>) -> bool {
    let many = node.raw_items("discounts").unwrap_or_default();
    let unread = |raw: &&RawValue| Node::parse(raw.get(), "").ok().and_then(|whole| coupon(&whole)).is_none();
    many.iter().any(unread)
}

/// What a discount takes off: a coupon that is given whole, which always tells how long it lasts.
pub(crate) fn coupon<'a>(node: &Node<'a>) -> Option<Node<'a>> {
    let coupon = node.node("coupon").or_else(|| node.node("source")?.node("coupon"));
    coupon.filter(|coupon| coupon.raw("duration").is_some())
}

fn id_of(raw: &RawValue, owner: Owner<'_>) -> Option<String> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(id) => Some(id),
        Err(_) => own_key(&Node::parse(raw.get(), "").ok()?, owner).map(|key| key.id().to_owned()),
    }
}

/// Discounts of before 2020-08-27 have no id: there can be one only on each subscription and each customer.
fn own_key(node: &Node<'_>, owner: Owner<'_>) -> Option<ObjectKey> {
    if let Some(own) = node.reference("id") {
        return Some(key(&own));
    }
    let coupon = node.reference("coupon").or_else(|| node.node("source")?.reference("coupon"))?;
    let on = reference(node, "subscription").or_else(|| owner.subscription.cloned());
    let on = on.or_else(|| reference(node, "customer")).or_else(|| owner.customer.cloned())?;
    Some(key(&format!("{}+{coupon}", on.id())))
}

/// Whether it is on an invoice, or a payment, and on nothing that recurs.
fn is_for_one_invoice(node: &Node<'_>) -> bool {
    let once = ["invoice", "invoice_item", "checkout_session"];
    node.reference("subscription").is_none() && once.iter().any(|name| node.reference(name).is_some())
}

fn discount(node: &Node<'_>, owner: Owner<'_>, sink: &mut Sink<'_>) -> Result<Discount, MappingError> {
    let coupon = coupon(node);
    let percent = coupon.as_ref().and_then(|coupon| percent_off(coupon, sink));
    let amount_off = match &coupon {
        Some(coupon) if coupon.raw("amount_off").is_some() => {
            Denomination::of(coupon, "currency")?.optional_unsigned(coupon, "amount_off")?
        }
        _ => None,
    };
    let limits = coupon.as_ref().and_then(|coupon| coupon.node("applies_to")?.raw_items("products"));
    Ok(Discount {
        customer: reference(node, "customer").or_else(|| owner.customer.cloned()),
        subscription: reference(node, "subscription").or_else(|| owner.subscription.cloned()),
        item: node
            .reference("subscription_item")
            .map(|item| item.into_owned())
            .or_else(|| owner.item.map(str::to_owned)),
        percent_off: percent,
        amount_off,
        duration: coupon.as_ref().map_or_else(unread, |coupon| duration(coupon, sink)),
        started_at: node.instant("start"),
        ended_at: node.instant("end"),
        limited_to_products: limits.is_some_and(|products| !products.is_empty()),
    })
}

/// From the number's own text; one that is no share is not understood.
fn percent_off(coupon: &Node<'_>, sink: &mut Sink<'_>) -> Option<String> {
    let text = coupon.decimal_text("percent_off")?;
    match Decimal::from_str(&text) {
        Ok(percent) if percent > Decimal::ZERO && percent <= Decimal::ONE_HUNDRED => {
            Some(percent.normalize().to_string())
        }
        _ => {
            sink.drift_word("coupon.percent_off", &text);
            None
        }
    }
}

fn duration(coupon: &Node<'_>, sink: &mut Sink<'_>) -> DiscountDuration {
    let word = coupon.text("duration").unwrap_or_default();
    let months = coupon.integer("duration_in_months").and_then(|months| u32::try_from(months).ok());
    let known = |word: &str| match word {
        "once" => Some(DiscountDuration::Once),
        "repeating" => months.map(|months| DiscountDuration::Repeating { months }),
        "forever" => Some(DiscountDuration::Forever),
        _ => None,
    };
    sink.word(&word, "coupon.duration", known, DiscountDuration::Unknown)
}

fn unread() -> DiscountDuration {
    DiscountDuration::Unknown(UNREAD.to_owned())
}

#[cfg(test)]
#[path = "discount_tests.rs"]
mod tests;

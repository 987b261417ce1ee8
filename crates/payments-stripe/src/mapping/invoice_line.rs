//! Lines of an invoice, before and since 2025-03-31.

use ltv_core::observation::InvoiceLine;

use super::amount::Denomination;
use super::sink::{Sink, reference};
use super::tax;
use crate::error::MappingError;
use crate::model::Node;

/// Maps one line; `money` is the invoice's.
pub(crate) fn map(
    node: &Node<'_>,
    money: Denomination,
    sink: &mut Sink<'_>,
) -> Result<InvoiceLine, MappingError> {
    let origin = Origin::of(node, sink);
    let (tax, tax_exclusive) = tax::of_line(node, money)?;
    let discounts = node.list("discount_amounts").unwrap_or_default();
    let period = node.node("period");
    let instant = |name: &str| period.as_ref().and_then(|period| period.instant(name));
    Ok(InvoiceLine {
        line: node.need_text("id")?.into_owned(),
        amount: money.need(node, "amount")?,
        discount: money.sum(&discounts, "amount")?,
        tax,
        tax_exclusive,
        recurring: origin.recurring,
        proration: origin.proration,
        subscription: reference(node, "subscription")
            .or_else(|| origin.details.as_ref().and_then(|details| reference(details, "subscription"))),
        period_start_at: instant("start"),
        period_end_at: instant("end"),
        price: price(node),
        quantity: node.integer("quantity").and_then(|quantity| u64::try_from(quantity).ok()),
    })
}

/// Where a line comes from.
struct Origin<'a> {
    recurring: bool,
    proration: bool,
    details: Option<Node<'a>>,
}

impl<'a> Origin<'a> {
    fn of(node: &Node<'a>, sink: &mut Sink<'_>) -> Self {
        let parent = node.node("parent");
        let (word, field) = match &parent {
            Some(parent) => (parent.text("type"), "invoice.line.parent.type"),
            None => (node.text("type"), "invoice.line.type"),
        };
        let word = word.unwrap_or_default().into_owned();
        let details = parent.and_then(|parent| parent.node(&word));
        let proration = details.as_ref().unwrap_or(node).boolean("proration") == Some(true);
        let recurring = match word.as_str() {
            "subscription_item_details" | "subscription" => true,
            // What is added to a subscription's invoice by hand stays one-off, unless it settles a change of the plan.
            "invoice_item_details" | "invoiceitem" => proration,
            unknown => {
                if !unknown.is_empty() {
                    sink.drift_word(field, unknown);
                }
                node.reference("subscription").is_some()
            }
        };
        Self { recurring, proration, details }
    }
}

fn price(node: &Node<'_>) -> Option<String> {
    let details = node.node("pricing").and_then(|pricing| pricing.node("price_details"));
    let id = details.and_then(|details| details.reference("price"));
    id.or_else(|| node.reference("price")).or_else(|| node.reference("plan")).map(|id| id.into_owned())
}

//! Objects of which one answer shows only a part: read in several, and put together.
//!
//! What is put together is Stripe's own text: the object as it was answered, with one list replaced by all of its
//! elements.

use connector::{Message, ObjectRef, ProviderError};
use ltv_core::Timestamp;
use serde_json::value::RawValue;

use crate::client::{Body, Client, PAGE_LIMIT};
use crate::error::MappingError;
use crate::kinds::ObjectKind;
use crate::mapping::discount;
use crate::model::Node;
use crate::reader;

/// The type of a reference to an invoice whose lines are all wanted. What is read is a message of the invoice.
pub(crate) const INVOICE_LINES: &str = "invoice_lines";
/// How many pages a list inside of an object may have.
const PAGES_MAX: usize = 100;

/// Reads one object, whole.
pub(crate) async fn read(client: &Client, object: &ObjectRef) -> Result<Message, ProviderError> {
    let all_lines = object.object_type == INVOICE_LINES;
    let kind = if all_lines { Some(ObjectKind::Invoice) } else { ObjectKind::from_word(&object.object_type) };
    let Some((kind, collection)) = kind.and_then(|kind| Some((kind, kind.collection()?))) else {
        let detail = "objects of this type are not read".to_owned();
        return Err(ProviderError::Mapping { kind: object.object_type.clone(), detail });
    };
    let id = object.key.id();
    let body = client.get(&[collection, id], expansions(kind)).await?;
    let replaced = match kind {
        ObjectKind::Invoice if all_lines => {
            let lines = elements(client, &[collection, id, "lines"], &[]).await?;
            Some(("lines", lines))
        }
        ObjectKind::Subscription if has_unread_items(&body) => {
            let query = [("subscription", id), ("expand[]", "data.discounts.source.coupon")];
            Some(("items", elements(client, &["subscription_items"], &query).await?))
        }
        _ => None,
    };
    let message = match replaced {
        None => message(body.raw()?, kind, id, body.date),
        Some((name, list)) => put_together(&body, name, &list)
            .and_then(|text| RawValue::from_string(text).map_err(|error| not_json(&error)))
            .and_then(|raw| message(&raw, kind, id, body.date)),
    };
    message.map_err(|error| body.unreadable(error))
}

/// What Stripe leaves out unless it is asked for.
fn expansions(kind: ObjectKind) -> &'static [(&'static str, &'static str)] {
    const EXPAND: &str = "expand[]";
    match kind {
        // Without it, an invoice no longer says what paid it.
        ObjectKind::Invoice => &[(EXPAND, "payments"), (EXPAND, "discounts.source.coupon.applies_to")],
        // At most four levels are allowed, so that the coupons of items take a call of their own.
        ObjectKind::Subscription => {
            &[(EXPAND, "discounts.source.coupon.applies_to"), (EXPAND, "items.data.discounts")]
        }
        ObjectKind::Customer => &[(EXPAND, "discount.source.coupon.applies_to")],
        _ => &[],
    }
}

fn message(raw: &RawValue, kind: ObjectKind, id: &str, date: Timestamp) -> Result<Message, MappingError> {
    let message = reader::message(raw, kind, date)?;
    if message.source_id.ends_with(&format!(":{id}")) {
        Ok(message)
    } else {
        Err(MappingError::WrongType { pointer: "/id".to_owned(), wanted: "the id that was asked for" })
    }
}

fn has_unread_items(body: &Body) -> bool {
    let Ok(object) = Node::parse(body.text(), "") else { return false };
    let items = object.list("items").unwrap_or_default();
    has_more_items(&object) || items.iter().any(discount::has_unread)
}

/// Whether a subscription has more items than it shows.
pub(crate) fn has_more_items(subscription: &Node<'_>) -> bool {
    subscription.node("items").and_then(|items| items.boolean("has_more")) == Some(true)
}

/// All elements of a list, in its order.
async fn elements(
    client: &Client,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Vec<String>, ProviderError> {
    let (mut elements, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let mut query = [&[("limit", PAGE_LIMIT)], query].concat();
        query.extend(after.as_deref().map(|after| ("starting_after", after)));
        let body = client.get(path, &query).await?;
        let (items, has_more) = body.list().map_err(|error| body.unreadable(error))?;
        elements.extend(items.iter().map(|item| item.get().to_owned()));
        if !has_more {
            return Ok(elements);
        }
        let last =
            items.last().and_then(|last| Node::parse(last.get(), "").ok()?.text("id").map(String::from));
        if last.is_none() || last == after {
            return Err(body.unreadable_for("the list goes round in circles"));
        }
        after = last;
    }
    let operation = format!("GET /v1/{}", path.join("/"));
    Err(crate::client::unreadable(operation, "the list has more pages than any object should"))
}

fn put_together(body: &Body, name: &str, list: &[String]) -> Result<String, MappingError> {
    let text = body.text();
    let list = format!(r#"{{"object":"list","data":[{}],"has_more":false}}"#, list.join(","));
    Ok(Node::parse(text, "")?.with(name, &list))
}

fn not_json(_error: &serde_json::Error) -> MappingError {
    MappingError::NotAnObject { pointer: String::new() }
}

#[cfg(test)]
#[path = "whole_tests.rs"]
mod tests;

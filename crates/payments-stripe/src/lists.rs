//! Walks through Stripe's lists, page by page.
//!
//! A list is read by the object id, so each object is seen once, as it was then. Balance transactions never change.
//! Invoice payments are made open and paid later: those that were open are looked at again at the end of each walk.

use connector::{Cursor, ListName, Message, ObjectRef, Page, ProviderError};
use ltv_core::{ObjectKey, Provider};

use crate::client::{Client, unreadable};
use crate::cursor::{Ask, Position, Shown, Walk};
use crate::kinds::ObjectKind;
use crate::model::Node;
use crate::whole;

/// The lists that are read.
pub(crate) const LISTS: &[ListName] = &[ListName("balance_transactions"), ListName("invoice_payments")];
/// The code of an object that does not exist, or no longer.
const RESOURCE_MISSING: &str = "resource_missing";
/// How many remembered objects are read one by one at the end of a walk.
const READ_AGAIN_MAX: usize = 20;

/// Reads on in a list; from the start when the object at the cursor is gone.
pub(crate) async fn since(client: &Client, list: ListName, cursor: &Cursor) -> Result<Page, ProviderError> {
    let kind = match list.0 {
        "balance_transactions" => ObjectKind::BalanceTransaction,
        "invoice_payments" => ObjectKind::InvoicePayment,
        other => {
            let detail = "no such list is read".to_owned();
            return Err(ProviderError::Mapping { kind: other.to_owned(), detail });
        }
    };
    let position = Position::of(cursor);
    match step(client, list, kind, &position).await {
        Err(error) if position.walk != Walk::Start && is_missing(&error) => {
            step(client, list, kind, &Position::default()).await
        }
        outcome => outcome,
    }
}

async fn step(
    client: &Client,
    list: ListName,
    kind: ObjectKind,
    position: &Position,
) -> Result<Page, ProviderError> {
    let query = match position.walk.ask() {
        Ask::Head => None,
        Ask::StartingAfter(id) => Some(("starting_after", id)),
        Ask::EndingBefore(id) => Some(("ending_before", id)),
    };
    let page = client.page(list.0, kind, query.as_slice()).await?;
    let ends =
        page.messages.first().zip(page.messages.last()).map(|(first, last)| (id_of(first), id_of(last)));
    let Some(step) = position.walk.step(Shown { ends, has_more: page.has_more, date: page.date }) else {
        return Err(unreadable(page.operation, "the list goes round in circles"));
    };
    let mut next = Position { walk: step.walk, open: position.open.clone() };
    let mut messages = page.messages;
    messages.reverse();
    if kind == ObjectKind::InvoicePayment {
        let paid_since = if page.has_more { Vec::new() } else { closed_since(client, &mut next).await? };
        messages.iter().filter(|message| is_open(message)).for_each(|message| next.remember(id_of(message)));
        messages.extend(paid_since);
    }
    Ok(Page {
        messages,
        next: next.cursor(),
        has_more: page.has_more,
        complete_through: step.complete_through,
    })
}

/// Finds out which of the remembered invoice payments are no longer open, and forgets these.
async fn closed_since(client: &Client, position: &mut Position) -> Result<Vec<Message>, ProviderError> {
    if position.open.is_empty() {
        return Ok(Vec::new());
    }
    let listed =
        client.page("invoice_payments", ObjectKind::InvoicePayment, &[("status", "open")]).await?.messages;
    let shown = |id: &str| listed.iter().any(|message| id_of(message) == id);
    let asked: Vec<String> =
        position.open.iter().filter(|id| !shown(id)).take(READ_AGAIN_MAX).cloned().collect();
    let known: Vec<String> = position.open.drain(..).filter(|id| !asked.contains(id)).collect();
    let mut closed = Vec::new();
    for message in listed.into_iter().filter(|message| known.iter().any(|id| id == id_of(message))) {
        if !is_open(&message) {
            closed.push(message);
        }
    }
    position.open =
        known.into_iter().filter(|id| !closed.iter().any(|message| id_of(message) == id)).collect();
    for id in asked {
        match whole::read(client, &invoice_payment(&id)).await {
            // It was older than those listed: its turn comes again.
            Ok(message) if is_open(&message) => position.remember(&id),
            Ok(message) => closed.push(message),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(closed)
}

fn invoice_payment(id: &str) -> ObjectRef {
    let object_type = ObjectKind::InvoicePayment.word().to_owned();
    ObjectRef { object_type, key: ObjectKey::new(Provider::Stripe, id) }
}

fn is_open(message: &Message) -> bool {
    let object = std::str::from_utf8(&message.payload).ok().and_then(|text| Node::parse(text, "").ok());
    object.is_some_and(|object| object.text("status").as_deref() == Some("open"))
}

/// Whether an object that the call named does not exist.
pub(crate) fn is_missing(error: &ProviderError) -> bool {
    match error {
        ProviderError::Refused { status, code, .. } => {
            matches!(status, 400 | 404) && code.as_deref() == Some(RESOURCE_MISSING)
        }
        _ => false,
    }
}

/// The object's id in the source id of a message that was read.
fn id_of(message: &Message) -> &str {
    message.source_id.splitn(3, ':').nth(2).unwrap_or_default()
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;

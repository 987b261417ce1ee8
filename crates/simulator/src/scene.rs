//! What is being told: messages, balance transactions and sums, collected in any order and put in order at the end.

use std::ops::Range;

use bytes::Bytes;

use crate::business::{BusinessConfig, History, SimEvent, months_of};
use crate::calendar::{self, DAY};
use crate::template::{Templates, Value};
use crate::truth::Books;
use crate::world::{ListKind, Listed, World};

/// The version of the provider's API in which the bodies are written.
const API_VERSION: &str = "2026-07-29.dahlia";
/// How long it takes until money can be paid out.
const AVAILABLE_AFTER: i64 = 5 * DAY;

/// An object, as a message names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) collection: &'static str,
    pub(crate) id: &'a str,
}

/// A message that has no place in the order yet.
#[derive(Debug)]
struct Draft {
    at: i64,
    kind: &'static str,
    collection: &'static str,
    id: String,
    object: String,
    previous: Option<String>,
}

/// Money that moves in the provider's balance.
#[derive(Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) at: i64,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    pub(crate) fee_label: &'static str,
    pub(crate) category: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) source: &'a str,
    pub(crate) description: Option<&'a str>,
}

/// A balance transaction: its id, its body, and what the payouts need of it.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) at: i64,
    pub(crate) net: i64,
    pub(crate) id: String,
    pub(crate) body: String,
}

/// The story so far.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) templates: Templates,
    pub(crate) livemode: bool,
    pub(crate) seed: u64,
    pub(crate) months: Range<i64>,
    /// The second at which the story is over.
    pub(crate) end: i64,
    pub(crate) books: Books,
    pub(crate) moved: Vec<Moved>,
    invoice_payments: Vec<Listed>,
    drafts: Vec<Draft>,
    ids: u64,
}

impl Scene {
    pub(crate) fn new(config: &BusinessConfig) -> Self {
        let months = months_of(config);
        Self {
            templates: Templates::new(),
            livemode: config.livemode,
            seed: config.seed,
            end: calendar::second_of(months.end, 1, 0),
            months,
            books: Books::default(),
            moved: Vec::new(),
            invoice_payments: Vec::new(),
            drafts: Vec::new(),
            ids: 0,
        }
    }

    /// A new id, unique in the story.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_sim{:x}x{:07}", self.seed, self.ids)
    }

    /// Tells a message.
    pub(crate) fn tell(&mut self, at: i64, kind: &'static str, subject: Subject<'_>, object: String) {
        self.push(at, kind, subject, object, None);
    }

    /// Tells a message that says what was different before.
    pub(crate) fn tell_change(
        &mut self,
        at: i64,
        kind: &'static str,
        subject: Subject<'_>,
        object: String,
        previous: String,
    ) {
        self.push(at, kind, subject, object, Some(previous));
    }

    fn push(
        &mut self,
        at: i64,
        kind: &'static str,
        subject: Subject<'_>,
        object: String,
        previous: Option<String>,
    ) {
        let (collection, id) = (subject.collection, subject.id.to_owned());
        self.drafts.push(Draft { at, kind, collection, id, object, previous });
    }

    /// Moves money in the provider's balance.
    pub(crate) fn move_money(&mut self, movement: &Movement<'_>) -> Moved {
        let id = self.id("txn");
        let net = movement.amount - movement.fee;
        let fee_details = match movement.fee {
            0 => "[]".to_owned(),
            fee => format!(
                r#"[{{"amount":{fee},"application":null,"currency":"gbp","description":"{}","type":"stripe_fee"}}]"#,
                movement.fee_label
            ),
        };
        let body = self.templates.balance_transaction.fill(&[
            ("id", Value::from(&id)),
            ("amount", movement.amount.into()),
            ("available_on", (movement.at + AVAILABLE_AFTER).into()),
            ("created", movement.at.into()),
            ("description", movement.description.into()),
            ("fee", movement.fee.into()),
            ("fee_details", Value::Json(&fee_details)),
            ("net", net.into()),
            ("reporting_category", movement.category.into()),
            ("source", movement.source.into()),
            ("status", "pending".into()),
            ("type", movement.kind.into()),
        ]);
        let moved = Moved { at: movement.at, net, id, body };
        self.moved.push(moved.clone());
        moved
    }

    /// Adds to the list that says which payment paid which invoice.
    pub(crate) fn list_invoice_payment(&mut self, created: i64, id: &str, body: &str) {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.invoice_payments.push(Listed { created, id: id.to_owned(), body });
    }

    /// Puts everything in order.
    pub(crate) fn finish(mut self) -> History {
        self.drafts.sort_by_key(|draft| draft.at);
        self.moved.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        self.invoice_payments.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let mut world = World::default();
        let moved = self.moved.into_iter();
        let rows =
            moved.map(|row| Listed { created: row.at, id: row.id, body: Bytes::from(row.body) }).collect();
        world.set_list(ListKind::BalanceTransactions, rows);
        world.set_list(ListKind::InvoicePayments, self.invoice_payments);
        let mut events = Vec::with_capacity(self.drafts.len());
        for (number, draft) in (1_u64..).zip(self.drafts) {
            let id = format!("evt_sim{:x}x{number:07}", self.seed);
            let (body, object) = envelope(&id, &draft, self.livemode);
            world.add_state(draft.collection, &draft.id, draft.at, object);
            events.push(SimEvent { at: calendar::instant(draft.at), id, kind: draft.kind.to_owned(), body });
        }
        let last = events.last().map_or(self.end, |event| event.at.timestamp());
        let truth = self.books.close(calendar::instant(last + 1), self.months);
        History { events, world, truth }
    }
}

/// The whole body, and the object within it, which shares its bytes.
fn envelope(id: &str, draft: &Draft, livemode: bool) -> (Bytes, Bytes) {
    let head = format!(
        r#"{{"id":"{id}","object":"event","api_version":"{API_VERSION}","created":{},"data":{{"object":"#,
        draft.at
    );
    let previous = draft
        .previous
        .as_ref()
        .map(|previous| format!(r#","previous_attributes":{previous}"#))
        .unwrap_or_default();
    let body = format!(
        r#"{head}{}{previous}}},"livemode":{livemode},"pending_webhooks":1,"request":{{"id":null,"idempotency_key":null}},"type":"{}"}}"#,
        draft.object, draft.kind
    );
    let body = Bytes::from(body);
    let object = body.slice(head.len()..head.len() + draft.object.len());
    (body, object)
}

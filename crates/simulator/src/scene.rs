//! What is being told: messages, balance transactions and sums, collected in any order and put in order at the end.

use std::collections::HashMap;
use std::ops::Range;

use crate::business::{BusinessConfig, Mix, Story, months_of};
use crate::calendar::{self, DAY};
use crate::envelope::Envelope;
use crate::market::Rates;
use crate::mrr::MrrBooks;
use crate::shelf::{Place, Shelf};
use crate::template::{Templates, Value};
use crate::truth::Books;
use crate::world::{EventRow, ListKind, Listed, Stored, World};

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
    /// Its object's place in the list of objects.
    object: usize,
    /// The object, and what was different before.
    place: Place,
    object_length: usize,
}

/// Money that moves in the provider's balance.
#[derive(Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) at: i64,
    pub(crate) amount: i64,
    /// What the fee consists of: its amounts and their names.
    pub(crate) fees: &'a [(i64, &'static str)],
    /// The customer's currency; the balance itself is in pounds.
    pub(crate) currency: &'static str,
    pub(crate) category: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) source: &'a str,
    pub(crate) description: Option<&'a str>,
}

/// A balance transaction.
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) id: String,
    pub(crate) body: String,
}

/// What the payouts need of a balance transaction, and where its body lies.
#[derive(Debug)]
pub(crate) struct MovedRow {
    pub(crate) at: i64,
    pub(crate) net: i64,
    id: String,
    body: Stored,
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
    pub(crate) mrr: MrrBooks,
    pub(crate) rates: Rates,
    pub(crate) moved: Vec<MovedRow>,
    shelf: Shelf,
    objects: HashMap<(&'static str, String), usize>,
    invoice_payments: Vec<Listed>,
    drafts: Vec<Draft>,
    ids: u64,
    has_mrr_truth: bool,
}

impl Scene {
    pub(crate) fn new(config: &BusinessConfig) -> Self {
        let months = months_of(config);
        let end = calendar::second_of(months.end, 1, 0);
        let rates = Rates::new(config.seed, calendar::second_of(months.start, 1, 0), end);
        Self {
            templates: Templates::new(),
            livemode: config.livemode,
            seed: config.seed,
            end,
            months,
            books: Books::default(),
            mrr: MrrBooks::default(),
            rates,
            moved: Vec::new(),
            shelf: Shelf::default(),
            objects: HashMap::new(),
            invoice_payments: Vec::new(),
            drafts: Vec::new(),
            ids: 0,
            has_mrr_truth: config.mix == Mix::Believable,
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
        let next = self.objects.len();
        let number = *self.objects.entry((subject.collection, subject.id.to_owned())).or_insert(next);
        let object_length = object.len();
        let told = object + &previous.unwrap_or_default();
        let place = self.shelf.put(subject.collection, told.as_bytes());
        self.drafts.push(Draft { at, kind, object: number, place, object_length });
    }

    /// Moves money in the provider's balance.
    pub(crate) fn move_money(&mut self, movement: &Movement<'_>) -> Moved {
        let id = self.id("txn");
        let fees: Vec<String> = movement.fees.iter().map(|(fee, name)| {
            format!(r#"{{"amount":{fee},"application":null,"currency":"gbp","description":"{name}","type":"stripe_fee"}}"#)
        }).collect();
        let fee: i64 = movement.fees.iter().map(|(fee, _)| fee).sum();
        let net = movement.amount - fee;
        let rate = self.rates.text(movement.currency, movement.at);
        let body = self.templates.balance_transaction.fill(&[
            ("id", Value::from(&id)),
            ("amount", movement.amount.into()),
            ("available_on", (movement.at + AVAILABLE_AFTER).into()),
            ("created", movement.at.into()),
            ("description", movement.description.into()),
            ("exchange_rate", Value::Json(&rate)),
            ("fee", fee.into()),
            ("fee_details", Value::Json(&format!("[{}]", fees.join(",")))),
            ("net", net.into()),
            ("reporting_category", movement.category.into()),
            ("source", movement.source.into()),
            ("status", "pending".into()),
            ("type", movement.kind.into()),
        ]);
        let stored = self.pack("balance_transactions", &body);
        self.moved.push(MovedRow { at: movement.at, net, id: id.clone(), body: stored });
        Moved { id, body }
    }

    /// Adds to the list that says which payment paid which invoice.
    pub(crate) fn list_invoice_payment(&mut self, created: i64, id: &str, body: &str) {
        let body = self.pack("invoice_payments", body);
        self.invoice_payments.push(Listed { created, id: id.to_owned(), body });
    }

    fn pack(&mut self, kind: &'static str, body: &str) -> Stored {
        Stored::Packed { place: self.shelf.put(kind, body.as_bytes()), length: body.len() }
    }

    /// Puts everything in order.
    pub(crate) fn finish(mut self) -> Story {
        self.drafts.sort_by_key(|draft| draft.at);
        self.moved.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        self.invoice_payments.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let mut world = World::default();
        world.set_shelf(self.shelf, Envelope { seed: self.seed, livemode: self.livemode });
        let moved = self.moved.into_iter();
        let rows = moved.map(|row| Listed { created: row.at, id: row.id, body: row.body }).collect();
        world.set_list(ListKind::BalanceTransactions, rows);
        world.set_list(ListKind::InvoicePayments, self.invoice_payments);
        let mut names: Vec<_> = self.objects.into_iter().collect();
        names.sort_by_key(|(_, number)| *number);
        for draft in &self.drafts {
            if let Some(((collection, id), _)) = names.get(draft.object) {
                let body = Stored::Packed { place: draft.place, length: draft.object_length };
                world.add_state(collection, id, draft.at, body);
            }
        }
        let last = self.drafts.last().map_or(self.end, |draft| draft.at);
        let told = self.drafts.into_iter().map(|draft| EventRow::Told {
            created: draft.at,
            kind: draft.kind,
            place: draft.place,
            object_length: draft.object_length,
        });
        world.set_events(told.collect());
        let mrr = self.has_mrr_truth.then(|| self.mrr.close(self.months.clone()));
        let truth = self.books.close(calendar::instant(last + 1), self.months, mrr);
        Story { world, truth }
    }
}

//! All objects that the provider's API would answer, and since when.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::business::SimEvent;
use crate::calendar;
use crate::envelope;
use crate::shelf::{Place, Shelf};

/// A list that the API offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ListKind {
    BalanceTransactions,
    InvoicePayments,
    Events,
}

impl ListKind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "balance_transactions" => Some(Self::BalanceTransactions),
            "invoice_payments" => Some(Self::InvoicePayments),
            "events" => Some(Self::Events),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BalanceTransactions => "balance_transactions",
            Self::InvoicePayments => "invoice_payments",
            Self::Events => "events",
        }
    }
}

/// A body, plain or packed.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    Plain(Bytes),
    /// The first `length` bytes of what lies there.
    Packed {
        place: Place,
        length: usize,
    },
}

/// An object in a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) created: i64,
    pub(crate) id: String,
    pub(crate) body: Stored,
}

/// A message.
#[derive(Debug, Clone)]
pub(crate) enum EventRow {
    /// With its exact bytes.
    Given(Box<SimEvent>),
    /// Its object and what was different before, packed; the envelope is made when it is asked for.
    Told { created: i64, kind: &'static str, place: Place, object_length: usize },
}

impl EventRow {
    fn created(&self) -> i64 {
        match self {
            Self::Given(event) => event.at.timestamp(),
            Self::Told { created, .. } => *created,
        }
    }
}

/// A state of an object, from `since` on.
#[derive(Debug, Clone)]
struct State {
    since: i64,
    body: Stored,
}

/// What a stand-in knows. Cheap to clone: clones share it.
///
/// Lists are kept oldest first and shown newest first. They are ordered by creation alone, ties in the order in which
/// they were added, and revealed in this order: what is revealed later always stands in front.
#[derive(Debug, Clone, Default)]
pub struct World {
    known: Arc<Known>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    balance_transactions: Vec<Listed>,
    invoice_payments: Vec<Listed>,
    events: Vec<EventRow>,
    shelf: Shelf,
    envelope: envelope::Envelope,
    numbers: HashMap<String, usize>,
    states: Vec<Vec<State>>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    Newest,
    StartingAfter(String),
    EndingBefore(String),
}

/// Whether a row is asked for.
pub(crate) type Wanted<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// Which part of a list is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) from: &'a From,
    pub(crate) limit: usize,
    /// Nothing before, nothing after; both included.
    pub(crate) since: i64,
    pub(crate) until: i64,
    /// Which of these; all when there is none.
    pub(crate) wanted: Option<&'a Wanted<'a>>,
}

/// A part of a list, newest first.
#[derive(Debug)]
pub(crate) struct WorldPage {
    pub(crate) places: Vec<usize>,
    pub(crate) has_more: bool,
}

impl World {
    /// How many balance transactions there are.
    #[must_use]
    pub fn balance_transactions(&self) -> usize {
        self.known.balance_transactions.len()
    }

    /// How many invoice payments there are.
    #[must_use]
    pub fn invoice_payments(&self) -> usize {
        self.known.invoice_payments.len()
    }

    /// How many messages there are.
    #[must_use]
    pub fn events(&self) -> usize {
        self.known.events.len()
    }

    /// The message at this place in true order; the first is at 0.
    #[must_use]
    pub fn event(&self, place: usize) -> Option<SimEvent> {
        match self.known.events.get(place)? {
            EventRow::Given(event) => Some(SimEvent::clone(event)),
            EventRow::Told { created, kind, .. } => Some(SimEvent {
                at: calendar::instant(*created),
                id: self.known.envelope.id(place),
                kind: (*kind).to_owned(),
                body: self.body_of(ListKind::Events, place)?,
            }),
        }
    }

    /// When the newest object of the lists of money was made; `None`: they are empty.
    #[must_use]
    pub fn newest(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        let rows = self.known.balance_transactions.iter().chain(&self.known.invoice_payments);
        rows.map(|row| row.created).max().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
    }

    /// When the newest message was made.
    pub(crate) fn newest_event(&self) -> Option<i64> {
        self.known.events.last().map(EventRow::created)
    }

    /// The bodies of all balance transactions, oldest first.
    pub fn balance_transaction_bodies(&self) -> impl Iterator<Item = Bytes> {
        self.known.balance_transactions.iter().map(|row| self.text(&row.body))
    }

    /// Takes the packed bodies, before anything that lies in them, and what the envelopes of messages say.
    pub(crate) fn set_shelf(&mut self, shelf: Shelf, envelope: envelope::Envelope) {
        let known = Arc::make_mut(&mut self.known);
        known.shelf = shelf;
        known.envelope = envelope;
    }

    /// Takes a list, its oldest first; each of its objects can be read alone, too.
    pub(crate) fn set_list(&mut self, kind: ListKind, mut rows: Vec<Listed>) {
        rows.sort_by_key(|row| row.created);
        for row in &rows {
            self.add_state(kind.name(), &row.id, row.created, row.body.clone());
        }
        let known = Arc::make_mut(&mut self.known);
        match kind {
            ListKind::BalanceTransactions => known.balance_transactions = rows,
            ListKind::InvoicePayments => known.invoice_payments = rows,
            ListKind::Events => {}
        }
    }

    /// Takes the messages, in true order.
    pub(crate) fn set_events(&mut self, events: Vec<EventRow>) {
        Arc::make_mut(&mut self.known).events = events;
    }

    /// Adds a state of an object. Of two with the same time the one added later holds.
    pub(crate) fn add_state(&mut self, collection: &str, id: &str, since: i64, body: Stored) {
        let known = Arc::make_mut(&mut self.known);
        let next = known.states.len();
        let number = *known.numbers.entry(format!("{collection}/{id}")).or_insert(next);
        if number == next {
            known.states.push(Vec::with_capacity(1));
        }
        if let Some(states) = known.states.get_mut(number) {
            let place = states.partition_point(|state| state.since <= since);
            states.insert(place, State { since, body });
        }
    }

    /// An object's newest state up to `until`.
    pub(crate) fn object(&self, collection: &str, id: &str, until: i64) -> Option<Bytes> {
        let number = *self.known.numbers.get(&format!("{collection}/{id}"))?;
        let states = self.known.states.get(number)?;
        let state = states.iter().rev().find(|state| state.since <= until)?;
        Some(self.text(&state.body))
    }

    /// A message by its id, once it is shown.
    pub(crate) fn event_body(&self, id: &str, until: i64) -> Option<Bytes> {
        let place = self.find(ListKind::Events, id)?;
        self.body_of(ListKind::Events, place)
            .filter(|_| self.created(ListKind::Events, place).is_some_and(|at| at <= until))
    }

    /// The body at this place of a list.
    pub(crate) fn body_of(&self, kind: ListKind, place: usize) -> Option<Bytes> {
        match self.list(kind) {
            Some(rows) => rows.get(place).map(|row| self.text(&row.body)),
            None => match self.known.events.get(place)? {
                EventRow::Given(event) => Some(event.body.clone()),
                EventRow::Told { created, kind, place: shelved, object_length } => {
                    let told = self.known.shelf.get(*shelved);
                    Some(self.known.envelope.close(place, *created, kind, &told, *object_length))
                }
            },
        }
    }

    /// The id at this place of a list.
    pub(crate) fn id_of(&self, kind: ListKind, place: usize) -> Option<String> {
        match self.list(kind) {
            Some(rows) => rows.get(place).map(|row| row.id.clone()),
            None => match self.known.events.get(place)? {
                EventRow::Given(event) => Some(event.id.clone()),
                EventRow::Told { .. } => Some(self.known.envelope.id(place)),
            },
        }
    }

    /// A page of a list; `None` when the cursor names nothing in it.
    pub(crate) fn page(&self, kind: ListKind, asked: &Asked<'_>) -> Option<WorldPage> {
        let (start, end) = self.shown(kind, asked.since, asked.until);
        let place = |id: &str| self.find(kind, id).filter(|place| (start..end).contains(place));
        let wanted = |place: &usize| {
            asked.wanted.is_none_or(|wanted| self.body_of(kind, *place).is_some_and(|body| wanted(&body)))
        };
        let some = |places: &mut dyn Iterator<Item = usize>| -> (Vec<usize>, bool) {
            let mut found: Vec<usize> = places.filter(wanted).take(asked.limit.saturating_add(1)).collect();
            let has_more = found.len() > asked.limit;
            found.truncate(asked.limit);
            (found, has_more)
        };
        let (places, has_more) = match asked.from {
            From::Newest => some(&mut (start..end).rev()),
            From::StartingAfter(id) => some(&mut (start..place(id)?).rev()),
            From::EndingBefore(id) => {
                let (mut newer, has_more) = some(&mut (place(id)? + 1..end));
                newer.reverse();
                (newer, has_more)
            }
        };
        Some(WorldPage { places, has_more })
    }

    fn shown(&self, kind: ListKind, since: i64, until: i64) -> (usize, usize) {
        let bounds = |before: &dyn Fn(i64) -> bool| match self.list(kind) {
            Some(rows) => rows.partition_point(|row| before(row.created)),
            None => self.known.events.partition_point(|row| before(row.created())),
        };
        (bounds(&|created| created < since), bounds(&|created| created <= until))
    }

    fn created(&self, kind: ListKind, place: usize) -> Option<i64> {
        match self.list(kind) {
            Some(rows) => rows.get(place).map(|row| row.created),
            None => self.known.events.get(place).map(EventRow::created),
        }
    }

    fn find(&self, kind: ListKind, id: &str) -> Option<usize> {
        match self.list(kind) {
            Some(rows) => rows.iter().position(|row| row.id == id),
            None => {
                let numbered = self.known.envelope.place(id);
                let is_told =
                    |place: &usize| matches!(self.known.events.get(*place), Some(EventRow::Told { .. }));
                numbered.filter(is_told).or_else(|| {
                    let is_it = |row: &EventRow| matches!(row, EventRow::Given(event) if event.id == id);
                    self.known.events.iter().position(is_it)
                })
            }
        }
    }

    /// `None` for messages, which are kept otherwise.
    fn list(&self, kind: ListKind) -> Option<&[Listed]> {
        match kind {
            ListKind::BalanceTransactions => Some(&self.known.balance_transactions),
            ListKind::InvoicePayments => Some(&self.known.invoice_payments),
            ListKind::Events => None,
        }
    }

    fn text(&self, body: &Stored) -> Bytes {
        match body {
            Stored::Plain(bytes) => bytes.clone(),
            Stored::Packed { place, length } => {
                let whole = self.known.shelf.get(*place);
                whole.slice(..whole.len().min(*length))
            }
        }
    }
}

/// The collection in which the API keeps objects of this type. Discounts have no address of their own.
pub(crate) fn collection_of(object_type: &str) -> Option<&'static str> {
    match object_type {
        "balance_transaction" => Some("balance_transactions"),
        "charge" => Some("charges"),
        "credit_note" => Some("credit_notes"),
        "customer" => Some("customers"),
        "discount" => Some("discounts"),
        "dispute" => Some("disputes"),
        "invoice" => Some("invoices"),
        "invoice_payment" => Some("invoice_payments"),
        "payment_intent" => Some("payment_intents"),
        "payout" => Some("payouts"),
        "refund" => Some("refunds"),
        "subscription" => Some("subscriptions"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIND: ListKind = ListKind::BalanceTransactions;
    const EVER: i64 = i64::MAX;

    fn world(created: &[i64]) -> World {
        let mut world = World::default();
        let rows = created.iter().enumerate().map(|(number, created)| Listed {
            created: *created,
            id: format!("txn_{number}"),
            body: Stored::Plain(Bytes::new()),
        });
        world.set_list(KIND, rows.collect());
        world
    }

    fn plain(body: &'static [u8]) -> Stored {
        Stored::Plain(Bytes::from_static(body))
    }

    fn ids(world: &World, from: From, limit: usize, until: i64) -> (Vec<String>, bool) {
        let page = find(world, &from, limit, until).unwrap();
        (page.places.iter().map(|place| world.id_of(KIND, *place).unwrap()).collect(), page.has_more)
    }

    fn find(world: &World, from: &From, limit: usize, until: i64) -> Option<WorldPage> {
        world.page(KIND, &Asked { from, limit, since: i64::MIN, until, wanted: None })
    }

    #[test]
    fn pages_begin_with_the_newest_and_say_whether_there_is_more() {
        let world = world(&[10, 20, 30, 40, 50]);
        assert_eq!(ids(&world, From::Newest, 2, EVER), (vec!["txn_4".into(), "txn_3".into()], true));
        let after = From::StartingAfter("txn_3".into());
        assert_eq!(ids(&world, after, 2, EVER), (vec!["txn_2".into(), "txn_1".into()], true));
        let after = From::StartingAfter("txn_1".into());
        assert_eq!(ids(&world, after, 2, EVER), (vec!["txn_0".into()], false));
        let after = From::StartingAfter("txn_0".into());
        assert_eq!(ids(&world, after, 2, EVER), (vec![], false));
    }

    #[test]
    fn ending_before_gives_the_page_next_to_the_cursor_newest_first() {
        let world = world(&[10, 20, 30, 40, 50]);
        let before = From::EndingBefore("txn_0".into());
        assert_eq!(ids(&world, before, 2, EVER), (vec!["txn_2".into(), "txn_1".into()], true));
        let before = From::EndingBefore("txn_2".into());
        assert_eq!(ids(&world, before, 2, EVER), (vec!["txn_4".into(), "txn_3".into()], false));
        let before = From::EndingBefore("txn_4".into());
        assert_eq!(ids(&world, before, 2, EVER), (vec![], false));
    }

    #[test]
    fn a_cursor_that_is_not_shown_is_unknown() {
        let world = world(&[10, 20]);
        assert!(find(&world, &From::StartingAfter("txn_9".into()), 2, EVER).is_none());
        assert!(find(&world, &From::EndingBefore("txn_1".into()), 2, 15).is_none());
        assert!(find(&world, &From::EndingBefore("txn_1".into()), 2, 20).is_some());
    }

    #[test]
    fn an_object_is_answered_in_its_newest_state_that_is_shown() {
        let mut world = World::default();
        world.add_state("charges", "ch_1", 20, plain(b"second"));
        world.add_state("charges", "ch_1", 10, plain(b"first"));
        world.add_state("charges", "ch_1", 20, plain(b"third"));
        assert_eq!(world.object("charges", "ch_1", 9), None);
        assert_eq!(world.object("charges", "ch_1", 19).unwrap(), "first");
        assert_eq!(world.object("charges", "ch_1", EVER).unwrap(), "third");
        assert_eq!(world.object("refunds", "ch_1", EVER), None);
    }

    #[test]
    fn a_page_keeps_to_its_bounds_and_to_what_is_wanted() {
        let world = world(&[10, 20, 30, 40, 50]);
        let from = From::Newest;
        let asked = Asked { from: &from, limit: 2, since: 20, until: 40, wanted: None };
        let page = world.page(KIND, &asked).unwrap();
        assert_eq!((page.places, page.has_more), (vec![3, 2], true));
        let outside = From::StartingAfter("txn_4".into());
        assert!(world.page(KIND, &Asked { from: &outside, ..asked }).is_none());
        let nothing = |_: &[u8]| false;
        let page = world.page(KIND, &Asked { wanted: Some(&nothing), ..asked }).unwrap();
        assert_eq!((page.places, page.has_more), (vec![], false));
    }

    proptest! {
        #[test]
        fn walking_back_gives_everything_once(created in prop::collection::vec(0_i64..20, 0..40), limit in 1_usize..7) {
            let world = world(&created);
            let (mut seen, mut more) = ids(&world, From::Newest, limit, EVER);
            while more {
                let last = seen.last().unwrap().clone();
                let (page, page_more) = ids(&world, From::StartingAfter(last), limit, EVER);
                seen.extend(page);
                more = page_more;
            }
            let whole = ids(&world, From::Newest, 100, EVER).0;
            prop_assert_eq!(seen.len(), created.len());
            prop_assert_eq!(seen, whole);
        }

        #[test]
        fn what_is_revealed_later_stands_in_front(
            created in prop::collection::vec(0_i64..20, 1..40),
            first in 0_i64..20,
            more in 0_i64..20,
        ) {
            let world = world(&created);
            let before = ids(&world, From::Newest, 100, first).0;
            let after = ids(&world, From::Newest, 100, first + more).0;
            prop_assert!(after.ends_with(&before));
        }

        #[test]
        fn a_cursor_by_id_misses_nothing_while_the_list_grows(
            created in prop::collection::vec(0_i64..20, 1..40),
            limit in 1_usize..5,
        ) {
            let world = world(&created);
            let mut seen: Vec<String> = Vec::new();
            for until in 0..20 {
                loop {
                    let (page, more) = match seen.last() {
                        None => (ids(&world, From::Newest, 100, until).0, false),
                        Some(newest) => ids(&world, From::EndingBefore(newest.clone()), limit, until),
                    };
                    seen.extend(page.into_iter().rev());
                    if !more {
                        break;
                    }
                }
            }
            let mut whole = ids(&world, From::Newest, 100, EVER).0;
            whole.reverse();
            prop_assert_eq!(seen, whole);
        }
    }
}

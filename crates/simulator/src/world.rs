//! All objects that the provider's API would answer, and since when.

use std::collections::HashMap;

use bytes::Bytes;

/// A list that the API offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ListKind {
    BalanceTransactions,
    InvoicePayments,
}

impl ListKind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "balance_transactions" => Some(Self::BalanceTransactions),
            "invoice_payments" => Some(Self::InvoicePayments),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BalanceTransactions => "balance_transactions",
            Self::InvoicePayments => "invoice_payments",
        }
    }
}

/// An object in a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) created: i64,
    pub(crate) id: String,
    pub(crate) body: Bytes,
}

/// A state of an object, from `since` on.
#[derive(Debug, Clone)]
struct State {
    since: i64,
    body: Bytes,
}

/// What a stand-in knows. Cheap to clone next to its size: the bodies are shared.
///
/// Lists are kept oldest first and shown newest first. They are ordered by creation alone, ties in the order in which
/// they were added, and revealed in this order: what is revealed later always stands in front.
#[derive(Debug, Clone, Default)]
pub struct World {
    balance_transactions: Vec<Listed>,
    invoice_payments: Vec<Listed>,
    states: HashMap<String, Vec<State>>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    Newest,
    StartingAfter(String),
    EndingBefore(String),
}

/// A part of a list, newest first.
#[derive(Debug)]
pub(crate) struct WorldPage<'a> {
    pub(crate) rows: Vec<&'a Listed>,
    pub(crate) has_more: bool,
}

impl World {
    /// How many balance transactions there are.
    #[must_use]
    pub fn balance_transactions(&self) -> usize {
        self.balance_transactions.len()
    }

    /// How many invoice payments there are.
    #[must_use]
    pub fn invoice_payments(&self) -> usize {
        self.invoice_payments.len()
    }

    /// When the newest object of the lists was made; `None`: the lists are empty.
    #[must_use]
    pub fn newest(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        let rows = self.balance_transactions.iter().chain(&self.invoice_payments);
        rows.map(|row| row.created).max().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
    }

    /// The bodies of all balance transactions, oldest first.
    pub fn balance_transaction_bodies(&self) -> impl Iterator<Item = &Bytes> {
        self.balance_transactions.iter().map(|row| &row.body)
    }

    /// Takes a list, its oldest first; each of its objects can be read alone, too.
    pub(crate) fn set_list(&mut self, kind: ListKind, mut rows: Vec<Listed>) {
        rows.sort_by_key(|row| row.created);
        for row in &rows {
            self.add_state(kind.name(), &row.id, row.created, row.body.clone());
        }
        match kind {
            ListKind::BalanceTransactions => self.balance_transactions = rows,
            ListKind::InvoicePayments => self.invoice_payments = rows,
        }
    }

    /// Adds a state of an object. Of two with the same time the one added later holds.
    pub(crate) fn add_state(&mut self, collection: &str, id: &str, since: i64, body: Bytes) {
        let states = self.states.entry(format!("{collection}/{id}")).or_default();
        let place = states.partition_point(|state| state.since <= since);
        states.insert(place, State { since, body });
    }

    /// An object's newest state up to `until`.
    pub(crate) fn object(&self, collection: &str, id: &str, until: i64) -> Option<&Bytes> {
        let states = self.states.get(&format!("{collection}/{id}"))?;
        states.iter().rev().find(|state| state.since <= until).map(|state| &state.body)
    }

    /// A page of a list as it stands at `until`; `None` when the cursor names nothing in it.
    pub(crate) fn page(
        &self,
        kind: ListKind,
        from: &From,
        limit: usize,
        until: i64,
    ) -> Option<WorldPage<'_>> {
        let all = match kind {
            ListKind::BalanceTransactions => &self.balance_transactions,
            ListKind::InvoicePayments => &self.invoice_payments,
        };
        let shown = all.get(..all.partition_point(|row| row.created <= until))?;
        let place = |id: &str| shown.iter().position(|row| row.id == id);
        match from {
            From::Newest => Some(newest_of(shown, limit)),
            From::StartingAfter(id) => Some(newest_of(shown.get(..place(id)?)?, limit)),
            From::EndingBefore(id) => {
                let newer = shown.get(place(id)? + 1..)?;
                let rows = newer.iter().take(limit).rev().collect();
                Some(WorldPage { rows, has_more: newer.len() > limit })
            }
        }
    }
}

fn newest_of(rows: &[Listed], limit: usize) -> WorldPage<'_> {
    WorldPage { rows: rows.iter().rev().take(limit).collect(), has_more: rows.len() > limit }
}

/// The collection in which the API keeps objects of this type.
pub(crate) fn collection_of(object_type: &str) -> Option<&'static str> {
    match object_type {
        "balance_transaction" => Some("balance_transactions"),
        "charge" => Some("charges"),
        "credit_note" => Some("credit_notes"),
        "customer" => Some("customers"),
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
            body: Bytes::new(),
        });
        world.set_list(KIND, rows.collect());
        world
    }

    fn ids(world: &World, from: From, limit: usize, until: i64) -> (Vec<String>, bool) {
        let page = world.page(KIND, &from, limit, until).unwrap();
        (page.rows.iter().map(|row| row.id.clone()).collect(), page.has_more)
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
        assert!(world.page(KIND, &From::StartingAfter("txn_9".into()), 2, EVER).is_none());
        assert!(world.page(KIND, &From::EndingBefore("txn_1".into()), 2, 15).is_none());
        assert!(world.page(KIND, &From::EndingBefore("txn_1".into()), 2, 20).is_some());
    }

    #[test]
    fn an_object_is_answered_in_its_newest_state_that_is_shown() {
        let mut world = World::default();
        world.add_state("charges", "ch_1", 20, Bytes::from_static(b"second"));
        world.add_state("charges", "ch_1", 10, Bytes::from_static(b"first"));
        world.add_state("charges", "ch_1", 20, Bytes::from_static(b"third"));
        assert_eq!(world.object("charges", "ch_1", 9), None);
        assert_eq!(world.object("charges", "ch_1", 19).unwrap(), "first");
        assert_eq!(world.object("charges", "ch_1", EVER).unwrap(), "third");
        assert_eq!(world.object("refunds", "ch_1", EVER), None);
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

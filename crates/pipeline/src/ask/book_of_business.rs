//! The timelines of all suppliers, composed from the facts at one block.
//!
//! Facts are read party by party in pages and dropped once composed, so that memory holds timelines alone. The last few
//! books are kept: pages of a dashboard ask the same one again and again until the ledger moves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use ltv_core::policy::Policy;
use ltv_core::subscription::{Fact, MrrError, PartyFact, Rates, SupplierTimeline};
use ltv_core::{Currency, Party, SupplierId, Timestamp};
use store::{FactFilter, Store};

use super::types::AskError;
use super::view::Resolved;
use crate::pipeline::Inner;

/// How many parties' facts are read at once.
const PARTIES_PAGE: i64 = 250;
/// How many books are kept.
const BOOKS_MAX: usize = 4;
/// How many suppliers all books together may hold, but for the newest.
const SUPPLIERS_MAX: usize = 20_000;
/// How many blocks' rates are kept.
const RATES_MAX: usize = 4;
/// How many gaps are named; others are counted.
const GAPS_NAMED_MAX: usize = 20;

/// One supplier, composed.
pub(super) struct Supplier {
    pub(super) id: SupplierId,
    pub(super) timeline: SupplierTimeline,
}

/// All suppliers with facts about subscriptions, at one block, under one policy, in one currency, as of one time.
pub(super) struct BookOfBusiness {
    /// In the order of ids.
    pub(super) suppliers: Vec<Supplier>,
    /// What is missing, in words.
    pub(super) gaps: Vec<String>,
}

impl BookOfBusiness {
    pub(super) fn timelines(&self) -> impl Iterator<Item = &SupplierTimeline> {
        self.suppliers.iter().map(|supplier| &supplier.timeline)
    }
}

#[derive(Clone, PartialEq)]
struct Key {
    block: i64,
    policy: String,
    currency: Currency,
    as_of: Timestamp,
}

/// The books that were composed last, newest first.
#[derive(Default)]
pub(crate) struct Books {
    kept: Mutex<VecDeque<(Key, Arc<BookOfBusiness>)>>,
    rates: Mutex<VecDeque<(i64, Arc<Rates>)>>,
    /// Held while composing: who asks the same meanwhile waits and finds it.
    composing: tokio::sync::Mutex<()>,
}

impl Books {
    fn find(&self, key: &Key) -> Option<Arc<BookOfBusiness>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(each, _)| each == key)?;
        let found = kept.remove(place)?;
        let book = Arc::clone(&found.1);
        kept.push_front(found);
        Some(book)
    }

    fn keep(&self, key: Key, book: Arc<BookOfBusiness>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((key, book));
        kept.truncate(BOOKS_MAX);
        while kept.len() > 1
            && kept.iter().map(|(_, book)| book.suppliers.len()).sum::<usize>() > SUPPLIERS_MAX
        {
            kept.pop_back();
        }
    }
}

/// Walks through the facts at a block, party by party.
pub(super) struct FactPages {
    store: Arc<dyn Store>,
    filter: FactFilter,
    ended: bool,
}

impl FactPages {
    pub(super) fn at(store: &Arc<dyn Store>, block: i64) -> Self {
        let filter =
            FactFilter { block_max: Some(block), parties_max: Some(PARTIES_PAGE), ..FactFilter::default() };
        Self { store: Arc::clone(store), filter, ended: false }
    }

    /// Some more parties with their facts; `None`: there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<(Party, Vec<PartyFact>)>>, AskError> {
        if self.ended {
            return Ok(None);
        }
        let mut page: Vec<(Party, Vec<PartyFact>)> = Vec::new();
        for case in self.store.facts(&self.filter).await? {
            match page.last_mut() {
                Some((party, facts)) if *party == case.party => facts.extend(case.facts),
                _ => page.push((case.party, case.facts)),
            }
        }
        match page.last() {
            Some((party, _)) => self.filter.after = Some(party.clone()),
            None => self.ended = true,
        }
        Ok((!self.ended).then_some(page))
    }
}

impl Inner {
    /// The book for a view.
    pub(super) async fn book_of_business(
        &self,
        resolved: &Resolved,
        currency: Currency,
    ) -> Result<Arc<BookOfBusiness>, AskError> {
        let key = Key {
            block: resolved.block.number,
            policy: resolved.rules.name.clone(),
            currency,
            as_of: resolved.shown_as_of,
        };
        if let Some(book) = self.books.find(&key) {
            return Ok(book);
        }
        let _held = self.books.composing.lock().await;
        if let Some(book) = self.books.find(&key) {
            return Ok(book);
        }
        let book = Arc::new(self.compose_all(resolved, currency).await?);
        self.books.keep(key, Arc::clone(&book));
        Ok(book)
    }

    async fn compose_all(&self, resolved: &Resolved, currency: Currency) -> Result<BookOfBusiness, AskError> {
        let rates = self.rates_at(resolved.block.number).await?;
        let mut pages = FactPages::at(&self.store, resolved.block.number);
        let mut suppliers = Vec::new();
        while let Some(page) = pages.next().await? {
            let (policy, rates, as_of) = (resolved.rules.clone(), Arc::clone(&rates), resolved.shown_as_of);
            // Arithmetic only: a thread of its own keeps the ones that answer requests free.
            let composed =
                tokio::task::spawn_blocking(move || compose_page(page, &policy, currency, &rates, as_of));
            suppliers.extend(composed.await.map_err(|source| AskError::Interrupted { source })??);
        }
        suppliers.sort_by(|a, b| a.id.cmp(&b.id));
        let gaps = gaps_of(&suppliers);
        Ok(BookOfBusiness { suppliers, gaps })
    }

    /// All rates known at a block.
    pub(super) async fn rates_at(&self, block: i64) -> Result<Arc<Rates>, AskError> {
        if let Some(known) = self.known_rates(block) {
            return Ok(known);
        }
        let mut rates = Rates::default();
        let mut pages = FactPages::at(&self.store, block);
        pages.filter.kinds.insert("rate");
        while let Some(page) = pages.next().await? {
            for fact in page.into_iter().flat_map(|(_, facts)| facts) {
                if let Fact::Rate(seen) = &fact.fact {
                    rates.add(seen);
                }
            }
        }
        let rates = Arc::new(rates);
        let mut kept = self.books.rates.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((block, Arc::clone(&rates)));
        kept.truncate(RATES_MAX);
        Ok(rates)
    }

    fn known_rates(&self, block: i64) -> Option<Arc<Rates>> {
        let kept = self.books.rates.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(each, _)| *each == block).map(|(_, rates)| Arc::clone(rates))
    }

    /// The timeline of one party.
    pub(super) async fn timeline_of(
        &self,
        party: &Party,
        resolved: &Resolved,
        currency: Currency,
    ) -> Result<SupplierTimeline, AskError> {
        let filter = FactFilter {
            parties: [party.clone()].into(),
            block_max: Some(resolved.block.number),
            ..FactFilter::default()
        };
        let facts: Vec<PartyFact> =
            self.store.facts(&filter).await?.into_iter().flat_map(|case| case.facts).collect();
        // The rates of the whole store are only read where something is to be converted.
        let rates = if facts.iter().any(|fact| is_foreign(&fact.fact, currency)) {
            self.rates_at(resolved.block.number).await?
        } else {
            Arc::default()
        };
        Ok(SupplierTimeline::compose(&facts, &resolved.rules, currency, &rates, resolved.shown_as_of)?)
    }

    /// The currency of MRR: as that of the ledger; where nothing is booked yet, the only one of all contracts.
    pub(super) async fn contract_currency(&self, block: i64) -> Result<Option<Currency>, AskError> {
        let mut found: Option<Currency> = None;
        let mut pages = FactPages::at(&self.store, block);
        pages.filter.kinds.insert("contract");
        while let Some(page) = pages.next().await? {
            for fact in page.iter().flat_map(|(_, facts)| facts) {
                let Fact::Contract(contract) = &fact.fact else { continue };
                for state in &contract.states {
                    match found {
                        None => found = Some(state.currency),
                        Some(only) if only == state.currency => {}
                        Some(_) => return Ok(None),
                    }
                }
            }
        }
        Ok(found)
    }
}

fn compose_page(
    page: Vec<(Party, Vec<PartyFact>)>,
    policy: &Policy,
    currency: Currency,
    rates: &Rates,
    as_of: Timestamp,
) -> Result<Vec<Supplier>, MrrError> {
    page.into_iter()
        .map(|(party, facts)| {
            let mut timeline = SupplierTimeline::compose(&facts, policy, currency, rates, as_of)?;
            // Only a supplier's own page shows what happened in words, and composes it itself.
            timeline.events = Vec::new();
            Ok(Supplier { id: SupplierId::of(&party), timeline })
        })
        .collect()
}

fn is_foreign(fact: &Fact, currency: Currency) -> bool {
    match fact {
        Fact::Contract(contract) => contract.states.iter().any(|state| state.currency != currency),
        Fact::Billed(billed) => billed.lines.iter().any(|line| line.amount.currency() != currency),
        Fact::Dunning(dunning) => dunning.amount.currency() != currency,
        Fact::Return(returned) => returned.paid.currency() != currency,
        Fact::Discount(_) | Fact::Rate(_) => false,
    }
}

fn gaps_of(suppliers: &[Supplier]) -> Vec<String> {
    let all = suppliers
        .iter()
        .flat_map(|supplier| supplier.timeline.gaps.iter().map(move |gap| format!("{}: {gap}", supplier.id)));
    let mut gaps: Vec<String> = all.clone().take(GAPS_NAMED_MAX).collect();
    let more = all.skip(GAPS_NAMED_MAX).count();
    if more > 0 {
        gaps.push(format!("and {more} more gaps: ask for the timeline of a supplier"));
    }
    gaps
}

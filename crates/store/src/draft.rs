//! What is to be booked, reckoned out before anything is written. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ltv_core::ledger::{Entry, Line, LineKey};
use ltv_core::subscription::PartyFact;
use ltv_core::{MessageId, ObjectKey, Observation};

use crate::StoreError;
use crate::convert;
use crate::models::{FactRow, LogRow, PostingRow};
use crate::traits::Booker;

/// An observation, with the integration of its message.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) observation: Observation,
    pub(crate) integration: String,
}

/// A message under a version of the mapping.
pub(crate) type Shown = (i64, i32);

/// The newest versions of the facts of a case, by kind and party.
pub(crate) type Known = BTreeMap<(String, String), String>;

/// A version that holds no facts.
const NO_FACTS: &str = "[]";

/// A case that is to be booked.
#[derive(Debug)]
pub(crate) struct CaseInput {
    pub(crate) anchor: ObjectKey,
    /// Of its last entry.
    pub(crate) sequence: i32,
    pub(crate) seen: Vec<Seen>,
    /// What was booked for it already.
    pub(crate) posted: Vec<PostingRow>,
    /// What was logged for it already.
    pub(crate) logged: BTreeSet<Shown>,
    /// What it said already.
    pub(crate) known: Known,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) entries: Vec<DraftEntry>,
    /// Facts that are others than before.
    pub(crate) facts: Vec<DraftFacts>,
    /// Cases with what they saw for the first time.
    pub(crate) log: Vec<(String, Shown)>,
    pub(crate) stuck: Vec<(ObjectKey, String)>,
    /// Cases that could be computed.
    pub(crate) computed: Vec<String>,
}

/// An entry of a case, each posting with its integration.
#[derive(Debug)]
pub(crate) struct DraftEntry {
    pub(crate) anchor: ObjectKey,
    pub(crate) sequence: i32,
    pub(crate) entry: Entry,
    pub(crate) integrations: BTreeMap<MessageId, String>,
}

/// The facts of a case, of one kind and party.
#[derive(Debug)]
pub(crate) struct DraftFacts {
    pub(crate) anchor: String,
    pub(crate) kind: String,
    pub(crate) party: String,
    pub(crate) body: String,
}

impl Draft {
    /// Reckons out the entries of these cases.
    pub(crate) fn of(cases: &[CaseInput], booker: &Booker) -> Result<Self, StoreError> {
        let mut draft = Self::default();
        for case in cases {
            draft.add(case, booker)?;
        }
        Ok(draft)
    }

    fn add(&mut self, case: &CaseInput, booker: &Booker) -> Result<(), StoreError> {
        let text = case.anchor.to_string();
        let posted = sum_up(&case.posted)?;
        match entry_of(case, &posted, booker) {
            Ok((entry, facts)) => {
                self.facts.extend(changed_facts(&text, &case.known, facts)?);
                if let Some(entry) = entry {
                    let sequence = case
                        .sequence
                        .checked_add(1)
                        .ok_or(StoreError::Overflow { operation: "the sequence of a case" })?;
                    let integrations = integrations(case);
                    self.entries.push(DraftEntry {
                        anchor: case.anchor.clone(),
                        sequence,
                        entry,
                        integrations,
                    });
                }
                self.log.extend(news(case).into_iter().map(|shown| (text.clone(), shown)));
                self.computed.push(text);
            }
            // What it saw is not logged, so that it is, whole, once it can be computed.
            Err(reason) => self.stuck.push((case.anchor.clone(), reason)),
        }
        Ok(())
    }
}

fn entry_of(
    case: &CaseInput,
    posted: &BTreeMap<LineKey, Line>,
    booker: &Booker,
) -> Result<(Option<Entry>, Vec<PartyFact>), String> {
    let observations: Vec<Observation> = case.seen.iter().map(|seen| seen.observation.clone()).collect();
    // One case that brings the mathematics down must not take the others with it (I13).
    let booking = catch_unwind(AssertUnwindSafe(|| booker(&case.anchor, &observations)))
        .unwrap_or_else(|_panic| Err("the computation panicked".to_owned()))?;
    let entry = booking.target.entry(posted).map_err(|error| error.to_string())?;
    Ok((entry, booking.facts))
}

/// New versions: of what is said otherwise than before, and of what is said no more.
fn changed_facts(anchor: &str, known: &Known, said: Vec<PartyFact>) -> Result<Vec<DraftFacts>, StoreError> {
    let mut lists: BTreeMap<(String, String), Vec<PartyFact>> =
        known.keys().map(|key| (key.clone(), Vec::new())).collect();
    for fact in said {
        let key = (fact.fact.kind().to_owned(), convert::clean(&fact.party.to_string()).into_owned());
        lists.entry(key).or_default().push(fact);
    }
    let mut changed = Vec::new();
    for ((kind, party), list) in lists {
        let body = serde_json::to_string(&list).map_err(|error| convert::damaged("fact", error))?;
        let before = known.get(&(kind.clone(), party.clone())).map_or(NO_FACTS, String::as_str);
        if body != before {
            changed.push(DraftFacts { anchor: anchor.to_owned(), kind, party, body });
        }
    }
    Ok(changed)
}

/// Sums of what was posted, per key; the source is that of the newest posting.
fn sum_up(rows: &[PostingRow]) -> Result<BTreeMap<LineKey, Line>, StoreError> {
    let overflow = || StoreError::Overflow { operation: "what was posted of a case" };
    let mut sums: BTreeMap<LineKey, Line> = BTreeMap::new();
    let mut newest: BTreeMap<LineKey, i32> = BTreeMap::new();
    for row in rows {
        let posting = convert::posting(row)?;
        let at = newest.entry(posting.key.clone()).or_insert(row.sequence);
        match sums.get_mut(&posting.key) {
            None => {
                sums.insert(posting.key, posting.line);
            }
            Some(sum) => {
                sum.amount_minor =
                    sum.amount_minor.checked_add(posting.line.amount_minor).ok_or_else(overflow)?;
                sum.quantity = sum.quantity.checked_add(posting.line.quantity).ok_or_else(overflow)?;
                if row.sequence >= *at {
                    *at = row.sequence;
                    sum.source = posting.line.source;
                }
            }
        }
    }
    Ok(sums)
}

/// Which integration each message came by.
fn integrations(case: &CaseInput) -> BTreeMap<MessageId, String> {
    let posted = case.posted.iter().map(|row| (MessageId(row.source_message), row.integration.clone()));
    let seen = case.seen.iter().map(|seen| (seen.observation.message, seen.integration.clone()));
    posted.chain(seen).collect()
}

fn news(case: &CaseInput) -> BTreeSet<Shown> {
    case.seen
        .iter()
        .map(|seen| (seen.observation.message.0, seen.observation.mapping_version))
        .filter(|shown| !case.logged.contains(shown))
        .collect()
}

impl DraftEntry {
    /// The rows of the entry's postings.
    pub(crate) fn rows(&self, block: i64) -> Vec<PostingRow> {
        let integration = |message| self.integrations.get(&message).cloned().unwrap_or_default();
        self.entry
            .postings()
            .iter()
            .map(|posting| {
                let integration = integration(posting.line.source);
                convert::new_posting(&self.anchor, self.sequence, block, integration, posting)
            })
            .collect()
    }
}

/// The rows of facts in a block.
pub(crate) fn fact_rows(facts: &[DraftFacts], block: i64) -> Vec<FactRow> {
    let mut rows: Vec<FactRow> = facts
        .iter()
        .map(|facts| FactRow {
            anchor: facts.anchor.clone(),
            kind: facts.kind.clone(),
            party: facts.party.clone(),
            block,
            body: facts.body.clone(),
        })
        .collect();
    rows.sort();
    rows
}

/// The rows of log lines in a block.
pub(crate) fn log_rows(log: &[(String, Shown)], block: i64) -> Vec<LogRow> {
    let mut rows: Vec<LogRow> = log
        .iter()
        .map(|(anchor, (message_id, mapping_version))| LogRow {
            anchor: anchor.clone(),
            message_id: *message_id,
            mapping_version: *mapping_version,
            block,
        })
        .collect();
    rows.sort();
    rows
}

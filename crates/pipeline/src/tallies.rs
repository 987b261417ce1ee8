//! Counters of what leaves no row: refusals at the door, and what was not understood. Collected in memory and written
//! once a second, so that a flood of refusals costs no flood of writes; a crash loses at most the last second.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use store::{Store, StoreError, Tally};

/// How many different counters are collected between two writes; a flood of new names beyond that is counted as
/// `other`, so that nobody outside can fill memory.
const NAMES_MAX: usize = 1_000;
/// The longest name of a counter.
const NAME_CHARS_MAX: usize = 140;

/// Counters that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    waiting: Mutex<BTreeMap<(String, String), i64>>,
}

impl Tallies {
    /// Counts one.
    pub(crate) fn count(&self, scope: &str, name: &str) {
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = waiting.len() >= NAMES_MAX;
        let mut key = (scope.to_owned(), name);
        if full && !waiting.contains_key(&key) {
            let family = key.1.split(':').next().unwrap_or_default().to_owned();
            key.1 = format!("{family}:other");
        }
        let count = waiting.entry(key).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Writes what waits. What could not be written waits on.
    pub(crate) async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(());
        }
        let rows = taken
            .iter()
            .map(|((scope, name), count)| Tally { scope: scope.clone(), name: name.clone(), count: *count })
            .collect();
        let written = store.add_tallies(rows).await;
        if written.is_err() {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, count) in taken {
                let slot = waiting.entry(key).or_insert(0);
                *slot = slot.saturating_add(count);
            }
        }
        written
    }
}

//! Stand-ins for tests: a key table in memory and randomness that repeats.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::ShelfError;
use crate::keys::{KeyShelf, WrappedKey};
use crate::random::{Random, RandomFailed};

/// A key table in memory.
#[derive(Debug, Default)]
pub struct MemoryShelf(Mutex<HashMap<String, WrappedKey>>);

impl MemoryShelf {
    /// Deletes a key, as erasure does; false when there was none.
    pub fn destroy(&self, name: &str) -> bool {
        self.lock().remove(name).is_some()
    }

    /// Puts a row in place of whatever stands under its name.
    pub fn replace(&self, key: WrappedKey) {
        self.lock().insert(key.name.clone(), key);
    }

    /// The names of all keys, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.lock().keys().cloned().collect();
        names.sort();
        names
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, WrappedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyShelf for MemoryShelf {
    async fn key(&self, name: &str) -> Result<Option<WrappedKey>, ShelfError> {
        Ok(self.lock().get(name).cloned())
    }

    async fn put_key(&self, key: WrappedKey) -> Result<WrappedKey, ShelfError> {
        Ok(self.lock().entry(key.name.clone()).or_insert(key).clone())
    }
}

/// Bytes 0, 1, 2 … and round again: for tests of stored forms, never for keys.
#[derive(Debug, Default)]
pub struct CountingRandom(AtomicU8);

impl Random for CountingRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomFailed> {
        out.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

//! Keys with names: where their wrapped form is kept, and a bounded memory of the unwrapped ones.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::cipher::KeyMaterial;
use crate::error::ShelfError;

/// A key as it is stored: encrypted by another one.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its name, unique in the store. Names nobody.
    pub name: String,
    /// The name of the key that wraps it.
    pub wrapped_by: String,
    /// The encrypted key.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey")
            .field("name", &self.name)
            .field("wrapped_by", &self.wrapped_by)
            .finish_non_exhaustive()
    }
}

/// The table of wrapped keys.
#[async_trait]
pub trait KeyShelf: Send + Sync {
    /// The key of that name, if there is one.
    async fn key(&self, name: &str) -> Result<Option<WrappedKey>, ShelfError>;

    /// Keeps `key` unless one of its name exists; answers the one that is kept. Durable when it answers.
    async fn put_key(&self, key: WrappedKey) -> Result<WrappedKey, ShelfError>;
}

/// An unwrapped key, ready for use. Cheap to clone; shows its name only.
#[derive(Clone)]
pub struct KeyHandle(Arc<Named>);

struct Named {
    name: String,
    material: KeyMaterial,
}

impl KeyHandle {
    pub(crate) fn new(name: String, material: KeyMaterial) -> Self {
        Self(Arc::new(Named { name, material }))
    }

    /// The name under which its wrapped form is kept.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn material(&self) -> &KeyMaterial {
        &self.0.material
    }
}

impl fmt::Debug for KeyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHandle").field("name", &self.0.name).finish_non_exhaustive()
    }
}

/// The keys used last. Two generations: a key that is used moves to the young one; when that is full, the old
/// one is dropped and the young one grows old.
pub(crate) struct KeyCache {
    generation_max: usize,
    state: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, KeyHandle>,
    old: HashMap<String, KeyHandle>,
    /// How often a key was forgotten.
    forgotten: u64,
}

/// How much had been forgotten when the loading of a key began.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl KeyCache {
    /// Holds at most twice `generation_max` keys.
    pub(crate) fn new(generation_max: usize) -> Self {
        Self { generation_max, state: Mutex::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<KeyHandle> {
        let mut state = self.lock();
        if let Some(key) = state.young.get(name) {
            return Some(key.clone());
        }
        let key = state.old.remove(name)?;
        self.keep(&mut state, key.clone());
        Some(key)
    }

    /// Taken before a key is loaded, handed in with it.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.lock().forgotten)
    }

    /// Remembers a key, unless any was forgotten while it was loaded: it could be the one.
    pub(crate) fn insert(&self, ticket: Ticket, key: KeyHandle) {
        let mut state = self.lock();
        if state.forgotten == ticket.0 {
            self.keep(&mut state, key);
        }
    }

    pub(crate) fn forget(&self, name: &str) {
        let mut state = self.lock();
        state.young.remove(name);
        state.old.remove(name);
        state.forgotten = state.forgotten.wrapping_add(1);
    }

    fn keep(&self, state: &mut Generations, key: KeyHandle) {
        if state.young.len() >= self.generation_max {
            state.old = std::mem::take(&mut state.young);
        }
        state.young.insert(key.name().to_owned(), key);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // A panic elsewhere cannot leave the maps half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> KeyHandle {
        KeyHandle::new(name.to_owned(), KeyMaterial::from_slice(&[0xAB; 32]).unwrap())
    }

    #[test]
    fn the_cache_stays_bounded_and_keeps_what_is_used() {
        let cache = KeyCache::new(3);
        cache.insert(cache.ticket(), key("busy"));
        for n in 0..100 {
            cache.insert(cache.ticket(), key(&format!("key {n}")));
            assert!(cache.get("busy").is_some(), "after {n}");
            let state = cache.lock();
            assert!(state.young.len() <= 3 && state.old.len() <= 3);
        }
        assert!(cache.get("key 0").is_none());
        assert!(cache.get("key 99").is_some());
    }

    #[test]
    fn a_forgotten_key_is_gone_from_both_generations() {
        let cache = KeyCache::new(1);
        cache.insert(cache.ticket(), key("old"));
        cache.insert(cache.ticket(), key("young"));
        cache.forget("old");
        cache.forget("young");
        assert!(cache.get("old").is_none());
        assert!(cache.get("young").is_none());
    }

    #[test]
    fn a_key_that_was_loading_while_one_was_forgotten_is_not_kept() {
        let cache = KeyCache::new(4);
        let ticket = cache.ticket();
        cache.forget("subject:a");
        cache.insert(ticket, key("subject:a"));
        assert!(cache.get("subject:a").is_none());
        cache.insert(cache.ticket(), key("subject:a"));
        assert!(cache.get("subject:a").is_some());
    }

    #[test]
    fn debug_output_shows_the_name_and_nothing_of_the_key() {
        let shown = format!("{:?}", key("epoch:2026-11-23"));
        assert_eq!(shown, "KeyHandle { name: \"epoch:2026-11-23\", .. }");
        let row = WrappedKey { name: "a".into(), wrapped_by: "b".into(), wrapped: vec![0xAB] };
        assert_eq!(format!("{row:?}"), "WrappedKey { name: \"a\", wrapped_by: \"b\", .. }");
    }
}

//! Keeps the vault's wrapped keys in the store.

use std::sync::Arc;

use async_trait::async_trait;
use store::{Store, WrappedKeyRow};
use vault::{KeyShelf, ShelfError, WrappedKey};

use crate::clock::Clock;

/// The store as the vault's shelf.
pub(crate) struct StoreShelf {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl KeyShelf for StoreShelf {
    async fn key(&self, name: &str) -> Result<Option<WrappedKey>, ShelfError> {
        let row = self.store.key(name).await.map_err(ShelfError::new)?;
        Ok(row.map(from_row))
    }

    async fn put_key(&self, key: WrappedKey) -> Result<WrappedKey, ShelfError> {
        let row = WrappedKeyRow {
            name: key.name,
            wrapped_by: key.wrapped_by,
            wrapped: key.wrapped,
            created_at: self.clock.now(),
        };
        self.store.put_key(&row).await.map(from_row).map_err(ShelfError::new)
    }
}

fn from_row(row: WrappedKeyRow) -> WrappedKey {
    WrappedKey { name: row.name, wrapped_by: row.wrapped_by, wrapped: row.wrapped }
}

//! A ledger that is built anew in a schema of its own, and then takes the place of the one that stands.

use std::sync::Arc;

use super::handle::{LEDGER, PgStore, as_owner, migrate_schema};
use crate::StoreError;
use crate::migrations::PG_LEDGER;
use crate::traits::Store;

/// The schema of the ledger that is being built.
const SCRATCH: &str = "ledger_scratch";
/// The schema of the ledger that stood before the last replay.
const PREVIOUS: &str = "ledger_previous";

/// Makes an empty ledger beside the inbox of a store.
pub(super) async fn make(store: &PgStore) -> Result<Arc<dyn Store>, StoreError> {
    remove(store).await?;
    migrate_schema(&store.shared.owner, SCRATCH, PG_LEDGER).await?;
    Ok(Arc::new(store.beside(SCRATCH).await?))
}

/// Removes the schema of a scratch ledger.
pub(super) async fn remove(store: &PgStore) -> Result<(), StoreError> {
    as_owner(store, &format!("DROP SCHEMA IF EXISTS {SCRATCH} CASCADE")).await
}

/// Puts the scratch ledger in the place of the store's. The old one is kept until the next time.
pub(super) async fn swap_in(store: &PgStore) -> Result<(), StoreError> {
    as_owner(
        store,
        &format!(
            "BEGIN; DROP SCHEMA IF EXISTS {PREVIOUS} CASCADE; ALTER SCHEMA {LEDGER} RENAME TO {PREVIOUS}; \
             ALTER SCHEMA {SCRATCH} RENAME TO {LEDGER}; COMMIT"
        ),
    )
    .await
}

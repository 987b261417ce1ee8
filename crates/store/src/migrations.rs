//! Tables are made and changed here.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource};
use diesel_async::AsyncConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::StoreError;

/// Those of one half on one backend.
pub(crate) const SQLITE_INBOX: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite/inbox");
pub(crate) const SQLITE_LEDGER: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite/ledger");
pub(crate) const PG_INBOX: EmbeddedMigrations = embed_migrations!("../../migrations/postgres/inbox");
pub(crate) const PG_LEDGER: EmbeddedMigrations = embed_migrations!("../../migrations/postgres/ledger");

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Migration { detail: error.to_string() }
}

/// The versions that a half should have.
pub(crate) fn versions<DB>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>, StoreError>
where
    DB: diesel::backend::Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Runs what is pending; answers the versions that were run.
///
/// In the blocking pool, by a wrapped connection: diesel-async's own harness panics on a runtime of one thread.
pub(crate) async fn run<C>(conn: C, source: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    C: AsyncConnection + 'static,
    AsyncConnectionWrapper<C>: MigrationHarness<C::Backend>,
    EmbeddedMigrations: MigrationSource<C::Backend>,
{
    tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<C>::from(conn);
        let done = conn.run_pending_migrations(source).map_err(failed)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })
    .await
    .map_err(failed)?
}

/// Takes everything back, newest first.
#[cfg(feature = "testkit")]
pub(crate) async fn revert_all<C>(conn: C, source: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    C: AsyncConnection + 'static,
    AsyncConnectionWrapper<C>: MigrationHarness<C::Backend>,
    EmbeddedMigrations: MigrationSource<C::Backend>,
{
    tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<C>::from(conn);
        let done = conn.revert_all_migrations(source).map_err(failed)?;
        Ok(done.iter().map(ToString::to_string).collect())
    })
    .await
    .map_err(failed)?
}

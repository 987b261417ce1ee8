//! A ledger that is built anew in a file of its own, and then takes the place of the one that stands.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::handle::{LEDGER, SqliteStore};
use super::pool::{Half, connect};
use crate::StoreError;
use crate::migrations::{self, SQLITE_LEDGER};
use crate::traits::Store;

/// The file of the ledger that is being built.
const SCRATCH: &str = "ledger.scratch.db";
/// The file of the ledger that stood before the last replay.
const PREVIOUS: &str = "ledger.previous.db";
/// SQLite's companions of a file.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How often the last connections are given time to close, 20 ms each.
const WAITS_MAX: usize = 100;

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.display().to_string();
    move |source| StoreError::Io { path, source }
}

/// Makes an empty ledger beside the inbox of a store.
pub(super) async fn make(store: &SqliteStore) -> Result<Arc<dyn Store>, StoreError> {
    let shared = &store.shared;
    remove(&shared.folder)?;
    let file = shared.folder.join(SCRATCH);
    migrations::run(connect(&file).await?, SQLITE_LEDGER).await?;
    let ledger = Half::new(&file, shared.readers).await?;
    Ok(Arc::new(store.beside(ledger)))
}

/// Removes the files of a scratch ledger.
pub(super) fn remove(folder: &Path) -> Result<(), StoreError> {
    for suffix in std::iter::once("").chain(COMPANIONS) {
        remove_file(&folder.join(format!("{SCRATCH}{suffix}")))?;
    }
    Ok(())
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts the scratch ledger in the place of the store's. The old one is kept until the next time.
pub(super) async fn swap_in(store: &SqliteStore) -> Result<(), StoreError> {
    let shared = &store.shared;
    let (scratch, ledger, previous) =
        (shared.folder.join(SCRATCH), shared.folder.join(LEDGER), shared.folder.join(PREVIOUS));
    fold_log(&scratch).await?;
    // New connections are made when first asked for, and that is after the files have changed their names.
    let fresh = Half::new(&ledger, shared.readers).await?;
    let old = std::mem::replace(&mut *shared.ledger.write().unwrap_or_else(PoisonError::into_inner), fresh);
    drop(old);
    fold_log(&ledger).await?;
    std::fs::rename(&ledger, &previous).map_err(io_error(&ledger))?;
    std::fs::rename(&scratch, &ledger).map_err(io_error(&scratch))?;
    let folder = std::fs::File::open(&shared.folder).map_err(io_error(&shared.folder))?;
    folder.sync_all().map_err(io_error(&shared.folder))
}

/// Brings everything into the file itself and leaves write-ahead logging, which takes that nobody else has it open.
async fn fold_log(file: &Path) -> Result<(), StoreError> {
    for _ in 0..WAITS_MAX {
        let mut conn = connect(file).await?;
        let mode: Result<String, _> =
            diesel::dsl::sql::<Text>("PRAGMA journal_mode=DELETE").get_result(&mut conn).await;
        if mode.is_ok_and(|mode| mode == "delete") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(StoreError::Locked { folder: file.display().to_string() })
}

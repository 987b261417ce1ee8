//! The embedded store itself: its folder, its lock, its connections.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use diesel_migrations::EmbeddedMigrations;

use super::dialect::Db;
use super::pool::{Half, Pooled, connect};
use super::{scratch, settings};
use crate::StoreError;
use crate::migrations::{self, SQLITE_INBOX, SQLITE_LEDGER};
use crate::open::{Migrate, OpenOptions};
use crate::traits::Store;
use crate::tx::at;

/// The file of the inbox.
const INBOX: &str = "inbox.db";
/// The file of the ledger.
pub(super) const LEDGER: &str = "ledger.db";
/// Held by the one server.
const SERVER_LOCK: &str = "server.lock";
/// Held while tables change.
const MIGRATION_LOCK: &str = "migration.lock";

/// The embedded store.
#[derive(Clone)]
pub(crate) struct SqliteStore {
    pub(super) shared: Arc<Shared>,
}

/// What the copies of a store share.
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) readers: u32,
    pub(super) inbox: Half,
    /// Replaced when a rebuilt ledger takes the place of this one.
    pub(super) ledger: RwLock<Half>,
    /// Kept open: the lock goes with it.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens the store in a folder.
    pub(crate) async fn open(folder: PathBuf, options: &OpenOptions) -> Result<Self, StoreError> {
        make_folder(&folder)?;
        let lock = if options.exclusive { Some(take_lock(&folder)?) } else { None };
        match options.migrate {
            Migrate::Run | Migrate::RunWith(_) => drop(Self::migrate(folder.clone()).await?),
            Migrate::Refuse => refuse_pending(&folder).await?,
        }
        let readers = options.readers;
        let inbox = Half::new(&folder.join(INBOX), readers).await?;
        let ledger = Half::new(&folder.join(LEDGER), readers).await?;
        let store = Self {
            shared: Arc::new(Shared { folder, readers, inbox, ledger: RwLock::new(ledger), _lock: lock }),
        };
        if options.exclusive {
            store.quick_check().await?;
        }
        Ok(store)
    }

    /// Brings both files up to date.
    pub(crate) async fn migrate(folder: PathBuf) -> Result<Vec<String>, StoreError> {
        make_folder(&folder)?;
        let _lock = wait_for_lock(folder.join(MIGRATION_LOCK)).await?;
        let mut done = Vec::new();
        for (name, file, source) in [("inbox", INBOX, SQLITE_INBOX), ("ledger", LEDGER, SQLITE_LEDGER)] {
            let conn = connect(&folder.join(file)).await?;
            let versions = migrations::run(conn, source).await?;
            done.extend(versions.into_iter().map(|version| format!("{name} {version}")));
        }
        Ok(done)
    }

    /// Takes back and runs again all migrations.
    #[cfg(feature = "testkit")]
    pub(crate) async fn revert_and_run_again(folder: PathBuf) -> Result<Vec<String>, StoreError> {
        for (file, source) in [(INBOX, SQLITE_INBOX), (LEDGER, SQLITE_LEDGER)] {
            migrations::revert_all(connect(&folder.join(file)).await?, source).await?;
        }
        Self::migrate(folder).await
    }

    /// The same inbox with another ledger.
    pub(super) fn beside(&self, ledger: Half) -> Self {
        let Shared { folder, readers, inbox, .. } = self.shared.as_ref();
        Self {
            shared: Arc::new(Shared {
                folder: folder.clone(),
                readers: *readers,
                inbox: inbox.clone(),
                ledger: RwLock::new(ledger),
                _lock: None,
            }),
        }
    }

    pub(super) async fn inbox_read(&self) -> Result<Pooled, StoreError> {
        self.shared.inbox.read().await
    }

    pub(super) async fn inbox_write(&self) -> Result<Pooled, StoreError> {
        self.shared.inbox.write().await
    }

    pub(super) async fn ledger_read(&self) -> Result<Pooled, StoreError> {
        self.ledger().read().await
    }

    pub(super) async fn ledger_write(&self) -> Result<Pooled, StoreError> {
        self.ledger().write().await
    }

    fn ledger(&self) -> Half {
        self.shared.ledger.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for damaged pages.
    async fn quick_check(&self) -> Result<(), StoreError> {
        for (table, mut conn) in
            [("inbox.db", self.inbox_read().await?), ("ledger.db", self.ledger_read().await?)]
        {
            let said: String = diesel::dsl::sql::<Text>("PRAGMA quick_check(1)")
                .get_result(&mut *conn)
                .await
                .map_err(at("check the pages of the store"))?;
            if said != "ok" {
                return Err(StoreError::Damaged { table, detail: said });
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    async fn ping(&self) -> Result<(), StoreError> {
        for mut conn in [self.inbox_read().await?, self.ledger_read().await?] {
            let _: String = diesel::dsl::sql::<Text>("SELECT '1'")
                .get_result(&mut *conn)
                .await
                .map_err(at("ping the store"))?;
        }
        Ok(())
    }

    async fn settings(&self) -> Result<Vec<(String, String, Result<(), String>)>, StoreError> {
        settings::settings(self).await
    }

    async fn scratch_ledger(&self) -> Result<Arc<dyn Store>, StoreError> {
        scratch::make(self).await
    }

    async fn drop_scratch(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError> {
        drop(scratch);
        scratch::remove(&self.shared.folder)
    }

    async fn swap_in(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError> {
        drop(scratch);
        scratch::swap_in(self).await
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Io { path: folder.display().to_string(), source })
}

fn lock_file(path: &Path) -> Result<File, StoreError> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| StoreError::Io { path: path.display().to_string(), source })
}

fn take_lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(SERVER_LOCK);
    let file = lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { folder: folder.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path: path.display().to_string(), source }),
    }
}

async fn wait_for_lock(path: PathBuf) -> Result<File, StoreError> {
    let shown = path.display().to_string();
    let locked = tokio::task::spawn_blocking(move || {
        let file = lock_file(&path)?;
        file.lock().map_err(|source| StoreError::Io { path: path.display().to_string(), source })?;
        Ok(file)
    });
    locked.await.unwrap_or_else(|error| {
        Err(StoreError::Io { path: shown, source: std::io::Error::other(error.to_string()) })
    })
}

async fn refuse_pending(folder: &Path) -> Result<(), StoreError> {
    for (file, source) in [(INBOX, SQLITE_INBOX), (LEDGER, SQLITE_LEDGER)] {
        if pending(&folder.join(file), &source).await? {
            return Err(StoreError::MigrationsPending);
        }
    }
    Ok(())
}

async fn pending(file: &Path, source: &EmbeddedMigrations) -> Result<bool, StoreError> {
    if !file.exists() {
        return Ok(true);
    }
    let mut conn = connect(file).await?;
    let found: Result<Vec<String>, _> =
        diesel::dsl::sql::<Text>("SELECT version FROM __diesel_schema_migrations").load(&mut conn).await;
    // No such table: nothing was ever run.
    let found = found.unwrap_or_default();
    Ok(migrations::versions::<Db>(source)?.into_iter().any(|version| !found.contains(&version)))
}

//! Connections to one file: one that writes, several that read.

use std::path::Path;

use diesel::ConnectionError;
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};

use super::dialect::Conn;
use crate::StoreError;

/// Waits for locks, and is durable: FULL, since NORMAL loses commits on power loss.
const PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
    PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; \
    PRAGMA secure_delete=ON; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA temp_store=MEMORY; \
    PRAGMA journal_size_limit=67108864; ";
const WRITER_PRAGMAS: &str = "PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;";
const READER_PRAGMAS: &str = "PRAGMA cache_size=-2048; PRAGMA query_only=ON;";

/// A connection from a pool.
pub(super) type Pooled = PooledConnection<'static, Conn>;

/// The connections to one file.
#[derive(Clone)]
pub(super) struct Half {
    /// SQLite lets one write at a time: a pool of one is the queue for it.
    writer: Pool<Conn>,
    readers: Pool<Conn>,
}

impl Half {
    /// Prepares connections; none is made yet.
    pub(super) async fn new(file: &Path, readers: u32) -> Result<Self, StoreError> {
        Ok(Self {
            writer: pool(file, 1, WRITER_PRAGMAS).await?,
            readers: pool(file, readers.max(1), READER_PRAGMAS).await?,
        })
    }

    pub(super) async fn write(&self) -> Result<Pooled, StoreError> {
        self.writer.get_owned().await.map_err(no_connection)
    }

    pub(super) async fn read(&self) -> Result<Pooled, StoreError> {
        self.readers.get_owned().await.map_err(no_connection)
    }
}

/// A connection outside of any pool.
pub(super) async fn connect(file: &Path) -> Result<Conn, StoreError> {
    establish(&file.to_string_lossy(), WRITER_PRAGMAS).await.map_err(no_connection)
}

async fn pool(file: &Path, size: u32, pragmas: &'static str) -> Result<Pool<Conn>, StoreError> {
    let mut config = ManagerConfig::<Conn>::default();
    config.custom_setup = Box::new(move |file| {
        let file = file.to_owned();
        Box::pin(async move { establish(&file, pragmas).await })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(file.to_string_lossy(), config);
    // A file does not go away; a connection whose transaction was cut is dropped anyway.
    Pool::builder().max_size(size).test_on_check_out(false).build(manager).await.map_err(no_connection)
}

async fn establish(file: &str, pragmas: &str) -> Result<Conn, ConnectionError> {
    let mut conn = Conn::establish(file).await?;
    let all = format!("{PRAGMAS}{pragmas}");
    conn.batch_execute(&all).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn no_connection(error: impl std::fmt::Display) -> StoreError {
    StoreError::Connection { detail: error.to_string() }
}

//! A store of a test's own.

use std::path::PathBuf;
use std::sync::Arc;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use ltv_core::Timestamp;
use ltv_core::testkit::day;
use store::Store;
use store::testkit::{TestPg, in_memory_of_a_test};
use tempfile::TempDir;

/// A store, and a way round it.
pub struct Fresh {
    pub store: Arc<dyn Store>,
    pub url: String,
    pub place: Place,
}

pub enum Place {
    Sqlite(TempDir),
    /// Kept, since the server ends with the last of its users.
    Postgres(#[expect(dead_code, reason = "held, not read")] Arc<TestPg>),
}

pub async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().display());
    let store = store::open(&url, in_memory_of_a_test()).await.unwrap();
    Fresh { store, url, place: Place::Sqlite(folder) }
}

pub async fn postgres(name: &str) -> Fresh {
    let server = TestPg::shared().unwrap();
    // Names of databases are cut at 63 bytes.
    let url = server.database(&name[..name.len().min(60)]).await.unwrap();
    let store = store::open(&url, in_memory_of_a_test()).await.unwrap();
    Fresh { store, url, place: Place::Postgres(server) }
}

/// The time at which tests begin.
pub fn now() -> Timestamp {
    day(100)
}

impl Fresh {
    pub fn folder(&self) -> PathBuf {
        match &self.place {
            Place::Sqlite(folder) => folder.path().to_path_buf(),
            Place::Postgres(_) => panic!("not a store in a folder"),
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
    }

    /// Runs statements as the owner of the database, past the store.
    pub async fn run(&self, half: &str, statements: &str) -> Result<(), String> {
        match &self.place {
            Place::Sqlite(folder) => {
                let file = folder.path().join(format!("{half}.db"));
                let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON;").unwrap();
                conn.batch_execute(statements).map_err(|error| error.to_string())
            }
            Place::Postgres(_) => {
                let client = client(&self.url).await;
                client.batch_execute(&format!("SET search_path = {half}")).await.unwrap();
                client.batch_execute(statements).await.map_err(|error| {
                    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
                })
            }
        }
    }
}

/// A connection past the store.
pub async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

//! The store on PostgreSQL: its connections and its schemas.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::ConnectionError;
use diesel::sql_types::{Bool, Text};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::EmbeddedMigrations;
use tokio::sync::Mutex;

use super::dialect::{Conn, Db};
use super::tls::Server;
use super::{scratch, settings};
use crate::StoreError;
use crate::migrations::{self, PG_INBOX, PG_LEDGER};
use crate::open::{Migrate, OpenOptions};
use crate::traits::Store;
use crate::tx::at;

/// The schema of the inbox.
const INBOX: &str = "inbox";
/// The schema of the ledger.
pub(super) const LEDGER: &str = "ledger";
/// No query of ours takes long; one that does must not hold up others.
const TIMEOUTS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; SET timezone = 'UTC';";
/// The advisory lock that is held while tables change.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(7080)";
/// The advisory lock that servers share, and that whoever replaces the ledger must have alone.
const SERVER_LOCK: i64 = 7082;
/// How many months of messages have partitions of their own, this one included.
const MONTHS: i32 = 13;

/// The store on PostgreSQL.
#[derive(Clone)]
pub(crate) struct PgStore {
    pub(super) shared: Arc<Shared>,
}

/// What the copies of a store share.
pub(super) struct Shared {
    pub(super) server: Server,
    /// Through which tables may be made.
    pub(super) owner: Server,
    pub(super) size: u32,
    pub(super) pool: Pool<Conn>,
    /// Kept open by a server: its share of the lock goes with it.
    serving: Mutex<Option<Conn>>,
}

impl PgStore {
    /// Opens the store in a database.
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Self, StoreError> {
        let server = Server::parse(url)?;
        let owner = match &options.migrate {
            Migrate::RunWith(url) => Server::parse(url)?,
            Migrate::Run | Migrate::Refuse => server.clone(),
        };
        if pending(&server).await? {
            match options.migrate {
                Migrate::Run | Migrate::RunWith(_) => drop(migrate(&owner).await?),
                Migrate::Refuse => return Err(StoreError::MigrationsPending),
            }
        } else if options.migrate != Migrate::Refuse {
            make_partitions(&owner).await;
        }
        let serving = if options.exclusive {
            let mut conn = connect(&server, "SET timezone = 'UTC'").await?;
            take_lock(&mut conn, "pg_try_advisory_lock_shared").await?;
            Some(conn)
        } else {
            None
        };
        let size = options.readers.max(2);
        let pool = pool(&server, size, LEDGER).await?;
        let serving = Mutex::new(serving);
        Ok(Self { shared: Arc::new(Shared { server, owner, size, pool, serving }) })
    }

    /// Brings both schemas up to date.
    pub(crate) async fn migrate(url: &str) -> Result<Vec<String>, StoreError> {
        migrate(&Server::parse(url)?).await
    }

    /// Takes back and runs again all migrations.
    #[cfg(feature = "testkit")]
    pub(crate) async fn revert_and_run_again(url: &str) -> Result<Vec<String>, StoreError> {
        let server = Server::parse(url)?;
        for (schema, source) in [(INBOX, PG_INBOX), (LEDGER, PG_LEDGER)] {
            let conn = connect(&server, &format!("SET search_path = {schema}")).await?;
            migrations::revert_all(conn, source).await?;
        }
        migrate(&server).await
    }

    /// The same inbox with the ledger in another schema.
    pub(super) async fn beside(&self, schema: &str) -> Result<Self, StoreError> {
        let Shared { server, owner, size, .. } = self.shared.as_ref();
        let pool = pool(server, *size, schema).await?;
        Ok(Self {
            shared: Arc::new(Shared {
                server: server.clone(),
                owner: owner.clone(),
                size: *size,
                pool,
                serving: Mutex::new(None),
            }),
        })
    }

    /// Replaces the ledger while no other server has the store.
    async fn swap_in_alone(&self) -> Result<(), StoreError> {
        let mut serving = self.shared.serving.lock().await;
        // A session never waits for its own share of the lock.
        let mut own = None;
        let conn = match serving.as_mut() {
            Some(conn) => conn,
            None => own.insert(connect(&self.shared.server, "SET timezone = 'UTC'").await?),
        };
        take_lock(conn, "pg_try_advisory_lock").await?;
        let swapped = scratch::swap_in(self).await;
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({SERVER_LOCK})"))
            .await
            .map_err(at("give back the lock of servers"))?;
        swapped
    }

    async fn conn(&self) -> Result<PooledConnection<'static, Conn>, StoreError> {
        self.shared.pool.get_owned().await.map_err(no_connection)
    }

    pub(super) async fn inbox_read(&self) -> Result<PooledConnection<'static, Conn>, StoreError> {
        self.conn().await
    }

    pub(super) async fn inbox_write(&self) -> Result<PooledConnection<'static, Conn>, StoreError> {
        self.conn().await
    }

    pub(super) async fn ledger_read(&self) -> Result<PooledConnection<'static, Conn>, StoreError> {
        self.conn().await
    }

    pub(super) async fn ledger_write(&self) -> Result<PooledConnection<'static, Conn>, StoreError> {
        self.conn().await
    }
}

#[async_trait]
impl Store for PgStore {
    fn backend(&self) -> &'static str {
        "postgres"
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let mut conn = self.conn().await?;
        let ask = "SELECT (SELECT store_id FROM store_meta) || (SELECT number FROM ledger_head)";
        let _: String =
            diesel::dsl::sql::<Text>(ask).get_result(&mut *conn).await.map_err(at("ping the store"))?;
        Ok(())
    }

    async fn settings(&self) -> Result<Vec<(String, String, Result<(), String>)>, StoreError> {
        settings::settings(&mut *self.conn().await?).await
    }

    async fn scratch_ledger(&self) -> Result<Arc<dyn Store>, StoreError> {
        scratch::make(self).await
    }

    async fn drop_scratch(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError> {
        drop(scratch);
        scratch::remove(self).await
    }

    async fn swap_in(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError> {
        drop(scratch);
        self.swap_in_alone().await
    }
}

/// Takes the lock of servers, or fails at once.
async fn take_lock(conn: &mut Conn, function: &str) -> Result<(), StoreError> {
    let taken: bool = diesel::dsl::sql::<Bool>(&format!("SELECT {function}({SERVER_LOCK})"))
        .get_result(conn)
        .await
        .map_err(at("take the lock of servers"))?;
    if taken { Ok(()) } else { Err(StoreError::Locked { folder: "the database".to_owned() }) }
}

async fn pool(server: &Server, size: u32, ledger: &str) -> Result<Pool<Conn>, StoreError> {
    let mut config = ManagerConfig::<Conn>::default();
    let (server, setup) = (server.clone(), format!("{TIMEOUTS} SET search_path = {ledger}, {INBOX};"));
    config.custom_setup = Box::new(move |_address| {
        let (server, setup) = (server.clone(), setup.clone());
        Box::pin(async move {
            let mut conn = server.connect().await?;
            conn.batch_execute(&setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        })
    });
    // The address is in the server; a ping before each use would cost a round trip, and finds no more than the use.
    let manager = AsyncDieselConnectionManager::new_with_config("", config);
    Pool::builder().max_size(size).test_on_check_out(false).build(manager).await.map_err(no_connection)
}

async fn connect(server: &Server, setup: &str) -> Result<Conn, StoreError> {
    let mut conn = server.connect().await.map_err(no_connection)?;
    conn.batch_execute(setup).await.map_err(at("set up a connection"))?;
    Ok(conn)
}

/// Looked up with no more than the right to read.
async fn pending(server: &Server) -> Result<bool, StoreError> {
    let mut conn = connect(server, "SET timezone = 'UTC'").await?;
    for (schema, source) in [(INBOX, PG_INBOX), (LEDGER, PG_LEDGER)] {
        let known: Vec<String> = diesel::dsl::sql::<Text>(&format!(
            "SELECT to_regclass('{schema}.__diesel_schema_migrations')::text \
                 WHERE to_regclass('{schema}.__diesel_schema_migrations') IS NOT NULL"
        ))
        .load(&mut conn)
        .await
        .map_err(at("look for pending migrations"))?;
        if known.is_empty() {
            return Ok(true);
        }
        let found: Vec<String> = diesel::dsl::sql::<Text>(&format!(
            "SELECT version::text FROM {schema}.__diesel_schema_migrations"
        ))
        .load(&mut conn)
        .await
        .map_err(at("look for pending migrations"))?;
        if migrations::versions::<Db>(&source)?.into_iter().any(|version| !found.contains(&version)) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn migrate(owner: &Server) -> Result<Vec<String>, StoreError> {
    // Held by a connection of its own until the end: the migrations themselves take no lock.
    let _lock = connect(owner, MIGRATION_LOCK).await?;
    let mut done = Vec::new();
    for (schema, source) in [(INBOX, PG_INBOX), (LEDGER, PG_LEDGER)] {
        let versions = migrate_schema(owner, schema, source).await.map_err(may_not_migrate)?;
        done.extend(versions.into_iter().map(|version| format!("{schema} {version}")));
    }
    make_partitions(owner).await;
    Ok(done)
}

/// Says what to do where the role may not make tables.
fn may_not_migrate(error: StoreError) -> StoreError {
    match chain_of(&error) {
        text if text.contains("permission denied") => StoreError::Migration {
            detail: format!(
                "migrations are pending and this role may not run them ({text}): run `ltv migrate` as the owner of the \
                 tables, or name that role's address in store.migrate_url"
            ),
        },
        _ => error,
    }
}

fn chain_of(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Makes a schema, where it is missing, and brings it up to date.
pub(super) async fn migrate_schema(
    owner: &Server,
    schema: &str,
    source: EmbeddedMigrations,
) -> Result<Vec<String>, StoreError> {
    let setup = format!("CREATE SCHEMA IF NOT EXISTS {schema}; SET search_path = {schema}");
    migrations::run(connect(owner, &setup).await?, source).await
}

/// Makes the partitions of the months to come. Where that fails, messages go into the rest, so it is no error.
async fn make_partitions(owner: &Server) {
    let make = format!("SELECT inbox.make_message_partitions(current_date, {MONTHS})");
    if let Err(error) = connect(owner, &make).await {
        tracing::warn!(error = %error, "Could not make the partitions of the months to come; run `ltv migrate`");
    }
}

/// Runs statements of the owner of the tables.
pub(super) async fn as_owner(store: &PgStore, statements: &str) -> Result<(), StoreError> {
    connect(&store.shared.owner, statements).await.map(drop)
}

pub(super) fn no_connection(error: impl std::fmt::Display) -> StoreError {
    StoreError::Connection { detail: error.to_string() }
}

//! Opening a store by its address.

use std::path::PathBuf;
use std::sync::Arc;

use crate::StoreError;
use crate::postgres::PgStore;
use crate::sqlite::SqliteStore;
use crate::traits::Store;

/// What to do about migrations that are pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Migrate {
    /// Run them.
    Run,
    /// Run them through this address, whose role may.
    RunWith(String),
    /// Fail.
    Refuse,
}

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// What to do about migrations that are pending.
    pub migrate: Migrate,
    /// How many connections may read at once (SQLite), or how many there are (PostgreSQL).
    pub readers: u32,
    /// True for a server. Of an embedded store there is one: it takes the lock file and checks the files. On PostgreSQL
    /// several share a lock, so that nobody replaces the ledger under them.
    pub exclusive: bool,
    /// Whether unsafe settings of the database are an error (I17).
    pub check_settings: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { migrate: Migrate::Run, readers: 4, exclusive: false, check_settings: true }
    }
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    /// A folder.
    Sqlite(PathBuf),
    /// A database, as the driver reads it.
    Postgres(String),
}

/// Opens the store at `sqlite:FOLDER`, `postgres://USER@HOST/DATABASE`, or `host=… user=… dbname=…`. A folder that is
/// missing is made, for its owner alone.
///
/// # Errors
/// [`StoreError`]; [`StoreError::UnsafeSettings`] names every setting that is unsafe.
pub async fn open(url: &str, options: OpenOptions) -> Result<Arc<dyn Store>, StoreError> {
    let store: Arc<dyn Store> = match address(url)? {
        Address::Sqlite(folder) => Arc::new(SqliteStore::open(folder, &options).await?),
        Address::Postgres(url) => Arc::new(PgStore::open(&url, &options).await?),
    };
    if options.check_settings {
        check_settings(store.as_ref()).await?;
    }
    Ok(store)
}

/// Brings the tables of a store up to date; answers which migrations were run, such as `inbox 20261123000001`.
///
/// # Errors
/// [`StoreError`]
pub async fn migrate(url: &str) -> Result<Vec<String>, StoreError> {
    match address(url)? {
        Address::Sqlite(folder) => SqliteStore::migrate(folder).await,
        Address::Postgres(url) => PgStore::migrate(&url).await,
    }
}

fn address(url: &str) -> Result<Address, StoreError> {
    if let Some(folder) = url.strip_prefix("sqlite:") {
        if !folder.is_empty() {
            return Ok(Address::Sqlite(PathBuf::from(folder)));
        }
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") || url.contains("host=") {
        return Ok(Address::Postgres(url.to_owned()));
    }
    Err(StoreError::BadUrl { url: without_password(url) })
}

/// The address as it may be shown.
pub(crate) fn without_password(url: &str) -> String {
    if let Some((scheme, rest)) = url.split_once("://")
        && let Some((user, host)) = rest.rsplit_once('@')
    {
        let user = user.split_once(':').map_or(user, |(user, _)| user);
        return format!("{scheme}://{user}@{host}");
    }
    url.split_whitespace()
        .map(|word| if word.starts_with("password=") { "password=…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

async fn check_settings(store: &dyn Store) -> Result<(), StoreError> {
    let problems: Vec<String> = store
        .settings()
        .await?
        .into_iter()
        .filter_map(|(name, value, safe)| safe.err().map(|mend| format!("{name} is {value}: {mend}")))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(StoreError::UnsafeSettings { problems }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(address("sqlite:/data").unwrap(), Address::Sqlite(PathBuf::from("/data")));
        for url in ["postgres://u@h/d", "postgresql://u@h/d", "host=/tmp user=u dbname=d"] {
            assert_eq!(address(url).unwrap(), Address::Postgres(url.to_owned()));
        }
    }

    #[test]
    fn an_address_of_nothing_is_refused_without_its_password() {
        for url in ["", "sqlite:", "mysql://root:secret@h/d"] {
            let error = address(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

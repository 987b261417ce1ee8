//! Private test databases, and what tests say to a store.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use store::testkit::{TestPg, in_memory_of_a_test};
//!
//! let server = TestPg::start(false)?; // fails, with what to install, where there are no server binaries
//! let store = store::open(&server.database("orders").await?, in_memory_of_a_test()).await?;
//! # Ok(())
//! # }
//! ```

mod said;
mod testdb;

pub use said::{a_message, book_all, default_booker, say, toy_booker};
pub use testdb::{TestDbError, TestPg};

use crate::StoreError;
use crate::open::{Migrate, OpenOptions};

/// How tests open a store: nothing is asked of the settings, since private servers do not flush.
#[must_use]
pub fn in_memory_of_a_test() -> OpenOptions {
    OpenOptions { migrate: Migrate::Run, readers: 4, exclusive: false, check_settings: false }
}

/// Takes back and runs again all migrations of a store, for the test that both ways work.
///
/// # Errors
/// [`StoreError`]
pub async fn revert_and_run_again(url: &str) -> Result<Vec<String>, StoreError> {
    match url.strip_prefix("sqlite:") {
        Some(folder) => crate::sqlite::SqliteStore::revert_and_run_again(folder.into()).await,
        None => crate::postgres::PgStore::revert_and_run_again(url).await,
    }
}

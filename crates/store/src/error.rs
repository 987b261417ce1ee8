//! Why the store failed.

use diesel::result::{DatabaseErrorKind, Error};

/// A failure of the store. What the business expects (a duplicate, a lost race) is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed.
    #[error("the database failed at {operation}")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// The cause.
        #[source]
        source: Error,
    },
    /// No connection could be had.
    #[error("no connection to the database: {detail}")]
    Connection {
        /// What the driver said.
        detail: String,
    },
    /// A migration failed.
    #[error("migration failed: {detail}")]
    Migration {
        /// What went wrong.
        detail: String,
    },
    /// Migrations are pending and may not be run from here.
    #[error("the store needs migrations: run `ltv migrate`")]
    MigrationsPending,
    /// A row that was read back is not valid.
    #[error("row of {table} is damaged: {detail}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A setting of the database is unsafe.
    #[error("unsafe database settings: {}", problems.join("; "))]
    UnsafeSettings {
        /// Each with how to mend it.
        problems: Vec<String>,
    },
    /// The store's address cannot be read.
    #[error("`{url}` is no store: use sqlite:FOLDER or postgres://USER@HOST/DATABASE")]
    BadUrl {
        /// The address, without password.
        url: String,
    },
    /// Another process has the store.
    #[error("the store in {folder} is in use by another process")]
    Locked {
        /// The folder.
        folder: String,
    },
    /// A sum does not fit.
    #[error("a sum is too large at {operation}")]
    Overflow {
        /// What was attempted.
        operation: &'static str,
    },
    /// The file system failed.
    #[error("could not access {path}")]
    Io {
        /// Where.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// True when the same call may succeed later: no connection, a lock, a serialisation failure, a full disk. False
    /// when what was to be stored is at fault.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Database { source, .. } => !at_fault(source),
            Self::Connection { .. } | Self::Io { .. } => true,
            Self::Migration { .. }
            | Self::MigrationsPending
            | Self::Damaged { .. }
            | Self::UnsafeSettings { .. }
            | Self::BadUrl { .. }
            | Self::Locked { .. }
            | Self::Overflow { .. } => false,
        }
    }
}

/// True when a constraint, a trigger or the type of a value refused.
fn at_fault(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::RestrictViolation,
            _
        ) | Error::SerializationError(_)
            | Error::DeserializationError(_)
            | Error::QueryBuilderError(_)
            | Error::InvalidCString(_)
    )
}

//! What goes wrong inside a transaction, and how one is run so that a dropped caller cannot cut it.

use std::future::Future;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};

use crate::StoreError;

/// How often a transaction is tried that lost against another.
const TRIES_MAX: u32 = 5;

/// A failure inside a transaction.
#[derive(Debug)]
pub(crate) enum Fail {
    /// The database.
    Database(Error),
    /// Anything else.
    Store(StoreError),
    /// The transaction saw that it must begin again.
    Again,
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fail {
    /// The error that callers see.
    pub(crate) fn at(self, operation: &'static str) -> StoreError {
        match self {
            Self::Database(source) => StoreError::Database { operation, source },
            Self::Store(error) => error,
            Self::Again => StoreError::Database { operation, source: Error::RollbackTransaction },
        }
    }

    /// True when another transaction was in the way (40001, 40P01), so that the same one may succeed at once.
    fn lost_a_race(&self) -> bool {
        match self {
            Self::Database(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))
            | Self::Again => true,
            // The driver has no kind of its own for 40P01.
            Self::Database(Error::DatabaseError(_, info)) => info.message().contains("deadlock detected"),
            Self::Database(_) | Self::Store(_) => false,
        }
    }
}

/// Runs a transaction in a task of its own: whoever waits for it may go away, and it still ends (I16). One that lost a
/// race is run again, whole.
pub(crate) async fn detached<T, Make, Run>(operation: &'static str, make: Make) -> Result<T, StoreError>
where
    T: Send + 'static,
    Make: Fn() -> Run + Send + 'static,
    Run: Future<Output = Result<T, Fail>> + Send + 'static,
{
    let task = tokio::spawn(async move {
        let mut tries = 1;
        loop {
            match make().await {
                Err(fail) if fail.lost_a_race() && tries < TRIES_MAX => {
                    tokio::time::sleep(Duration::from_millis(10 << tries)).await;
                    tries += 1;
                }
                done => return done.map_err(|fail| fail.at(operation)),
            }
        }
    });
    task.await.unwrap_or_else(|error| {
        Err(StoreError::Connection { detail: format!("the task of {operation} ended early: {error}") })
    })
}

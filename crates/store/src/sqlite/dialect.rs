//! What SQLite does in its own way. The bodies in `body/` are written once and compiled against this and against the
//! PostgreSQL twin.

use diesel::sqlite::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

/// A connection.
pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection>;
/// The backend of queries that are put together at run time.
pub(crate) type Db = diesel::sqlite::Sqlite;

/// Whether others may write between two statements of a transaction.
pub(crate) const OTHERS_WRITE: bool = false;

/// Runs a writing transaction. `BEGIN IMMEDIATE` is the lock.
macro_rules! in_tx {
    ($conn:expr, $work:expr) => {
        $conn.immediate_transaction($work).await
    };
}

/// Runs reads that must see one state.
macro_rules! snapshot {
    ($conn:expr, $work:expr) => {
        diesel_async::AsyncConnection::transaction(&mut *$conn, $work).await
    };
}

/// Locks the rows of a query.
macro_rules! locked {
    ($query:expr) => {
        $query
    };
}

/// Locks the rows of a query that nobody else has.
macro_rules! locked_free {
    ($query:expr) => {
        $query
    };
}

/// Inserts many rows and loads what it returns. diesel-async cannot express this for SQLite; diesel itself can.
macro_rules! insert_returning {
    ($conn:expr, $query:expr) => {{
        let query = $query;
        $conn.spawn_blocking(move |conn| diesel::RunQueryDsl::get_results(query, conn)).await
    }};
}

/// Inserts many rows.
macro_rules! insert_rows {
    ($conn:expr, $query:expr) => {{
        let query = $query;
        $conn.spawn_blocking(move |conn| diesel::RunQueryDsl::execute(query, conn)).await
    }};
}

/// Messages that came after a watermark.
macro_rules! arrived_after {
    ($xid:expr, $id:expr) => {{
        let _: i64 = $xid;
        diesel::ExpressionMethods::gt(crate::schema::inbox_key::id, $id)
    }};
}

/// Messages before which none can appear any more: all, since there is one writer.
macro_rules! settled {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("TRUE")
    };
}

/// The order in which messages are admitted.
macro_rules! arrival_order {
    () => {
        crate::schema::inbox_key::id
    };
}

pub(crate) use {
    arrival_order, arrived_after, in_tx, insert_returning, insert_rows, locked, locked_free, settled,
    snapshot,
};

/// Lets one transaction at a time look for what its observations touch: there is but one anyway.
pub(crate) async fn touch_lock(_conn: &mut Conn) -> diesel::QueryResult<()> {
    Ok(())
}

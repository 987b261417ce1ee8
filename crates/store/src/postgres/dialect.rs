//! What PostgreSQL does in its own way. The bodies in `body/` are written once and compiled against this and against
//! the SQLite twin.

use diesel_async::RunQueryDsl;

/// A connection.
pub(crate) type Conn = diesel_async::AsyncPgConnection;
/// The backend of queries that are put together at run time.
pub(crate) type Db = diesel::pg::Pg;

/// Whether others may write between two statements of a transaction.
pub(crate) const OTHERS_WRITE: bool = true;

/// Runs a writing transaction.
macro_rules! in_tx {
    ($conn:expr, $work:expr) => {
        diesel_async::AsyncConnection::transaction(&mut *$conn, $work).await
    };
}

/// Runs reads that must see one state.
macro_rules! snapshot {
    ($conn:expr, $work:expr) => {
        $conn.build_transaction().repeatable_read().read_only().run($work).await
    };
}

/// Locks the rows of a query.
macro_rules! locked {
    ($query:expr) => {
        $query.for_update()
    };
}

/// Locks the rows of a query that nobody else has.
macro_rules! locked_free {
    ($query:expr) => {
        $query.for_update().skip_locked()
    };
}

/// Inserts many rows and loads what it returns.
macro_rules! insert_returning {
    ($conn:expr, $query:expr) => {
        diesel_async::RunQueryDsl::get_results($query, &mut *$conn).await
    };
}

/// Inserts many rows.
macro_rules! insert_rows {
    ($conn:expr, $query:expr) => {
        diesel_async::RunQueryDsl::execute($query, &mut *$conn).await
    };
}

/// Messages that came after a watermark.
macro_rules! arrived_after {
    ($xid:expr, $id:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("(inbox_key.xid, inbox_key.id) > (")
            .bind::<diesel::sql_types::BigInt, _>($xid)
            .sql(", ")
            .bind::<diesel::sql_types::BigInt, _>($id)
            .sql(")")
    };
}

/// Messages before which none can appear any more. Numbers are given out before commits, and transactions commit in
/// any order; below the oldest transaction that still runs, all have ended.
macro_rules! settled {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(
            "inbox_key.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
        )
    };
}

/// The order in which messages are admitted.
macro_rules! arrival_order {
    () => {
        (crate::schema::inbox_key::xid, crate::schema::inbox_key::id)
    };
}

pub(crate) use {
    arrival_order, arrived_after, in_tx, insert_returning, insert_rows, locked, locked_free, settled,
    snapshot,
};

/// Lets one transaction at a time look for what its observations touch, until it commits. Otherwise two that each add
/// one half of a link would both miss the case that the link makes.
pub(crate) async fn touch_lock(conn: &mut Conn) -> diesel::QueryResult<()> {
    // A number of our own, and the schema, so that a ledger that is being rebuilt does not wait for the one that stands.
    diesel::sql_query("SELECT pg_advisory_xact_lock(7081, hashtext(current_schema()))").execute(conn).await?;
    Ok(())
}

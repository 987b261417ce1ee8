//! The settings that the start check looks at.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::dialect::Conn;
use crate::StoreError;
use crate::tx::at;

/// A setting, its value, and whether it is safe or how to mend it.
type Setting = (String, String, Result<(), String>);

/// The oldest server that we run on.
const VERSION_MIN: u32 = 150_000;

/// Settings with the values that are safe.
const WANTED: &[(&str, &[&str], &str)] = &[
    ("fsync", &["on"], "set fsync = on in postgresql.conf"),
    ("full_page_writes", &["on"], "set full_page_writes = on in postgresql.conf"),
    ("synchronous_commit", &["on", "remote_apply"], "set synchronous_commit = on for this role and database"),
    ("data_checksums", &["on"], "stop the server and run `pg_checksums --enable`"),
    ("data_sync_retry", &["off"], "set data_sync_retry = off in postgresql.conf"),
    (
        "password_encryption",
        &["scram-sha-256"],
        "set password_encryption = scram-sha-256 and renew passwords",
    ),
    ("statement_timeout", &["30s"], "let the service set it: a pooler between must keep session settings"),
    ("lock_timeout", &["5s"], "let the service set it: a pooler between must keep session settings"),
    (
        "idle_in_transaction_session_timeout",
        &["15s"],
        "let the service set it: a pooler between must keep session settings",
    ),
];

/// Every setting.
pub(super) async fn settings(conn: &mut Conn) -> Result<Vec<Setting>, StoreError> {
    let version = ask(conn, "current_setting('server_version_num')").await?;
    let new_enough = version.parse::<u32>().is_ok_and(|version| version >= VERSION_MIN);
    let safe = if new_enough { Ok(()) } else { Err("use PostgreSQL 15 or newer".to_owned()) };
    let mut found = vec![("server_version_num".to_owned(), version, safe)];
    for (name, wanted, mend) in WANTED {
        let value = ask(conn, &format!("COALESCE(current_setting('{name}', true), '')")).await?;
        let safe = if wanted.contains(&value.as_str()) { Ok(()) } else { Err((*mend).to_owned()) };
        found.push(((*name).to_owned(), value, safe));
    }
    found.push(transactions(conn).await?);
    Ok(found)
}

/// Messages are admitted in the order of their transactions' numbers. A logical restore into another server may bring
/// numbers that this server has not reached: new messages would then stay behind the watermark.
async fn transactions(conn: &mut Conn) -> Result<Setting, StoreError> {
    let ahead = ask(
        conn,
        "(SELECT COALESCE(MAX(xid), 0) > pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM inbox_key)::text",
    )
    .await?;
    let safe = if ahead == "false" {
        Ok(())
    } else {
        Err("the inbox comes from a server with newer transactions: stop this one and run \
             `pg_resetwal --next-transaction-id` past them, or restore a physical backup"
            .to_owned())
    };
    Ok(("inbox is ahead of the server's transactions".to_owned(), ahead, safe))
}

async fn ask(conn: &mut Conn, expression: &str) -> Result<String, StoreError> {
    diesel::dsl::sql::<Text>(&format!("SELECT {expression}"))
        .get_result(conn)
        .await
        .map_err(at("read the settings of the server"))
}

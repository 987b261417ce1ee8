use std::collections::BTreeSet;

use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl};

use crate::fresh::{Fresh, Place, client};

/// The tables as the queries know them.
const SCHEMA: &str = include_str!("../../src/schema.rs");

/// What each type is on PostgreSQL, and on SQLite.
const TYPES: &[(&str, &str, &str)] = &[
    ("BigInt", "bigint", "INTEGER"),
    ("Integer", "integer", "INTEGER"),
    ("Bool", "boolean", "INTEGER"),
    ("Text", "text", "TEXT"),
    ("Binary", "bytea", "BLOB"),
    ("Utc", "timestamp with time zone", "INTEGER"),
    ("Doc", "jsonb", "TEXT"),
];

/// Each column as `table.column type`, with `?` where it may be null.
fn declared(is_sqlite: bool) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let (mut table, mut named) = ("", None);
    for line in SCHEMA.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name;
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            named = Some(name.trim_end_matches("\"]"));
        } else if let Some((name, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let (_, postgres, sqlite) = TYPES
                .iter()
                .find(|(known, _, _)| *known == inner.unwrap_or(kind))
                .unwrap_or_else(|| panic!("no such type: {kind}"));
            let (name, kind) = (named.take().unwrap_or(name), if is_sqlite { sqlite } else { postgres });
            columns.insert(format!("{table}.{name} {kind}{}", if inner.is_some() { "?" } else { "" }));
        }
    }
    columns
}

const SQLITE: &str = "SELECT t.name || '.' || c.name || ' ' || c.type || \
    CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN '' ELSE '?' END \
    FROM pragma_table_list t, pragma_table_info(t.name) c \
    WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'";

const POSTGRES: &str = "SELECT table_name || '.' || column_name || ' ' || data_type || \
    CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END FROM information_schema.columns \
    WHERE table_schema IN ('inbox', 'ledger') AND table_name NOT LIKE '\\_\\_%' AND table_name NOT LIKE 'inbox_message\\__%'";

pub async fn the_tables_are_those_that_queries_know(fresh: Fresh) {
    let mut found = BTreeSet::new();
    match &fresh.place {
        Place::Sqlite(folder) => {
            for half in ["inbox", "ledger"] {
                let file = folder.path().join(format!("{half}.db"));
                let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
                found.extend(diesel::dsl::sql::<Text>(SQLITE).load::<String>(&mut conn).unwrap());
            }
        }
        Place::Postgres(_) => {
            let rows = client(&fresh.url).await.query(POSTGRES, &[]).await.unwrap();
            found.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        }
    }
    let declared = declared(fresh.is_sqlite());
    assert!(declared.len() > 100, "{}", declared.len());
    let odd: Vec<_> = declared.symmetric_difference(&found).collect();
    assert_eq!(odd, Vec::<&String>::new());
}

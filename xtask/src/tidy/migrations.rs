//! Both stores have the same migrations, and each can be run and reverted.

use std::collections::BTreeSet;

use super::report::Finding;
use super::tree::Tree;

const BACKENDS: [&str; 2] = ["sqlite", "postgres"];
const DATABASES: [&str; 2] = ["inbox", "ledger"];
const DIRECTIONS: [&str; 2] = ["up.sql", "down.sql"];

/// Names every migration that one store lacks, and every missing or empty direction.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for database in DATABASES {
        let names: BTreeSet<&str> =
            BACKENDS.iter().flat_map(|backend| names(tree, backend, database)).collect();
        if names.is_empty() {
            findings.push(Finding::new(format!("migrations/*/{database}"), "holds no migration"));
        }
        for name in names {
            for backend in BACKENDS {
                findings.extend(check_one(tree, &format!("migrations/{backend}/{database}/{name}")));
            }
        }
    }
    findings
}

fn names<'tree>(tree: &'tree Tree, backend: &str, database: &str) -> BTreeSet<&'tree str> {
    let folder = format!("migrations/{backend}/{database}/");
    tree.iter()
        .filter_map(|(path, _)| path.strip_prefix(&folder)?.split_once('/'))
        .map(|(name, _)| name)
        .collect()
}

fn check_one(tree: &Tree, folder: &str) -> Vec<Finding> {
    DIRECTIONS
        .iter()
        .filter_map(|direction| {
            let path = format!("{folder}/{direction}");
            match tree.text(&path) {
                None => {
                    Some(Finding::new(path, "is missing; both stores need the migration, in both directions"))
                }
                Some(text) if is_empty(text) => Some(Finding::new(path, "holds no statement")),
                Some(_) => None,
            }
        })
        .collect()
}

/// Comments alone do nothing.
fn is_empty(sql: &str) -> bool {
    sql.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(tree: &Tree) -> Vec<String> {
        check(tree).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn the_same_migrations_in_both_directions_pass() {
        let tree = Tree::from([
            ("migrations/postgres/inbox/1_create_inbox/down.sql", "DROP TABLE inbox;"),
            ("migrations/postgres/inbox/1_create_inbox/up.sql", "-- Why.\nCREATE TABLE inbox ();"),
            ("migrations/postgres/ledger/1_create_entry/down.sql", "DROP TABLE entry;"),
            ("migrations/postgres/ledger/1_create_entry/up.sql", "CREATE TABLE entry ();"),
            ("migrations/sqlite/inbox/1_create_inbox/down.sql", "DROP TABLE inbox;"),
            ("migrations/sqlite/inbox/1_create_inbox/up.sql", "CREATE TABLE inbox (id INTEGER);"),
            ("migrations/sqlite/ledger/1_create_entry/down.sql", "DROP TABLE entry;"),
            ("migrations/sqlite/ledger/1_create_entry/up.sql", "CREATE TABLE entry (id INTEGER);"),
        ]);
        assert_eq!(places(&tree), [""; 0]);
    }

    #[test]
    fn a_migration_of_one_store_only_and_an_empty_direction_are_found() {
        let tree = Tree::from([
            ("migrations/postgres/inbox/1_create_inbox/down.sql", "DROP TABLE inbox;"),
            ("migrations/postgres/inbox/1_create_inbox/up.sql", "CREATE TABLE inbox ();"),
            ("migrations/postgres/ledger/2_add_index/down.sql", "-- nothing\n\n"),
            ("migrations/postgres/ledger/2_add_index/up.sql", "CREATE INDEX i ON entry (at);"),
            ("migrations/sqlite/inbox/1_create_inbox/up.sql", "CREATE TABLE inbox (id INTEGER);"),
        ]);
        assert_eq!(
            places(&tree),
            [
                "migrations/sqlite/inbox/1_create_inbox/down.sql",
                "migrations/sqlite/ledger/2_add_index/up.sql",
                "migrations/sqlite/ledger/2_add_index/down.sql",
                "migrations/postgres/ledger/2_add_index/down.sql",
            ]
        );
    }

    #[test]
    fn a_database_without_any_migration_is_found() {
        assert_eq!(places(&Tree::default()), ["migrations/*/inbox", "migrations/*/ledger"]);
    }
}

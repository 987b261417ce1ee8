//! The settings that the start check looks at.

use std::path::Path;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::dialect::Conn;
use super::handle::SqliteStore;
use crate::StoreError;
use crate::tx::at;

/// A setting, its value, and whether it is safe or how to mend it.
type Setting = (String, String, Result<(), String>);

/// Older versions can lose the log when it is reset.
const VERSION_MIN: [u32; 3] = [3, 51, 3];

/// Pragmas with the values that they must have.
const PRAGMAS: &[(&str, &str, &str)] = &[
    ("journal_mode", "wal", "use a local file system that allows shared memory"),
    ("synchronous", "2", "set PRAGMA synchronous=FULL"),
    ("foreign_keys", "1", "set PRAGMA foreign_keys=ON"),
    ("trusted_schema", "0", "set PRAGMA trusted_schema=OFF"),
    ("cell_size_check", "1", "set PRAGMA cell_size_check=ON"),
    ("mmap_size", "0", "set PRAGMA mmap_size=0"),
    ("busy_timeout", "5000", "set PRAGMA busy_timeout=5000"),
    ("secure_delete", "1", "set PRAGMA secure_delete=ON"),
    ("fullfsync", "1", "set PRAGMA fullfsync=ON"),
    ("checkpoint_fullfsync", "1", "set PRAGMA checkpoint_fullfsync=ON"),
];

/// File systems over a network, whose locks cannot be trusted.
const REMOTE: &[&str] =
    &["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"];

/// Every setting of both files.
pub(super) async fn settings(store: &SqliteStore) -> Result<Vec<Setting>, StoreError> {
    let mut found = vec![version(&mut *store.inbox_read().await?).await?, file_system(&store.shared.folder)];
    for (file, mut conn) in [("inbox", store.inbox_write().await?), ("ledger", store.ledger_write().await?)] {
        for (name, wanted, mend) in PRAGMAS {
            // Some pragmas that this build does not know answer nothing.
            let value = ask(&mut conn, &format!("PRAGMA {name}")).await.unwrap_or_default();
            let safe = if value == *wanted { Ok(()) } else { Err((*mend).to_owned()) };
            found.push((format!("{file} {name}"), value, safe));
        }
        let loose = "SELECT CAST(COUNT(*) AS TEXT) FROM pragma_table_list \
             WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' \
             AND name NOT LIKE '\\_\\_%' ESCAPE '\\'";
        let count = ask(&mut conn, loose).await.map_err(at("look for loose tables"))?;
        let safe = if count == "0" {
            Ok(())
        } else {
            Err("every table must be STRICT: run `ltv migrate`".to_owned())
        };
        found.push((format!("{file} tables that are not strict"), count, safe));
    }
    Ok(found)
}

async fn ask(conn: &mut Conn, query: &str) -> diesel::QueryResult<String> {
    diesel::dsl::sql::<Text>(query).get_result(conn).await
}

async fn version(conn: &mut Conn) -> Result<Setting, StoreError> {
    let value = ask(conn, "SELECT sqlite_version()").await.map_err(at("read the version of SQLite"))?;
    let parts: Vec<u32> = value.split('.').filter_map(|part| part.parse().ok()).collect();
    let safe = if parts.as_slice() >= VERSION_MIN.as_slice() {
        Ok(())
    } else {
        Err("build with SQLite 3.51.3 or newer".to_owned())
    };
    Ok(("SQLite version".to_owned(), value, safe))
}

/// The type of the file system, where the machine tells it.
fn file_system(folder: &Path) -> Setting {
    let kind = std::fs::read_to_string("/proc/mounts").ok().and_then(|mounts| {
        let folder = folder.canonicalize().ok()?;
        file_system_of(&folder, &mounts)
    });
    let value = kind.unwrap_or_else(|| "unknown".to_owned());
    let safe = if REMOTE.contains(&value.as_str()) {
        Err("put the store on a local file system".to_owned())
    } else {
        Ok(())
    };
    ("file system".to_owned(), value, safe)
}

fn file_system_of(folder: &Path, mounts: &str) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/a / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n/dev/b /srv/data xfs rw 0 0\n";
        assert_eq!(file_system_of(Path::new("/srv/store"), mounts).unwrap(), "nfs4");
        assert_eq!(file_system_of(Path::new("/srv/data/store"), mounts).unwrap(), "xfs");
        assert_eq!(file_system_of(Path::new("/home"), mounts).unwrap(), "ext4");
    }
}

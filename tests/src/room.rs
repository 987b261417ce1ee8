//! Where there is room for the tests' databases.

use std::path::PathBuf;
use std::process::Command;

/// Memory that looks like a disk: everything is flushed as always, and no disk wears out.
const MEMORY: &str = "/dev/shm";
/// What must be free there, in KiB.
const MEMORY_KIB_MIN: u64 = 2 * 1024 * 1024;

/// Memory where there is plenty and nobody asks for another place with `TMPDIR`; else the folder for temporary files.
pub(crate) fn room() -> PathBuf {
    if std::env::var_os("TMPDIR").is_none() && memory_kib_free() >= Some(MEMORY_KIB_MIN) {
        PathBuf::from(MEMORY)
    } else {
        std::env::temp_dir()
    }
}

fn memory_kib_free() -> Option<u64> {
    let told = Command::new("df").args(["-Pk", MEMORY]).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

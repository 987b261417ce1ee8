//! The root key file: made once, read at each start, replaced whole.
//!
//! ```text
//! ltv-root-key 1
//! key 64 hexadecimal digits      the current one
//! key 64 hexadecimal digits      older ones, newest first
//! checksum 16 hexadecimal digits
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::digest;
use zeroize::Zeroizing;

use crate::cipher::{KEY_LEN, KeyId, KeyMaterial};
use crate::error::RootKeyError;
use crate::random::Random;

const TITLE: &str = "ltv-root-key 1";
const FILE_BYTES_MAX: u64 = 16 * 1024;
const CHECKSUM_LEN: usize = 8;
const GROUP_OR_OTHERS: u32 = 0o077;
const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// The current root key and the older ones that may still be needed.
pub(crate) struct KeyRing {
    pub(crate) current: KeyMaterial,
    pub(crate) older: Vec<KeyMaterial>,
}

impl KeyRing {
    pub(crate) fn find(&self, id: KeyId) -> Option<&KeyMaterial> {
        self.all().find(|key| key.id() == id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &KeyMaterial> {
        std::iter::once(&self.current).chain(&self.older)
    }

    fn render(&self) -> Zeroizing<String> {
        let mut text =
            Zeroizing::new(String::with_capacity(usize::try_from(FILE_BYTES_MAX).unwrap_or_default()));
        text.push_str(TITLE);
        for key in self.all() {
            text.push_str("\nkey ");
            text.push_str(&Zeroizing::new(hex::encode(key.expose())));
        }
        text.push('\n');
        let sum = checksum(&text);
        text.push_str(&format!("checksum {sum}\n"));
        text
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (body, sum) =
            text.rsplit_once("checksum ").ok_or("it has no checksum, so it may be cut short")?;
        if sum.strip_suffix('\n') != Some(checksum(body).as_str()) {
            return Err("its checksum does not fit its content");
        }
        let mut lines = body.lines();
        if lines.next() != Some(TITLE) {
            return Err("its first line is not that of a root key file of this release");
        }
        let keys: Option<Vec<_>> = lines.map(parse_key).collect();
        let mut keys = keys.ok_or("a line is not a key")?.into_iter();
        let current = keys.next().ok_or("it holds no key")?;
        Ok(Self { current, older: keys.collect() })
    }
}

fn parse_key(line: &str) -> Option<KeyMaterial> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    hex::decode_to_slice(line.strip_prefix("key ")?, bytes.as_mut_slice()).ok()?;
    KeyMaterial::from_slice(bytes.as_slice())
}

fn checksum(body: &str) -> String {
    let hash = digest::digest(&digest::SHA256, body.as_bytes());
    hex::encode(hash.as_ref().first_chunk::<CHECKSUM_LEN>().copied().unwrap_or_default())
}

/// Reads the file, or makes it, whoever comes first.
pub(crate) fn open_or_create(path: &Path, random: &dyn Random) -> Result<KeyRing, RootKeyError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    check_folder(folder)?;
    if let Some(ring) = read(path)? {
        return Ok(ring);
    }
    let ring = KeyRing { current: KeyMaterial::generate(random)?, older: Vec::new() };
    let temporary = write_temporary(path, &ring, random)?;
    // A link fails where a name exists, so the file appears whole and exactly once, also between two
    // processes.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).map_err(failed("remove", &temporary))?;
    sync_folder(folder)?;
    match linked {
        Ok(()) => Ok(ring),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| failed("read", path)(error))
        }
        Err(error) => Err(failed("make the root key file", path)(error)),
    }
}

/// Changes the ring in the file, one process at a time, and answers the new one.
pub(crate) fn change<E: From<RootKeyError>>(
    path: &Path,
    random: &dyn Random,
    edit: impl FnOnce(KeyRing) -> Result<KeyRing, E>,
) -> Result<KeyRing, E> {
    let folder = folder_of(path);
    let lock = File::open(folder).map_err(failed("open", folder))?;
    lock.lock().map_err(failed("lock", folder))?;
    let missing = || failed("read", path)(ErrorKind::NotFound.into());
    let ring = edit(read(path)?.ok_or_else(missing)?)?;
    let temporary = write_temporary(path, &ring, random)?;
    fs::rename(&temporary, path).map_err(failed("replace", path))?;
    sync_folder(folder)?;
    Ok(ring)
}

/// `None` when there is no file.
fn read(path: &Path) -> Result<Option<KeyRing>, RootKeyError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open the root key file", path)(error)),
    };
    let mode = file.metadata().map_err(failed("inspect", path))?.permissions().mode();
    if mode & GROUP_OR_OTHERS != 0 {
        return Err(RootKeyError::FileOpenToOthers { path: path.to_owned(), mode: mode & 0o777 });
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(FILE_BYTES_MAX).unwrap_or_default()));
    let damaged = |problem| RootKeyError::Damaged { path: path.to_owned(), problem };
    match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => KeyRing::parse(&text).map(Some).map_err(damaged),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(damaged("it is not text")),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Writes the ring beside `path`, safe from power loss.
fn write_temporary(path: &Path, ring: &KeyRing, random: &dyn Random) -> Result<PathBuf, RootKeyError> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", hex::encode(suffix)));
    let temporary = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(failed("make", &temporary))?;
    file.write_all(ring.render().as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed("write", &temporary))?;
    Ok(temporary)
}

/// Makes the folder and those above it that are missing, safe from power loss.
fn make_folder(folder: &Path) -> Result<(), RootKeyError> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed("make the folder", folder))?;
    missing.into_iter().try_for_each(|made| sync_folder(folder_of(made)))
}

fn check_folder(folder: &Path) -> Result<(), RootKeyError> {
    let mode = fs::metadata(folder).map_err(failed("inspect", folder))?.permissions().mode();
    // In a sticky folder, such as the system's temporary one, only a file's owner can replace it.
    if mode & GROUP_OR_OTHERS_WRITE != 0 && mode & STICKY == 0 {
        return Err(RootKeyError::FolderOpenToOthers { path: folder.to_owned(), mode: mode & 0o777 });
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<(), RootKeyError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(failed("flush", folder))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RootKeyError {
    let path = path.to_owned();
    move |source| RootKeyError::Io { attempt, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(current: u8, older: &[u8]) -> KeyRing {
        let key = |byte: &u8| KeyMaterial::from_slice(&[*byte; KEY_LEN]).unwrap();
        KeyRing { current: key(&current), older: older.iter().map(key).collect() }
    }

    #[test]
    fn a_written_ring_reads_back_in_its_order() {
        let read = KeyRing::parse(&ring(3, &[2, 1]).render()).ok().unwrap();
        let first_bytes: Vec<u8> = read.all().map(|key| key.expose()[0]).collect();
        assert_eq!(first_bytes, [3, 2, 1]);
    }

    /// Pins the form of the file: one that was kept apart for years must still be read.
    #[test]
    fn the_form_of_the_file_stays_as_it_is() {
        let digits = "07".repeat(32);
        let expected = format!("ltv-root-key 1\nkey {digits}\nchecksum 13e0f5f99663d512\n");
        assert_eq!(ring(7, &[]).render().as_str(), expected);
    }

    #[test]
    fn every_shortened_file_is_refused() {
        let text = ring(3, &[2]).render();
        for length in 0..text.len() {
            assert!(KeyRing::parse(&text[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn each_damage_is_named() {
        let with_sum = |body: &str| format!("{body}checksum {}\n", checksum(body));
        let problem = |text: &str| KeyRing::parse(text).err().unwrap();
        let changed = ring(3, &[]).render().replacen("03", "13", 1);
        assert_eq!(problem(&changed), "its checksum does not fit its content");
        assert_eq!(problem("ltv-root-key 1\n"), "it has no checksum, so it may be cut short");
        assert_eq!(problem(&with_sum("ltv-root-key 1\n")), "it holds no key");
        assert_eq!(problem(&with_sum("ltv-root-key 1\nkey 0707\n")), "a line is not a key");
        assert_eq!(
            problem(&with_sum(&format!("ltv-root-key 2\nkey {}\n", "07".repeat(32)))),
            "its first line is not that of a root key file of this release"
        );
    }

    #[test]
    fn a_bare_file_name_lies_in_the_working_folder() {
        assert_eq!(folder_of(Path::new("root.key")), Path::new("."));
        assert_eq!(folder_of(Path::new("data/root.key")), Path::new("data"));
    }
}

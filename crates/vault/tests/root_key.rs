//! The root key file: how it is made, and which ones are refused.
#![expect(clippy::unwrap_used, reason = "tests may stop")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;

use tempfile::TempDir;
use vault::kms::PlainKey;
use vault::{Kms, KmsError, RootKey, RootKeyError, VaultError};

fn new_path() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/root.key");
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refusal(path: &Path) -> RootKeyError {
    match RootKey::open_or_create(path) {
        Err(VaultError::RootKey(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_start_makes_a_private_file_in_a_private_folder_and_the_next_reads_it() {
    let (_folder, path) = new_path();
    let made = RootKey::open_or_create(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(RootKey::open_or_create(&path).unwrap().id(), made.id());
    let names: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["root.key"]);
}

#[test]
fn two_files_hold_two_keys() {
    let ((_one, one), (_other, other)) = (new_path(), new_path());
    assert_ne!(RootKey::open_or_create(&one).unwrap().id(), RootKey::open_or_create(&other).unwrap().id());
}

#[test]
fn many_first_starts_at_once_agree_on_one_key() {
    let (_folder, path) = new_path();
    let together = Barrier::new(8);
    let mut ids: Vec<String> = std::thread::scope(|scope| {
        let start = || {
            together.wait();
            RootKey::open_or_create(&path).unwrap().id()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[test]
fn a_file_that_others_can_read_is_refused_until_it_is_closed() {
    let (_folder, path) = new_path();
    let made = RootKey::open_or_create(&path).unwrap();
    for open_mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
        set_mode(&path, open_mode);
        let refusal = refusal(&path);
        assert!(
            matches!(refusal, RootKeyError::FileOpenToOthers { mode, .. } if mode == open_mode),
            "{refusal:?}"
        );
        assert!(refusal.to_string().contains(&format!("chmod 600 {}", path.display())));
    }
    for private_mode in [0o600, 0o400] {
        set_mode(&path, private_mode);
        assert_eq!(RootKey::open_or_create(&path).unwrap().id(), made.id());
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_refused_unless_it_is_sticky() {
    let (_folder, path) = new_path();
    RootKey::open_or_create(&path).unwrap();
    let folder = path.parent().unwrap();
    for open_mode in [0o770, 0o702] {
        set_mode(folder, open_mode);
        let refusal = refusal(&path);
        assert!(
            matches!(refusal, RootKeyError::FolderOpenToOthers { mode, .. } if mode == open_mode),
            "{refusal:?}"
        );
        assert!(refusal.to_string().contains(&format!("chmod 700 {}", folder.display())));
    }
    for safe_mode in [0o1777, 0o755, 0o700] {
        set_mode(folder, safe_mode);
        assert!(RootKey::open_or_create(&path).is_ok(), "{safe_mode:o}");
    }
}

#[test]
fn a_short_or_damaged_file_is_refused_and_left_alone() {
    let (_folder, path) = new_path();
    RootKey::open_or_create(&path).unwrap();
    let right = fs::read(&path).unwrap();
    let mut flipped = right.clone();
    *flipped.get_mut(20).unwrap() ^= 1;
    let short = right.split_last().unwrap().1.to_vec();
    for damaged in [Vec::new(), short, flipped, vec![0xff; 99], vec![b'x'; 20_000]] {
        fs::write(&path, &damaged).unwrap();
        let refusal = refusal(&path);
        assert!(matches!(refusal, RootKeyError::Damaged { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("put the kept copy back"));
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

#[test]
fn a_folder_in_place_of_the_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o700);
    let refusal = refusal(&path);
    assert!(matches!(refusal, RootKeyError::Io { .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("root.key"));
}

#[tokio::test]
async fn a_rotated_root_opens_what_the_older_one_wrapped_until_that_is_destroyed() {
    let (_folder, path) = new_path();
    let root = RootKey::open_or_create(&path).unwrap();
    let old_id = root.id();
    let old = root.generate(b"store").await.unwrap();
    assert_eq!(old.root_id, old_id);
    let new_id = root.rotate().await.unwrap();
    assert_eq!((mode(&path), root.id()), (0o600, new_id.clone()));
    let new = root.generate(b"store").await.unwrap();
    assert_eq!(new.root_id, new_id);

    let reread = RootKey::open_or_create(&path).unwrap();
    assert!(reread.unwrap(&old.wrapped, b"store").await.is_ok());
    reread.destroy(&old_id).await.unwrap();
    let gone = reread.unwrap(&old.wrapped, b"store").await;
    let Err(KmsError::UnknownKey { wanted, held }) = gone else { panic!("{gone:?}") };
    assert_eq!((wanted, held), (old_id, new_id));
    assert!(reread.unwrap(&new.wrapped, b"store").await.is_ok());
    assert!(RootKey::open_or_create(&path).unwrap().unwrap(&old.wrapped, b"store").await.is_err());
}

#[tokio::test]
async fn the_current_root_key_is_not_destroyed() {
    let (_folder, path) = new_path();
    let root = RootKey::open_or_create(&path).unwrap();
    let refused = root.destroy(&root.id()).await;
    assert!(matches!(refused, Err(KmsError::Current { .. })), "{refused:?}");
    assert_eq!(RootKey::open_or_create(&path).unwrap().id(), root.id());
}

#[tokio::test]
async fn rotations_of_two_processes_lose_no_key() {
    let (_folder, path) = new_path();
    let (one, other) = (RootKey::open_or_create(&path).unwrap(), RootKey::open_or_create(&path).unwrap());
    one.rotate().await.unwrap();
    let wrapped_by_one = one.generate(b"store").await.unwrap();
    other.rotate().await.unwrap();
    assert!(other.unwrap(&wrapped_by_one.wrapped, b"store").await.is_ok());
}

#[tokio::test]
async fn a_root_key_given_as_bytes_wraps_but_does_not_rotate() {
    use secrecy::ExposeSecret;
    let root = RootKey::from_bytes([7; 32]);
    let key = PlainKey::new(Box::new([5; 32]));
    let wrapped = root.wrap(&key, b"store").await.unwrap().wrapped;
    assert_eq!(root.unwrap(&wrapped, b"store").await.unwrap().expose_secret(), &[5; 32]);
    assert!(matches!(root.unwrap(&wrapped, b"other").await, Err(KmsError::NotAuthentic)));
    assert!(matches!(root.unwrap(b"short", b"store").await, Err(KmsError::NotAuthentic)));
    assert!(matches!(root.rotate().await, Err(KmsError::Fixed)));
    assert!(matches!(root.destroy("0").await, Err(KmsError::Fixed)));
}

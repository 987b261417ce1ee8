use std::os::unix::fs::PermissionsExt;

use store::testkit::in_memory_of_a_test;
use store::{Migrate, OpenOptions, StoreError};

use crate::fresh::sqlite;

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_an_embedded_store_are_safe() {
    let fresh = sqlite().await;
    let settings = fresh.store.settings().await.unwrap();
    assert!(settings.len() > 20);
    let problems: Vec<_> = settings.iter().filter(|(_, _, safe)| safe.is_err()).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_has_the_store_and_others_run_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new/store").display());
    let alone = OpenOptions { exclusive: true, check_settings: true, ..in_memory_of_a_test() };
    let server = store::open(&url, alone.clone()).await.unwrap();
    let mode = std::fs::metadata(folder.path().join("new/store")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(matches!(store::open(&url, alone.clone()).await, Err(StoreError::Locked { .. })));
    let beside = store::open(&url, in_memory_of_a_test()).await.unwrap();
    assert_eq!(beside.store_id().await.unwrap(), server.store_id().await.unwrap());
    drop((server, beside));
    store::open(&url, alone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_migrations_are_refused_where_they_may_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().display());
    let refuse = OpenOptions { migrate: Migrate::Refuse, ..in_memory_of_a_test() };
    assert!(matches!(store::open(&url, refuse.clone()).await, Err(StoreError::MigrationsPending)));
    let (a, b) = tokio::join!(store::migrate(&url), store::migrate(&url));
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 4);
    store::open(&url, refuse).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_not_served() {
    let fresh = sqlite().await;
    let folder = fresh.folder();
    let bytes = std::fs::read(folder.join("ledger.db")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("inbox.db"), copy.path().join("inbox.db")).unwrap();
    let mut damaged = bytes.clone();
    let half = damaged.len() / 2;
    damaged[half..].fill(0x5a);
    std::fs::write(copy.path().join("ledger.db"), damaged).unwrap();
    let alone = OpenOptions { exclusive: true, ..in_memory_of_a_test() };
    assert!(store::open(&format!("sqlite:{}", copy.path().display()), alone).await.is_err());
}

/// Plain tests and actix run on a runtime of one thread.
#[tokio::test]
async fn a_store_opens_on_a_runtime_of_one_thread() {
    let fresh = sqlite().await;
    fresh.store.ping().await.unwrap();
    let again = store::open(&fresh.url, in_memory_of_a_test()).await.unwrap();
    again.ping().await.unwrap();
}

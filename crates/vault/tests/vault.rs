//! The vault as its users see it, over a key table in memory.
#![expect(clippy::unwrap_used, reason = "tests may stop")]

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use ltv_core::Party;
use proptest::prelude::*;
use tokio::sync::Barrier;
use uuid::Uuid;
use vault::api_key::{ApiKeyText, Environment};
use vault::testkit::MemoryShelf;
use vault::{
    KeyShelf, Kms, PAYLOAD_BYTES_MAX, Random, RandomFailed, RootKey, Sealed, ShelfError, SystemRandom, Vault,
    VaultError, WrappedKey,
};

const TABLE: &str = "inbox_message";
const STORE: Uuid = Uuid::from_u128(1);
const ROW: Uuid = Uuid::from_u128(2);
const PLAIN: &[u8] = b"{\"id\":\"evt_1\",\"customer\":\"cus_1\",\"email\":\"a@example.com\"}";

async fn vault_over(shelf: &Arc<MemoryShelf>) -> Vault {
    Vault::open(RootKey::from_bytes([7; 32]), shelf.clone(), STORE).await.unwrap()
}

async fn new_vault() -> Vault {
    vault_over(&Arc::default()).await
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn party(text: &str) -> Party {
    text.parse().unwrap()
}

async fn open(vault: &Vault, id: Uuid, sealed: &Sealed) -> Result<Vec<u8>, VaultError> {
    vault.open_sealed(TABLE, id, &sealed.ciphertext, &sealed.wrapped_key, &sealed.key_name).await
}

#[tokio::test]
async fn a_sealed_row_opens_also_after_a_restart() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let key = vault.epoch_key(day()).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
    assert_eq!(sealed.key_name, "epoch:2026-11-23");
    assert_eq!(open(&vault, ROW, &sealed).await.unwrap(), PLAIN);
    assert_eq!(open(&vault_over(&shelf).await, ROW, &sealed).await.unwrap(), PLAIN);
}

#[tokio::test]
async fn the_same_text_never_seals_to_the_same_bytes() {
    let vault = new_vault().await;
    let key = vault.epoch_key(day()).await.unwrap();
    let (one, other) =
        (vault.seal(&key, TABLE, ROW, PLAIN).unwrap(), vault.seal(&key, TABLE, ROW, PLAIN).unwrap());
    assert_ne!(one.ciphertext, other.ciphertext);
    assert_ne!(one.wrapped_key, other.wrapped_key);
}

#[tokio::test]
async fn a_row_moved_to_another_id_table_or_store_is_refused() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let key = vault.epoch_key(day()).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
    let other_row = open(&vault, Uuid::from_u128(3), &sealed).await;
    assert!(matches!(other_row, Err(VaultError::NotAuthentic { .. })), "{other_row:?}");
    let (text, wrapped) = (&sealed.ciphertext, &sealed.wrapped_key);
    let other_table = vault.open_sealed("dead_letter", ROW, text, wrapped, &sealed.key_name).await;
    assert!(matches!(other_table, Err(VaultError::NotAuthentic { .. })), "{other_table:?}");
    let other_store = Vault::open(RootKey::from_bytes([7; 32]), shelf, Uuid::from_u128(9)).await;
    assert!(matches!(other_store, Err(VaultError::NotAuthentic { .. })), "{other_store:?}");
}

#[tokio::test]
async fn the_ciphertext_of_one_row_does_not_open_with_the_key_of_another() {
    let vault = new_vault().await;
    let key = vault.epoch_key(day()).await.unwrap();
    let one = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
    let other = vault.seal(&key, TABLE, ROW, b"other").unwrap();
    let mixed = Sealed { ciphertext: one.ciphertext, ..other };
    let refused = open(&vault, ROW, &mixed).await;
    assert!(matches!(refused, Err(VaultError::NotAuthentic { .. })), "{refused:?}");
}

#[tokio::test]
async fn rewrapping_keeps_the_ciphertext_and_leaves_the_old_key() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let epoch = vault.epoch_key(day()).await.unwrap();
    let subject = vault.subject_key(&party("stripe:cus_1")).await.unwrap();
    let sealed = vault.seal(&epoch, TABLE, ROW, PLAIN).unwrap();
    let (wrapped_key, key_name) =
        vault.rewrap(TABLE, ROW, &sealed.wrapped_key, &sealed.key_name, &subject).await.unwrap();
    assert_eq!(key_name, subject.name());
    assert!(shelf.destroy(epoch.name()));
    vault.forget(epoch.name());
    let rewrapped = Sealed { wrapped_key, key_name, ..sealed.clone() };
    assert_eq!(open(&vault, ROW, &rewrapped).await.unwrap(), PLAIN);
    let old = open(&vault, ROW, &sealed).await;
    assert!(matches!(old, Err(VaultError::KeyDestroyed { .. })), "{old:?}");
    let again = vault.rewrap(TABLE, ROW, &sealed.wrapped_key, &sealed.key_name, &subject).await;
    assert!(matches!(again, Err(VaultError::KeyDestroyed { .. })), "{again:?}");
}

#[tokio::test]
async fn rewrapping_for_another_row_is_refused() {
    let vault = new_vault().await;
    let key = vault.epoch_key(day()).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
    let refused = vault.rewrap(TABLE, Uuid::from_u128(3), &sealed.wrapped_key, &sealed.key_name, &key).await;
    assert!(matches!(refused, Err(VaultError::NotAuthentic { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_a_destroyed_key_sealed_stays_closed_after_a_new_key_of_the_same_party() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let key = vault.subject_key(&party("stripe:cus_1")).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
    shelf.destroy(key.name());
    vault.forget(key.name());
    let newer = vault.subject_key(&party("stripe:cus_1")).await.unwrap();
    assert_eq!(newer.name(), key.name());
    let refused = open(&vault, ROW, &sealed).await;
    assert!(matches!(refused, Err(VaultError::KeyDestroyed { .. })), "{refused:?}");
    let later = vault.seal(&newer, TABLE, ROW, PLAIN).unwrap();
    assert_eq!(open(&vault, ROW, &later).await.unwrap(), PLAIN);
}

#[tokio::test]
async fn each_party_has_a_key_of_its_own_and_its_name_names_nobody() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let one = vault.subject_key(&party("stripe:cus_1")).await.unwrap();
    let other = vault.subject_key(&party("stripe:cus_2")).await.unwrap();
    assert_ne!(one.name(), other.name());
    assert_eq!(vault.subject_key_name(&party("stripe:cus_1")).await.unwrap(), one.name());
    assert_eq!(one.name().len(), "subject:".len() + 64);
    assert!(shelf.names().iter().all(|name| !name.contains("cus_")), "{:?}", shelf.names());
}

#[tokio::test]
async fn a_key_row_that_was_swapped_or_changed_is_refused() {
    let shelf = Arc::new(MemoryShelf::default());
    let vault = vault_over(&shelf).await;
    let (one, other) = ("epoch:2026-11-23", "named:other");
    vault.epoch_key(day()).await.unwrap();
    vault.named_key("other").await.unwrap();
    let (mut own, swapped) =
        (shelf.key(one).await.unwrap().unwrap(), shelf.key(other).await.unwrap().unwrap());
    *own.wrapped.last_mut().unwrap() ^= 1;
    for row in [own, WrappedKey { name: one.to_owned(), ..swapped }] {
        shelf.replace(row);
        let refused = vault_over(&shelf).await.epoch_key(day()).await;
        assert!(matches!(refused, Err(VaultError::NotAuthentic { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn another_root_key_is_refused_with_advice() {
    let shelf = Arc::new(MemoryShelf::default());
    vault_over(&shelf).await;
    let refused = Vault::open(RootKey::from_bytes([8; 32]), shelf, STORE).await.unwrap_err();
    assert!(matches!(refused, VaultError::WrongRootKey { .. }), "{refused:?}");
    let text = refused.to_string();
    let (right, wrong) = (RootKey::from_bytes([7; 32]).id(), RootKey::from_bytes([8; 32]).id());
    assert!(
        text.contains(&right) && text.contains(&wrong) && text.contains("put the right root key file back")
    );
}

/// Lets all first looks happen before the first key is kept, the worst order.
struct SlowShelf {
    kept: MemoryShelf,
    looked: Barrier,
}

#[async_trait]
impl KeyShelf for SlowShelf {
    async fn key(&self, name: &str) -> Result<Option<WrappedKey>, ShelfError> {
        let found = self.kept.key(name).await;
        if name.starts_with("epoch:") {
            self.looked.wait().await;
        }
        found
    }

    async fn put_key(&self, key: WrappedKey) -> Result<WrappedKey, ShelfError> {
        self.kept.put_key(key).await
    }
}

#[tokio::test]
async fn concurrent_first_uses_of_an_epoch_key_yield_one_key() {
    const USERS: usize = 8;
    let shelf = Arc::new(SlowShelf { kept: MemoryShelf::default(), looked: Barrier::new(USERS) });
    let vault = Vault::open(RootKey::from_bytes([7; 32]), shelf.clone(), STORE).await.unwrap();
    let tasks: Vec<_> = (0..USERS)
        .map(|_| {
            let vault = vault.clone();
            tokio::spawn(async move {
                let key = vault.epoch_key(day()).await.unwrap();
                vault.seal(&key, TABLE, ROW, PLAIN).unwrap()
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    assert_eq!(shelf.kept.names(), ["epoch:2026-11-23", "store:1"]);
    for sealed in &all {
        assert_eq!(open(&vault, ROW, sealed).await.unwrap(), PLAIN);
    }
}

struct BrokenShelf;

#[async_trait]
impl KeyShelf for BrokenShelf {
    async fn key(&self, _: &str) -> Result<Option<WrappedKey>, ShelfError> {
        Err(ShelfError::new("database is away"))
    }

    async fn put_key(&self, _: WrappedKey) -> Result<WrappedKey, ShelfError> {
        Err(ShelfError::new("database is away"))
    }
}

#[tokio::test]
async fn a_key_table_that_does_not_answer_may_be_asked_again() {
    let failed = Vault::open(RootKey::from_bytes([7; 32]), Arc::new(BrokenShelf), STORE).await.unwrap_err();
    assert!(failed.is_retryable());
    assert_eq!(failed.to_string(), "could not read the key `store:1`");
    let cause = std::error::Error::source(&failed).and_then(|shelf| shelf.source()).unwrap();
    assert_eq!(cause.to_string(), "database is away");
    assert!(!VaultError::KeyDestroyed { name: "a".into() }.is_retryable());
}

/// A source that is not available.
struct FailingRandom;

impl Random for FailingRandom {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomFailed> {
        Err(RandomFailed)
    }
}

#[tokio::test]
async fn without_randomness_nothing_is_made() {
    let shelf = Arc::new(MemoryShelf::default());
    let good = vault_over(&shelf).await;
    let key = good.epoch_key(day()).await.unwrap();
    let root = Arc::new(RootKey::from_bytes([7; 32]));
    let vault = Vault::open_with(root, shelf.clone(), STORE, Arc::new(FailingRandom)).await.unwrap();
    assert!(matches!(vault.seal(&key, TABLE, ROW, PLAIN), Err(VaultError::Random(_))));
    assert!(matches!(vault.named_key("new").await, Err(VaultError::Random(_))));
    assert!(matches!(vault.new_api_key(Environment::Live), Err(VaultError::Random(_))));
    assert!(vault.fill_random(&mut [0; 4]).is_err());
    assert_eq!(shelf.names(), ["epoch:2026-11-23", "store:1"]);
}

#[tokio::test]
async fn a_secret_opens_for_its_own_purpose_only() {
    let vault = new_vault().await;
    let sealed = vault.seal_value("integration:a", b"whsec_1").await.unwrap();
    assert_eq!(vault.open_value("integration:a", &sealed).await.unwrap().as_slice(), b"whsec_1");
    let refused = vault.open_value("integration:b", &sealed).await;
    assert!(matches!(refused, Err(VaultError::NotAuthentic { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_blind_index_depends_on_purpose_value_and_store_alone() {
    let vault = new_vault().await;
    let index = vault.blind_index("email", "a@example.com").await.unwrap();
    assert_eq!(index, vault.blind_index("email", "a@example.com").await.unwrap());
    assert_ne!(index, vault.blind_index("email", "b@example.com").await.unwrap());
    assert_ne!(index, vault.blind_index("phone", "a@example.com").await.unwrap());
    assert_ne!(index, vault.blind_index("emaila", "@example.com").await.unwrap());
    assert_ne!(index, new_vault().await.blind_index("email", "a@example.com").await.unwrap());
}

#[tokio::test]
async fn an_api_key_made_here_verifies_under_the_pepper() {
    let vault = new_vault().await;
    let (made, other) =
        (vault.new_api_key(Environment::Test).unwrap(), vault.new_api_key(Environment::Test).unwrap());
    let pepper = vault.pepper().await.unwrap();
    let kept = made.hash(&pepper);
    let text = made.text();
    let read = ApiKeyText::parse(secrecy::ExposeSecret::expose_secret(&text)).unwrap();
    assert!(read.verify(&pepper, &kept));
    assert!(!other.verify(&pepper, &kept));
    assert_ne!(made.id(), other.id());
}

#[tokio::test]
async fn random_bytes_differ_each_time() {
    let vault = new_vault().await;
    let (mut one, mut other) = ([0; 16], [0; 16]);
    vault.fill_random(&mut one).unwrap();
    vault.fill_random(&mut other).unwrap();
    assert!(one != other && one != [0; 16]);
}

#[tokio::test]
async fn too_large_a_payload_is_refused() {
    let vault = new_vault().await;
    let key = vault.epoch_key(day()).await.unwrap();
    let refused = vault.seal(&key, TABLE, ROW, &vec![0; PAYLOAD_BYTES_MAX + 1]);
    assert!(matches!(refused, Err(VaultError::TooLarge { .. })), "{refused:?}");
}

#[tokio::test]
async fn debug_output_shows_ids_and_no_content() {
    let vault = new_vault().await;
    let key = vault.epoch_key(day()).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, b"x").unwrap();
    assert_eq!(format!("{sealed:?}"), "Sealed { bytes: 39, key_name: \"epoch:2026-11-23\", .. }");
    assert_eq!(format!("{vault:?}"), format!("Vault {{ store_id: {STORE}, .. }}"));
    let root = RootKey::from_bytes([7; 32]);
    assert_eq!(format!("{root:?}"), format!("RootKey {{ id: \"{}\", path: None, .. }}", root.id()));
}

#[tokio::test]
async fn after_a_rotation_the_rewrapped_store_key_needs_the_new_root_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let (shelf, root) = (Arc::new(MemoryShelf::default()), Arc::new(RootKey::open_or_create(&path).unwrap()));
    let old_id = root.id();
    let random = Arc::new(SystemRandom::default());
    let vault = Vault::open_with(root.clone(), shelf.clone(), STORE, random).await.unwrap();
    let key = vault.epoch_key(day()).await.unwrap();
    let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();

    assert_ne!(root.rotate().await.unwrap(), old_id);
    Vault::open(RootKey::open_or_create(&path).unwrap(), shelf.clone(), STORE).await.unwrap();
    let row = vault.rewrapped_store_key().await.unwrap();
    assert_eq!(row.wrapped_by, format!("root:{}", root.id()));
    shelf.replace(row);
    root.destroy(&old_id).await.unwrap();

    let reopened = Vault::open(RootKey::open_or_create(&path).unwrap(), shelf, STORE).await.unwrap();
    assert_eq!(open(&reopened, ROW, &sealed).await.unwrap(), PLAIN);
}

proptest! {
    #[test]
    fn anything_sealed_opens_as_it_was(plain in prop::collection::vec(any::<u8>(), 0..4000), id in any::<u128>()) {
        block_on(async {
            let vault = new_vault().await;
            let key = vault.epoch_key(day()).await.unwrap();
            let sealed = vault.seal(&key, TABLE, Uuid::from_u128(id), &plain).unwrap();
            assert_eq!(open(&vault, Uuid::from_u128(id), &sealed).await.unwrap(), plain);
        });
    }

    #[test]
    fn any_flipped_bit_is_refused(in_key in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        block_on(async {
            let vault = new_vault().await;
            let key = vault.epoch_key(day()).await.unwrap();
            let mut sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
            let bytes = if in_key { &mut sealed.wrapped_key } else { &mut sealed.ciphertext };
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            assert!(open(&vault, ROW, &sealed).await.is_err());
        });
    }

    #[test]
    fn any_bytes_at_all_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        block_on(async {
            let vault = new_vault().await;
            let key = vault.epoch_key(day()).await.unwrap();
            let sealed = vault.seal(&key, TABLE, ROW, PLAIN).unwrap();
            assert!(open(&vault, ROW, &Sealed { ciphertext: bytes.clone(), ..sealed.clone() }).await.is_err());
            assert!(open(&vault, ROW, &Sealed { wrapped_key: bytes.clone(), ..sealed }).await.is_err());
            assert!(vault.open_value("integration:a", &bytes).await.is_err());
        });
    }
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work);
}

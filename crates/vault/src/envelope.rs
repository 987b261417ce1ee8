//! Sealing and opening rows and values.
//!
//! A row gets a message key of its own, which an epoch or subject key wraps. The keys that wrap are made at
//! first use, wrapped by the store key and kept on the [`KeyShelf`]; the store key is wrapped by the root
//! key.

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use ltv_core::Party;
use ring::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api_key::{ApiKeyText, Environment};
use crate::cipher::{self, KeyMaterial, Kind, PLAIN_BYTES_MAX, Place, Refusal};
use crate::error::{KmsError, ShelfError, VaultError};
use crate::keys::{KeyCache, KeyHandle, KeyShelf, WrappedKey};
use crate::kms::{Kms, PlainKey, RootKey, RootWrapped};
use crate::random::{Random, SystemRandom};

/// The most bytes that can be sealed at once.
pub const PAYLOAD_BYTES_MAX: usize = PLAIN_BYTES_MAX;

const STORE_KEY: &str = "store:1";
const CACHE_GENERATION_MAX: usize = 4096;

/// A sealed row, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The content, under the row's message key.
    pub ciphertext: Vec<u8>,
    /// The message key, under the key named `key_name`.
    pub wrapped_key: Vec<u8>,
    /// The name of the key that wraps the message key.
    pub key_name: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.ciphertext.len();
        f.debug_struct("Sealed")
            .field("bytes", &bytes)
            .field("key_name", &self.key_name)
            .finish_non_exhaustive()
    }
}

/// Seals and opens what one store keeps. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    kms: Arc<dyn Kms>,
    shelf: Arc<dyn KeyShelf>,
    random: Arc<dyn Random>,
    store_id: Uuid,
    store_key: KeyMaterial,
    cache: KeyCache,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the vault of the store `store_id`, and makes its store key at first use.
    ///
    /// # Errors
    /// [`VaultError::WrongRootKey`] when the store was made with another root key;
    /// [`VaultError::NotAuthentic`] when the store key was changed or belongs to another store.
    pub async fn open(root: RootKey, shelf: Arc<dyn KeyShelf>, store_id: Uuid) -> Result<Self, VaultError> {
        Self::open_with(Arc::new(root), shelf, store_id, Arc::new(SystemRandom::default())).await
    }

    /// As [`Vault::open`], with any keeper of the root key and any source of randomness.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub async fn open_with(
        kms: Arc<dyn Kms>,
        shelf: Arc<dyn KeyShelf>,
        store_id: Uuid,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let context = store_key_context(store_id);
        let row = match shelf.key(STORE_KEY).await.map_err(shelf_failed("read", STORE_KEY))? {
            Some(row) => row,
            None => {
                let made = kms.generate(&context).await.map_err(kms_failed("make"))?;
                shelf.put_key(store_key_row(made)).await.map_err(shelf_failed("keep", STORE_KEY))?
            }
        };
        let secret = kms.unwrap(&row.wrapped, &context).await.map_err(kms_failed("open"))?;
        let (store_key, cache) = (KeyMaterial::new(secret), KeyCache::new(CACHE_GENERATION_MAX));
        Ok(Self(Arc::new(Inner { kms, shelf, random, store_id, store_key, cache })))
    }

    /// The key for what arrives on `day` and whose party is not known yet.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn epoch_key(&self, day: NaiveDate) -> Result<KeyHandle, VaultError> {
        self.key_or_new(&format!("epoch:{}", day.format("%Y-%m-%d"))).await
    }

    /// The key for what concerns `party`. Its name is a blind index, so that it names nobody.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn subject_key(&self, party: &Party) -> Result<KeyHandle, VaultError> {
        let name = self.subject_key_name(party).await?;
        self.key_or_new(&name).await
    }

    /// The name of the key for what concerns `party`: what erasure destroys.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn subject_key_name(&self, party: &Party) -> Result<String, VaultError> {
        Ok(format!("subject:{}", hex::encode(self.blind_index("subject", &party.to_string()).await?)))
    }

    /// A key with a purpose, such as the pepper of API keys.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn named_key(&self, name: &str) -> Result<KeyHandle, VaultError> {
        self.key_or_new(&format!("named:{name}")).await
    }

    /// Drops a destroyed key from memory. Erasure deletes its row first, then calls this in every process.
    pub fn forget(&self, key_name: &str) {
        self.0.cache.forget(key_name);
    }

    /// Seals `plain` for the row `id` of `table`, under a message key of its own that `key` wraps.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] above [`PAYLOAD_BYTES_MAX`].
    pub fn seal(&self, key: &KeyHandle, table: &str, id: Uuid, plain: &[u8]) -> Result<Sealed, VaultError> {
        let message_key = KeyMaterial::generate(self.random())?;
        let payload = self.place(Kind::Payload, table, id);
        let ciphertext = cipher::seal_compressed(&message_key, &payload, self.random(), plain)
            .map_err(|refusal| refusal.of(row_name(table, id), None))?;
        let wrapped_key = self.wrap_message_key(key, table, id, message_key.expose())?;
        Ok(Sealed { ciphertext, wrapped_key, key_name: key.name().to_owned() })
    }

    /// Opens what [`Vault::seal`] made for the same row.
    ///
    /// # Errors
    /// [`VaultError::KeyDestroyed`] when the wrapping key is no more, [`VaultError::NotAuthentic`] when
    /// anything was changed or moved.
    pub async fn open_sealed(
        &self,
        table: &str,
        id: Uuid,
        ciphertext: &[u8],
        wrapped_key: &[u8],
        key_name: &str,
    ) -> Result<Vec<u8>, VaultError> {
        let opened = self.message_key(table, id, wrapped_key, key_name).await?;
        let message_key = KeyMaterial::from_slice(&opened)
            .ok_or_else(|| Refusal::NotAuthentic.of(row_name(table, id), None))?;
        let plain = cipher::open(&message_key, &self.place(Kind::Payload, table, id), ciphertext)
            .map_err(|refusal| refusal.of(row_name(table, id), None))?;
        Ok(plain.to_vec())
    }

    /// Wraps a row's message key under `to` instead; the ciphertext stays. Answers the wrapped key and `to`'s
    /// name.
    ///
    /// # Errors
    /// As [`Vault::open_sealed`].
    pub async fn rewrap(
        &self,
        table: &str,
        id: Uuid,
        wrapped_key: &[u8],
        key_name: &str,
        to: &KeyHandle,
    ) -> Result<(Vec<u8>, String), VaultError> {
        let message_key = self.message_key(table, id, wrapped_key, key_name).await?;
        Ok((self.wrap_message_key(to, table, id, &message_key)?, to.name().to_owned()))
    }

    /// Seals a small secret. `purpose` says whose it is, such as `integration:<id>`: it opens for the same
    /// one only.
    ///
    /// # Errors
    /// When the key table fails, or [`VaultError::TooLarge`].
    pub async fn seal_value(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.named_key("secrets").await?;
        cipher::seal_compressed(
            key.material(),
            &self.place(Kind::Value, purpose, Uuid::nil()),
            self.random(),
            plain,
        )
        .map_err(|refusal| refusal.of(value_name(purpose), None))
    }

    /// Opens what [`Vault::seal_value`] made for the same purpose. The answer is wiped when dropped.
    ///
    /// # Errors
    /// [`VaultError::NotAuthentic`] when it was changed or sealed for another purpose.
    pub async fn open_value(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = self.named_key("secrets").await?;
        cipher::open(key.material(), &self.place(Kind::Value, purpose, Uuid::nil()), sealed)
            .map_err(|refusal| refusal.of(value_name(purpose), Some(key.name())))
    }

    /// A keyed hash of `value`, for finding it again without storing it. The caller brings it to one spelling
    /// first.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn blind_index(&self, purpose: &str, value: &str) -> Result<[u8; 32], VaultError> {
        let key = self.named_key("blind-index").await?;
        Ok(hmac_sha256(&key, &[purpose.as_bytes(), value.as_bytes()]))
    }

    /// The key under which the secrets of API keys are hashed.
    ///
    /// # Errors
    /// When the key table fails or its row was changed.
    pub async fn pepper(&self) -> Result<KeyHandle, VaultError> {
        self.named_key("pepper").await
    }

    /// Makes an API key. Its text is shown once; what is kept is its id and its hash.
    ///
    /// # Errors
    /// [`VaultError::Random`] when there is no randomness.
    pub fn new_api_key(&self, environment: Environment) -> Result<ApiKeyText, VaultError> {
        let mut filled = Ok(());
        let made = ApiKeyText::generate(environment, &mut |out| filled = filled.and(self.random().fill(out)));
        filled.map(|()| made).map_err(VaultError::Random)
    }

    /// Fills `out` with random bytes, for tokens and ids.
    ///
    /// # Errors
    /// [`VaultError::Random`] when there is no randomness.
    pub fn fill_random(&self, out: &mut [u8]) -> Result<(), VaultError> {
        Ok(self.random().fill(out)?)
    }

    /// The store key under the current root key: what takes the place of its row after [`Kms::rotate`],
    /// before the older root key is destroyed.
    ///
    /// # Errors
    /// When the keeper of the root key fails.
    pub async fn rewrapped_store_key(&self) -> Result<WrappedKey, VaultError> {
        let context = store_key_context(self.0.store_id);
        let secret = PlainKey::init_with_mut(|secret: &mut [u8; 32]| {
            secret.copy_from_slice(self.0.store_key.expose())
        });
        let wrapped = self.0.kms.wrap(&secret, &context).await.map_err(kms_failed("wrap"))?;
        Ok(store_key_row(wrapped))
    }

    async fn key_or_new(&self, name: &str) -> Result<KeyHandle, VaultError> {
        match self.existing_key(name).await? {
            Some(key) => Ok(key),
            None => self.new_key(name).await,
        }
    }

    async fn existing_key(&self, name: &str) -> Result<Option<KeyHandle>, VaultError> {
        if let Some(key) = self.0.cache.get(name) {
            return Ok(Some(key));
        }
        let ticket = self.0.cache.ticket();
        let Some(row) = self.0.shelf.key(name).await.map_err(shelf_failed("read", name))? else {
            return Ok(None);
        };
        let key = self.unwrap_key(name, &row)?;
        self.0.cache.insert(ticket, key.clone());
        Ok(Some(key))
    }

    async fn new_key(&self, name: &str) -> Result<KeyHandle, VaultError> {
        let ticket = self.0.cache.ticket();
        let material = KeyMaterial::generate(self.random())?;
        let place = self.place(Kind::ShelfKey, name, Uuid::nil());
        let wrapped = cipher::seal(&self.0.store_key, &place, self.random(), material.expose())
            .map_err(|refusal| refusal.of(key_label(name), None))?;
        let row = WrappedKey { name: name.to_owned(), wrapped_by: STORE_KEY.to_owned(), wrapped };
        // Another process may have been first: what counts is the key that is kept, not the one made here.
        let kept = self.0.shelf.put_key(row).await.map_err(shelf_failed("keep", name))?;
        let key = self.unwrap_key(name, &kept)?;
        self.0.cache.insert(ticket, key.clone());
        Ok(key)
    }

    fn unwrap_key(&self, name: &str, row: &WrappedKey) -> Result<KeyHandle, VaultError> {
        let place = self.place(Kind::ShelfKey, name, Uuid::nil());
        cipher::open(&self.0.store_key, &place, &row.wrapped)
            .and_then(|plain| KeyMaterial::from_slice(&plain).ok_or(Refusal::NotAuthentic))
            .map(|material| KeyHandle::new(name.to_owned(), material))
            .map_err(|refusal| refusal.of(key_label(name), None))
    }

    async fn message_key(
        &self,
        table: &str,
        id: Uuid,
        wrapped_key: &[u8],
        key_name: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let destroyed = || VaultError::KeyDestroyed { name: key_name.to_owned() };
        let key = self.existing_key(key_name).await?.ok_or_else(destroyed)?;
        cipher::open(key.material(), &self.place(Kind::MessageKey, table, id), wrapped_key)
            .map_err(|refusal| refusal.of(row_name(table, id), Some(key_name)))
    }

    fn wrap_message_key(
        &self,
        key: &KeyHandle,
        table: &str,
        id: Uuid,
        message_key: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        cipher::seal(key.material(), &self.place(Kind::MessageKey, table, id), self.random(), message_key)
            .map_err(|refusal| refusal.of(row_name(table, id), None))
    }

    fn place<'a>(&self, kind: Kind, label: &'a str, id: Uuid) -> Place<'a> {
        Place { kind, store_id: self.0.store_id, id, label: label.as_bytes() }
    }

    fn random(&self) -> &dyn Random {
        self.0.random.as_ref()
    }
}

/// HMAC-SHA-256 over parts; each is preceded by its length, so that no two lists of parts have the same
/// bytes.
pub(crate) fn hmac_sha256(key: &KeyHandle, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.material().expose()));
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut out = [0; 32];
    out.iter_mut().zip(hash.sign().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

fn store_key_context(store_id: Uuid) -> Vec<u8> {
    [store_id.as_bytes(), STORE_KEY.as_bytes()].concat()
}

fn store_key_row(made: RootWrapped) -> WrappedKey {
    WrappedKey {
        name: STORE_KEY.to_owned(),
        wrapped_by: format!("root:{}", made.root_id),
        wrapped: made.wrapped,
    }
}

fn shelf_failed(attempt: &'static str, name: &str) -> impl FnOnce(ShelfError) -> VaultError {
    let name = name.to_owned();
    move |source| VaultError::Shelf { attempt, name, source }
}

fn kms_failed(attempt: &'static str) -> impl FnOnce(KmsError) -> VaultError {
    move |source| match source {
        KmsError::UnknownKey { wanted, held } => VaultError::WrongRootKey { wanted, held },
        KmsError::NotAuthentic => VaultError::NotAuthentic { what: key_label(STORE_KEY) },
        source => VaultError::Kms { attempt, source },
    }
}

fn row_name(table: &str, id: Uuid) -> String {
    format!("the row {id} of `{table}`")
}

fn value_name(purpose: &str) -> String {
    format!("the secret of `{purpose}`")
}

fn key_label(name: &str) -> String {
    format!("the key `{name}`")
}

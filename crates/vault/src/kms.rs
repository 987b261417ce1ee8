//! The keeper of the root key: a file of our own, or an outside key service.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretBox};
use uuid::Uuid;

use crate::cipher::{self, KEY_LEN, KeyMaterial, Kind, Place, Refusal};
use crate::error::{KmsError, VaultError};
use crate::random::SystemRandom;
use crate::root_file::{self, KeyRing};

/// A key in the clear, wiped when dropped.
pub type PlainKey = SecretBox<[u8; KEY_LEN]>;

/// A key wrapped by a root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootWrapped {
    /// The id of the root key that wraps it.
    pub root_id: String,
    /// The encrypted key; says itself which root key opens it.
    pub wrapped: Vec<u8>,
}

/// Keeps the root key and never hands it out.
///
/// `context` binds a wrapped key to its purpose: it opens only with the same one.
#[async_trait]
pub trait Kms: Send + Sync {
    /// Makes a new key and answers its wrapped form.
    async fn generate(&self, context: &[u8]) -> Result<RootWrapped, KmsError>;

    /// Wraps a key under the current root key.
    async fn wrap(&self, key: &PlainKey, context: &[u8]) -> Result<RootWrapped, KmsError>;

    /// Opens a wrapped key, also one that an older root key wrapped.
    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<PlainKey, KmsError>;

    /// Makes a new current root key and answers its id; the older ones still open what they wrapped.
    async fn rotate(&self) -> Result<String, KmsError>;

    /// Destroys an older root key, and with it what only it wrapped. Destroying what is not there is fine.
    async fn destroy(&self, root_id: &str) -> Result<(), KmsError>;
}

/// The root key in a file of mode 0600, or given as bytes.
pub struct RootKey {
    ring: RwLock<KeyRing>,
    path: Option<PathBuf>,
}

impl RootKey {
    /// Reads the root key file, or makes it with a new random key where there is none.
    ///
    /// # Errors
    /// [`VaultError::RootKey`] when the file or its folder is open to others, the file is damaged, or the
    /// file system refuses.
    pub fn open_or_create(path: &Path) -> Result<Self, VaultError> {
        let ring = root_file::open_or_create(path, &SystemRandom::default()).map_err(VaultError::RootKey)?;
        Ok(Self { ring: RwLock::new(ring), path: Some(path.to_owned()) })
    }

    /// A root key that is kept elsewhere. It cannot be rotated.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        let secret = SecretBox::new(Box::new(bytes));
        let ring = KeyRing { current: KeyMaterial::new(secret), older: Vec::new() };
        Self { ring: RwLock::new(ring), path: None }
    }

    /// The id of the current root key, for logs and checks.
    #[must_use]
    pub fn id(&self) -> String {
        self.with_ring(|ring| hex::encode(ring.current.id()))
    }

    fn with_ring<T>(&self, look: impl FnOnce(&KeyRing) -> T) -> T {
        look(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn seal(&self, key: &KeyMaterial, context: &[u8]) -> Result<RootWrapped, KmsError> {
        self.with_ring(|ring| {
            let wrapped =
                cipher::seal(&ring.current, &place(context), &SystemRandom::default(), key.expose());
            Ok(RootWrapped { root_id: hex::encode(ring.current.id()), wrapped: wrapped.map_err(refused)? })
        })
    }

    fn change(&self, edit: impl FnOnce(KeyRing) -> Result<KeyRing, KmsError>) -> Result<String, KmsError> {
        let path = self.path.as_deref().ok_or(KmsError::Fixed)?;
        let ring = root_file::change(path, &SystemRandom::default(), edit)?;
        let id = hex::encode(ring.current.id());
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(id)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootKey").field("id", &self.id()).field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl Kms for RootKey {
    async fn generate(&self, context: &[u8]) -> Result<RootWrapped, KmsError> {
        self.seal(&KeyMaterial::generate(&SystemRandom::default())?, context)
    }

    async fn wrap(&self, key: &PlainKey, context: &[u8]) -> Result<RootWrapped, KmsError> {
        self.seal(&KeyMaterial::copy_of(key.expose_secret()), context)
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<PlainKey, KmsError> {
        let wanted = cipher::key_id_of(wrapped).ok_or(KmsError::NotAuthentic)?;
        self.with_ring(|ring| {
            let root = ring.find(wanted).ok_or_else(|| unknown(wanted, ring))?;
            let plain = cipher::open(root, &place(context), wrapped).map_err(refused)?;
            KeyMaterial::from_slice(&plain).map(KeyMaterial::into_secret).ok_or(KmsError::NotAuthentic)
        })
    }

    async fn rotate(&self) -> Result<String, KmsError> {
        self.change(|ring| {
            let current = KeyMaterial::generate(&SystemRandom::default())?;
            let older = std::iter::once(ring.current).chain(ring.older).collect();
            Ok(KeyRing { current, older })
        })
    }

    async fn destroy(&self, root_id: &str) -> Result<(), KmsError> {
        let edit = |mut ring: KeyRing| {
            if hex::encode(ring.current.id()) == root_id {
                return Err(KmsError::Current { id: root_id.to_owned() });
            }
            ring.older.retain(|key| hex::encode(key.id()) != root_id);
            Ok(ring)
        };
        self.change(edit).map(drop)
    }
}

fn place(context: &[u8]) -> Place<'_> {
    Place { kind: Kind::StoreKey, store_id: Uuid::nil(), id: Uuid::nil(), label: context }
}

fn unknown(wanted: cipher::KeyId, ring: &KeyRing) -> KmsError {
    let held: Vec<String> = ring.all().map(|key| hex::encode(key.id())).collect();
    KmsError::UnknownKey { wanted: hex::encode(wanted), held: held.join(", ") }
}

fn refused(refusal: Refusal) -> KmsError {
    match refusal {
        Refusal::Random(failed) => KmsError::Random(failed),
        Refusal::UnknownFormat { .. }
        | Refusal::OtherKey
        | Refusal::NotAuthentic
        | Refusal::TooLarge { .. }
        | Refusal::Undecodable => KmsError::NotAuthentic,
    }
}

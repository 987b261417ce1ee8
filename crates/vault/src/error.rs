//! What can go wrong, and how to mend it.

use std::error::Error;
use std::path::PathBuf;

use crate::random::RandomFailed;

/// The key table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the key table did not answer")]
pub struct ShelfError {
    source: Box<dyn Error + Send + Sync>,
}

impl ShelfError {
    /// Wraps the store's own error.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

/// The root key file is missing what it needs, or is not kept safely.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// Group or others have rights on the file.
    #[error("the root key file `{}` is open to others (mode {mode:03o}): run `chmod 600 {}`", path.display(), path.display())]
    FileOpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Group or others may replace the file.
    #[error("others may write to the folder of the root key, `{}` (mode {mode:03o}): run `chmod 700 {}`", path.display(), path.display())]
    FolderOpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold what was once written.
    #[error("the root key file `{}` is damaged ({problem}): put the kept copy back", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file system refused.
    #[error("could not {attempt} `{}`", path.display())]
    Io {
        /// What was tried.
        attempt: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// No randomness for a new key.
    #[error("could not make a root key")]
    Random(#[from] RandomFailed),
}

/// The keeper of the root key refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// Wrapped by a root key that is not held here.
    #[error("wrapped by root key {wanted}, but only {held} is held")]
    UnknownKey {
        /// The id of the key it takes.
        wanted: String,
        /// The ids of those at hand.
        held: String,
    },
    /// Changed, or wrapped for another purpose.
    #[error("the wrapped key was changed, or wrapped for another store")]
    NotAuthentic,
    /// This root key is not kept in a file, so no change would last.
    #[error("this root key was given as bytes and cannot be changed: use a root key file")]
    Fixed,
    /// The current root key cannot be destroyed.
    #[error("root key {id} is the current one: rotate and re-wrap first")]
    Current {
        /// Its id.
        id: String,
    },
    /// The file failed.
    #[error("could not use the root key file")]
    File(#[from] RootKeyError),
    /// No randomness.
    #[error("could not wrap a key")]
    Random(#[from] RandomFailed),
    /// An outside key service did not answer.
    #[error("the key service did not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Sealing or opening failed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The root key file is unsafe or damaged.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The store belongs to another root key.
    #[error(
        "this store was sealed under root key {wanted}, but the root key at hand is {held}: put the right root key file \
         back (if the one in place was only just made, because the right one was missing, move it away)"
    )]
    WrongRootKey {
        /// The id of the root key that the store was made with.
        wanted: String,
        /// The ids of the root keys at hand.
        held: String,
    },
    /// The keeper of the root key failed.
    #[error("could not {attempt} the store key")]
    Kms {
        /// What was asked of it.
        attempt: &'static str,
        /// Why it failed.
        source: KmsError,
    },
    /// The key table failed.
    #[error("could not {attempt} the key `{name}`")]
    Shelf {
        /// What was tried.
        attempt: &'static str,
        /// The key's name.
        name: String,
        /// Why it failed.
        source: ShelfError,
    },
    /// The key is no more, and with it what it sealed: it was erased.
    #[error("the key `{name}` was destroyed, what it sealed cannot be read any more")]
    KeyDestroyed {
        /// The key's name.
        name: String,
    },
    /// Changed, moved from elsewhere, or sealed by another store.
    #[error(
        "{what} is not authentic: it was changed, moved from elsewhere or sealed by another store; run `ltv verify`"
    )]
    NotAuthentic {
        /// What was to be opened.
        what: String,
    },
    /// Written in a form this release does not know.
    #[error(
        "{what} is stored in the unknown format {version}.{algorithm}: a newer release wrote it, or it was changed"
    )]
    UnknownFormat {
        /// What was to be opened.
        what: String,
        /// The version byte.
        version: u8,
        /// The algorithm byte.
        algorithm: u8,
    },
    /// More than may be sealed or opened at once.
    #[error("{what} has {bytes} bytes, more than the {bytes_max} that may be sealed at once")]
    TooLarge {
        /// What was to be sealed or opened.
        what: String,
        /// Its size, as far as it is known.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Authentic, but not what compression makes: our own fault.
    #[error("{what} opened but could not be decompressed")]
    Undecodable {
        /// What was to be opened.
        what: String,
    },
    /// No randomness.
    #[error("could not make a key")]
    Random(#[from] RandomFailed),
}

impl VaultError {
    /// True when the same call may succeed later: the key table or the key service did not answer.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Shelf { .. } | Self::Random(_) => true,
            Self::Kms { source, .. } => matches!(source, KmsError::Unavailable(_) | KmsError::Random(_)),
            Self::RootKey(_)
            | Self::WrongRootKey { .. }
            | Self::KeyDestroyed { .. }
            | Self::NotAuthentic { .. }
            | Self::UnknownFormat { .. }
            | Self::TooLarge { .. }
            | Self::Undecodable { .. } => false,
        }
    }
}

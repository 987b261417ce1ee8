#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod api_key;
pub mod kms;

mod cipher;
mod envelope;
mod error;
mod keys;
mod random;
mod root_file;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use envelope::{PAYLOAD_BYTES_MAX, Sealed, Vault};
pub use error::{KmsError, RootKeyError, ShelfError, VaultError};
pub use keys::{KeyHandle, KeyShelf, WrappedKey};
pub use kms::{Kms, RootKey};
pub use random::{Random, RandomFailed, SystemRandom};

//! The text of an API key: `ltv_<environment>_<id>_<secret><checksum>`.
//!
//! The id (16 hexadecimal digits) finds the key's row, the secret (64) is known to the bearer alone, and the
//! checksum (8) tells a mistyped key without asking the store. What is kept is HMAC-SHA-256 of environment,
//! id and secret, under the pepper.

use std::fmt;

use ring::digest;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::envelope::hmac_sha256;
use crate::keys::KeyHandle;

const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

/// Which data a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Real money.
    Live,
    /// Trials and tests.
    Test,
}

impl Environment {
    /// The word in the key's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// Text that is not one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Not of our form: somebody else's key, or cut short.
    #[error("this is not an API key of this service: it looks like `ltv_live_…`, 98 characters in all")]
    Foreign,
    /// Of our form, but a character is wrong.
    #[error("the API key is mistyped: its checksum does not fit")]
    Mistyped,
}

/// An API key in the clear, as its bearer holds it. Wiped when dropped; shows its id only.
pub struct ApiKeyText {
    environment: Environment,
    id: String,
    secret: SecretBox<[u8; SECRET_BYTES]>,
}

impl ApiKeyText {
    /// Makes a new key from `random`, which must fill what it is given with unpredictable bytes.
    pub fn generate(environment: Environment, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut id = [0; ID_BYTES];
        random(&mut id);
        let secret = SecretBox::init_with_mut(|secret: &mut [u8; SECRET_BYTES]| random(secret));
        Self { environment, id: hex::encode(id), secret }
    }

    /// Reads the text of a key. Each key has exactly one spelling.
    ///
    /// # Errors
    /// [`ApiKeyError::Foreign`] or [`ApiKeyError::Mistyped`]; neither tells whether such a key exists.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let (environment, rest) = split_environment(text).ok_or(ApiKeyError::Foreign)?;
        let (id, tail) = rest.split_once('_').ok_or(ApiKeyError::Foreign)?;
        let (secret, sum) = tail.split_at_checked(SECRET_BYTES * 2).ok_or(ApiKeyError::Foreign)?;
        if id.len() != ID_BYTES * 2 || sum.len() != CHECKSUM_BYTES * 2 {
            return Err(ApiKeyError::Foreign);
        }
        if checksum(environment, id, secret) != sum {
            return Err(ApiKeyError::Mistyped);
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        let decoded = hex::decode_to_slice(secret, bytes.as_mut_slice()).is_ok();
        if !(decoded && is_lower_hex(id) && is_lower_hex(secret)) {
            return Err(ApiKeyError::Foreign);
        }
        let secret = SecretBox::init_with_mut(|secret: &mut [u8; SECRET_BYTES]| *secret = *bytes);
        Ok(Self { environment, id: id.to_owned(), secret })
    }

    /// Which data it is for.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Finds the key's row; no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole text, to be shown once.
    #[must_use]
    pub fn text(&self) -> SecretString {
        let secret = Zeroizing::new(hex::encode(self.secret.expose_secret()));
        let sum = checksum(self.environment, &self.id, &secret);
        let (environment, id) = (self.environment.as_str(), &self.id);
        SecretString::from(format!("ltv_{environment}_{id}_{}{sum}", secret.as_str()))
    }

    /// What is kept of the key: HMAC-SHA-256 of environment, id and secret under `pepper`.
    #[must_use]
    pub fn hash(&self, pepper: &KeyHandle) -> [u8; 32] {
        let environment = self.environment.as_str().as_bytes();
        hmac_sha256(pepper, &[b"api-key", environment, self.id.as_bytes(), self.secret.expose_secret()])
    }

    /// True when this is the key that `kept` was made from; takes the same time either way.
    #[must_use]
    pub fn verify(&self, pepper: &KeyHandle, kept: &[u8; 32]) -> bool {
        self.hash(pepper).ct_eq(kept).into()
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ApiKeyText");
        shown.field("environment", &self.environment).field("id", &self.id).finish_non_exhaustive()
    }
}

fn split_environment(text: &str) -> Option<(Environment, &str)> {
    let (word, rest) = text.strip_prefix("ltv_")?.split_once('_')?;
    let environment =
        [Environment::Live, Environment::Test].into_iter().find(|known| known.as_str() == word)?;
    Some((environment, rest))
}

fn checksum(environment: Environment, id: &str, secret: &str) -> String {
    let text = Zeroizing::new(format!("ltv_{}_{id}_{secret}", environment.as_str()));
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hex::encode(hash.as_ref().first_chunk::<CHECKSUM_BYTES>().copied().unwrap_or_default())
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cipher::KeyMaterial;

    fn pepper(byte: u8) -> KeyHandle {
        KeyHandle::new("named:pepper".to_owned(), KeyMaterial::copy_of(&[byte; 32]))
    }

    fn key() -> ApiKeyText {
        let mut next = 0_u8;
        ApiKeyText::generate(Environment::Live, &mut |out| {
            for byte in out {
                *byte = next;
                next += 1;
            }
        })
    }

    fn text() -> String {
        key().text().expose_secret().to_owned()
    }

    #[test]
    fn a_key_reads_back_and_verifies() {
        let read = ApiKeyText::parse(&text()).unwrap();
        assert_eq!((read.environment(), read.id()), (Environment::Live, "0001020304050607"));
        assert!(read.verify(&pepper(1), &key().hash(&pepper(1))));
        assert!(!read.verify(&pepper(2), &key().hash(&pepper(1))));
    }

    /// Pins text and hash: issued keys must stay valid.
    #[test]
    fn the_form_of_a_key_and_of_its_hash_stays_as_it_is() {
        assert_eq!(text().len(), 98);
        assert_eq!(
            text(),
            "ltv_live_0001020304050607_08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262780c5a8be"
        );
        assert_eq!(
            hex::encode(key().hash(&pepper(1))),
            "25efae8ad34562f95debcfbf4632d9ea320783e4b653a8a3fb2ffb7e269d8749"
        );
    }

    #[test]
    fn a_hash_counts_for_its_own_id_environment_and_secret_only() {
        let kept = key().hash(&pepper(1));
        let other_id = ApiKeyText { id: "ffffffffffffffff".into(), ..key() };
        let other_environment = ApiKeyText { environment: Environment::Test, ..key() };
        let other_secret = ApiKeyText { secret: SecretBox::new(Box::new([9; 32])), ..key() };
        for other in [other_id, other_environment, other_secret] {
            assert!(!other.verify(&pepper(1), &kept), "{other:?}");
        }
    }

    #[test]
    fn every_single_wrong_character_is_refused() {
        let right = text();
        for at in 0..right.len() {
            for wrong in ['0', 'f', 'A', '_', 'é'] {
                let typed: String =
                    right.chars().enumerate().map(|(n, c)| if n == at { wrong } else { c }).collect();
                assert!(typed == right || ApiKeyText::parse(&typed).is_err(), "{typed}");
            }
        }
    }

    #[test]
    fn two_swapped_digits_are_called_a_typing_error() {
        let mut typed = text().into_bytes();
        typed.swap(40, 41);
        let typed = String::from_utf8(typed).unwrap();
        assert_ne!(typed, text());
        assert_eq!(ApiKeyText::parse(&typed).err(), Some(ApiKeyError::Mistyped));
    }

    #[test]
    fn keys_of_others_are_called_foreign() {
        let (id, upper, short) = ("0001020304050607", text().to_uppercase(), text()[..97].to_owned());
        let with_sum = |id: &str, secret: &str| {
            format!("ltv_live_{id}_{secret}{}", checksum(Environment::Live, id, secret))
        };
        let foreign = [
            String::new(),
            "sk_live_51Habc".to_owned(),
            text().replace("live", "prod"),
            upper,
            short,
            format!("{}0", text()),
            with_sum(id, &"AB".repeat(32)),
            with_sum(id, &"zz".repeat(32)),
            with_sum("000102030405060G", &"ab".repeat(32)),
            with_sum("00010203040506", &"ab".repeat(32)),
        ];
        for text in foreign {
            assert_eq!(ApiKeyText::parse(&text).err(), Some(ApiKeyError::Foreign), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let shown = "ApiKeyText { environment: Live, id: \"0001020304050607\", .. }";
        assert_eq!(format!("{:?}", key()), shown);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,120}", tail in "[0-9a-f_]{0,100}") {
            prop_assert!(ApiKeyText::parse(&text).is_err());
            let _ = ApiKeyText::parse(&format!("ltv_live_{tail}")).map(|key| drop(key.text()));
        }

        #[test]
        fn every_made_key_is_read_as_it_was(bytes in prop::array::uniform32(any::<u8>())) {
            let made = ApiKeyText::generate(Environment::Test, &mut |out| {
                out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            });
            let read = ApiKeyText::parse(made.text().expose_secret()).unwrap();
            let (read_text, made_text) = (read.text(), made.text());
            prop_assert_eq!(read_text.expose_secret(), made_text.expose_secret());
            prop_assert!(read.verify(&pepper(1), &made.hash(&pepper(1))));
        }
    }
}

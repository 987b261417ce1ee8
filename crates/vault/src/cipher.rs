//! One key, one blob: `version | algorithm | key id | nonce | ciphertext and tag`.
//!
//! The header and the place where the blob belongs ([`Place`]) are authenticated with it, so a blob that was
//! changed or moved does not open.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest;
use ring::error::Unspecified;
use secrecy::{ExposeSecret, SecretBox};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::random::{Random, RandomFailed};

/// The most that decompression may yield, and so the most that may be sealed.
pub(crate) const PLAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
pub(crate) const KEY_LEN: usize = 32;
const VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const KEY_ID_LEN: usize = 8;

/// The head of a hash of a key: tells keys apart, gives nothing of them away.
pub(crate) type KeyId = [u8; KEY_ID_LEN];

/// A 256-bit key, wiped when dropped and never shown.
pub(crate) struct KeyMaterial {
    id: KeyId,
    secret: SecretBox<[u8; KEY_LEN]>,
}

impl KeyMaterial {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::copy_of)
    }

    pub(crate) fn copy_of(bytes: &[u8; KEY_LEN]) -> Self {
        Self::new(SecretBox::init_with_mut(|secret: &mut [u8; KEY_LEN]| secret.copy_from_slice(bytes)))
    }

    pub(crate) fn into_secret(self) -> SecretBox<[u8; KEY_LEN]> {
        self.secret
    }

    pub(crate) fn generate(random: &dyn Random) -> Result<Self, RandomFailed> {
        let mut filled = Ok(());
        let secret = SecretBox::init_with_mut(|secret: &mut [u8; KEY_LEN]| filled = random.fill(secret));
        filled.map(|()| Self::new(secret))
    }

    pub(crate) fn new(secret: SecretBox<[u8; KEY_LEN]>) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"ltv key id\0");
        hash.update(secret.expose_secret());
        let mut id = [0; KEY_ID_LEN];
        id.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Self { id, secret }
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        self.secret.expose_secret()
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.expose()).map(LessSafeKey::new)
    }
}

/// What a blob is; a blob of one kind never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A row's content, under its message key.
    Payload,
    /// A message key, under an epoch or subject key.
    MessageKey,
    /// An epoch, subject or named key, under the store key.
    ShelfKey,
    /// A small secret, under a named key.
    Value,
    /// The store key, under the root key.
    StoreKey,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Payload => 1,
            Self::MessageKey => 2,
            Self::ShelfKey => 3,
            Self::Value => 4,
            Self::StoreKey => 5,
        }
    }
}

/// Where a blob belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) kind: Kind,
    pub(crate) store_id: Uuid,
    /// The row; nil where the label says all.
    pub(crate) id: Uuid,
    /// The table, the name of a key, or the purpose of a value.
    pub(crate) label: &'a [u8],
}

impl Place<'_> {
    /// All parts but the last have a fixed length, so that no two places have the same bytes.
    fn aad(&self, algorithm: Algorithm, key_id: KeyId) -> Aad<Vec<u8>> {
        let fixed = [VERSION, algorithm.byte(), self.kind.byte()];
        Aad::from([&fixed[..], &key_id, self.store_id.as_bytes(), self.id.as_bytes(), self.label].concat())
    }
}

/// How the content was treated before and during encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Aes256Gcm,
    Lz4Aes256Gcm,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Aes256Gcm => 1,
            Self::Lz4Aes256Gcm => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Aes256Gcm, Self::Lz4Aes256Gcm].into_iter().find(|algorithm| algorithm.byte() == byte)
    }
}

/// Why a blob was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownFormat { version: u8, algorithm: u8 },
    OtherKey,
    NotAuthentic,
    TooLarge { bytes: usize },
    Undecodable,
    Random(RandomFailed),
}

impl Refusal {
    /// Tells it of `what`, whose key is named `key_name`.
    pub(crate) fn of(self, what: String, key_name: Option<&str>) -> VaultError {
        match (self, key_name) {
            (Self::UnknownFormat { version, algorithm }, _) => {
                VaultError::UnknownFormat { what, version, algorithm }
            }
            // A key of this name exists, but it is not the one that sealed: that one was destroyed and a new
            // one made.
            (Self::OtherKey, Some(name)) => VaultError::KeyDestroyed { name: name.to_owned() },
            (Self::OtherKey, None) | (Self::NotAuthentic, _) => VaultError::NotAuthentic { what },
            (Self::TooLarge { bytes }, _) => VaultError::TooLarge { what, bytes, bytes_max: PLAIN_BYTES_MAX },
            (Self::Undecodable, _) => VaultError::Undecodable { what },
            (Self::Random(failed), _) => VaultError::Random(failed),
        }
    }
}

/// Encrypts `plain` as it is.
pub(crate) fn seal(
    key: &KeyMaterial,
    place: &Place<'_>,
    random: &dyn Random,
    plain: &[u8],
) -> Result<Vec<u8>, Refusal> {
    encrypt(key, place, Algorithm::Aes256Gcm, random, plain)
}

/// Compresses `plain` where that makes it smaller, then encrypts it.
pub(crate) fn seal_compressed(
    key: &KeyMaterial,
    place: &Place<'_>,
    random: &dyn Random,
    plain: &[u8],
) -> Result<Vec<u8>, Refusal> {
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(Refusal::TooLarge { bytes: plain.len() });
    }
    let compressed = Zeroizing::new(lz4_flex::block::compress_prepend_size(plain));
    if compressed.len() < plain.len() {
        encrypt(key, place, Algorithm::Lz4Aes256Gcm, random, &compressed)
    } else {
        encrypt(key, place, Algorithm::Aes256Gcm, random, plain)
    }
}

/// Checks and decrypts a blob, and decompresses what was compressed.
pub(crate) fn open(key: &KeyMaterial, place: &Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (&[version, algorithm], rest) = blob.split_first_chunk().ok_or(Refusal::NotAuthentic)?;
    let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(Refusal::NotAuthentic)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Refusal::NotAuthentic)?;
    let known = Algorithm::of(algorithm).filter(|_| version == VERSION);
    let algorithm = known.ok_or(Refusal::UnknownFormat { version, algorithm })?;
    if *key_id != key.id {
        return Err(Refusal::OtherKey);
    }
    let plain = decrypt(key, place.aad(algorithm, *key_id), *nonce, sealed)?;
    match algorithm {
        Algorithm::Aes256Gcm => Ok(plain),
        Algorithm::Lz4Aes256Gcm => decompress(&plain),
    }
}

/// The id of the key that sealed a blob, for choosing among several.
pub(crate) fn key_id_of(blob: &[u8]) -> Option<KeyId> {
    let (_, rest) = blob.split_first_chunk::<2>()?;
    rest.first_chunk().copied()
}

fn encrypt(
    key: &KeyMaterial,
    place: &Place<'_>,
    algorithm: Algorithm,
    random: &dyn Random,
    plain: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce).map_err(Refusal::Random)?;
    let mut blob = [&[VERSION, algorithm.byte()][..], &key.id, &nonce].concat();
    let mut body = Vec::with_capacity(plain.len().saturating_add(AES_256_GCM.tag_len()));
    body.extend_from_slice(plain);
    let aad = place.aad(algorithm, key.id);
    key.cipher()
        .and_then(|cipher| {
            cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
        })
        .map_err(|Unspecified| Refusal::TooLarge { bytes: plain.len() })?;
    blob.append(&mut body);
    Ok(blob)
}

fn decrypt(
    key: &KeyMaterial,
    aad: Aad<Vec<u8>>,
    nonce: [u8; NONCE_LEN],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut body = Zeroizing::new(sealed.to_vec());
    let length = key
        .cipher()
        .and_then(|cipher| {
            let plain =
                cipher.open_in_place(Nonce::assume_unique_for_key(nonce), aad, body.as_mut_slice())?;
            Ok(plain.len())
        })
        .map_err(|Unspecified| Refusal::NotAuthentic)?;
    body.truncate(length);
    Ok(body)
}

/// The size is said in front; nothing is allocated before it is found to be within the limit.
fn decompress(compressed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let size = lz4_flex::block::uncompressed_size(compressed).ok();
    let (bytes, rest) = size.ok_or(Refusal::Undecodable)?;
    if bytes > PLAIN_BYTES_MAX {
        return Err(Refusal::TooLarge { bytes });
    }
    let mut plain = Zeroizing::new(vec![0; bytes]);
    match lz4_flex::block::decompress_into(rest, &mut plain) {
        Ok(written) if written == bytes => Ok(plain),
        Ok(_) | Err(_) => Err(Refusal::Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;
    use crate::testkit::CountingRandom;

    fn key(byte: u8) -> KeyMaterial {
        KeyMaterial::from_slice(&[byte; KEY_LEN]).unwrap()
    }

    fn place(kind: Kind) -> Place<'static> {
        Place { kind, store_id: Uuid::from_u128(1), id: Uuid::from_u128(2), label: b"inbox_message" }
    }

    fn bomb(said: u32, plain: &[u8]) -> Vec<u8> {
        let mut compressed = lz4_flex::block::compress(plain);
        let mut body = said.to_le_bytes().to_vec();
        body.append(&mut compressed);
        encrypt(&key(1), &place(Kind::Payload), Algorithm::Lz4Aes256Gcm, &SystemRandom::default(), &body)
            .unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again() {
        for plain in [&b""[..], b"x", &[b'a'; 5000], &[0x5a, 0x13, 0x77]] {
            let blob =
                seal_compressed(&key(1), &place(Kind::Payload), &SystemRandom::default(), plain).unwrap();
            assert_eq!(open(&key(1), &place(Kind::Payload), &blob).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn text_is_compressed_and_noise_is_kept_as_it_is() {
        let random = SystemRandom::default();
        let text = seal_compressed(&key(1), &place(Kind::Payload), &random, &[b'a'; 3000]).unwrap();
        assert_eq!(text[..2], [1, 2]);
        assert!(text.len() < 200);
        let noise = seal_compressed(&key(1), &place(Kind::Payload), &random, b"q8#!").unwrap();
        assert_eq!(noise[..2], [1, 1]);
        assert_eq!(noise.len(), 4 + 22 + 16);
    }

    /// Pins the stored form: what older releases wrote must stay readable.
    #[test]
    fn the_stored_form_stays_as_it_is() {
        let random = CountingRandom::default();
        let blob = seal(&key(1), &place(Kind::Payload), &random, b"plain").unwrap();
        assert_eq!(
            hex::encode(&blob),
            "0101cec7272acdc83ae1000102030405060708090a0bcbcaf44f4e8abacd3cb1ee552a2422a5aebe149430"
        );
        // The compressor may change its mind in a later release; what it once made must still open.
        let digits = "0102cec7272acdc83ae10c0d0e0f1011121314151617d07ffde271cb9e3dd7b360dfc1a3e701d1f8f8f3f60c5f93\
            cb7ae213a606fec1";
        let opened = open(&key(1), &place(Kind::Payload), &hex::decode(digits).unwrap());
        assert_eq!(opened.unwrap().as_slice(), [b'a'; 64]);
    }

    #[test]
    fn a_blob_of_one_kind_or_place_does_not_open_as_another() {
        let blob = seal(&key(1), &place(Kind::Payload), &SystemRandom::default(), b"plain").unwrap();
        for kind in [Kind::MessageKey, Kind::ShelfKey, Kind::Value, Kind::StoreKey] {
            assert_eq!(open(&key(1), &place(kind), &blob).err(), Some(Refusal::NotAuthentic));
        }
        let here = place(Kind::Payload);
        let elsewhere = [
            Place { store_id: Uuid::from_u128(9), ..here },
            Place { id: Uuid::from_u128(9), ..here },
            Place { label: b"inbox_messages", ..here },
            Place { store_id: here.id, id: here.store_id, ..here },
        ];
        for moved in elsewhere {
            assert_eq!(open(&key(1), &moved, &blob).err(), Some(Refusal::NotAuthentic));
        }
    }

    #[test]
    fn another_key_is_told_from_tampering() {
        let blob = seal(&key(1), &place(Kind::Payload), &SystemRandom::default(), b"plain").unwrap();
        assert_eq!(open(&key(2), &place(Kind::Payload), &blob).err(), Some(Refusal::OtherKey));
        assert_eq!(key_id_of(&blob), Some(key(1).id()));
        assert_eq!(key_id_of(&blob[..9]), None);
    }

    #[test]
    fn every_shortened_or_lengthened_blob_is_refused() {
        let mut blob = seal(&key(1), &place(Kind::Payload), &SystemRandom::default(), b"plain").unwrap();
        for length in 0..blob.len() {
            assert!(open(&key(1), &place(Kind::Payload), &blob[..length]).is_err(), "{length} bytes");
        }
        blob.push(0);
        assert_eq!(open(&key(1), &place(Kind::Payload), &blob).err(), Some(Refusal::NotAuthentic));
    }

    #[test]
    fn an_unknown_version_or_algorithm_is_named() {
        let blob = seal(&key(1), &place(Kind::Payload), &SystemRandom::default(), b"plain").unwrap();
        for (at, byte, version, algorithm) in [(0, 2, 2, 1), (1, 3, 1, 3), (1, 0, 1, 0)] {
            let mut changed = blob.clone();
            changed[at] = byte;
            let refusal = open(&key(1), &place(Kind::Payload), &changed).err();
            assert_eq!(refusal, Some(Refusal::UnknownFormat { version, algorithm }));
        }
    }

    #[test]
    fn the_algorithm_cannot_be_swapped_for_the_other_known_one() {
        let mut blob = seal(&key(1), &place(Kind::Payload), &SystemRandom::default(), b"plain").unwrap();
        blob[1] = 2;
        assert_eq!(open(&key(1), &place(Kind::Payload), &blob).err(), Some(Refusal::NotAuthentic));
    }

    #[test]
    fn a_compression_bomb_is_refused_before_it_is_unpacked() {
        let limit = u32::try_from(PLAIN_BYTES_MAX).unwrap();
        for said in [limit + 1, u32::MAX] {
            let blob = bomb(said, b"small");
            let bytes = usize::try_from(said).unwrap();
            assert_eq!(open(&key(1), &place(Kind::Payload), &blob).err(), Some(Refusal::TooLarge { bytes }));
        }
        let unpacks_to_more = bomb(10, &vec![0; PLAIN_BYTES_MAX * 2]);
        assert_eq!(open(&key(1), &place(Kind::Payload), &unpacks_to_more).err(), Some(Refusal::Undecodable));
        let unpacks_to_less = bomb(4000, &[0; 10]);
        assert_eq!(open(&key(1), &place(Kind::Payload), &unpacks_to_less).err(), Some(Refusal::Undecodable));
    }

    #[test]
    fn the_largest_payload_passes_and_one_byte_more_is_refused() {
        let mut plain = vec![7; PLAIN_BYTES_MAX];
        let random = SystemRandom::default();
        let blob = seal_compressed(&key(1), &place(Kind::Payload), &random, &plain).unwrap();
        assert_eq!(*open(&key(1), &place(Kind::Payload), &blob).unwrap(), plain);
        plain.push(7);
        let refusal = seal_compressed(&key(1), &place(Kind::Payload), &random, &plain).err();
        assert_eq!(refusal, Some(Refusal::TooLarge { bytes: PLAIN_BYTES_MAX + 1 }));
    }

    #[test]
    fn a_key_of_another_length_is_no_key() {
        assert!(KeyMaterial::from_slice(&[1; 31]).is_none());
        assert!(KeyMaterial::from_slice(&[1; 33]).is_none());
    }
}

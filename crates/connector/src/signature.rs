//! HMAC signatures over raw bytes.
//!
//! The time that a check takes depends on how many secrets and candidates there are and on the length of the message,
//! never on which of them fits, nor on how much of one fits.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Length of an HMAC-SHA-256 in bytes.
pub const HMAC_SHA256_BYTES: usize = 32;

/// The HMAC-SHA-256 of `parts`, one after the other, under `secret`.
///
/// ```
/// let code = connector::signature::hmac_sha256(b"key", &[b"The quick brown fox jumps ", b"over the lazy dog"]);
/// assert_eq!(hex::encode(code), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
/// ```
#[must_use]
pub fn hmac_sha256(secret: &[u8], parts: &[&[u8]]) -> [u8; HMAC_SHA256_BYTES] {
    match authenticator(secret, parts) {
        Some(mac) => mac.finalize().into_bytes().into(),
        None => [0; HMAC_SHA256_BYTES],
    }
}

/// Whether any of the `candidates` is the HMAC-SHA-256 of `parts` under any of the `secrets`.
///
/// All pairs are compared, in constant time each, without early exit. Empty secrets and candidates of another length
/// never match.
///
/// ```
/// use connector::signature::{hmac_sha256, verify_hmac_sha256};
/// let code = hmac_sha256(b"secret", &[b"body"]);
/// assert!(verify_hmac_sha256([&b"secret"[..]], &[b"body"], [&code[..]]));
/// assert!(!verify_hmac_sha256([&b"secret"[..]], &[b"Body"], [&code[..]]));
/// ```
#[must_use]
pub fn verify_hmac_sha256<'a>(
    secrets: impl IntoIterator<Item = &'a [u8]>,
    parts: &[&[u8]],
    candidates: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
) -> bool {
    let candidates = candidates.into_iter();
    let mut genuine = false;
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        let Some(mac) = authenticator(secret, parts) else { continue };
        for candidate in candidates.clone() {
            // `|`, not `||`: every pair is compared.
            genuine |= mac.clone().verify_slice(candidate).is_ok();
        }
    }
    genuine
}

/// `None` never comes: HMAC takes keys of any length. It stands in for a panic.
fn authenticator(secret: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_code_is_that_of_rfc_4231_case_2() {
        let code = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_code_is_that_of_rfc_4231_case_6_with_a_key_longer_than_a_block() {
        let code = hmac_sha256(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex::encode(code), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        let code = hmac_sha256(b"", &[b"body"]);
        assert!(!verify_hmac_sha256([&b""[..]], &[b"body"], [&code[..]]));
    }

    #[test]
    fn a_shortened_code_is_refused() {
        let code = hmac_sha256(b"secret", &[b"body"]);
        assert!(!verify_hmac_sha256([&b"secret"[..]], &[b"body"], [&code[..16]]));
        assert!(!verify_hmac_sha256([&b"secret"[..]], &[b"body"], [&b""[..]]));
    }

    #[test]
    fn without_secrets_or_candidates_nothing_is_genuine() {
        let code = hmac_sha256(b"secret", &[b"body"]);
        assert!(!verify_hmac_sha256([], &[b"body"], [&code[..]]));
        assert!(!verify_hmac_sha256([&b"secret"[..]], &[b"body"], []));
    }

    proptest! {
        #[test]
        fn a_code_is_genuine_under_its_own_secret_in_any_company(
            secret in prop::collection::vec(any::<u8>(), 1..80),
            other in prop::collection::vec(any::<u8>(), 1..80),
            body in prop::collection::vec(any::<u8>(), 0..300),
            split in any::<prop::sample::Index>(),
        ) {
            let code = hmac_sha256(&secret, &[&body]);
            let noise = [7_u8; HMAC_SHA256_BYTES];
            let (left, right) = body.split_at(split.index(body.len() + 1));
            prop_assert!(verify_hmac_sha256([&other[..], &secret], &[left, right], [&noise[..], &code]));
            prop_assert!(verify_hmac_sha256([&secret[..], &other], &[left, right], [&code[..], &noise]));
        }

        #[test]
        fn one_changed_bit_is_refused(
            secret in prop::collection::vec(any::<u8>(), 1..80),
            body in prop::collection::vec(any::<u8>(), 1..300),
            at in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let mut code = hmac_sha256(&secret, &[&body]);
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= 1 << bit;
            prop_assert!(!verify_hmac_sha256([&secret[..]], &[&changed], [&code[..]]));
            code[at.index(HMAC_SHA256_BYTES)] ^= 1 << bit;
            prop_assert!(!verify_hmac_sha256([&secret[..]], &[&body], [&code[..]]));
        }
    }
}

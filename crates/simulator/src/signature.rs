//! Signing as the provider signs its webhooks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of the `Stripe-Signature` header: HMAC-SHA-256 of `t`, a dot and the body, with the whole secret as key,
/// as lower-case hex.
///
/// # Source
/// <https://docs.stripe.com/webhooks/signature>
///
/// # Example
/// ```
/// let value = simulator::sign("whsec_example", 1_773_568_800, b"{}");
/// assert!(value.starts_with("t=1773568800,v1="));
/// ```
#[must_use]
pub fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(t.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={t},v1={}", hex::encode(mac.finalize().into_bytes()))
}

//! What the tests of this crate share.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chrono::DateTime;
use connector::{IntegrationConfig, PaymentProvider, ProviderFactory, RawMessage, signature};
use ltv_core::Timestamp;
use payments_stripe::{SIGNATURE_HEADER, StripeFactory};

pub const SECRET: &str = "whsec_fixture";

/// The time at which fixtures arrive.
pub fn now() -> Timestamp {
    DateTime::from_timestamp(1_772_323_300, 0).unwrap()
}

pub fn config() -> IntegrationConfig {
    IntegrationConfig {
        id: "main".to_owned(),
        livemode: true,
        webhook_secrets: vec![SECRET.into()],
        ..IntegrationConfig::default()
    }
}

/// One connection for all tests: making one reads all roots of trust.
pub fn stripe() -> Arc<dyn PaymentProvider> {
    static STRIPE: OnceLock<Arc<dyn PaymentProvider>> = OnceLock::new();
    Arc::clone(STRIPE.get_or_init(|| StripeFactory.connect(&config()).unwrap()))
}

/// A webhook as Stripe would send it at `now`.
pub fn signed(body: impl Into<Bytes>) -> RawMessage {
    let body = body.into();
    let time = now().timestamp().to_string();
    let code = hex::encode(signature::hmac_sha256(SECRET.as_bytes(), &[time.as_bytes(), b".", &body]));
    RawMessage { headers: vec![(SIGNATURE_HEADER.to_owned(), format!("t={time},v1={code}"))], body }
}

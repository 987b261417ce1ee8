//! The suite that every provider must pass.

use std::sync::Arc;

use chrono::Duration;
use connector::testkit::{Specimen, suite};
use connector::{Clock, GuardSettings, Guarded, PaymentProvider as _, ProviderFactory, Random, RawMessage};
use ltv_core::{Provider, Timestamp};
use payments_stripe::{StripeFactory, TOLERANCE_SECONDS};

use crate::common::{config, now, signed, stripe};

const CHARGE: &str = include_str!("../fixtures/charge_succeeded.json");

/// Stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }
}

impl Random for Still {
    fn next(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn stripe_keeps_every_promise_of_the_trait() {
    suite(stripe(), specimen()).await;
}

#[tokio::test]
async fn stripe_behind_its_guard_keeps_them_too() {
    let settings = GuardSettings::stripe(true);
    let guarded = Guarded::new(stripe(), "main", settings, Arc::new(Still), Arc::new(Still));
    assert_eq!((guarded.lists(), guarded.sweeps()), (stripe().lists(), false));
    suite(Arc::new(guarded), specimen()).await;
}

fn specimen() -> Specimen {
    let specimen = Specimen {
        now: now(),
        genuine: signed(CHARGE),
        redelivered: signed(CHARGE.replace("\"pending_webhooks\": 1", "\"pending_webhooks\": 3")),
        altered: signed(CHARGE.replace("\"amount_refunded\": 0", "\"amount_refunded\": 1")),
        unknown_kind: signed(CHARGE.replace("charge.succeeded", "charge.danced")),
        malformed: signed("[]"),
        tolerance: Some(Duration::seconds(TOLERANCE_SECONDS)),
    };
    assert_ne!(specimen.genuine.body, specimen.redelivered.body);
    specimen
}

#[test]
fn webhooks_are_recognised_by_their_header() {
    assert_eq!(StripeFactory.provider(), Provider::Stripe);
    assert!(StripeFactory.recognises(&signed(CHARGE)));
    let other = RawMessage {
        headers: vec![("paypal-transmission-id".to_owned(), "x".to_owned())],
        body: CHARGE.into(),
    };
    assert!(!StripeFactory.recognises(&other));
}

#[test]
fn a_broken_configuration_does_not_connect() {
    let mut config = config();
    config.webhook_secrets.insert(0, "  ".into());
    let problems = StripeFactory.connect(&config).err().unwrap();
    assert_eq!(
        problems.iter().map(|problem| problem.pointer.as_str()).collect::<Vec<_>>(),
        ["/webhookSecrets/0"]
    );
}

#[tokio::test]
async fn money_announces_settlements_by_webhook_and_not_by_read() {
    let stripe = stripe();
    let mut message = stripe.accept(&signed(CHARGE), now()).await.unwrap();
    assert!(stripe.announces_settlement(&message));
    message.origin = ltv_core::Origin::Read;
    assert!(!stripe.announces_settlement(&message));
    let customer = include_str!("../fixtures/customer_created.json");
    let message = stripe.accept(&signed(customer), now()).await.unwrap();
    assert!(!stripe.announces_settlement(&message));
}

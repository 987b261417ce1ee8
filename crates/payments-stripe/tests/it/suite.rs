//! The suite that every provider must pass.

use chrono::Duration;
use connector::testkit::{Specimen, suite};
use connector::{ProviderFactory, RawMessage};
use ltv_core::Provider;
use payments_stripe::{StripeFactory, TOLERANCE_SECONDS};

use crate::common::{config, now, signed, stripe};

const CHARGE: &str = include_str!("../fixtures/charge_succeeded.json");

#[tokio::test]
async fn stripe_keeps_every_promise_of_the_trait() {
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
    suite(stripe(), specimen).await;
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

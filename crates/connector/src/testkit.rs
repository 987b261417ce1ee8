//! The suite that every [`PaymentProvider`] must pass, and a provider in memory for the tests of others.
//!
//! The suite panics with a sentence that says which promise was broken, so that it can be called from any test.

pub mod fake;

use std::sync::Arc;

use bytes::Bytes;
use chrono::Duration;
use ltv_core::{MessageId, Origin, Timestamp};

use crate::{AcceptError, Message, PaymentProvider, RawMessage};

/// What a provider's own test hands to [`suite`]. All messages are authentic at `now`.
#[derive(Debug, Clone)]
pub struct Specimen {
    /// The time at which the messages arrive.
    pub now: Timestamp,
    /// A message that shows at least one object.
    pub genuine: RawMessage,
    /// The same message as `genuine`, signed again and with other volatile fields, as a redelivery has.
    pub redelivered: RawMessage,
    /// A message under the same id as `genuine` that says something else of the object.
    pub altered: RawMessage,
    /// A message of a type that does not exist.
    pub unknown_kind: RawMessage,
    /// An authentic body that is no message of the provider.
    pub malformed: RawMessage,
    /// How old a message may be, if the provider signs the time.
    pub tolerance: Option<Duration>,
}

/// Checks every promise of the trait that needs no network.
pub async fn suite(provider: Arc<dyn PaymentProvider>, specimen: Specimen) {
    let message = accepts(provider.as_ref(), &specimen.genuine, specimen.now).await;
    describes_what_it_accepted(provider.as_ref(), &specimen, &message);
    refuses_what_was_changed(provider.as_ref(), &specimen).await;
    refuses_what_is_not_signed(provider.as_ref(), &specimen).await;
    refuses_what_is_out_of_time(provider.as_ref(), &specimen).await;
    tells_repetition_from_change(provider.as_ref(), &specimen, &message).await;
    observes_purely(provider.as_ref(), &message);
    keeps_unknown_kinds(provider.as_ref(), &specimen).await;
    names_malformed_bodies(provider.as_ref(), &specimen).await;
}

async fn accepts(provider: &dyn PaymentProvider, raw: &RawMessage, now: Timestamp) -> Message {
    match provider.accept(raw, now).await {
        Ok(message) => message,
        Err(error) => panic!("a genuine message must be accepted, but: {error}"),
    }
}

fn describes_what_it_accepted(provider: &dyn PaymentProvider, specimen: &Specimen, message: &Message) {
    assert_eq!(message.provider, provider.provider(), "a message names its provider");
    assert_eq!(message.origin, Origin::Webhook, "an accepted message is a webhook");
    assert_eq!(message.payload, specimen.genuine.body, "the payload is the body, byte by byte");
    assert!(!message.source_id.is_empty() && !message.kind.is_empty(), "a message has an id and a type");
    assert!(!message.source_id.starts_with("api:"), "a webhook's id does not look like that of a read");
    assert!(provider.mapping_version() > 0, "mapping versions count from 1");
}

/// Flips a bit of every byte of the body, one at a time.
async fn refuses_what_was_changed(provider: &dyn PaymentProvider, specimen: &Specimen) {
    for at in 0..specimen.genuine.body.len() {
        let mut body = specimen.genuine.body.to_vec();
        if let Some(byte) = body.get_mut(at) {
            *byte ^= 1;
        }
        let raw = RawMessage { headers: specimen.genuine.headers.clone(), body: Bytes::from(body) };
        refuses(provider, &raw, specimen.now, &format!("byte {at} of the body was changed")).await;
    }
    let mut longer = specimen.genuine.clone();
    longer.body = [&specimen.genuine.body[..], b"\n"].concat().into();
    refuses(provider, &longer, specimen.now, "a line feed was added").await;
    let mut empty = specimen.genuine.clone();
    empty.body = Bytes::new();
    refuses(provider, &empty, specimen.now, "the body was dropped").await;
}

async fn refuses_what_is_not_signed(provider: &dyn PaymentProvider, specimen: &Specimen) {
    let bare = RawMessage { headers: Vec::new(), body: specimen.genuine.body.clone() };
    refuses(provider, &bare, specimen.now, "there is no header at all").await;
    for (at, (name, _)) in specimen.genuine.headers.iter().enumerate() {
        let mut blank = specimen.genuine.clone();
        if let Some((_, value)) = blank.headers.get_mut(at) {
            value.clear();
        }
        refuses(provider, &blank, specimen.now, &format!("the header `{name}` is blank")).await;
    }
}

async fn refuses_what_is_out_of_time(provider: &dyn PaymentProvider, specimen: &Specimen) {
    let Some(tolerance) = specimen.tolerance else { return };
    let beyond = tolerance + Duration::seconds(1);
    refuses(provider, &specimen.genuine, specimen.now + beyond, "it is too old").await;
    refuses(provider, &specimen.genuine, specimen.now - beyond, "it comes from the future").await;
}

async fn refuses(provider: &dyn PaymentProvider, raw: &RawMessage, now: Timestamp, why: &str) {
    match provider.accept(raw, now).await {
        Err(AcceptError::Unauthentic) => {}
        Err(other) => panic!("{why}: the answer must be `Unauthentic` and nothing more, not: {other}"),
        Ok(_) => panic!("{why}: the message must be refused"),
    }
}

async fn tells_repetition_from_change(
    provider: &dyn PaymentProvider,
    specimen: &Specimen,
    message: &Message,
) {
    let again = accepts(provider, &specimen.redelivered, specimen.now).await;
    assert_eq!(again.source_id, message.source_id, "a redelivery has the same id");
    assert_eq!(again.substance, message.substance, "a redelivery has the same substance");
    let altered = accepts(provider, &specimen.altered, specimen.now).await;
    assert_eq!(altered.source_id, message.source_id, "the altered specimen has the same id");
    assert_ne!(altered.substance, message.substance, "an altered message has another substance");
}

fn observes_purely(provider: &dyn PaymentProvider, message: &Message) {
    let observe = |id| match provider.observe(MessageId(id), message) {
        Ok(observed) => observed,
        Err(error) => panic!("a genuine message must be observable, but: {error}"),
    };
    let (first, second, other) = (observe(1), observe(1), observe(2));
    assert!(!first.observations.is_empty(), "the genuine specimen shows an object");
    assert_eq!(first.observations, second.observations, "observing twice shows the same");
    assert_eq!(first.drift, second.drift, "observing twice gives the same drift");
    for observation in &first.observations {
        assert_eq!(observation.object.provider(), provider.provider(), "a key names its provider");
        assert_eq!(observation.source_id, message.source_id, "an observation names its message");
        assert_eq!(observation.observed_at, message.observed_at, "an observation has the message's time");
        assert_eq!(observation.origin, message.origin, "an observation has the message's origin");
        assert_eq!(observation.message, MessageId(1), "an observation names the inbox row");
        assert_eq!(
            observation.mapping_version,
            provider.mapping_version(),
            "an observation names its mapping"
        );
    }
    let mut renumbered = other.observations;
    renumbered.iter_mut().for_each(|observation| observation.message = MessageId(1));
    assert_eq!(renumbered, first.observations, "the inbox row's number changes nothing else");
    assert_eq!(provider.needs(message), provider.needs(message), "needs are the same each time");
}

async fn keeps_unknown_kinds(provider: &dyn PaymentProvider, specimen: &Specimen) {
    let message = accepts(provider, &specimen.unknown_kind, specimen.now).await;
    match provider.observe(MessageId(1), &message) {
        Ok(observed) => {
            assert!(observed.observations.is_empty(), "an unknown type shows nothing");
            assert!(!observed.drift.is_empty(), "an unknown type is drift");
            let fits = |what: &str| !what.is_empty() && what.chars().count() <= 120;
            assert!(observed.drift.iter().all(|drift| fits(&drift.what)), "drift is short");
        }
        Err(error) => panic!("an unknown type is kept and counted, never an error, but: {error}"),
    }
}

async fn names_malformed_bodies(provider: &dyn PaymentProvider, specimen: &Specimen) {
    match provider.accept(&specimen.malformed, specimen.now).await {
        Err(AcceptError::Malformed { detail }) => {
            assert!(!detail.is_empty(), "a malformed body is explained")
        }
        Err(AcceptError::Unauthentic) => panic!("the malformed specimen must be authentic"),
        Ok(_) => panic!("a body that is no message must be refused"),
    }
}

#[cfg(test)]
#[path = "testkit_tests.rs"]
mod tests;

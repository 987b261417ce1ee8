//! Where observations and drift are gathered.

use connector::{Drift, Message, Observed};
use ltv_core::{Body, MessageId, ObjectKey, Observation, Provider, Timestamp};

use super::MAPPING_VERSION;
use crate::error::MappingError;
use crate::model::Node;

/// The longest unknown word that is kept, in characters.
const WORD_MAX: usize = 64;

/// Gathers what one message shows.
pub(crate) struct Sink<'m> {
    id: MessageId,
    message: &'m Message,
    observed: Observed,
}

impl<'m> Sink<'m> {
    pub(crate) fn new(id: MessageId, message: &'m Message) -> Self {
        Self { id, message, observed: Observed::default() }
    }

    /// The event's type, or the object's type for a read.
    pub(crate) fn event_kind(&self) -> &'m str {
        &self.message.kind
    }

    /// The time for which the message speaks.
    pub(crate) fn observed_at(&self) -> Timestamp {
        self.message.observed_at
    }

    /// Adds what an object looks like.
    pub(crate) fn show(&mut self, object: ObjectKey, body: Body) {
        self.observed.observations.push(Observation {
            object,
            observed_at: self.message.observed_at,
            origin: self.message.origin,
            source_id: self.message.source_id.clone(),
            message: self.id,
            mapping_version: MAPPING_VERSION,
            body,
        });
    }

    /// Adds something that is not known yet.
    pub(crate) fn drift(&mut self, what: &str, word: &str) {
        let what = format!("{what} {}", shown(word));
        self.add_drift(what);
    }

    /// Adds an unknown word of an enumeration.
    pub(crate) fn drift_word(&mut self, field: &str, word: &str) {
        let what = format!("{field}={}", shown(word));
        self.add_drift(what);
    }

    /// Reads a word of an enumeration; an unknown one is kept and reported as drift of `field`, such as
    /// `charge.status`.
    pub(crate) fn word<T>(
        &mut self,
        word: &str,
        field: &str,
        known: impl FnOnce(&str) -> Option<T>,
        unknown: impl FnOnce(String) -> T,
    ) -> T {
        known(word).unwrap_or_else(|| {
            self.drift_word(field, word);
            unknown(shown(word))
        })
    }

    pub(crate) fn finish(self) -> Observed {
        self.observed
    }

    fn add_drift(&mut self, what: String) {
        let drift = Drift { what };
        if !self.observed.drift.contains(&drift) {
            self.observed.drift.push(drift);
        }
    }
}

/// Names an object of Stripe's.
pub(crate) fn key(id: &str) -> ObjectKey {
    ObjectKey::new(Provider::Stripe, id)
}

/// The object that a field refers to.
pub(crate) fn reference(node: &Node<'_>, name: &str) -> Option<ObjectKey> {
    node.reference(name).map(|id| key(&id))
}

/// The object's own key.
pub(crate) fn own_key(node: &Node<'_>) -> Result<ObjectKey, MappingError> {
    node.need_id().map(|id| key(&id))
}

/// An unknown word, made fit for logs and labels.
fn shown(word: &str) -> String {
    word.chars().take(WORD_MAX).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

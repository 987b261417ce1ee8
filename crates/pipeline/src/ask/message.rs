//! A stored message, for people: what came, from whom and when; never its payload.

use ltv_core::{MessageId, Observation, Origin, Timestamp};
use store::{InboxMessage, Lane};

use super::types::AskError;
use crate::observe;
use crate::pipeline::{Inner, LtvDataPipeline};

/// A stored message, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// Its number in the inbox.
    pub id: i64,
    /// Who said it.
    pub provider: String,
    /// The integration.
    pub integration: String,
    /// Event or object type.
    pub kind: String,
    /// The provider's event id, or `api:…` for an object that was read.
    pub event_id: String,
    /// How it came: `webhook` or `read`.
    pub origin: &'static str,
    /// The account that it names.
    pub account: Option<String>,
    /// The event's or answer's time.
    pub observed_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// SHA-256 of its bytes as received, in hexadecimal.
    pub sha256: String,
    /// Genuine, of the other mode: kept apart, never booked.
    pub test_mode: bool,
    /// The objects that it shows, such as `stripe:ch_1`.
    pub objects: Vec<String>,
}

impl LtvDataPipeline {
    /// A stored message.
    ///
    /// # Errors
    /// [`AskError::NotFound`], and other [`AskError`]s.
    pub async fn message(&self, id: MessageId) -> Result<MessageView, AskError> {
        let message = self.inner.stored(id).await?;
        let observations = self.inner.shown_by(&message).await;
        Ok(view_of(&message, &observations))
    }
}

impl Inner {
    pub(super) async fn stored(&self, id: MessageId) -> Result<InboxMessage, AskError> {
        let mut found = self.store.messages(&[id]).await?;
        found.pop().ok_or_else(|| AskError::NotFound { what: "such message".to_owned() })
    }

    /// What a message shows; nothing where it cannot be opened or mapped.
    pub(super) async fn shown_by(&self, message: &InboxMessage) -> Vec<Observation> {
        let Ok(opened) = observe::open(&self.vault, message).await else { return Vec::new() };
        let Some(provider) = self.integrations.observer(message.provider) else { return Vec::new() };
        provider.observe(message.id, &opened).map(|observed| observed.observations).unwrap_or_default()
    }
}

pub(super) fn view_of(message: &InboxMessage, observations: &[Observation]) -> MessageView {
    let mut objects: Vec<String> = observations.iter().map(|each| each.object.to_string()).collect();
    objects.sort_unstable();
    objects.dedup();
    MessageView {
        id: message.id.0,
        provider: message.provider.to_string(),
        integration: message.integration.clone(),
        kind: message.kind.clone(),
        event_id: message.source_id.clone(),
        origin: match message.origin {
            Origin::Webhook => "webhook",
            Origin::Read => "read",
        },
        account: message.account.clone(),
        observed_at: message.observed_at,
        received_at: message.received_at,
        sha256: hex::encode(message.sha256),
        test_mode: message.lane == Lane::OtherMode,
        objects,
    }
}

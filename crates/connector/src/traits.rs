//! The traits through which the pipeline sees providers.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ltv_core::{MessageId, ObjectKey, Observation, Origin, Provider, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// A body and its headers, as they came. Nothing in it is trusted.
#[derive(Debug, Clone)]
pub struct RawMessage {
    /// Header names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The bytes, exactly as received.
    pub body: Bytes,
}

impl RawMessage {
    /// The value of a header; the name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What a provider said: verified, or read from its API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub provider: Provider,
    /// How it came.
    pub origin: Origin,
    /// The event's id, or `api:<type>:<object id>` for an object that was read.
    pub source_id: String,
    /// The event's type, or the object's type for one that was read.
    pub kind: String,
    /// The event's time, or the answer's `Date` for a read.
    pub observed_at: Timestamp,
    /// The mode that the message itself states; `None` when it states none (balance transactions).
    pub livemode: Option<bool>,
    /// The account that the message itself names, where it names one.
    pub account: Option<String>,
    /// Digest over type, time and data without volatile fields: tells a repetition from a changed message of the
    /// same id.
    pub substance: [u8; 32],
    /// The bytes, exactly as received. For a read: the object alone, as the provider wrote it.
    pub payload: Bytes,
}

/// Why a message is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The signature is missing, unreadable, wrong or too old. Which of these is not told to outsiders.
    #[error("the message is not authentic")]
    Unauthentic,
    /// The signature is good, the body is not what the provider documents.
    #[error("the message is authentic, but malformed: {detail}")]
    Malformed {
        /// What is wrong and where; holds nothing of the body.
        detail: String,
    },
}

/// Something that the provider says and we do not know yet: kept and counted, never an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Drift {
    /// What it is, such as `event type charge.danced` or `invoice.status=melted`. At most 120 characters, no values
    /// of personal data.
    pub what: String,
}

/// What an accepted message shows.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The objects, as seen at the message's time.
    pub observations: Vec<Observation>,
    /// What was not understood.
    pub drift: Vec<Drift>,
}

/// An object at the provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The provider's word for its type, such as `charge`.
    pub object_type: String,
    /// Its key.
    pub key: ObjectKey,
}

/// A list that the provider offers, such as `balance_transactions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListName(pub &'static str);

/// Where a walk through a list stands. Opaque text made by the provider's client; survives restarts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Option<String>);

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// One message per object.
    pub messages: Vec<Message>,
    /// Where to go on; to be kept once the messages are durable.
    pub next: Cursor,
    /// True when there is more to read now.
    pub has_more: bool,
    /// When the walk has reached the head: the instant of the provider's answer up to which everything was listed.
    pub complete_through: Option<Timestamp>,
}

/// Why a call to a provider failed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It could not be reached, or did not answer in time.
    #[error("could not reach {provider} for {operation}")]
    Unreachable {
        /// Who.
        provider: Provider,
        /// For what, such as `GET /v1/balance_transactions`.
        operation: String,
        /// The cause.
        #[source]
        source: crate::http::HttpError,
    },
    /// It refused.
    #[error("{provider} answered {operation} with status {status}{}", code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// Who.
        provider: Provider,
        /// For what.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The provider's own code.
        code: Option<String>,
        /// What the provider itself says of trying again.
        should_retry: Option<bool>,
        /// How long the provider asks to wait, in seconds.
        retry_after_seconds: Option<u64>,
    },
    /// Its answer is not what it documents.
    #[error("{provider} answered {operation} with something unreadable: {detail}")]
    Unreadable {
        /// Who.
        provider: Provider,
        /// For what.
        operation: String,
        /// What is wrong and where.
        detail: String,
    },
    /// A message cannot be mapped.
    #[error("could not map {kind}: {detail}")]
    Mapping {
        /// The type of the message.
        kind: String,
        /// What is wrong and where; holds nothing of the body.
        detail: String,
    },
    /// The provider is not called: this kind of call has failed too often of late.
    #[error("{provider} is not called for {class} until {until}: its recent calls failed")]
    BreakerOpen {
        /// Who.
        provider: Provider,
        /// The endpoint class, such as `list.balance_transactions`.
        class: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// The provider is not called yet: too many calls, or too many repeated ones.
    #[error("{provider} is not called for {class} until {until}: the limit of calls is reached")]
    Throttled {
        /// Who.
        provider: Provider,
        /// The endpoint class.
        class: String,
        /// When it may be called.
        until: Timestamp,
    },
    /// No key for the provider's API is configured.
    #[error("no API key is configured for {provider}: set `apiKey` of the integration")]
    NoApiKey {
        /// Who.
        provider: Provider,
    },
}

impl ProviderError {
    /// True when the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::BreakerOpen { .. }
            | Self::Throttled { .. } => true,
            Self::Refused { status, should_retry, .. } => {
                should_retry.unwrap_or(matches!(status, 409 | 429 | 500..=599))
            }
            Self::Mapping { .. } | Self::NoApiKey { .. } => false,
        }
    }

    /// The instant before which the provider is not called at all, where it was not called this time.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::BreakerOpen { until, .. } | Self::Throttled { until, .. } => Some(*until),
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. }
            | Self::Mapping { .. }
            | Self::NoApiKey { .. } => None,
        }
    }

    /// True when the object does not exist at the provider.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// One configured account at a provider.
#[derive(Debug, Clone, Default)]
pub struct IntegrationConfig {
    /// Our id of the integration.
    pub id: String,
    /// The provider's id of the account, where the business has several.
    pub account: Option<String>,
    /// Live or test.
    pub livemode: bool,
    /// Secrets of the webhook endpoint; several while one is being rolled.
    pub webhook_secrets: Vec<SecretString>,
    /// The key for the provider's API; a restricted read-only one is enough.
    pub api_key: Option<SecretString>,
    /// Where the provider's API is, when not at its published address.
    pub api_base: Option<String>,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {problem}")]
pub struct IntegrationConfigError {
    /// Which field, as a JSON pointer.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

/// Makes connections to one provider.
pub trait ProviderFactory: Send + Sync {
    /// Which provider.
    fn provider(&self) -> Provider;

    /// Whether these headers are those of this provider's webhooks.
    fn recognises(&self, raw: &RawMessage) -> bool;

    /// A provider of no account: it maps stored messages, accepts none and can call nobody. So replay needs no secrets,
    /// and what a stopped integration sent is still understood.
    ///
    /// # Errors
    /// What keeps the provider's client from being made.
    fn observer(&self) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>>;

    /// Connects; touches no network.
    ///
    /// # Errors
    /// Every problem of the configuration at once.
    fn connect(
        &self,
        config: &IntegrationConfig,
    ) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>>;
}

/// One integration's provider. No method has a default body: forgetting one must not compile.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Which provider.
    fn provider(&self) -> Provider;

    /// The version of the mapping that `observe` applies.
    fn mapping_version(&self) -> i32;

    /// Checks the raw bytes and reads the message id. Nothing is stored before this succeeds.
    ///
    /// # Errors
    /// [`AcceptError`]
    async fn accept(&self, raw: &RawMessage, now: Timestamp) -> Result<Message, AcceptError>;

    /// Says what an accepted message shows. Pure, so a corrected mapping can be run again over stored messages.
    ///
    /// # Errors
    /// [`ProviderError::Mapping`] when the message is of a known type but lacks what makes it one.
    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError>;

    /// Names the objects that should be read to complete what this message shows.
    fn needs(&self, message: &Message) -> Vec<ObjectRef>;

    /// Reads one object; the answer goes through the inbox like any message.
    ///
    /// # Errors
    /// [`ProviderError`]
    async fn fetch(&self, object: &ObjectRef) -> Result<Message, ProviderError>;

    /// The lists that tell what webhooks leave out: settlements, and which payment paid which invoice.
    fn lists(&self) -> &'static [ListName];

    /// Whether the lists have probably changed after this message.
    fn announces_settlement(&self, message: &Message) -> bool;

    /// Reads on in a list.
    ///
    /// # Errors
    /// [`ProviderError`]
    async fn list_since(&self, list: ListName, cursor: &Cursor) -> Result<Page, ProviderError>;

    /// Whether messages that never arrived can be read again: the provider keeps a list of what it sent, and a key
    /// to read it is configured.
    fn sweeps(&self) -> bool;

    /// Reads on in the list of what the provider sent since `since`, from the newest to the oldest. Each comes as the
    /// same [`Message`] as its webhook, so that one that did arrive is known by its id.
    ///
    /// An empty cursor begins a walk; a walk keeps the `since` that it began with. The page that ends it tells in
    /// `complete_through` up to when everything since `since` was listed, and leads back to an empty cursor.
    ///
    /// # Errors
    /// [`ProviderError`]
    async fn events_since(&self, since: Timestamp, cursor: &Cursor) -> Result<Page, ProviderError>;
}

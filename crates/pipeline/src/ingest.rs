//! Ingest: verify → encrypt → group-commit into the inbox → answer.
//!
//! Nothing is written before the signature over the raw bytes is verified (I2), and nothing is answered before the
//! message is on disk (I1). The integration is the one whose secret verified it.

use std::sync::Arc;

use bytes::Bytes;
use connector::{AcceptError, Message, RawMessage};
use ltv_core::{Provider, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{Appended, GroupCommit, GroupError, Lane, NewMessage};
use uuid::Uuid;
use vault::Vault;

use crate::integrations::{Integrations, Live};
use crate::tallies::Tallies;

/// The table that a payload is bound to.
pub(crate) const PAYLOAD_TABLE: &str = "inbox_message";

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// It had been stored before.
    pub duplicate: bool,
    /// It is of the other mode: stored apart, never booked.
    pub test_mode: bool,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Its headers are of no known provider.
    #[error("no provider is recognised by these headers")]
    UnknownProvider,
    /// No integration of this provider is configured.
    #[error("no integration of {provider} is configured")]
    NotConfigured {
        /// The provider.
        provider: Provider,
    },
    /// No secret verifies it. Which check failed is not told.
    #[error("the message is not authentic")]
    Unauthentic,
    /// It is authentic, and not what the provider documents.
    #[error("the message is malformed: {detail}")]
    Malformed {
        /// What is wrong and where.
        detail: String,
    },
    /// Too many messages wait for their commit.
    #[error("too many messages are waiting")]
    Busy,
    /// The store cannot make it durable now.
    #[error("the message could not be stored")]
    Unavailable(#[source] Arc<store::StoreError>),
    /// The vault cannot encrypt it now.
    #[error("the message could not be encrypted")]
    Vault(#[from] vault::VaultError),
}

/// Everything that ingest needs.
pub(crate) struct Ingest {
    pub(crate) integrations: Arc<Integrations>,
    pub(crate) vault: Vault,
    pub(crate) group: GroupCommit,
    pub(crate) tallies: Arc<Tallies>,
}

impl Ingest {
    /// Takes a webhook. The provider is recognised by its headers where it is not given.
    pub(crate) async fn receive(
        &self,
        provider: Option<Provider>,
        raw: RawMessage,
        now: Timestamp,
    ) -> Result<Received, ReceiveError> {
        let result = self.try_receive(provider, raw, now).await;
        let scope = provider.map_or("unknown", Provider::as_str);
        match &result {
            Err(ReceiveError::UnknownProvider) => self.tallies.count(scope, "rejected:unknown provider"),
            Err(ReceiveError::NotConfigured { .. }) => self.tallies.count(scope, "rejected:not configured"),
            Err(ReceiveError::Unauthentic) => self.tallies.count(scope, "rejected:not authentic"),
            Err(ReceiveError::Malformed { .. }) => self.tallies.count(scope, "rejected:malformed"),
            Ok(_) | Err(ReceiveError::Busy | ReceiveError::Unavailable(_) | ReceiveError::Vault(_)) => {}
        }
        result
    }

    async fn try_receive(
        &self,
        provider: Option<Provider>,
        raw: RawMessage,
        now: Timestamp,
    ) -> Result<Received, ReceiveError> {
        let provider = provider.or_else(|| self.recognise(&raw)).ok_or(ReceiveError::UnknownProvider)?;
        let (live, message) = self.accept(provider, &raw, now).await?;
        let row = self.seal(&live.view.id, live.view.livemode, message, now).await?;
        let lane = row.lane;
        let appended = self.group.append(row).await.map_err(|error| match error {
            GroupError::Full => ReceiveError::Busy,
            GroupError::Store(error) => ReceiveError::Unavailable(error),
        })?;
        Ok(Received {
            duplicate: matches!(appended, Appended::Duplicate(_)),
            test_mode: lane == Lane::OtherMode,
        })
    }

    fn recognise(&self, raw: &RawMessage) -> Option<Provider> {
        self.integrations
            .factories()
            .iter()
            .find(|factory| factory.recognises(raw))
            .map(|factory| factory.provider())
    }

    /// Asks each integration of the provider. All are asked, so that the time tells nothing of which one matched.
    async fn accept(
        &self,
        provider: Provider,
        raw: &RawMessage,
        now: Timestamp,
    ) -> Result<(Arc<Live>, Message), ReceiveError> {
        let live = self.integrations.live();
        let mut candidates = live.values().filter(|live| live.view.platform == provider).peekable();
        if candidates.peek().is_none() {
            return Err(ReceiveError::NotConfigured { provider });
        }
        let mut found = Err(ReceiveError::Unauthentic);
        for candidate in candidates {
            match candidate.provider.accept(raw, now).await {
                Ok(message) if found.is_err() => found = Ok((Arc::clone(candidate), message)),
                Ok(_) | Err(AcceptError::Unauthentic) => {}
                Err(AcceptError::Malformed { detail }) => {
                    if found.is_err() {
                        found = Err(ReceiveError::Malformed { detail });
                    }
                }
            }
        }
        found
    }

    /// Compresses and encrypts a message under the key of the day.
    pub(crate) async fn seal(
        &self,
        integration: &str,
        livemode: bool,
        message: Message,
        now: Timestamp,
    ) -> Result<NewMessage, ReceiveError> {
        let key = self.vault.epoch_key(now.date_naive()).await?;
        let uuid = uuid_v7(now, &self.vault)?;
        let sealed = self.vault.seal(&key, PAYLOAD_TABLE, uuid, &message.payload)?;
        let other_mode = message.livemode.is_some_and(|mode| mode != livemode);
        Ok(NewMessage {
            uuid,
            provider: message.provider,
            integration: integration.to_owned(),
            source_id: message.source_id,
            substance: message.substance,
            lane: if other_mode { Lane::OtherMode } else { Lane::Main },
            origin: message.origin,
            kind: message.kind,
            observed_at: message.observed_at,
            received_at: now,
            account: message.account,
            sha256: sha256(&message.payload),
            ciphertext: sealed.ciphertext,
            wrapped_key: sealed.wrapped_key,
            key_name: sealed.key_name,
        })
    }
}

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &Bytes) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A UUIDv7 of this time.
pub(crate) fn uuid_v7(now: Timestamp, vault: &Vault) -> Result<Uuid, vault::VaultError> {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let mut bits = [0_u8; 10];
    vault.fill_random(&mut bits)?;
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
}

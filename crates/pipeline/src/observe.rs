//! Observe: claim a batch → open → map → (re-wrap under the subject's key) → observations, edges, dirty and done marks in
//! one transaction.
//!
//! A message that cannot be mapped becomes a dead letter with its reason; it stops nobody (I13). The attempt counter
//! was raised by the claim, before any of this.

use std::collections::BTreeSet;
use std::sync::Arc;

use connector::{Drift, Message};
use ltv_core::{Body, MessageId, ObjectKey, Observation, Origin, Party, Timestamp};
use store::{Claimed, InboxMessage, MessageOutcome, ObservedMessage, Store, StoreError};
use vault::{Vault, VaultError};

use crate::ingest::{PAYLOAD_TABLE, sha256};
use crate::integrations::Integrations;
use crate::jobs::{Need, Needs, is_whole};
use crate::settings::Settings;
use crate::tallies::Tallies;

/// What one pass of the observer did.
#[derive(Debug, Default)]
pub(crate) struct ObserveReport {
    /// How many messages were ended.
    pub(crate) messages: usize,
    /// How many anchors are dirty because of them.
    pub(crate) dirty: usize,
    /// Integrations whose lists have probably changed.
    pub(crate) announced: BTreeSet<String>,
    /// Objects that should be read.
    pub(crate) needs: Needs,
}

/// Everything that observing needs.
pub(crate) struct Observer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) integrations: Arc<Integrations>,
    pub(crate) tallies: Arc<Tallies>,
    pub(crate) settings: Settings,
}

/// A batch of messages, mapped.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) report: ObserveReport,
    ended: Vec<ObservedMessage>,
    rewrapped: Vec<(MessageId, Vec<u8>, String)>,
}

/// One message, mapped.
struct Mapped {
    outcome: MessageOutcome,
    drift: Vec<Drift>,
    announces: bool,
    needs: Vec<Need>,
}

impl Observer {
    /// Observes one batch. An empty report: there is nothing to do.
    pub(crate) async fn pass(&self, now: Timestamp) -> Result<ObserveReport, StoreError> {
        let batch = self.map_batch(now).await?;
        self.finish(batch, now).await
    }

    /// Claims a batch and maps it. Nothing of it is kept before [`Observer::finish`].
    pub(crate) async fn map_batch(&self, now: Timestamp) -> Result<Batch, StoreError> {
        let claimed = self.store.claim(now, self.settings.lease_seconds, self.settings.observe_batch).await?;
        let mut report = ObserveReport { messages: claimed.len(), ..ObserveReport::default() };
        let mut ended = Vec::with_capacity(claimed.len());
        let mut rewrapped = Vec::new();
        for Claimed { message, .. } in &claimed {
            let mapped = self.map(message, now).await;
            for drift in &mapped.drift {
                self.tallies.count(&message.integration, &format!("drift:{}", drift.what));
            }
            if mapped.announces {
                report.announced.insert(message.integration.clone());
            }
            if !mapped.needs.is_empty() {
                report.needs.entry(message.integration.clone()).or_default().extend(mapped.needs);
            }
            if let MessageOutcome::Done(observations) = &mapped.outcome
                && let Some(key) = self.rewrap(message, observations).await
            {
                rewrapped.push(key);
            }
            ended.push(ObservedMessage { id: message.id, outcome: mapped.outcome });
        }
        drop_shown(&mut report.needs, &ended);
        Ok(Batch { report, ended, rewrapped })
    }

    /// Keeps what a batch showed, and ends its messages.
    pub(crate) async fn finish(&self, batch: Batch, now: Timestamp) -> Result<ObserveReport, StoreError> {
        let Batch { mut report, ended, rewrapped } = batch;
        if ended.is_empty() {
            return Ok(report);
        }
        // Before the done marks: a crash in between only does it again.
        if !rewrapped.is_empty() {
            self.store.rewrap(rewrapped).await?;
        }
        report.dirty = self.store.finish(ended, now).await?;
        Ok(report)
    }

    async fn map(&self, message: &InboxMessage, now: Timestamp) -> Mapped {
        let nothing = |outcome| Mapped { outcome, drift: Vec::new(), announces: false, needs: Vec::new() };
        if let Some(reason) = self.foreign_account(message) {
            return nothing(MessageOutcome::Quarantined { reason });
        }
        let opened = match open(&self.vault, message).await {
            Ok(opened) => opened,
            Err(error) => return nothing(unopened(&error, now)),
        };
        let Some(provider) = self.integrations.observer(message.provider) else {
            let reason = format!("there is no connector for `{}` in this build", message.provider);
            return nothing(MessageOutcome::Dead { class: "permanent", reason });
        };
        match provider.observe(message.id, &opened) {
            Ok(observed) => Mapped {
                needs: Need::of(provider.as_ref(), &opened, &observed.observations),
                announces: opened.origin == Origin::Webhook && provider.announces_settlement(&opened),
                outcome: MessageOutcome::Done(observed.observations),
                drift: observed.drift,
            },
            Err(error) => nothing(MessageOutcome::Dead { class: "permanent", reason: error.to_string() }),
        }
    }

    /// A genuine message of an account that is not the integration's is kept, and moves no figure.
    fn foreign_account(&self, message: &InboxMessage) -> Option<String> {
        let account = message.account.as_ref()?;
        let live = self.integrations.live();
        let own = live.get(&message.integration).and_then(|live| live.view.account.as_ref());
        (own != Some(account)).then(|| "the message is of another account than the integration's".to_owned())
    }

    /// Wraps the message's key by its subject's, where the message names a customer.
    async fn rewrap(
        &self,
        message: &InboxMessage,
        observations: &[Observation],
    ) -> Option<(MessageId, Vec<u8>, String)> {
        if !message.key_name.starts_with("epoch:") {
            return None;
        }
        let party = observations.iter().find_map(subject)?;
        let wrapped = async {
            let key = self.vault.subject_key(&party).await?;
            self.vault
                .rewrap(PAYLOAD_TABLE, message.uuid, &message.wrapped_key, &message.key_name, &key)
                .await
        };
        match wrapped.await {
            Ok((wrapped, name)) => Some((message.id, wrapped, name)),
            Err(error) => {
                tracing::warn!(message.id = %message.id, %error, "Could not wrap the key of message {} by its subject's", message.id);
                None
            }
        }
    }
}

/// Leaves out what other messages of the same batch show.
fn drop_shown(needs: &mut Needs, ended: &[ObservedMessage]) {
    if needs.is_empty() {
        return;
    }
    let shown: BTreeSet<&ObjectKey> = ended
        .iter()
        .filter_map(|message| match &message.outcome {
            MessageOutcome::Done(observations) => Some(observations),
            _ => None,
        })
        .flatten()
        .filter(|observation| is_whole(&observation.body))
        .map(|observation| &observation.object)
        .collect();
    needs.values_mut().for_each(|all| all.retain(|need| !need.is_among(&shown)));
    needs.retain(|_, all| !all.is_empty());
}

/// The customer whose message this is.
fn subject(observation: &Observation) -> Option<Party> {
    match &observation.body {
        Body::Customer(_) => Some(Party::Customer(observation.object.clone())),
        body => body.customer().cloned().map(Party::Customer),
    }
}

fn unopened(error: &VaultError, now: Timestamp) -> MessageOutcome {
    let reason = format!("the stored message could not be opened: {error}");
    if error.is_retryable() {
        let not_before = now.checked_add_signed(chrono::TimeDelta::seconds(5)).unwrap_or(now);
        MessageOutcome::Retry { reason, not_before }
    } else {
        MessageOutcome::Dead { class: "permanent", reason }
    }
}

/// Opens a stored message.
pub(crate) async fn open(vault: &Vault, message: &InboxMessage) -> Result<Message, VaultError> {
    let plain = vault
        .open_sealed(
            PAYLOAD_TABLE,
            message.uuid,
            &message.ciphertext,
            &message.wrapped_key,
            &message.key_name,
        )
        .await?;
    let payload = bytes::Bytes::from(plain);
    if sha256(&payload) != message.sha256 {
        return Err(VaultError::NotAuthentic { what: format!("the payload of message {}", message.id) });
    }
    Ok(Message {
        provider: message.provider,
        origin: message.origin,
        source_id: message.source_id.clone(),
        kind: message.kind.clone(),
        observed_at: message.observed_at,
        livemode: None,
        account: message.account.clone(),
        substance: message.substance,
        payload,
    })
}

//! What tests say to a store, and how they have it booked.

use std::collections::BTreeMap;
use std::sync::Arc;

use ltv_core::ledger::{Account, Case, Line, LineKey, Target};
use ltv_core::policy::Policy;
use ltv_core::subscription;
use ltv_core::{Body, MessageId, ObjectKey, Observation, Origin, Party, Provider, Timestamp};
use uuid::Uuid;

use crate::StoreError;
use crate::rows::{Appended, Booked, Lane, MessageOutcome, NewMessage, ObservedMessage};
use crate::traits::{Booker, Booking, Store};

/// How many marks are booked at once.
const MARKS_MAX: i64 = 100;
/// How often a claim is tried.
const CLAIMS_MAX: usize = 20_000;
/// How long claims last.
const LEASE_SECONDS: i64 = 60;

/// A message of the integration `main`, whose substance is its name.
#[must_use]
pub fn a_message(source_id: &str, received_at: Timestamp) -> NewMessage {
    let mut substance = [0_u8; 32];
    for (byte, letter) in substance.iter_mut().zip(source_id.bytes().rev()) {
        *byte = letter;
    }
    NewMessage {
        uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, source_id.as_bytes()),
        provider: Provider::Stripe,
        integration: "main".to_owned(),
        source_id: source_id.to_owned(),
        substance,
        lane: Lane::Main,
        origin: Origin::Webhook,
        kind: "charge.succeeded".to_owned(),
        observed_at: received_at,
        received_at,
        account: None,
        sha256: substance,
        ciphertext: vec![7; 1_600],
        wrapped_key: vec![1; 60],
        key_name: "epoch:2026-01-01".to_owned(),
    }
}

/// Has a message say all of these observations: it is stored, claimed and finished, as the pipeline does it. Answers
/// its number.
///
/// # Errors
/// [`StoreError`]; also when the message was said before.
pub async fn say(
    store: &dyn Store,
    source_id: &str,
    mut observations: Vec<Observation>,
    now: Timestamp,
) -> Result<MessageId, StoreError> {
    let appended = store.append(vec![a_message(source_id, now)]).await?;
    let Some(Appended::New(id) | Appended::Duplicate(id)) = appended.first().copied() else {
        return Err(StoreError::Damaged { table: "inbox_key", detail: "no answer".to_owned() });
    };
    for observation in &mut observations {
        observation.message = id;
        if observation.origin == Origin::Webhook {
            source_id.clone_into(&mut observation.source_id);
        }
    }
    claim(store, id, now).await?;
    let done = ObservedMessage { id, outcome: MessageOutcome::Done(observations) };
    store.finish(vec![done], now).await?;
    Ok(id)
}

/// Claims until the message is there. On PostgreSQL a transaction of anybody on the server holds admission up.
async fn claim(store: &dyn Store, id: MessageId, now: Timestamp) -> Result<(), StoreError> {
    for _ in 0..CLAIMS_MAX {
        if store.claim(now, LEASE_SECONDS, 1).await?.iter().any(|claimed| claimed.message.id == id) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    Err(StoreError::Damaged { table: "work", detail: format!("message {id} cannot be claimed") })
}

/// Books everything that is dirty.
///
/// # Errors
/// [`StoreError`]
pub async fn book_all(store: &dyn Store, booker: &Booker, now: Timestamp) -> Result<Vec<Booked>, StoreError> {
    let mut booked = Vec::new();
    loop {
        let marks = store.claim_dirty(now, LEASE_SECONDS, MARKS_MAX).await?;
        if marks.is_empty() {
            return Ok(booked);
        }
        booked.push(store.book(marks, Arc::clone(booker), now).await?);
    }
}

/// Books cases as the product does, under its default policy.
#[must_use]
pub fn default_booker() -> Booker {
    let policy = Policy::preset_default();
    Arc::new(move |anchor: &ObjectKey, observations: &[Observation]| {
        let target =
            Case::gather(anchor.clone(), observations).target(&policy).map_err(|error| error.to_string())?;
        Ok(Booking { target, facts: subscription::facts(anchor, observations) })
    })
}

/// Books each payment at its amount as one-off income of its customer, and fails on one whose id ends in `stuck`.
#[must_use]
pub fn toy_booker() -> Booker {
    Arc::new(|anchor: &ObjectKey, observations: &[Observation]| {
        if anchor.id().ends_with("stuck") {
            return Err("this case is made to fail".to_owned());
        }
        let mut lines = BTreeMap::new();
        for seen in observations.iter().filter(|seen| seen.object == *anchor) {
            let Body::Payment(body) = &seen.body else { continue };
            let party = body.customer.clone().map_or(Party::Unassigned(anchor.provider()), Party::Customer);
            for (account, sign) in [(Account::ProviderBalance, 1_i64), (Account::RevenueOneOff, -1)] {
                let key = LineKey {
                    account,
                    party: party.clone(),
                    currency: body.amount.currency(),
                    effective_at: body.created_at,
                    fact: anchor.clone(),
                };
                let amount_minor =
                    body.amount.minor().checked_mul(sign).ok_or_else(|| "too large".to_owned())?;
                let quantity = i64::from(account == Account::RevenueOneOff);
                lines.insert(key, Line { amount_minor, quantity, source: seen.message });
            }
        }
        Ok(Booking { target: Target { lines }, facts: Vec::new() })
    })
}

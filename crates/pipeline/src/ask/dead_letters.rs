//! Messages that could not be worked on, and what people decide on them.
//!
//! A retry puts a letter back into the queue; after three retries by people a fourth wants to be confirmed. A discard needs a
//! reason, and a second person where the message may bear money. Discarded letters stay where they are, so that the
//! counts of messages go on adding up.

use std::collections::BTreeMap;

use ltv_core::{MessageId, ObjectKey};
use store::{DeadLetter, Decided, DecisionRow, PostingFilter, WorkStatus};

use super::message::{self, MessageView};
use super::types::{AskError, DeadLetterView};
use crate::pipeline::{Inner, LtvDataPipeline};

/// After how many retries by people the next one wants to be confirmed.
const REDRIVES_MAX: i32 = 3;
/// How many letters one call retries at most.
const RETRIED_MAX: usize = 1_000;
/// How many letters are read at once.
const PAGE: i64 = 500;
/// How many postings of one case are looked through for those of a message.
const POSTINGS_MAX: i64 = 1_000;
/// The longest reason for a discard.
const REASON_CHARS_MAX: usize = 500;

/// Which dead letters are meant; what is `None` narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Of this integration.
    pub integration: Option<String>,
    /// Of this cause class: `permanent`, `poison`, `exhausted`, `quarantine`.
    pub class: Option<String>,
    /// Of this event or object type.
    pub kind: Option<String>,
}

/// A dead letter, looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterDetail {
    /// The message.
    pub message: MessageView,
    /// Why it is dead; `None`: a retry has helped, or it waits for one.
    pub letter: Option<DeadLetterView>,
    /// How often people had it tried again.
    pub redrives: i32,
    /// Whether a discard needs a second person, since it may bear money.
    pub bears_money: bool,
    /// The entries that it moved: case, and the entry's sequence within it.
    pub entries: Vec<(String, i32)>,
}

/// What came of a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redriven {
    /// It waits in the queue again.
    Queued,
    /// There is no such dead letter.
    NoSuch,
    /// It was retried so often by people that this needs to be confirmed.
    NeedsConfirmation {
        /// How often.
        redrives: i32,
    },
    /// It has been discarded.
    Discarded,
}

impl LtvDataPipeline {
    /// Dead and quarantined messages, newest first, with numbers below `before`.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn dead_letters(
        &self,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetterView>, AskError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let letters = self.inner.store.dead_letters(before, limit).await?;
        self.inner.with_decisions(letters).await
    }

    /// One dead letter, with its message and the entries that it moved once it was worked on.
    ///
    /// # Errors
    /// [`AskError::NotFound`] where the message never was one, and other [`AskError`]s.
    pub async fn dead_letter(&self, id: MessageId) -> Result<DeadLetterDetail, AskError> {
        let inner = &self.inner;
        let letter = inner.letter(id).await?;
        let decisions = inner.store.decisions(&[id]).await?;
        let redrives = decisions.first().map_or(0, |decision| decision.redrives);
        if letter.is_none() && redrives == 0 {
            return Err(no_such());
        }
        let stored = inner.stored(id).await?;
        let observations = inner.shown_by(&stored).await;
        let mut anchors: Vec<ObjectKey> = Vec::new();
        for observation in &observations {
            anchors.push(observation.object.clone());
            anchors.extend(observation.edges().into_iter().map(|(_, key)| key));
        }
        Ok(DeadLetterDetail {
            message: message::view_of(&stored, &observations),
            bears_money: bears_money(&stored.kind),
            letter,
            redrives,
            entries: inner.entries_of(id, anchors).await?,
        })
    }

    /// Puts a dead or quarantined message back into the queue, counting that a person did.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn redrive_dead_letter(
        &self,
        id: MessageId,
        by: &str,
        confirmed: bool,
    ) -> Result<Redriven, AskError> {
        let inner = &self.inner;
        let Some(letter) = inner.letter(id).await? else { return Ok(Redriven::NoSuch) };
        if letter.discarded_at.is_some() {
            return Ok(Redriven::Discarded);
        }
        if letter.redrives >= REDRIVES_MAX && !confirmed {
            return Ok(Redriven::NeedsConfirmation { redrives: letter.redrives });
        }
        tracing::info!(message.id = %id, key.id = %by, "Retrying message {id}");
        inner.requeue(id).await
    }

    /// Puts up to 1,000 dead letters back into the queue; those that were discarded, or retried three times by people,
    /// are left. Answers how many.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn retry_dead_letters(&self, filter: &DeadLetterFilter, by: &str) -> Result<usize, AskError> {
        let inner = &self.inner;
        let mut before = None;
        let mut retried: usize = 0;
        while retried < RETRIED_MAX {
            let letters = inner.store.dead_letters(before, PAGE).await?;
            let Some(last) = letters.last() else { break };
            before = Some(last.id);
            for letter in inner.with_decisions(letters).await? {
                if retried < RETRIED_MAX && filter.takes(&letter) {
                    let queued = inner.requeue(MessageId(letter.id)).await?;
                    retried = retried.saturating_add(usize::from(queued == Redriven::Queued));
                }
            }
        }
        tracing::info!(key.id = %by, "Retrying {retried} dead letters");
        Ok(retried)
    }

    /// Proposes to discard a dead letter.
    ///
    /// # Errors
    /// [`AskError::BadQuestion`] without a reason, and other [`AskError`]s.
    pub async fn propose_discard(&self, id: MessageId, by: &str, reason: &str) -> Result<Decided, AskError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            return Err(AskError::BadQuestion {
                parameter: "reason",
                problem: format!("say why, in 1 to {REASON_CHARS_MAX} characters"),
            });
        }
        if self.inner.letter(id).await?.is_none() {
            return Ok(Decided::NoSuch);
        }
        Ok(self.inner.store.propose_discard(id, by, reason, self.inner.clock.now()).await?)
    }

    /// Agrees to a discard that was proposed; by somebody else, where the message may bear money.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn approve_discard(&self, id: MessageId, by: &str) -> Result<Decided, AskError> {
        let inner = &self.inner;
        let Some(letter) = inner.letter(id).await? else { return Ok(Decided::NoSuch) };
        let alone = !bears_money(&letter.kind);
        Ok(inner.store.approve_discard(id, by, alone, inner.clock.now()).await?)
    }
}

impl Inner {
    async fn letter(&self, id: MessageId) -> Result<Option<DeadLetterView>, AskError> {
        let above = MessageId(id.0.saturating_add(1));
        let mut letters = self.store.dead_letters(Some(above), 1).await?;
        letters.retain(|letter| letter.id == id);
        Ok(self.with_decisions(letters).await?.pop())
    }

    async fn with_decisions(&self, letters: Vec<DeadLetter>) -> Result<Vec<DeadLetterView>, AskError> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<MessageId> = letters.iter().map(|letter| letter.id).collect();
        let mut decisions: BTreeMap<MessageId, DecisionRow> =
            self.store.decisions(&ids).await?.into_iter().map(|row| (row.message, row)).collect();
        Ok(letters
            .into_iter()
            .map(|letter| {
                let decision = decisions.remove(&letter.id);
                view_of(letter, decision)
            })
            .collect())
    }

    async fn requeue(&self, id: MessageId) -> Result<Redriven, AskError> {
        // Counted first: a crash in between costs one of the retries, and never makes one uncounted.
        self.store.count_redrive(id).await?;
        let queued = self.store.retry_dead_letter(id, self.clock.now()).await?;
        self.wake_observer.notify_one();
        Ok(if queued { Redriven::Queued } else { Redriven::NoSuch })
    }

    /// The entries with a posting from this message, among the cases of these objects.
    async fn entries_of(
        &self,
        id: MessageId,
        mut anchors: Vec<ObjectKey>,
    ) -> Result<Vec<(String, i32)>, AskError> {
        anchors.sort_unstable();
        anchors.dedup();
        let mut entries = Vec::new();
        for anchor in anchors {
            let filter =
                PostingFilter { anchor: Some(anchor), limit: POSTINGS_MAX, ..PostingFilter::default() };
            let lines = self.store.postings(&filter).await?;
            entries.extend(
                lines
                    .iter()
                    .filter(|line| line.posting.line.source == id)
                    .map(|line| (line.anchor.to_string(), line.sequence)),
            );
        }
        entries.sort_unstable();
        entries.dedup();
        Ok(entries)
    }
}

impl DeadLetterFilter {
    fn takes(&self, letter: &DeadLetterView) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        letter.discarded_at.is_none()
            && letter.redrives < REDRIVES_MAX
            && fits(&self.integration, &letter.integration)
            && fits(&self.class, &letter.class)
            && fits(&self.kind, &letter.kind)
    }
}

/// Whether a message of this type may bear money: it does unless it is known not to.
fn bears_money(kind: &str) -> bool {
    const HARMLESS: [&str; 4] = ["product.", "price.", "plan.", "coupon."];
    const HARMLESS_WHOLE: [&str; 7] = [
        "customer",
        "customer.created",
        "customer.updated",
        "customer.deleted",
        "product",
        "price",
        "coupon",
    ];
    !HARMLESS.iter().any(|prefix| kind.starts_with(prefix)) && !HARMLESS_WHOLE.contains(&kind)
}

fn no_such() -> AskError {
    AskError::NotFound { what: "such dead letter".to_owned() }
}

fn view_of(letter: DeadLetter, decision: Option<DecisionRow>) -> DeadLetterView {
    let mut view = DeadLetterView {
        id: letter.id.0,
        integration: letter.integration,
        kind: letter.kind,
        event_id: letter.source_id,
        status: if letter.status == WorkStatus::Quarantined { "quarantined" } else { "dead" },
        class: letter.class,
        reason: letter.reason,
        attempts: letter.attempts,
        received_at: letter.received_at,
        failed_at: letter.failed_at,
        redrives: 0,
        discard_proposed_by: None,
        discard_reason: None,
        discarded_at: None,
    };
    if let Some(decision) = decision {
        view.redrives = decision.redrives;
        view.discard_proposed_by = decision.discard_proposed_by;
        view.discard_reason = decision.discard_reason;
        view.discarded_at = decision.discarded_at;
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_bears_money_unless_it_is_known_not_to() {
        for kind in ["charge.succeeded", "customer.subscription.updated", "balance_transaction", "never.seen"]
        {
            assert!(bears_money(kind), "{kind}");
        }
        for kind in ["customer.created", "customer", "product.updated", "price.created"] {
            assert!(!bears_money(kind), "{kind}");
        }
    }
}

//! Messages that could not be worked on.

use ltv_core::MessageId;
use store::{DeadLetter, WorkStatus};

use super::types::{AskError, DeadLetterView};
use crate::pipeline::LtvDataPipeline;

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
        Ok(self.inner.store.dead_letters(before, limit).await?.into_iter().map(view_of).collect())
    }
}

fn view_of(letter: DeadLetter) -> DeadLetterView {
    DeadLetterView {
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
    }
}

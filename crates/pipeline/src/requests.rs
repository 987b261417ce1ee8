//! Requests with one effect: the answer to the first is kept, sealed, and given to its repetitions.

use chrono::TimeDelta;
use store::{Begun, IdempotencyRow, StoredAnswer};

use crate::error::PipelineError;
use crate::pipeline::LtvDataPipeline;

/// How long answers are kept for repetitions.
const KEPT_DAYS: i64 = 7;
/// After how long a request that never ended may be begun anew.
const IN_FLIGHT_MINUTES: i64 = 5;

impl LtvDataPipeline {
    /// Begins a request that must have one effect. `Begun::New`: go on, and say with
    /// [`LtvDataPipeline::end_request`] how it ended.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn begin_request(&self, row: &IdempotencyRow) -> Result<Begun, PipelineError> {
        let now = self.inner.clock.now();
        let until = now.checked_add_signed(TimeDelta::minutes(IN_FLIGHT_MINUTES)).unwrap_or(now);
        match self.inner.store.begin_request(row, now, until).await? {
            Begun::Answered(mut answer) => {
                answer.body = self.inner.vault.open_value(&purpose(row), &answer.body).await?.to_vec();
                Ok(Begun::Answered(answer))
            }
            other => Ok(other),
        }
    }

    /// Keeps the answer to a request for seven days, sealed, since answers may hold secrets. `None`: it had no effect,
    /// so it may be tried again under the same key.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn end_request(
        &self,
        row: &IdempotencyRow,
        answer: Option<StoredAnswer>,
    ) -> Result<(), PipelineError> {
        let now = self.inner.clock.now();
        let keep_until = now.checked_add_signed(TimeDelta::days(KEPT_DAYS)).unwrap_or(now);
        let sealed = match answer {
            Some(mut answer) => {
                answer.body = self.inner.vault.seal_value(&purpose(row), &answer.body).await?;
                Some(answer)
            }
            None => None,
        };
        Ok(self.inner.store.end_request(row, sealed.as_ref(), keep_until).await?)
    }
}

fn purpose(row: &IdempotencyRow) -> String {
    format!("answer:{}:{}:{}", row.principal, row.route, row.key)
}

//! A supplier's postings.

use chrono::DateTime;
use ltv_core::{Money, SupplierId, Timestamp};
use store::{LedgerLine, PostingFilter};

use super::types::{AskError, LedgerPage, LedgerRow, View};
use crate::pipeline::LtvDataPipeline;

impl LtvDataPipeline {
    /// A supplier's postings, newest first. `cursor` is what the page before gave.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn ledger(
        &self,
        id: &SupplierId,
        view: &View,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<LedgerPage, AskError> {
        let inner = &self.inner;
        let answer = self.realised(id, view).await?;
        let resolved =
            inner.resolve(&View { known_at: Some(answer.viewed.known_at), ..view.clone() }).await?;
        let filter = PostingFilter {
            party: Some(answer.party),
            as_of: view.as_of,
            block_max: Some(resolved.block.number),
            before: cursor.map(read_cursor).transpose()?,
            limit: i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
            ..PostingFilter::default()
        };
        let mut lines = inner.store.postings(&filter).await?;
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next_cursor = if more { lines.last().map(write_cursor) } else { None };
        let rows = lines.into_iter().map(row_of).collect();
        Ok(LedgerPage { viewed: answer.viewed, rows, next_cursor, meta: answer.meta })
    }
}

fn row_of(line: LedgerLine) -> LedgerRow {
    LedgerRow {
        id: line.id,
        anchor: line.anchor.to_string(),
        sequence: line.sequence,
        account: line.posting.key.account.as_str(),
        fact: line.posting.key.fact.to_string(),
        amount: Money::from_minor(line.posting.line.amount_minor, line.posting.key.currency),
        quantity: line.posting.line.quantity,
        effective_at: line.posting.key.effective_at,
        recorded_at: line.recorded_at,
        block: line.block,
        integration: line.integration,
        inbox_id: line.posting.line.source.0,
    }
}

fn write_cursor(line: &LedgerLine) -> String {
    format!("{}_{}", line.posting.key.effective_at.timestamp_micros(), line.id)
}

fn read_cursor(text: &str) -> Result<(Timestamp, i64), AskError> {
    let parsed = text.split_once('_').and_then(|(micros, id)| {
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some((at, id.parse().ok()?))
    });
    parsed.ok_or_else(|| AskError::BadQuestion {
        parameter: "cursor",
        problem: "pass `nextCursor` of the page before".to_owned(),
    })
}

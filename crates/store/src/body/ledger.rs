//! The journal.

use async_trait::async_trait;
use chrono::TimeDelta;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::Timestamp;
use ltv_core::digest::Digest;

use super::Handle;
use super::book::{book, rebook, record_completeness};
use super::dialect::{Conn, in_tx, locked_free};
use super::verify;
use crate::convert;
use crate::fail::Fail;
use crate::models::{BlockRow, CompletenessRow, LogRow};
use crate::rows::{BlockHead, BlockHeader, BlockLogLine, Booked, Completeness, DirtyMark, VerifyFinding};
use crate::schema::{block, block_completeness, block_log, dirty, ledger_head};
use crate::sql::Ts;
use crate::traits::{Booker, Ledger};
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

#[async_trait]
impl Ledger for Handle {
    async fn claim_dirty(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: i64,
    ) -> Result<Vec<DirtyMark>, StoreError> {
        let until = now
            .checked_add_signed(TimeDelta::try_seconds(lease_seconds).unwrap_or_default())
            .ok_or(StoreError::Overflow { operation: "the end of a lease" })?;
        write_tx!(self, ledger_write, "claim dirty cases", claim_dirty, now, until, limit)
    }

    async fn dirty_count(&self) -> Result<i64, StoreError> {
        let mut conn = self.ledger_read().await?;
        dirty::table.select(count_star()).get_result(&mut *conn).await.map_err(at("count dirty cases"))
    }

    async fn book(
        &self,
        marks: Vec<DirtyMark>,
        booker: Booker,
        now: Timestamp,
    ) -> Result<Booked, StoreError> {
        if marks.is_empty() {
            return Ok(Booked::default());
        }
        write_tx!(self, ledger_write, "book cases", book, marks, booker, now)
    }

    async fn rebook(
        &self,
        block: &BlockHeader,
        log: Vec<BlockLogLine>,
        completeness: Vec<Completeness>,
        booker: Booker,
    ) -> Result<Booked, StoreError> {
        let header = block.clone();
        write_tx!(self, ledger_write, "book a block again", rebook, header, log, completeness, booker)
    }

    async fn record_completeness(
        &self,
        completeness: Completeness,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_tx!(self, ledger_write, "record completeness", record_completeness, completeness, now)
    }

    async fn head(&self) -> Result<BlockHead, StoreError> {
        let mut conn = self.ledger_read().await?;
        let (number, recorded_at, hash): (i64, Ts, Vec<u8>) = ledger_head::table
            .select((ledger_head::number, ledger_head::recorded_at, ledger_head::hash))
            .get_result(&mut *conn)
            .await
            .map_err(at("read the newest block"))?;
        Ok(BlockHead { number, recorded_at: recorded_at.0, hash: convert::hash32("ledger_head", hash)? })
    }

    async fn block_at(&self, known_at: Timestamp) -> Result<BlockHead, StoreError> {
        let mut conn = self.ledger_read().await?;
        let found: Option<BlockRow> = block::table
            .filter(block::recorded_at.le(Ts(known_at)))
            .order(block::recorded_at.desc())
            .limit(1)
            .select(BlockRow::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("find a block by time"))?;
        match found {
            Some(row) => {
                let header = convert::header(row)?;
                Ok(BlockHead { number: header.number, recorded_at: header.recorded_at, hash: header.hash })
            }
            None => Ok(BlockHead { number: 0, recorded_at: Timestamp::UNIX_EPOCH, hash: [0; 32] }),
        }
    }

    async fn blocks(&self, after: i64, limit: i64) -> Result<Vec<BlockHeader>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let rows: Vec<BlockRow> = block::table
            .filter(block::number.gt(after))
            .order(block::number)
            .limit(limit)
            .select(BlockRow::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read blocks"))?;
        rows.into_iter().map(convert::header).collect()
    }

    async fn block_log(&self, block: i64) -> Result<(Vec<BlockLogLine>, Vec<Completeness>), StoreError> {
        let mut conn = self.ledger_read().await?;
        let log: Vec<LogRow> = block_log::table
            .filter(block_log::block.eq(block))
            .order((block_log::anchor, block_log::message_id, block_log::mapping_version))
            .select(LogRow::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read the log of a block"))?;
        let completeness: Vec<CompletenessRow> = block_completeness::table
            .filter(block_completeness::block.eq(block))
            .order(block_completeness::integration)
            .select(CompletenessRow::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read the completeness of a block"))?;
        let log = log.into_iter().map(convert::log_line).collect::<Result<_, _>>()?;
        Ok((log, completeness.into_iter().map(convert::completeness).collect()))
    }

    async fn digest(&self) -> Result<Digest, StoreError> {
        let mut conn = self.ledger_read().await?;
        verify::digest(&mut conn).await.map_err(|fail| fail.at("digest the ledger"))
    }

    async fn entries_fingerprint(&self) -> Result<([u8; 32], i64, i64), StoreError> {
        let mut conn = self.ledger_read().await?;
        verify::fingerprint(&mut conn).await.map_err(|fail| fail.at("fingerprint the entries"))
    }

    async fn verify(&self) -> Result<Vec<VerifyFinding>, StoreError> {
        let mut conn = self.ledger_read().await?;
        verify::verify(&mut conn).await.map_err(|fail| fail.at("verify the ledger"))
    }
}

async fn claim_dirty(
    conn: &mut Conn,
    now: &Timestamp,
    until: &Timestamp,
    limit: &i64,
) -> Result<Vec<DirtyMark>, Fail> {
    let free: Vec<(String, i64)> = locked_free!(
        dirty::table
            .filter(dirty::lease_until.is_null().or(dirty::lease_until.le(Ts(*now)).assume_not_null()))
            .order((dirty::marked_at, dirty::anchor))
            .limit(*limit)
            .select((dirty::anchor, dirty::version))
    )
    .load(conn)
    .await?;
    let anchors: Vec<String> = free.iter().map(|(anchor, _)| anchor.clone()).collect();
    for part in anchors.chunks(ROWS_MAX) {
        diesel::update(dirty::table.filter(dirty::anchor.eq_any(part.to_vec())))
            .set(dirty::lease_until.eq(Some(Ts(*until))))
            .execute(conn)
            .await?;
    }
    let mut marks = Vec::with_capacity(free.len());
    for (anchor, version) in free {
        marks.push(DirtyMark { anchor: convert::parse("dirty", &anchor)?, version });
    }
    Ok(marks)
}

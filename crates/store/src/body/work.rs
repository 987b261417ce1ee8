//! The queue of messages to observe.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use ltv_core::{MessageId, Timestamp};

use super::Handle;
use super::dialect::{Conn, arrival_order, arrived_after, in_tx, insert_rows, locked, locked_free, settled};
use super::finish::finish;
use crate::convert;
use crate::fail::Fail;
use crate::models::{Arrival, FailedRow, KeyRow, NewWork};
use crate::rows::{Claimed, DeadLetter, ObservedMessage, StatusCounts};
use crate::schema::{inbox_key, inbox_message, watermark, work};
use crate::sql::Ts;
use crate::traits::{Inbox, Work};
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

/// How often a message may end a worker before it is kept from the line.
const CRASHES_MAX: i32 = 3;

/// New messages, and the watermark after which they were looked for.
struct Arrivals {
    seen: (i64, i64),
    rows: Vec<Arrival>,
}

#[async_trait]
impl Work for Handle {
    async fn claim(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: i64,
    ) -> Result<Vec<Claimed>, StoreError> {
        let arrivals = arrivals(self, limit).await?;
        let lease_until = now
            .checked_add_signed(TimeDelta::try_seconds(lease_seconds).unwrap_or_default())
            .ok_or(StoreError::Overflow { operation: "the end of a lease" })?;
        let claimed: Vec<(i64, i32)> =
            write_tx!(self, ledger_write, "claim messages", claim, arrivals, now, lease_until, limit)?;
        let attempts: HashMap<i64, i32> = claimed.iter().copied().collect();
        let ids: Vec<MessageId> = claimed.iter().map(|(id, _)| MessageId(*id)).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let messages = self.messages(&ids).await?;
        Ok(messages
            .into_iter()
            .map(|message| Claimed { attempts: attempts.get(&message.id.0).copied().unwrap_or(1), message })
            .collect())
    }

    async fn finish(&self, messages: Vec<ObservedMessage>, now: Timestamp) -> Result<usize, StoreError> {
        write_tx!(self, ledger_write, "finish messages", finish, messages, now)
    }

    async fn status(&self) -> Result<BTreeMap<String, StatusCounts>, StoreError> {
        super::status::status(self).await
    }

    async fn dead_letters(
        &self,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let failed = {
            let mut conn = self.ledger_read().await?;
            // The predicate of the partial index, with literals: bound values would not count.
            let rows: Vec<FailedRow> = work::table
                .filter(diesel::dsl::sql::<Bool>("work.status IN ('dead', 'quarantined')"))
                .filter(work::message_id.lt(before.map_or(i64::MAX, |id| id.0)))
                .order(work::message_id.desc())
                .limit(limit)
                .select(FailedRow::as_select())
                .load(&mut *conn)
                .await
                .map_err(at("read dead letters"))?;
            rows
        };
        with_messages(self, failed).await
    }

    async fn retry_dead_letter(&self, id: MessageId, now: Timestamp) -> Result<bool, StoreError> {
        write_tx!(self, ledger_write, "put a dead letter back", retry, id, now)
    }
}

/// The next messages of the inbox that the queue has not seen.
async fn arrivals(store: &Handle, limit: i64) -> Result<Arrivals, StoreError> {
    let seen: (i64, i64) = {
        let mut conn = store.ledger_read().await?;
        watermark::table
            .select((watermark::xid, watermark::message_id))
            .get_result(&mut *conn)
            .await
            .map_err(at("read the watermark"))?
    };
    let mut conn = store.inbox_read().await?;
    let rows = inbox_key::table
        .filter(arrived_after!(seen.0, seen.1))
        .filter(settled!())
        .order(arrival_order!())
        .limit(limit)
        .select(Arrival::as_select())
        .load(&mut *conn)
        .await
        .map_err(at("read new messages"))?;
    Ok(Arrivals { seen, rows })
}

async fn claim(
    conn: &mut Conn,
    arrivals: &Arrivals,
    now: &Timestamp,
    lease_until: &Timestamp,
    limit: &i64,
) -> Result<Vec<(i64, i32)>, Fail> {
    admit(conn, arrivals).await?;
    quarantine_poison(conn, now).await?;
    let due: Vec<(i64, i32)> = locked_free!(
        work::table
            .filter(diesel::dsl::sql::<Bool>("work.status = 'pending'"))
            .filter(work::lease_until.is_null().or(work::lease_until.le(Ts(*now)).assume_not_null()))
            .filter(work::not_before.is_null().or(work::not_before.le(Ts(*now)).assume_not_null()))
            .order(work::message_id)
            .limit(*limit)
            .select((work::message_id, work::attempts))
    )
    .load(conn)
    .await?;
    // One that was tried before may end us, too: it is taken alone, so that its neighbours do not count.
    let taken: Vec<(i64, i32)> = match due.as_slice().first() {
        Some(first) if first.1 > 0 => vec![*first],
        Some(_) | None => due.into_iter().filter(|(_, attempts)| *attempts == 0).collect(),
    };
    let ids: Vec<i64> = taken.iter().map(|(id, _)| *id).collect();
    for part in ids.chunks(ROWS_MAX) {
        diesel::update(work::table.filter(work::message_id.eq_any(part.to_vec())))
            .set((work::attempts.eq(work::attempts + 1), work::lease_until.eq(Some(Ts(*lease_until)))))
            .execute(conn)
            .await?;
    }
    Ok(taken.into_iter().map(|(id, attempts)| (id, attempts.saturating_add(1))).collect())
}

/// Takes new messages into the queue, unless another worker has moved the watermark since they were looked for.
async fn admit(conn: &mut Conn, arrivals: &Arrivals) -> Result<(), Fail> {
    let Some(last) = arrivals.rows.last() else { return Ok(()) };
    let seen: (i64, i64) =
        locked!(watermark::table.select((watermark::xid, watermark::message_id))).get_result(conn).await?;
    if seen != arrivals.seen {
        return Ok(());
    }
    let rows: Vec<NewWork> = arrivals
        .rows
        .iter()
        .filter(|row| row.lane == "main")
        .map(|row| NewWork {
            message_id: row.id,
            integration: row.integration.clone(),
            received_at: row.received_at,
            status: "pending",
            attempts: 0,
            retries: 0,
        })
        .collect();
    for part in rows.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(work::table).values(part.to_vec()).on_conflict_do_nothing())?;
    }
    diesel::update(watermark::table)
        .set((watermark::xid.eq(last.xid), watermark::message_id.eq(last.id)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps from the line what ended a worker too often. A wish to try again is no crash.
async fn quarantine_poison(conn: &mut Conn, now: &Timestamp) -> Result<(), Fail> {
    diesel::update(
        work::table
            .filter(diesel::dsl::sql::<Bool>("work.status = 'pending'"))
            .filter(work::lease_until.le(Ts(*now)))
            .filter((work::attempts - work::retries).ge(CRASHES_MAX)),
    )
    .set((
        work::status.eq("quarantined"),
        work::class.eq(Some("poison")),
        work::reason.eq(Some(format!("work on it ended {CRASHES_MAX} times without an answer"))),
        work::failed_at.eq(Some(Ts(*now))),
        work::lease_until.eq(None::<Ts>),
    ))
    .execute(conn)
    .await?;
    Ok(())
}

async fn retry(conn: &mut Conn, id: &MessageId, _now: &Timestamp) -> Result<bool, Fail> {
    let changed = diesel::update(work::table.filter(work::message_id.eq(id.0)).filter(diesel::dsl::sql::<
        Bool,
    >(
        "work.status IN ('dead', 'quarantined')",
    )))
    .set((
        work::status.eq("pending"),
        work::attempts.eq(0),
        work::retries.eq(0),
        work::lease_until.eq(None::<Ts>),
        work::not_before.eq(None::<Ts>),
        work::class.eq(None::<String>),
        work::reason.eq(None::<String>),
        work::failed_at.eq(None::<Ts>),
    ))
    .execute(conn)
    .await?;
    Ok(changed == 1)
}

async fn with_messages(store: &Handle, failed: Vec<FailedRow>) -> Result<Vec<DeadLetter>, StoreError> {
    let ids: Vec<i64> = failed.iter().map(|row| row.message_id).collect();
    let mut known: HashMap<i64, (String, String)> = HashMap::new();
    let mut conn = store.inbox_read().await?;
    for part in ids.chunks(ROWS_MAX) {
        let rows: Vec<(KeyRow, String)> = inbox_key::table
            .inner_join(inbox_message::table.on(inbox_message::id.eq(inbox_key::id)))
            .filter(inbox_key::id.eq_any(part.to_vec()))
            .select((KeyRow::as_select(), inbox_message::kind))
            .load(&mut *conn)
            .await
            .map_err(at("read dead letters"))?;
        known.extend(rows.into_iter().map(|(key, kind)| (key.id, (kind, key.source_id))));
    }
    failed
        .into_iter()
        .map(|row| {
            let (kind, source_id) = known.remove(&row.message_id).unwrap_or_default();
            Ok(DeadLetter {
                id: MessageId(row.message_id),
                integration: row.integration,
                kind,
                source_id,
                status: convert::status(&row.status)?,
                class: row.class.unwrap_or_default(),
                reason: row.reason.unwrap_or_default(),
                attempts: row.attempts,
                received_at: row.received_at.0,
                failed_at: row.failed_at.unwrap_or(row.received_at).0,
            })
        })
        .collect()
}

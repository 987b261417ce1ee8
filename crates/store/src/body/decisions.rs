//! What people decided on dead letters.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use ltv_core::{MessageId, Timestamp};

use super::Handle;
use super::dialect::{Conn, in_tx, locked};
use crate::convert;
use crate::convert_admin;
use crate::fail::Fail;
use crate::models_admin::DecisionRecord;
use crate::rows_admin::{Decided, DecisionRow};
use crate::schema::{dead_letter_decision as decision, work};
use crate::sql::Ts;
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

/// What was decided on these messages.
pub(super) async fn read(store: &Handle, messages: &[MessageId]) -> Result<Vec<DecisionRow>, StoreError> {
    let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
    let mut conn = store.inbox_read().await?;
    let mut found = Vec::new();
    for part in ids.chunks(ROWS_MAX) {
        let rows: Vec<DecisionRecord> = decision::table
            .filter(decision::message_id.eq_any(part.to_vec()))
            .order(decision::message_id)
            .select(DecisionRecord::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read decisions"))?;
        found.extend(rows.into_iter().map(convert_admin::decision));
    }
    Ok(found)
}

/// Counts a retry by a person; answers how many there were before.
pub(super) async fn count_redrive(store: &Handle, message: MessageId) -> Result<i32, StoreError> {
    write_tx!(store, inbox_write, "count a retry of a dead letter", count, message)
}

/// Proposes to discard a dead letter.
pub(super) async fn propose(
    store: &Handle,
    message: MessageId,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    if !is_dead(store, message).await? {
        return Ok(Decided::NoSuch);
    }
    let (by, reason) = (convert::clean(by).into_owned(), convert::clean(reason).into_owned());
    write_tx!(store, inbox_write, "propose to discard a dead letter", set_proposed, message, by, reason, now)
}

/// Agrees to discard it.
pub(super) async fn approve(
    store: &Handle,
    message: MessageId,
    by: &str,
    alone: bool,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    if !is_dead(store, message).await? {
        return Ok(Decided::NoSuch);
    }
    let by = convert::clean(by).into_owned();
    write_tx!(store, inbox_write, "agree to discard a dead letter", set_approved, message, by, alone, now)
}

async fn is_dead(store: &Handle, message: MessageId) -> Result<bool, StoreError> {
    let mut conn = store.ledger_read().await?;
    let found: Option<i64> = work::table
        .filter(work::message_id.eq(message.0))
        .filter(diesel::dsl::sql::<Bool>("work.status IN ('dead', 'quarantined')"))
        .select(work::message_id)
        .get_result(&mut *conn)
        .await
        .optional()
        .map_err(at("look for a dead letter"))?;
    Ok(found.is_some())
}

/// The decision on a message, locked. A lock on a missing row waits for nobody, so it is made first.
async fn on(conn: &mut Conn, message: &MessageId) -> Result<DecisionRecord, Fail> {
    let none = DecisionRecord {
        message_id: message.0,
        redrives: 0,
        discard_proposed_by: None,
        discard_reason: None,
        discard_proposed_at: None,
        discard_approved_by: None,
        bears_money: true,
        discarded_at: None,
    };
    diesel::insert_into(decision::table).values(&none).on_conflict_do_nothing().execute(conn).await?;
    let row = locked!(
        decision::table.filter(decision::message_id.eq(message.0)).select(DecisionRecord::as_select())
    )
    .get_result(conn)
    .await?;
    Ok(row)
}

async fn count(conn: &mut Conn, message: &MessageId) -> Result<i32, Fail> {
    let before = on(conn, message).await?.redrives;
    diesel::update(decision::table.filter(decision::message_id.eq(message.0)))
        .set(decision::redrives.eq(before.saturating_add(1)))
        .execute(conn)
        .await?;
    Ok(before)
}

async fn set_proposed(
    conn: &mut Conn,
    message: &MessageId,
    by: &str,
    reason: &str,
    now: &Timestamp,
) -> Result<Decided, Fail> {
    if on(conn, message).await?.discarded_at.is_some() {
        return Ok(Decided::Already);
    }
    diesel::update(decision::table.filter(decision::message_id.eq(message.0)))
        .set((
            decision::discard_proposed_by.eq(Some(by)),
            decision::discard_reason.eq(Some(reason)),
            decision::discard_proposed_at.eq(Some(Ts(*now))),
        ))
        .execute(conn)
        .await?;
    Ok(Decided::Done)
}

async fn set_approved(
    conn: &mut Conn,
    message: &MessageId,
    by: &str,
    alone: &bool,
    now: &Timestamp,
) -> Result<Decided, Fail> {
    let row = on(conn, message).await?;
    if row.discarded_at.is_some() {
        return Ok(Decided::Already);
    }
    let Some(proposed_by) = row.discard_proposed_by else { return Ok(Decided::NotProposed) };
    if !*alone && proposed_by == by {
        return Ok(Decided::SamePerson);
    }
    diesel::update(decision::table.filter(decision::message_id.eq(message.0)))
        .set((
            decision::bears_money.eq(!*alone),
            decision::discard_approved_by.eq(Some(by)),
            decision::discarded_at.eq(Some(Ts(*now))),
        ))
        .execute(conn)
        .await?;
    Ok(Decided::Done)
}

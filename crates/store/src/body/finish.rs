//! The end of work on messages: observations, edges, dirty marks and done marks, all or none.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::{MessageId, Observation, Timestamp};

use super::dialect::{Conn, insert_rows, touch_lock};
use super::touched::touched;
use crate::convert::{clean, new_observation};
use crate::fail::Fail;
use crate::models::{NewDirty, NewEdge, NewObservation, WorkRow};
use crate::rows::{MessageOutcome, ObservedMessage};
use crate::schema::{dirty, edge, observation, work};
use crate::sql::Ts;
use crate::{ROWS_MAX, StoreError};

/// How often a message is tried that asks to be tried again.
const ATTEMPTS_MAX: i32 = 8;

/// Ends claimed messages; answers how many anchors were marked.
pub(super) async fn finish(
    conn: &mut Conn,
    messages: &[ObservedMessage],
    now: &Timestamp,
) -> Result<usize, Fail> {
    let known = load_work(conn, messages).await?;
    let shown: Vec<&Observation> = messages
        .iter()
        .flat_map(|message| match &message.outcome {
            MessageOutcome::Done(observations) => observations.as_slice(),
            MessageOutcome::Dead { .. }
            | MessageOutcome::Quarantined { .. }
            | MessageOutcome::Retry { .. } => &[],
        })
        .collect();
    insert_observations(conn, &shown, &known).await?;
    insert_edges(conn, &shown).await?;
    let marked = mark(conn, &shown, now).await?;
    mark_done(conn, messages).await?;
    for message in messages {
        mark_failed(conn, message, known.get(&message.id.0), now).await?;
    }
    Ok(marked)
}

async fn load_work(conn: &mut Conn, messages: &[ObservedMessage]) -> Result<HashMap<i64, WorkRow>, Fail> {
    let mut ids: Vec<i64> = messages.iter().map(|message| message.id.0).collect();
    ids.sort_unstable();
    let mut known = HashMap::with_capacity(ids.len());
    for part in ids.chunks(ROWS_MAX) {
        let rows: Vec<WorkRow> = work::table
            .filter(work::message_id.eq_any(part.to_vec()))
            .select(WorkRow::as_select())
            .load(conn)
            .await?;
        known.extend(rows.into_iter().map(|row| (row.message_id, row)));
    }
    if let Some(id) = ids.iter().find(|id| !known.contains_key(id)) {
        // Its done mark would be lost, and it would be worked on again, or counted never.
        let detail = format!("message {id} was never claimed");
        return Err(StoreError::Damaged { table: "work", detail }.into());
    }
    Ok(known)
}

async fn insert_observations(
    conn: &mut Conn,
    shown: &[&Observation],
    known: &HashMap<i64, WorkRow>,
) -> Result<(), Fail> {
    let mut rows: Vec<NewObservation> = Vec::with_capacity(shown.len());
    for seen in shown {
        let integration = known.get(&seen.message.0).map_or("", |row| row.integration.as_str());
        rows.push(new_observation(seen, integration)?);
    }
    rows.sort_by(|a, b| {
        (&a.object, a.observed_at, a.message_id).cmp(&(&b.object, b.observed_at, b.message_id))
    });
    for part in rows.chunks(ROWS_MAX) {
        insert_rows!(
            conn,
            diesel::insert_into(observation::table).values(part.to_vec()).on_conflict_do_nothing()
        )?;
    }
    Ok(())
}

async fn insert_edges(conn: &mut Conn, shown: &[&Observation]) -> Result<(), Fail> {
    let edges: BTreeSet<NewEdge> = shown
        .iter()
        .flat_map(|seen| {
            let child = clean(&seen.object.to_string()).into_owned();
            seen.edges().into_iter().map(move |(relation, parent)| NewEdge {
                child: child.clone(),
                relation: relation.as_str(),
                parent: clean(&parent.to_string()).into_owned(),
            })
        })
        .collect();
    let edges: Vec<NewEdge> = edges.into_iter().collect();
    for part in edges.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(edge::table).values(part.to_vec()).on_conflict_do_nothing())?;
    }
    Ok(())
}

/// Raises the marks of all anchors that the observations touch.
async fn mark(conn: &mut Conn, shown: &[&Observation], now: &Timestamp) -> Result<usize, Fail> {
    let bearing: Vec<&Observation> = shown.iter().copied().filter(|seen| seen.touches_case()).collect();
    if bearing.is_empty() {
        return Ok(0);
    }
    touch_lock(conn).await?;
    // A set in order: marks are always locked in one order.
    let anchors = touched(conn, &bearing).await?;
    let rows: Vec<NewDirty> = anchors
        .into_iter()
        .map(|anchor| NewDirty { anchor, version: 1, marked_at: Ts(*now), lease_until: None })
        .collect();
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        // The lease goes: who books the older version will leave the mark, and it must not wait for a lease to end.
        insert_rows!(
            conn,
            diesel::insert_into(dirty::table)
                .values(part)
                .on_conflict(dirty::anchor)
                .do_update()
                .set((dirty::version.eq(dirty::version + 1), dirty::lease_until.eq(None::<Ts>)))
        )?;
    }
    Ok(rows.len())
}

async fn mark_done(conn: &mut Conn, messages: &[ObservedMessage]) -> Result<(), Fail> {
    let mut done: Vec<i64> = messages
        .iter()
        .filter(|message| matches!(message.outcome, MessageOutcome::Done(_)))
        .map(|message| message.id.0)
        .collect();
    done.sort_unstable();
    for part in done.chunks(ROWS_MAX) {
        diesel::update(work::table.filter(work::message_id.eq_any(part.to_vec())))
            .set((
                work::status.eq("done"),
                work::lease_until.eq(None::<Ts>),
                work::not_before.eq(None::<Ts>),
                work::class.eq(None::<String>),
                work::reason.eq(None::<String>),
                work::failed_at.eq(None::<Ts>),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn mark_failed(
    conn: &mut Conn,
    message: &ObservedMessage,
    row: Option<&WorkRow>,
    now: &Timestamp,
) -> Result<(), Fail> {
    match &message.outcome {
        MessageOutcome::Done(_) => Ok(()),
        MessageOutcome::Dead { class, reason } => give_up(conn, message.id, "dead", class, reason, now).await,
        MessageOutcome::Quarantined { reason } => {
            give_up(conn, message.id, "quarantined", "quarantine", reason, now).await
        }
        MessageOutcome::Retry { reason, .. } if row.is_some_and(|row| row.attempts >= ATTEMPTS_MAX) => {
            give_up(conn, message.id, "dead", "exhausted", reason, now).await
        }
        MessageOutcome::Retry { reason, not_before } => {
            retry_later(conn, message.id, reason, not_before).await
        }
    }
}

async fn give_up(
    conn: &mut Conn,
    id: MessageId,
    status: &'static str,
    class: &str,
    reason: &str,
    now: &Timestamp,
) -> Result<(), Fail> {
    diesel::update(work::table.filter(work::message_id.eq(id.0)))
        .set((
            work::status.eq(status),
            work::class.eq(Some(class)),
            work::reason.eq(Some(clean(reason).into_owned())),
            work::failed_at.eq(Some(Ts(*now))),
            work::lease_until.eq(None::<Ts>),
            work::not_before.eq(None::<Ts>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn retry_later(
    conn: &mut Conn,
    id: MessageId,
    reason: &str,
    not_before: &Timestamp,
) -> Result<(), Fail> {
    diesel::update(work::table.filter(work::message_id.eq(id.0)))
        .set((
            work::retries.eq(work::retries + 1),
            work::reason.eq(Some(clean(reason).into_owned())),
            work::not_before.eq(Some(Ts(*not_before))),
            work::lease_until.eq(None::<Ts>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

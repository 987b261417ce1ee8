//! Writing a block, under the lock of the one row `ledger_head`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use ltv_core::{Party, SupplierId, Timestamp};

use super::book::out_of_order;
use super::dialect::{Conn, insert_rows, locked};
use super::facts;
use crate::canonical::Sealed;
use crate::draft::{Draft, fact_rows, log_rows};
use crate::fail::Fail;
use crate::models::{BlockRow, CompletenessRow, EntryRow, LogRow, PartyRecord, PostingRow, TotalRow};
use crate::rows::{Booked, Completeness};
use crate::schema::{
    block, block_completeness, block_log, ledger_case, ledger_entry, ledger_head, party, posting,
    running_total,
};
use crate::sql::Ts;
use crate::{ROWS_MAX, StoreError};

/// The number and time of a block.
pub(super) enum Stamp {
    /// The next number, at this time or just after the block before.
    Now(Timestamp),
    /// As they were.
    Again {
        /// The number.
        number: i64,
        /// The time.
        recorded_at: Timestamp,
    },
}

/// Writes a block. Nothing may follow but the commit.
pub(super) async fn seal(
    conn: &mut Conn,
    draft: Draft,
    completeness: &[Completeness],
    stamp: Stamp,
) -> Result<Booked, Fail> {
    let (head, head_at, previous_hash): (i64, Ts, Vec<u8>) = locked!(ledger_head::table.select((
        ledger_head::number,
        ledger_head::recorded_at,
        ledger_head::hash
    )))
    .get_result(conn)
    .await?;
    let (number, recorded_at) = stamp.after(head, head_at.0)?;

    let postings: Vec<PostingRow> = draft.entries.iter().flat_map(|entry| entry.rows(number)).collect();
    let log = log_rows(&draft.log, number);
    let facts = fact_rows(&draft.facts, number);
    let completeness: Vec<CompletenessRow> = completeness
        .iter()
        .map(|line| CompletenessRow {
            block: number,
            integration: line.integration.clone(),
            complete_through: Ts(line.complete_through),
        })
        .collect();
    insert_entries(conn, &draft, &postings, number).await?;
    insert_lines(conn, &log, &completeness).await?;
    facts::insert(conn, &facts).await?;
    add_totals(conn, &postings).await?;
    let mut parties = facts::parties(&facts)?;
    parties.extend(
        draft
            .entries
            .iter()
            .flat_map(|entry| entry.entry.postings().iter().map(|posting| posting.key.party.clone())),
    );
    insert_parties(conn, &parties, number).await?;

    let hash = Sealed {
        previous_hash: &previous_hash,
        number,
        recorded_at_micros: recorded_at.timestamp_micros(),
        postings: &postings,
        log: &log,
        completeness: &completeness,
        facts: &facts,
    }
    .hash();
    let entries = i32::try_from(draft.entries.len())
        .map_err(|_many| StoreError::Overflow { operation: "the entries of a block" })?;
    let row = BlockRow { number, recorded_at: Ts(recorded_at), previous_hash, hash: hash.to_vec(), entries };
    diesel::insert_into(block::table).values(&row).execute(conn).await?;
    diesel::update(ledger_head::table)
        .set((
            ledger_head::number.eq(number),
            ledger_head::recorded_at.eq(Ts(recorded_at)),
            ledger_head::hash.eq(hash.to_vec()),
        ))
        .execute(conn)
        .await?;
    Ok(Booked {
        block: Some(number),
        entries: draft.entries.len(),
        parties: parties.into_iter().collect(),
        stuck: draft.stuck,
    })
}

impl Stamp {
    /// The stamp of the block that follows the head.
    fn after(&self, head: i64, head_at: Timestamp) -> Result<(i64, Timestamp), StoreError> {
        let overflow = || StoreError::Overflow { operation: "the number or time of a block" };
        let next = head.checked_add(1).ok_or_else(overflow)?;
        match self {
            Self::Now(now) => {
                let earliest = head_at.checked_add_signed(TimeDelta::microseconds(1)).ok_or_else(overflow)?;
                let at = (*now).max(earliest).timestamp_micros();
                Ok((next, Timestamp::from_timestamp_micros(at).ok_or_else(overflow)?))
            }
            Self::Again { number, .. } if *number != next => Err(out_of_order(*number, head)),
            Self::Again { number, recorded_at } => Ok((*number, *recorded_at)),
        }
    }
}

/// Postings first: the database checks each entry against its postings as it comes, and lets none in afterwards.
async fn insert_entries(
    conn: &mut Conn,
    draft: &Draft,
    postings: &[PostingRow],
    number: i64,
) -> Result<(), Fail> {
    for part in postings.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(posting::table).values(part.to_vec()))?;
    }
    let entries: Vec<EntryRow> = draft
        .entries
        .iter()
        .map(|entry| EntryRow { anchor: entry.anchor.to_string(), sequence: entry.sequence, block: number })
        .collect();
    for part in entries.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(ledger_entry::table).values(part.to_vec()))?;
        let anchors: Vec<String> = part.iter().map(|entry| entry.anchor.clone()).collect();
        diesel::update(ledger_case::table.filter(ledger_case::anchor.eq_any(anchors)))
            .set(ledger_case::sequence.eq(ledger_case::sequence + 1))
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn insert_lines(conn: &mut Conn, log: &[LogRow], completeness: &[CompletenessRow]) -> Result<(), Fail> {
    for part in log.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(block_log::table).values(part.to_vec()))?;
    }
    for part in completeness.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(block_completeness::table).values(part.to_vec()))?;
    }
    Ok(())
}

/// Adds to the running totals. Under the lock of the head, so that no two wait for each other.
async fn add_totals(conn: &mut Conn, postings: &[PostingRow]) -> Result<(), Fail> {
    let overflow = || StoreError::Overflow { operation: "a running total" };
    let mut sums: BTreeMap<(&str, &str, &str), (i64, i64)> = BTreeMap::new();
    for row in postings {
        let sum = sums.entry((&row.party, &row.account, &row.currency)).or_default();
        sum.0 = sum.0.checked_add(row.amount_minor).ok_or_else(overflow)?;
        sum.1 = sum.1.checked_add(row.quantity).ok_or_else(overflow)?;
    }
    let rows: Vec<TotalRow> = sums
        .into_iter()
        .map(|((party, account, currency), (amount_minor, quantity))| TotalRow {
            party: party.to_owned(),
            account: account.to_owned(),
            currency: currency.to_owned(),
            amount_minor,
            quantity,
        })
        .collect();
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        insert_rows!(
            conn,
            diesel::insert_into(running_total::table)
                .values(part)
                .on_conflict((running_total::party, running_total::account, running_total::currency))
                .do_update()
                .set((
                    running_total::amount_minor
                        .eq(running_total::amount_minor + excluded(running_total::amount_minor)),
                    running_total::quantity.eq(running_total::quantity + excluded(running_total::quantity)),
                ))
        )?;
    }
    Ok(())
}

async fn insert_parties(conn: &mut Conn, parties: &BTreeSet<Party>, number: i64) -> Result<(), Fail> {
    let rows: Vec<PartyRecord> = parties
        .iter()
        .filter(|party| party.is_customer())
        .map(|party| PartyRecord {
            key: party.to_string(),
            supplier_id: SupplierId::of(party).to_string(),
            first_block: number,
        })
        .collect();
    for part in rows.chunks(ROWS_MAX) {
        insert_rows!(
            conn,
            diesel::insert_into(party::table).values(part.to_vec()).on_conflict(party::key).do_nothing()
        )?;
    }
    Ok(())
}

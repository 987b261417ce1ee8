//! Booking: cases are locked, reckoned out and sealed into a block.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use ltv_core::{ObjectKey, Timestamp};

use super::dialect::{Conn, OTHERS_WRITE, insert_rows, locked};
use super::seal::{Stamp, seal};
use super::{closure, facts};
use crate::convert;
use crate::draft::{CaseInput, Draft, Seen, Shown};
use crate::fail::Fail;
use crate::models::{LogRow, NewCase, NewStuck, PostingRow};
use crate::rows::{BlockHeader, BlockLogLine, Booked, Completeness, DirtyMark};
use crate::schema::{block_log, dirty, ledger_case, posting, stuck_case};
use crate::sql::Ts;
use crate::traits::Booker;
use crate::{ROWS_MAX, StoreError};

/// Books the cases of these marks.
pub(super) async fn book(
    conn: &mut Conn,
    marks: &[DirtyMark],
    booker: &Booker,
    now: &Timestamp,
) -> Result<Booked, Fail> {
    let marked: BTreeSet<String> =
        marks.iter().map(|mark| convert::clean(&mark.anchor.to_string()).into_owned()).collect();
    let anchors = closure::expand(conn, marked).await?;
    let sequences = lock_cases(conn, &anchors).await?;
    // Read before the observations: what comes later raises the version, and the mark stays.
    let versions = mark_versions(conn, &anchors).await?;
    let members = closure::members(conn, &anchors).await?;
    let seen = closure::load(conn, &members).await?;
    if OTHERS_WRITE && have_grown(conn, &anchors, &members).await? {
        return Err(Fail::Again);
    }
    let cases = inputs(conn, sequences, seen).await?;
    let draft = Draft::of(&cases, booker)?;
    note_stuck(conn, &draft, now).await?;
    unmark(conn, versions).await?;
    if draft.entries.is_empty() && draft.facts.is_empty() && draft.log.is_empty() {
        return Ok(Booked { stuck: draft.stuck, ..Booked::default() });
    }
    seal(conn, draft, &[], Stamp::Now(*now)).await
}

/// True when a link came while we were reading: its cases go into the same block, and a message that brought it may have
/// been seen in part, which the log could not tell.
async fn have_grown(
    conn: &mut Conn,
    anchors: &BTreeSet<String>,
    members: &closure::Members,
) -> Result<bool, Fail> {
    Ok(closure::expand(conn, anchors.clone()).await? != *anchors
        || closure::members(conn, anchors).await? != *members)
}

/// Books a block again, each case seeing only what was logged for it in this block and before.
pub(super) async fn rebook(
    conn: &mut Conn,
    header: &BlockHeader,
    log: &[BlockLogLine],
    completeness: &[Completeness],
    booker: &Booker,
) -> Result<Booked, Fail> {
    let mut lines: BTreeMap<String, BTreeSet<Shown>> = BTreeMap::new();
    for line in log {
        lines.entry(line.anchor.to_string()).or_default().insert((line.message.0, line.mapping_version));
    }
    let anchors: BTreeSet<String> = lines.keys().cloned().collect();
    let sequences = lock_cases(conn, &anchors).await?;
    let versions = mark_versions(conn, &anchors).await?;
    let members = closure::members(conn, &anchors).await?;
    let seen = closure::load(conn, &members).await?;
    let mut cases = inputs(conn, sequences, seen).await?;
    let mut whole = BTreeSet::new();
    for case in &mut cases {
        let all = case.seen.len();
        let new = lines.get(&case.anchor.to_string());
        let CaseInput { seen, logged, .. } = case;
        seen.retain(|seen| {
            let shown = (seen.observation.message.0, seen.observation.mapping_version);
            logged.contains(&shown) || new.is_some_and(|new| new.contains(&shown))
        });
        if case.seen.len() == all {
            whole.insert(case.anchor.to_string());
        }
    }
    let mut draft = Draft::of(&cases, booker)?;
    draft.log = lines
        .into_iter()
        .flat_map(|(anchor, new)| new.into_iter().map(move |shown| (anchor.clone(), shown)))
        .collect();
    note_stuck(conn, &draft, &header.recorded_at).await?;
    // A case that has seen everything there is need not be booked once more.
    unmark(conn, versions.into_iter().filter(|(anchor, _)| whole.contains(anchor)).collect()).await?;
    seal(conn, draft, completeness, Stamp::Again { number: header.number, recorded_at: header.recorded_at })
        .await
}

/// Locks cases in the order of their names. The rows are inserted first: a lock on a missing row waits for nobody.
async fn lock_cases(conn: &mut Conn, anchors: &BTreeSet<String>) -> Result<BTreeMap<String, i32>, Fail> {
    let rows: Vec<NewCase> =
        anchors.iter().map(|anchor| NewCase { anchor: anchor.clone(), sequence: 0 }).collect();
    let mut sequences = BTreeMap::new();
    for part in rows.chunks(ROWS_MAX) {
        insert_rows!(
            conn,
            diesel::insert_into(ledger_case::table).values(part.to_vec()).on_conflict_do_nothing()
        )?;
        let names: Vec<String> = part.iter().map(|row| row.anchor.clone()).collect();
        let found: Vec<(String, i32)> = locked!(
            ledger_case::table
                .filter(ledger_case::anchor.eq_any(names))
                .order(ledger_case::anchor)
                .select((ledger_case::anchor, ledger_case::sequence))
        )
        .load(conn)
        .await?;
        sequences.extend(found);
    }
    Ok(sequences)
}

async fn mark_versions(conn: &mut Conn, anchors: &BTreeSet<String>) -> Result<BTreeMap<String, i64>, Fail> {
    let anchors: Vec<String> = anchors.iter().cloned().collect();
    let mut versions = BTreeMap::new();
    for part in anchors.chunks(ROWS_MAX) {
        let rows: Vec<(String, i64)> = dirty::table
            .filter(dirty::anchor.eq_any(part.to_vec()))
            .select((dirty::anchor, dirty::version))
            .load(conn)
            .await?;
        versions.extend(rows);
    }
    Ok(versions)
}

/// Deletes the marks whose version has not moved, locking them in order.
async fn unmark(conn: &mut Conn, versions: BTreeMap<String, i64>) -> Result<(), Fail> {
    let anchors: Vec<String> = versions.keys().cloned().collect();
    for part in anchors.chunks(ROWS_MAX) {
        let now: Vec<(String, i64)> = locked!(
            dirty::table
                .filter(dirty::anchor.eq_any(part.to_vec()))
                .order(dirty::anchor)
                .select((dirty::anchor, dirty::version))
        )
        .load(conn)
        .await?;
        let still: Vec<String> = now
            .into_iter()
            .filter(|(anchor, version)| versions.get(anchor) == Some(version))
            .map(|(anchor, _)| anchor)
            .collect();
        diesel::delete(dirty::table.filter(dirty::anchor.eq_any(still))).execute(conn).await?;
    }
    Ok(())
}

async fn inputs(
    conn: &mut Conn,
    sequences: BTreeMap<String, i32>,
    mut seen: BTreeMap<String, Vec<Seen>>,
) -> Result<Vec<CaseInput>, Fail> {
    let anchors: Vec<String> = sequences.keys().cloned().collect();
    let mut posted = load_posted(conn, &sequences).await?;
    let mut logged = load_logged(conn, &anchors).await?;
    let mut known = facts::known(conn, &anchors).await?;
    let mut cases = Vec::with_capacity(sequences.len());
    for (text, sequence) in sequences {
        let anchor: ObjectKey = convert::parse("ledger_case", &text)?;
        cases.push(CaseInput {
            anchor,
            sequence,
            seen: seen.remove(&text).unwrap_or_default(),
            posted: posted.remove(&text).unwrap_or_default(),
            logged: logged.remove(&text).unwrap_or_default(),
            known: known.remove(&text).unwrap_or_default(),
        });
    }
    Ok(cases)
}

async fn load_posted(
    conn: &mut Conn,
    sequences: &BTreeMap<String, i32>,
) -> Result<BTreeMap<String, Vec<PostingRow>>, Fail> {
    // A case without an entry has no postings.
    let anchors: Vec<String> =
        sequences.iter().filter(|(_, sequence)| **sequence > 0).map(|(anchor, _)| anchor.clone()).collect();
    let mut posted: BTreeMap<String, Vec<PostingRow>> = BTreeMap::new();
    for part in anchors.chunks(ROWS_MAX) {
        let rows: Vec<PostingRow> = posting::table
            .filter(posting::anchor.eq_any(part.to_vec()))
            .order((posting::anchor, posting::sequence))
            .select(PostingRow::as_select())
            .load(conn)
            .await?;
        for row in rows {
            posted.entry(row.anchor.clone()).or_default().push(row);
        }
    }
    Ok(posted)
}

async fn load_logged(conn: &mut Conn, anchors: &[String]) -> Result<BTreeMap<String, BTreeSet<Shown>>, Fail> {
    let mut logged: BTreeMap<String, BTreeSet<Shown>> = BTreeMap::new();
    for part in anchors.chunks(ROWS_MAX) {
        let rows: Vec<LogRow> = block_log::table
            .filter(block_log::anchor.eq_any(part.to_vec()))
            .select(LogRow::as_select())
            .load(conn)
            .await?;
        for row in rows {
            logged.entry(row.anchor).or_default().insert((row.message_id, row.mapping_version));
        }
    }
    Ok(logged)
}

/// Keeps the cases that could not be computed, and forgets those that can be again.
async fn note_stuck(conn: &mut Conn, draft: &Draft, now: &Timestamp) -> Result<(), Fail> {
    for part in draft.computed.chunks(ROWS_MAX) {
        let known: Vec<String> = stuck_case::table
            .filter(stuck_case::anchor.eq_any(part.to_vec()))
            .select(stuck_case::anchor)
            .load(conn)
            .await?;
        if !known.is_empty() {
            diesel::delete(stuck_case::table.filter(stuck_case::anchor.eq_any(known))).execute(conn).await?;
        }
    }
    let rows: Vec<NewStuck> = draft
        .stuck
        .iter()
        .map(|(anchor, reason)| NewStuck {
            anchor: anchor.to_string(),
            reason: convert::clean(reason).into_owned(),
            since: Ts(*now),
        })
        .collect();
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        insert_rows!(
            conn,
            diesel::insert_into(stuck_case::table)
                .values(part)
                .on_conflict(stuck_case::anchor)
                .do_update()
                .set(stuck_case::reason.eq(excluded(stuck_case::reason)))
        )?;
    }
    Ok(())
}

/// Records that a source is complete up to an instant, unless that is known already.
pub(super) async fn record_completeness(
    conn: &mut Conn,
    line: &Completeness,
    now: &Timestamp,
) -> Result<(), Fail> {
    use crate::schema::{block_completeness, ledger_head};
    // The head is locked first, so that of two who record at once the later one sees the other.
    let _: i64 = locked!(ledger_head::table.select(ledger_head::number)).get_result(conn).await?;
    let known: Option<Ts> = block_completeness::table
        .filter(block_completeness::integration.eq(&line.integration))
        .select(diesel::dsl::max(block_completeness::complete_through))
        .get_result(conn)
        .await?;
    if known.is_some_and(|known| known.0.timestamp_micros() >= line.complete_through.timestamp_micros()) {
        return Ok(());
    }
    seal(conn, Draft::default(), std::slice::from_ref(line), Stamp::Now(*now)).await?;
    Ok(())
}

/// Damage that a block to be booked again shows.
pub(super) fn out_of_order(number: i64, head: i64) -> StoreError {
    StoreError::Damaged { table: "block", detail: format!("block {number} cannot follow block {head}") }
}

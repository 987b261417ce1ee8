//! The audit log: chained with itself, and with the blocks of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Handle;
use super::dialect::{Conn, Db, in_tx, insert_rows, locked, snapshot};
use crate::canonical::audit_hash;
use crate::convert_admin as convert;
use crate::fail::Fail;
use crate::models_admin::AuditRecord;
use crate::rows::VerifyFinding;
use crate::rows_admin::{AuditFilter, AuditRow, NewAudit};
use crate::schema::{audit, audit_head, block};
use crate::sql::Ts;
use crate::traits::Ledger;
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

/// How many records are checked at once.
const RECORDS_PAGE: i64 = 2_000;
/// How many findings are told: after so many, more do not help.
const FINDINGS_MAX: usize = 1_000;

/// The hashes that records give to blocks.
type Named = BTreeMap<i64, BTreeSet<Vec<u8>>>;

/// Appends records; answers the newest place.
pub(super) async fn append(store: &Handle, records: &[NewAudit]) -> Result<i64, StoreError> {
    let head = store.head().await?;
    let records: Vec<AuditRecord> =
        records.iter().map(|record| convert::new_audit(record, head.number, head.hash)).collect();
    write_tx!(store, inbox_write, "append to the audit log", chain, records)
}

async fn chain(conn: &mut Conn, records: &[AuditRecord]) -> Result<i64, Fail> {
    let (mut seq, mut previous): (i64, Vec<u8>) =
        locked!(audit_head::table.select((audit_head::seq, audit_head::hash))).get_result(conn).await?;
    let mut chained = Vec::with_capacity(records.len());
    for record in records {
        seq = seq.checked_add(1).ok_or(StoreError::Overflow { operation: "the places of the audit log" })?;
        let mut record = AuditRecord { seq, previous_hash: previous, ..record.clone() };
        record.hash = audit_hash(&record).to_vec();
        previous = record.hash.clone();
        chained.push(record);
    }
    if chained.is_empty() {
        return Ok(seq);
    }
    for part in chained.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(audit::table).values(part.to_vec()))?;
    }
    diesel::update(audit_head::table)
        .set((audit_head::seq.eq(seq), audit_head::hash.eq(previous)))
        .execute(conn)
        .await?;
    Ok(seq)
}

/// Records, newest first.
pub(super) async fn read(store: &Handle, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit::table
        .order(audit::seq.desc())
        .limit(filter.limit)
        .select(AuditRecord::as_select())
        .into_boxed::<Db>();
    if let Some(before) = filter.before {
        query = query.filter(audit::seq.lt(before));
    }
    if let Some(actor) = &filter.actor_id {
        query = query.filter(audit::actor_id.eq(actor));
    }
    if let Some(prefix) = &filter.action_prefix {
        // The last character there is comes after everything that may follow.
        let last = format!("{prefix}{}", char::MAX);
        query = query.filter(audit::action.ge(prefix)).filter(audit::action.lt(last));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit::at.ge(Ts(from)));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit::at.lt(Ts(to)));
    }
    let mut conn = store.inbox_read().await?;
    let rows: Vec<AuditRecord> = query.load(&mut *conn).await.map_err(at("read the audit log"))?;
    rows.into_iter().map(convert::audit).collect()
}

/// Checks the chain, and the blocks that it names.
pub(super) async fn verify(store: &Handle) -> Result<Vec<VerifyFinding>, StoreError> {
    let (mut findings, named) = {
        let mut conn = store.inbox_read().await?;
        check_chain(&mut conn).await.map_err(|fail| fail.at("verify the audit log"))?
    };
    let mut conn = store.ledger_read().await?;
    check_blocks(&mut conn, named, &mut findings)
        .await
        .map_err(|fail| fail.at("verify the blocks of the audit log"))?;
    findings.truncate(FINDINGS_MAX);
    Ok(findings)
}

async fn check_chain(conn: &mut Conn) -> Result<(Vec<VerifyFinding>, Named), Fail> {
    snapshot!(conn, async |conn: &mut Conn| {
        let (mut findings, mut named) = (Vec::new(), Named::new());
        let (mut last, mut previous) = (0_i64, vec![0_u8; 32]);
        loop {
            let rows: Vec<AuditRecord> = audit::table
                .filter(audit::seq.gt(last))
                .order(audit::seq)
                .limit(RECORDS_PAGE)
                .select(AuditRecord::as_select())
                .load(conn)
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                check_record(&row, last, &previous, &mut findings);
                (last, previous) = (row.seq, row.hash);
                named.entry(row.block).or_default().insert(row.block_hash);
            }
        }
        let (seq, hash): (i64, Vec<u8>) =
            audit_head::table.select((audit_head::seq, audit_head::hash)).get_result(conn).await?;
        if (seq, &hash) != (last, &previous) {
            findings.push(finding(
                "audit_chain",
                format!("the newest record should be {seq} and is {last}, or its hash is another"),
            ));
        }
        Ok::<_, Fail>((findings, named))
    })
}

fn check_record(row: &AuditRecord, last: i64, previous: &[u8], findings: &mut Vec<VerifyFinding>) {
    if findings.len() >= FINDINGS_MAX {
        return;
    }
    if row.seq.checked_sub(last) != Some(1) {
        findings.push(finding("audit_chain", format!("record {} follows record {last}", row.seq)));
    }
    if row.previous_hash != previous {
        let detail = format!("record {} does not name the hash of the record before", row.seq);
        findings.push(finding("audit_chain", detail));
    }
    if row.hash != audit_hash(row) {
        let detail = format!("record {} holds something else than was chained", row.seq);
        findings.push(finding("audit_hash", detail));
    }
}

async fn check_blocks(
    conn: &mut Conn,
    mut named: Named,
    findings: &mut Vec<VerifyFinding>,
) -> Result<(), Fail> {
    let zero = BTreeSet::from([vec![0_u8; 32]]);
    if named.remove(&0).is_some_and(|hashes| hashes != zero) {
        findings.push(finding("audit_block", "a record names a hash for the time before blocks".to_owned()));
    }
    let numbers: Vec<i64> = named.keys().copied().collect();
    let mut known: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for part in numbers.chunks(ROWS_MAX) {
        let rows: Vec<(i64, Vec<u8>)> = block::table
            .filter(block::number.eq_any(part.to_vec()))
            .select((block::number, block::hash))
            .load(conn)
            .await?;
        known.extend(rows);
    }
    for (number, hashes) in named {
        if known.remove(&number).is_none_or(|hash| hashes != BTreeSet::from([hash])) {
            let detail = format!("block {number} is not the one that records name");
            findings.push(finding("audit_block", detail));
        }
    }
    Ok(())
}

fn finding(check: &'static str, detail: String) -> VerifyFinding {
    VerifyFinding { check, detail }
}

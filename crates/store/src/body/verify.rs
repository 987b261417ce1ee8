//! Reading the whole journal: its digest, its fingerprint, and whether it is what was sealed.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::digest::Digest;

use super::dialect::{Conn, snapshot};
use super::facts;
use crate::canonical::{Lines, Sealed, sort_postings};
use crate::convert;
use crate::fail::Fail;
use crate::models::{BlockRow, CompletenessRow, EntryRow, FactRow, LogRow, PostingRow, TotalRow};
use crate::rows::VerifyFinding;
use crate::schema::{
    block, block_completeness, block_log, ledger_case, ledger_entry, ledger_head, posting, running_total,
};
use crate::sql::{Ts, sum_i64};

/// How many blocks are checked at once.
const BLOCKS_PAGE: i64 = 200;
/// How many cases are read at once.
const CASES_PAGE: i64 = 500;
/// How many findings are told: after so many, more do not help.
const FINDINGS_MAX: usize = 1_000;

/// The order-free digest of all postings and of the facts as they stand.
pub(super) async fn digest(conn: &mut Conn) -> Result<Digest, Fail> {
    snapshot!(conn, async |conn: &mut Conn| {
        let mut digest = Digest::default();
        let mut after = String::new();
        while let Some(last) = last_case(conn, &after).await? {
            let rows: Vec<PostingRow> = posting::table
                .filter(posting::anchor.gt(after).and(posting::anchor.le(last.clone())))
                .select(PostingRow::as_select())
                .load(conn)
                .await?;
            for row in &rows {
                let posting = convert::posting(row)?;
                digest.add(&row.anchor, &posting.key, posting.line.amount_minor, posting.line.quantity);
            }
            digest.settle();
            after = last;
        }
        facts::add_to_digest(conn, &mut digest).await?;
        Ok::<_, Fail>(digest)
    })
}

/// The last case of the next page.
async fn last_case(conn: &mut Conn, after: &str) -> Result<Option<String>, Fail> {
    let page: Vec<String> = ledger_case::table
        .filter(ledger_case::anchor.gt(after))
        .order(ledger_case::anchor)
        .limit(CASES_PAGE)
        .select(ledger_case::anchor)
        .load(conn)
        .await?;
    Ok(page.into_iter().last())
}

/// The hash over all entries and facts, and how many entries and blocks there are.
pub(super) async fn fingerprint(conn: &mut Conn) -> Result<([u8; 32], i64, i64), Fail> {
    snapshot!(conn, async |conn: &mut Conn| {
        let mut lines = Lines::default();
        let mut after = (String::new(), 0);
        loop {
            let rows = entries_after(conn, &after).await?;
            let Some((last, _)) = rows.last() else { break };
            after = (last.anchor.clone(), last.sequence);
            add_entries(conn, &mut lines, &rows).await?;
        }
        facts::add_to_fingerprint(conn, &mut lines).await?;
        let entries = ledger_entry::table.select(count_star()).get_result(conn).await?;
        let blocks = block::table.select(count_star()).get_result(conn).await?;
        Ok::<_, Fail>((lines.finish(), entries, blocks))
    })
}

async fn entries_after(conn: &mut Conn, after: &(String, i32)) -> Result<Vec<(EntryRow, Ts)>, Fail> {
    let rows = ledger_entry::table
        .inner_join(block::table.on(block::number.eq(ledger_entry::block)))
        .filter(
            ledger_entry::anchor
                .gt(&after.0)
                .or(ledger_entry::anchor.eq(&after.0).and(ledger_entry::sequence.gt(after.1))),
        )
        .order((ledger_entry::anchor, ledger_entry::sequence))
        .limit(BLOCKS_PAGE)
        .select((EntryRow::as_select(), block::recorded_at))
        .load(conn)
        .await?;
    Ok(rows)
}

async fn add_entries(conn: &mut Conn, lines: &mut Lines, entries: &[(EntryRow, Ts)]) -> Result<(), Fail> {
    let anchors: Vec<String> = entries.iter().map(|(entry, _)| entry.anchor.clone()).collect();
    let rows: Vec<PostingRow> = posting::table
        .filter(posting::anchor.eq_any(anchors))
        .select(PostingRow::as_select())
        .load(conn)
        .await?;
    let mut by_entry: HashMap<(&str, i32), Vec<&PostingRow>> = HashMap::new();
    for row in &rows {
        by_entry.entry((&row.anchor, row.sequence)).or_default().push(row);
    }
    for (entry, recorded_at) in entries {
        lines.number(entry.block);
        lines.number(recorded_at.0.timestamp_micros());
        let mut postings = by_entry.remove(&(entry.anchor.as_str(), entry.sequence)).unwrap_or_default();
        sort_postings(&mut postings);
        for row in postings {
            lines.posting(row);
        }
    }
    Ok(())
}

/// What was found, up to a limit.
#[derive(Default)]
struct Findings(Vec<VerifyFinding>);

impl Findings {
    fn add(&mut self, check: &'static str, detail: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(VerifyFinding { check, detail });
        }
    }
}

/// Checks everything, in one state of the ledger.
pub(super) async fn verify(conn: &mut Conn) -> Result<Vec<VerifyFinding>, Fail> {
    snapshot!(conn, async |conn: &mut Conn| {
        let mut findings = Findings::default();
        check_blocks(conn, &mut findings).await?;
        check_entries(conn, &mut findings).await?;
        check_strays(conn, &mut findings).await?;
        check_totals(conn, &mut findings).await?;
        Ok::<_, Fail>(findings.0)
    })
}

/// Each block again: its hash, its link to the one before, its time; and the head.
async fn check_blocks(conn: &mut Conn, findings: &mut Findings) -> Result<(), Fail> {
    let mut previous = BlockRow {
        number: 0,
        recorded_at: Ts(chrono::DateTime::UNIX_EPOCH),
        previous_hash: Vec::new(),
        hash: vec![0; 32],
        entries: 0,
    };
    loop {
        let blocks: Vec<BlockRow> = block::table
            .filter(block::number.gt(previous.number))
            .order(block::number)
            .limit(BLOCKS_PAGE)
            .select(BlockRow::as_select())
            .load(conn)
            .await?;
        let Some(last) = blocks.last().map(|block| block.number) else { break };
        let mut page = Page::load(conn, previous.number, last).await?;
        for block in blocks {
            check_block(&previous, &block, &mut page, findings);
            previous = block;
        }
    }
    let (number, recorded_at, hash): (i64, Ts, Vec<u8>) = ledger_head::table
        .select((ledger_head::number, ledger_head::recorded_at, ledger_head::hash))
        .get_result(conn)
        .await?;
    if (number, recorded_at, &hash) != (previous.number, previous.recorded_at, &previous.hash) {
        findings
            .add("block_chain", format!("the head is block {number}, the last block is {}", previous.number));
    }
    Ok(())
}

/// The contents of some blocks.
struct Page {
    postings: HashMap<i64, Vec<PostingRow>>,
    log: HashMap<i64, Vec<LogRow>>,
    completeness: HashMap<i64, Vec<CompletenessRow>>,
    facts: HashMap<i64, Vec<FactRow>>,
    entries: HashMap<i64, i64>,
}

impl Page {
    async fn load(conn: &mut Conn, after: i64, last: i64) -> Result<Self, Fail> {
        let postings: Vec<PostingRow> = posting::table
            .filter(posting::block.gt(after).and(posting::block.le(last)))
            .select(PostingRow::as_select())
            .load(conn)
            .await?;
        let log: Vec<LogRow> = block_log::table
            .filter(block_log::block.gt(after).and(block_log::block.le(last)))
            .select(LogRow::as_select())
            .load(conn)
            .await?;
        let completeness: Vec<CompletenessRow> = block_completeness::table
            .filter(block_completeness::block.gt(after).and(block_completeness::block.le(last)))
            .select(CompletenessRow::as_select())
            .load(conn)
            .await?;
        let entries: Vec<(i64, i64)> = ledger_entry::table
            .filter(ledger_entry::block.gt(after).and(ledger_entry::block.le(last)))
            .group_by(ledger_entry::block)
            .select((ledger_entry::block, count_star()))
            .load(conn)
            .await?;
        Ok(Self {
            postings: grouped(postings, |row| row.block),
            log: grouped(log, |row| row.block),
            completeness: grouped(completeness, |row| row.block),
            facts: grouped(facts::of_blocks(conn, after, last).await?, |row| row.block),
            entries: entries.into_iter().collect(),
        })
    }
}

fn grouped<T>(rows: Vec<T>, block: impl Fn(&T) -> i64) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(block(&row)).or_default().push(row);
    }
    groups
}

fn check_block(previous: &BlockRow, block: &BlockRow, page: &mut Page, findings: &mut Findings) {
    let number = block.number;
    if number.checked_sub(previous.number) != Some(1) {
        findings.add("block_chain", format!("block {number} follows block {}", previous.number));
    }
    if block.previous_hash != previous.hash {
        findings.add("block_chain", format!("block {number} does not name the hash of the block before"));
    }
    if block.recorded_at <= previous.recorded_at && previous.number > 0 {
        findings.add("block_chain", format!("block {number} is not later than the block before"));
    }
    let hash = Sealed {
        previous_hash: &block.previous_hash,
        number,
        recorded_at_micros: block.recorded_at.0.timestamp_micros(),
        postings: &page.postings.remove(&number).unwrap_or_default(),
        log: &page.log.remove(&number).unwrap_or_default(),
        completeness: &page.completeness.remove(&number).unwrap_or_default(),
        facts: &page.facts.remove(&number).unwrap_or_default(),
    }
    .hash();
    if block.hash != hash {
        findings.add("block_hash", format!("block {number} holds something else than was sealed"));
    }
    let entries = page.entries.remove(&number).unwrap_or(0);
    if entries != i64::from(block.entries) {
        findings.add(
            "block_entries",
            format!("block {number} has {entries} entries instead of {}", block.entries),
        );
    }
}

/// Each entry: its sum per currency, and its place in its case.
async fn check_entries(conn: &mut Conn, findings: &mut Findings) -> Result<(), Fail> {
    let sum = diesel::dsl::sql::<diesel::sql_types::Bool>("SUM(posting.amount_minor) <> 0");
    let unbalanced: Vec<(String, i32, String)> = posting::table
        .group_by((posting::anchor, posting::sequence, posting::currency))
        .having(sum)
        .order((posting::anchor, posting::sequence, posting::currency))
        .limit(BLOCKS_PAGE)
        .select((posting::anchor, posting::sequence, posting::currency))
        .load(conn)
        .await?;
    for (anchor, sequence, currency) in unbalanced {
        findings
            .add("entry_balance", format!("entry {sequence} of {anchor} does not sum to zero in {currency}"));
    }
    let broken = diesel::dsl::sql::<diesel::sql_types::Bool>(
        "ledger_case.sequence <> (SELECT COUNT(*) FROM ledger_entry e WHERE e.anchor = ledger_case.anchor) \
         OR ledger_case.sequence <> (SELECT COALESCE(MAX(e.sequence), 0) FROM ledger_entry e \
         WHERE e.anchor = ledger_case.anchor)",
    );
    let broken: Vec<String> = ledger_case::table
        .filter(broken)
        .order(ledger_case::anchor)
        .limit(BLOCKS_PAGE)
        .select(ledger_case::anchor)
        .load(conn)
        .await?;
    for anchor in broken {
        findings.add("entry_sequence", format!("the entries of {anchor} are not numbered without gaps"));
    }
    Ok(())
}

/// Rows that no block, or no entry, has.
async fn check_strays(conn: &mut Conn, findings: &mut Findings) -> Result<(), Fail> {
    use diesel::dsl::{exists, not, sql};
    use diesel::sql_types::Bool;
    let known = block::table.filter(block::number.eq(posting::block));
    let stray: i64 = posting::table.filter(not(exists(known))).select(count_star()).get_result(conn).await?;
    if stray > 0 {
        findings.add("block_chain", format!("{stray} postings are of no block"));
    }
    let known = block::table.filter(block::number.eq(block_log::block));
    let stray: i64 =
        block_log::table.filter(not(exists(known))).select(count_star()).get_result(conn).await?;
    if stray > 0 {
        findings.add("block_log", format!("{stray} log lines are of no block"));
    }
    let known = block::table.filter(block::number.eq(block_completeness::block));
    let stray: i64 =
        block_completeness::table.filter(not(exists(known))).select(count_star()).get_result(conn).await?;
    if stray > 0 {
        findings.add("block_log", format!("{stray} completeness lines are of no block"));
    }
    let stray = facts::strays(conn).await?;
    if stray > 0 {
        findings.add("fact", format!("{stray} facts are of no block"));
    }
    let entry = sql::<Bool>(
        "NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.anchor = posting.anchor \
         AND e.sequence = posting.sequence AND e.block = posting.block)",
    );
    let stray: i64 = posting::table.filter(entry).select(count_star()).get_result(conn).await?;
    if stray > 0 {
        findings.add("entry_balance", format!("{stray} postings are of no entry"));
    }
    let postings = sql::<Bool>(
        "NOT EXISTS (SELECT 1 FROM posting p WHERE p.anchor = ledger_entry.anchor \
         AND p.sequence = ledger_entry.sequence)",
    );
    let stray: i64 = ledger_entry::table.filter(postings).select(count_star()).get_result(conn).await?;
    if stray > 0 {
        findings.add("entry_balance", format!("{stray} entries have no postings"));
    }
    Ok(())
}

/// The running totals against the postings.
async fn check_totals(conn: &mut Conn, findings: &mut Findings) -> Result<(), Fail> {
    type Sum = (String, String, String, Option<i64>, Option<i64>);
    let sums: Vec<Sum> = posting::table
        .group_by((posting::party, posting::account, posting::currency))
        .select((
            posting::party,
            posting::account,
            posting::currency,
            sum_i64(posting::amount_minor),
            sum_i64(posting::quantity),
        ))
        .load(conn)
        .await?;
    let mut sums: BTreeMap<(String, String, String), (i64, i64)> = sums
        .into_iter()
        .map(|(party, account, currency, amount, quantity)| {
            ((party, account, currency), (amount.unwrap_or(0), quantity.unwrap_or(0)))
        })
        .collect();
    let totals: Vec<TotalRow> = running_total::table.select(TotalRow::as_select()).load(conn).await?;
    for total in totals {
        let (amount, quantity) = sums
            .remove(&(total.party.clone(), total.account.clone(), total.currency.clone()))
            .unwrap_or_default();
        if (amount, quantity) != (total.amount_minor, total.quantity) {
            findings.add(
                "running_total",
                format!(
                    "{} of {} in {} is not the sum of its postings",
                    total.account, total.party, total.currency
                ),
            );
        }
    }
    for ((party, account, currency), sum) in sums {
        if sum != (0, 0) {
            findings.add("running_total", format!("{account} of {party} in {currency} is missing"));
        }
    }
    Ok(())
}

//! What cases say beside their postings, in versions by block.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;
use ltv_core::digest::Digest;

use super::dialect::{Conn, Db, insert_rows};
use crate::ROWS_MAX;
use crate::canonical::Lines;
use crate::convert_admin as convert;
use crate::draft::Known;
use crate::fail::Fail;
use crate::models::FactRow;
use crate::rows_admin::{CaseFacts, FactFilter};
use crate::schema::fact;

/// How many cases are read at once.
const CASES_PAGE: i64 = 1_000;

/// Keeps versions that are the newest at a block, of parties after one. That is said of both sides: a database that walks
/// along both would begin at the first party otherwise.
macro_rules! newest {
    ($query:expr, $block_max:expr) => {
        newest!($query, $block_max, "")
    };
    ($query:expr, $block_max:expr, $after:expr) => {{
        let block_max: i64 = $block_max;
        $query.filter(fact::block.le(block_max)).filter(
            diesel::dsl::sql::<Bool>(
                "NOT EXISTS (SELECT 1 FROM fact newer WHERE newer.anchor = fact.anchor AND newer.kind = fact.kind \
                 AND newer.party = fact.party AND newer.block > fact.block AND newer.block <= ",
            )
            .bind::<BigInt, _>(block_max)
            .sql(" AND newer.party > ")
            .bind::<Text, _>($after)
            .sql(")"),
        )
    }};
}

/// Keeps what a filter lets see: of these parties, versions that hold facts.
macro_rules! visible {
    ($query:expr, $filter:expr, $names:expr) => {{
        let filter: &FactFilter = $filter;
        let after = filter.after.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut query = newest!($query, filter.block_max.unwrap_or(i64::MAX), after.clone())
            .filter(fact::party.gt(after))
            .filter(fact::body.ne("[]"));
        if !filter.kinds.is_empty() {
            query = query.filter(fact::kind.eq_any(filter.kinds.iter().copied().collect::<Vec<_>>()));
        }
        if let Some(names) = $names {
            let names: &[String] = names;
            query = query.filter(fact::party.eq_any(names.to_vec()));
        }
        query
    }};
}

/// The newest version of each fact of these cases.
pub(super) async fn known(conn: &mut Conn, anchors: &[String]) -> Result<BTreeMap<String, Known>, Fail> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for part in anchors.chunks(ROWS_MAX) {
        let query = fact::table.select(FactRow::as_select()).into_boxed::<Db>();
        let rows: Vec<FactRow> =
            newest!(query, i64::MAX).filter(fact::anchor.eq_any(part.to_vec())).load(conn).await?;
        for row in rows {
            known.entry(row.anchor).or_default().insert((row.kind, row.party), row.body);
        }
    }
    Ok(known)
}

/// Writes versions.
pub(super) async fn insert(conn: &mut Conn, rows: &[FactRow]) -> Result<(), Fail> {
    for part in rows.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(fact::table).values(part.to_vec()))?;
    }
    Ok(())
}

/// The facts that a filter asks for.
pub(super) async fn facts(conn: &mut Conn, filter: &FactFilter) -> Result<Vec<CaseFacts>, Fail> {
    let mut names: Vec<String> = filter.parties.iter().map(ToString::to_string).collect();
    names.sort();
    let last = match filter.parties_max {
        Some(most) => match last_of_page(conn, filter, &names, most).await? {
            Some(last) => Some(last),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut found = Vec::new();
    for part in parts(&names) {
        let query = fact::table
            .order((fact::party, fact::anchor, fact::kind))
            .select(FactRow::as_select())
            .into_boxed::<Db>();
        let mut query = visible!(query, filter, part);
        if let Some(last) = &last {
            query = query.filter(fact::party.le(last.clone()));
        }
        let rows: Vec<FactRow> = query.load(conn).await?;
        for row in rows {
            found.push(convert::case_facts(&row)?);
        }
    }
    Ok(found)
}

/// The last party of a page; `None`: there are no more.
async fn last_of_page(
    conn: &mut Conn,
    filter: &FactFilter,
    names: &[String],
    most: i64,
) -> Result<Option<String>, Fail> {
    let (mut last, mut left) = (None, most);
    for part in parts(names) {
        let query = fact::table.select(fact::party).distinct().order(fact::party).into_boxed::<Db>();
        let page: Vec<String> = visible!(query, filter, part).limit(left).load(conn).await?;
        left = left.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        last = page.into_iter().last().or(last);
        if left <= 0 {
            break;
        }
    }
    Ok(last)
}

/// As many names as one statement takes, at a time; `None` where all are asked for.
fn parts(names: &[String]) -> Vec<Option<&[String]>> {
    if names.is_empty() { vec![None] } else { names.chunks(ROWS_MAX).map(Some).collect() }
}

/// Adds the newest version of each fact to a digest.
pub(super) async fn add_to_digest(conn: &mut Conn, digest: &mut Digest) -> Result<(), Fail> {
    let mut after = String::new();
    while let Some(last) = last_case(conn, &after).await? {
        let query = fact::table.select(FactRow::as_select()).into_boxed::<Db>();
        let rows: Vec<FactRow> = newest!(query, i64::MAX)
            .filter(fact::anchor.gt(after))
            .filter(fact::anchor.le(last.clone()))
            .load(conn)
            .await?;
        for row in &rows {
            for fact in convert::facts(row)? {
                digest.add_fact(&row.anchor, &fact);
            }
        }
        digest.settle();
        after = last;
    }
    Ok(())
}

/// Adds every version to a fingerprint, in the order of (case, kind, party, block).
pub(super) async fn add_to_fingerprint(conn: &mut Conn, lines: &mut Lines) -> Result<(), Fail> {
    let mut after = String::new();
    while let Some(last) = last_case(conn, &after).await? {
        let rows: Vec<FactRow> = fact::table
            .filter(fact::anchor.gt(after))
            .filter(fact::anchor.le(last.clone()))
            .order((fact::anchor, fact::kind, fact::party, fact::block))
            .select(FactRow::as_select())
            .load(conn)
            .await?;
        for row in &rows {
            lines.number(row.block);
            lines.fact(row);
        }
        after = last;
    }
    Ok(())
}

/// The last case of the next page.
async fn last_case(conn: &mut Conn, after: &str) -> Result<Option<String>, Fail> {
    let page: Vec<String> = fact::table
        .filter(fact::anchor.gt(after))
        .select(fact::anchor)
        .distinct()
        .order(fact::anchor)
        .limit(CASES_PAGE)
        .load(conn)
        .await?;
    Ok(page.into_iter().last())
}

/// The versions of some blocks.
pub(super) async fn of_blocks(conn: &mut Conn, after: i64, last: i64) -> Result<Vec<FactRow>, Fail> {
    let rows = fact::table
        .filter(fact::block.gt(after).and(fact::block.le(last)))
        .select(FactRow::as_select())
        .load(conn)
        .await?;
    Ok(rows)
}

/// How many versions are of no block.
pub(super) async fn strays(conn: &mut Conn) -> Result<i64, Fail> {
    use diesel::dsl::{count_star, exists, not};

    use crate::schema::block;
    let known = block::table.filter(block::number.eq(fact::block));
    Ok(fact::table.filter(not(exists(known))).select(count_star()).get_result(conn).await?)
}

/// The parties of versions.
pub(super) fn parties(rows: &[FactRow]) -> Result<BTreeSet<ltv_core::Party>, Fail> {
    let mut parties = BTreeSet::new();
    for row in rows {
        parties.insert(crate::convert::parse("fact", &row.party)?);
    }
    Ok(parties)
}

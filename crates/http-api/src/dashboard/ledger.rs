//! A supplier's postings, each with what its account held after it.

use std::collections::BTreeMap;

use ltv_core::{Currency, Money, SupplierId};
use pipeline::{AskError, LedgerRow, LtvDataPipeline, View};

use super::csv::Table;
use super::format;
use super::parts::message_link;
use super::view::PageView;

/// Postings a page.
const ROWS: usize = 50;
/// Postings a question.
const READ_ROWS: usize = 500;
/// The most questions. Beyond it, balances would need what was not read, and are left out.
const READS_MAX: usize = 40;

/// All postings that the view shows, newest first, each with the balance of its account after it.
pub(super) struct Ledger {
    rows: Vec<(LedgerRow, Option<Money>)>,
}

/// A page of it.
pub(super) struct LedgerPart {
    pub(super) rows: Vec<PostingRow>,
    pub(super) total: String,
    pub(super) newest: Option<String>,
    pub(super) older: Option<String>,
}

/// A posting in a table.
pub(super) struct PostingRow {
    pub(super) effective: String,
    pub(super) recorded: String,
    pub(super) account: &'static str,
    pub(super) case: String,
    pub(super) fact: String,
    pub(super) amount: String,
    pub(super) negative: bool,
    pub(super) balance: String,
    pub(super) block: i64,
    pub(super) inbox_id: i64,
    pub(super) message: String,
}

impl Ledger {
    /// Reads it.
    pub(super) async fn read(
        pipeline: &LtvDataPipeline,
        id: &SupplierId,
        view: &View,
    ) -> Result<Self, AskError> {
        let mut rows: Vec<LedgerRow> = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..READS_MAX {
            let page = pipeline.ledger(id, view, cursor.as_deref(), READ_ROWS).await?;
            rows.extend(page.rows);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(Self::new(rows, cursor.is_none()))
    }

    fn new(rows: Vec<LedgerRow>, whole: bool) -> Self {
        let mut balances: BTreeMap<(&'static str, Currency), Option<i64>> = BTreeMap::new();
        let mut oldest_first = Vec::new();
        for row in rows.into_iter().rev() {
            let currency = row.amount.currency();
            let balance = balances.entry((row.account, currency)).or_insert(Some(0));
            *balance = balance.and_then(|held| held.checked_add(row.amount.minor())).filter(|_| whole);
            let after = balance.map(|minor| Money::from_minor(minor, currency));
            oldest_first.push((row, after));
        }
        oldest_first.reverse();
        Self { rows: oldest_first }
    }

    /// The page that begins after the posting `after`.
    pub(super) fn part(&self, after: Option<i64>, view: &PageView, path: &str) -> LedgerPart {
        let start = after.and_then(|id| self.rows.iter().position(|(row, _)| row.id == id));
        let start = start.map_or(0, |last| last.saturating_add(1));
        let shown: Vec<_> = self.rows.iter().skip(start).take(ROWS).collect();
        let more = start.saturating_add(shown.len()) < self.rows.len();
        let last = shown.last().filter(|_| more).map(|(row, _)| row.id.to_string());
        LedgerPart {
            rows: shown.into_iter().map(|(row, balance)| PostingRow::new(row, *balance, view)).collect(),
            total: format::count(i64::try_from(self.rows.len()).unwrap_or(i64::MAX)),
            newest: (start > 0).then(|| view.same_with(path, &[("after", "")])),
            older: last.map(|last| view.same_with(path, &[("after", &last)])),
        }
    }

    /// All of it as a file.
    pub(super) fn table(&self) -> Table {
        let row = |(row, balance): &(LedgerRow, Option<Money>)| {
            vec![
                row.effective_at.to_rfc3339(),
                row.recorded_at.to_rfc3339(),
                row.block.to_string(),
                row.account.to_owned(),
                row.anchor.clone(),
                row.fact.clone(),
                row.amount.to_decimal_string(),
                balance.map(|money| money.to_decimal_string()).unwrap_or_default(),
                row.amount.currency().code().to_owned(),
                row.inbox_id.to_string(),
            ]
        };
        let head = vec![
            "effectiveAt",
            "recordedAt",
            "block",
            "account",
            "case",
            "object",
            "amount",
            "balance",
            "currency",
            "message",
        ];
        Table { name: "ledger", head, rows: self.rows.iter().map(row).collect() }
    }
}

impl PostingRow {
    fn new(row: &LedgerRow, balance: Option<Money>, view: &PageView) -> Self {
        Self {
            effective: format::time(row.effective_at),
            recorded: format::time(row.recorded_at),
            account: row.account,
            case: row.anchor.clone(),
            fact: row.fact.clone(),
            amount: format!("{} {}", format::amount(row.amount), row.amount.currency().code()),
            negative: row.amount.minor() < 0,
            balance: balance.map_or_else(|| "\u{2013}".to_owned(), format::amount),
            block: row.block,
            inbox_id: row.inbox_id,
            message: message_link(row.inbox_id, view),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::query::Query;

    fn row(id: i64, account: &'static str, minor: i64) -> LedgerRow {
        let at = "2026-03-01T00:00:00Z".parse().unwrap();
        LedgerRow {
            id,
            anchor: "stripe:ch_1".to_owned(),
            sequence: 1,
            account,
            fact: "stripe:ch_1".to_owned(),
            amount: Money::from_minor(minor, Currency::GBP),
            quantity: 0,
            effective_at: at,
            recorded_at: at,
            block: 1,
            integration: "stripe".to_owned(),
            inbox_id: 1,
        }
    }

    fn part(ledger: &Ledger, after: Option<i64>) -> LedgerPart {
        let mut query = Query::of(&TestRequest::with_uri("/").to_http_request());
        ledger.part(after, &PageView::read(&mut query, "UTC"), "/s")
    }

    #[test]
    fn each_account_has_a_running_balance_of_its_own() {
        let newest_first =
            vec![row(3, "refunds", 30), row(2, "revenue.recurring", -50), row(1, "revenue.recurring", -100)];
        let shown = part(&Ledger::new(newest_first, true), None);
        let balances: Vec<_> = shown.rows.iter().map(|row| row.balance.as_str()).collect();
        assert_eq!(balances, ["0.30", "\u{2212}1.50", "\u{2212}1.00"]);
    }

    #[test]
    fn without_all_postings_no_balance_is_claimed() {
        let shown = part(&Ledger::new(vec![row(2, "refunds", 30)], false), None);
        assert_eq!(shown.rows[0].balance, "\u{2013}");
    }

    #[test]
    fn pages_go_from_the_newest_to_the_oldest() {
        let ledger = Ledger::new((1..=60).rev().map(|id| row(id, "refunds", 1)).collect(), true);
        let first = part(&ledger, None);
        assert_eq!((first.rows.len(), first.newest, first.older.as_deref()), (50, None, Some("/s?after=11")));
        let second = part(&ledger, Some(11));
        assert_eq!((second.rows.len(), second.newest.as_deref(), second.older), (10, Some("/s"), None));
        assert_eq!(second.rows[9].balance, "0.01");
    }
}

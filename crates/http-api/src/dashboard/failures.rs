//! Failed payments, in total and invoice by invoice.

use pipeline::{FailedInvoice, FailuresAnswer};

use super::csv::Table;
use super::format;
use super::parts::Tile;
use super::view::PageView;

/// What became of failed payments.
pub(super) struct Failures {
    pub(super) tiles: Vec<Tile>,
    pub(super) rows: Vec<Row>,
}

/// An invoice whose payment failed.
pub(super) struct Row {
    pub(super) first_failed: String,
    pub(super) supplier: String,
    pub(super) supplier_link: String,
    pub(super) invoice: String,
    pub(super) amount: String,
    pub(super) attempts: u64,
    pub(super) outcome: &'static str,
    pub(super) then: String,
}

impl Failures {
    /// Of an answer; `None`: nothing failed and nobody left.
    pub(super) fn new(answer: &FailuresAnswer, view: &PageView) -> Option<Self> {
        let quiet =
            answer.invoices == 0 && answer.voluntary_churn.is_zero() && answer.involuntary_churn.is_zero();
        if quiet {
            return None;
        }
        let rate = answer.recovery_rate.as_deref().map_or_else(|| "\u{2013}".to_owned(), format::percent);
        let tiles = vec![
            Tile::count("Invoices that failed", answer.invoices, &attempts(answer.attempts), "failures"),
            Tile::amount("Recovered", answer.recovered, "failures"),
            Tile::amount("Lost", answer.lost, "failures"),
            Tile::amount("Still open", answer.open, "failures"),
            Tile {
                label: "Recovery rate",
                value: rate,
                note: "of what ended".to_owned(),
                definition: "failures",
            },
            Tile::amount("MRR at risk", answer.at_risk, "at-risk"),
            Tile::amount("Voluntary churn", answer.voluntary_churn, "churn"),
            Tile::amount("Involuntary churn", answer.involuntary_churn, "churn"),
        ];
        Some(Self { tiles, rows: answer.rows.iter().map(|row| Row::new(row, view)).collect() })
    }
}

fn attempts(number: u64) -> String {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    format!("{} failed {}", format::count(number), if number == 1 { "attempt" } else { "attempts" })
}

impl Row {
    fn new(row: &FailedInvoice, view: &PageView) -> Self {
        let then = match (row.outcome, row.ended_at, row.next_attempt_at) {
            (_, Some(ended), _) => format::time(ended),
            (_, None, Some(next)) => format!("next attempt {}", format::time(next)),
            _ => "\u{2013}".to_owned(),
        };
        Self {
            first_failed: format::time(row.first_failed_at),
            supplier: row.supplier_id.to_string(),
            supplier_link: view.link(&format!("/dashboard/suppliers/{}", row.supplier_id)),
            invoice: row.invoice.clone(),
            amount: format!("{} {}", format::amount(row.amount), row.amount.currency().code()),
            attempts: row.attempts,
            outcome: row.outcome,
            then,
        }
    }
}

/// The invoices as a file.
pub(super) fn table(answer: &FailuresAnswer) -> Table {
    let row = |row: &FailedInvoice| {
        let time = |at: Option<ltv_core::Timestamp>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        vec![
            row.first_failed_at.to_rfc3339(),
            row.supplier_id.to_string(),
            row.invoice.clone(),
            row.amount.to_decimal_string(),
            row.amount.currency().code().to_owned(),
            row.attempts.to_string(),
            row.outcome.to_owned(),
            time(row.ended_at),
            time(row.next_attempt_at),
        ]
    };
    let head = vec![
        "firstFailedAt",
        "supplierId",
        "invoice",
        "amount",
        "currency",
        "attempts",
        "outcome",
        "endedAt",
        "nextAttemptAt",
    ];
    Table { name: "payment-failures", head, rows: answer.rows.iter().map(row).collect() }
}

//! Movements of MRR in a table, each with the way to its supplier and its messages.

use ltv_core::Timestamp;
use pipeline::{MovementKind, MovementRow, MovementsPage};

use super::csv::Table;
use super::format;
use super::parts::{SourceLink, kind_label, sources};
use super::view::PageView;

/// A movement in a table.
pub(super) struct Row {
    pub(super) at: String,
    pub(super) kind: &'static str,
    /// For churn: why.
    pub(super) why: &'static str,
    pub(super) supplier: String,
    pub(super) supplier_link: String,
    pub(super) subscription: String,
    pub(super) amount: String,
    pub(super) loss: bool,
    pub(super) sources: Vec<SourceLink>,
}

impl Row {
    /// With links that keep the view; messages are named where the key may look into figures.
    pub(super) fn new(row: &MovementRow, view: &PageView, may_look_inside: bool) -> Self {
        Self {
            at: format::time(row.at),
            kind: kind_label(row.kind),
            why: why(row.voluntary),
            supplier: row.supplier_id.to_string(),
            supplier_link: view.link(&format!("/dashboard/suppliers/{}", row.supplier_id)),
            subscription: row.subscription.clone(),
            amount: format::signed(row.amount),
            loss: row.amount.minor() < 0,
            sources: if may_look_inside { sources(&row.sources, view) } else { Vec::new() },
        }
    }
}

fn why(voluntary: Option<bool>) -> &'static str {
    match voluntary {
        Some(true) => "voluntary",
        Some(false) => "involuntary",
        None => "",
    }
}

/// Kinds by their names in addresses.
pub(super) fn kind_words() -> Vec<(&'static str, MovementKind)> {
    MovementKind::ALL.into_iter().map(|kind| (kind.as_str(), kind)).collect()
}

/// Movements as a file.
pub(super) fn table(pages: &[MovementsPage]) -> Table {
    let row = |row: &MovementRow| {
        vec![
            written(row.at),
            row.kind.as_str().to_owned(),
            why(row.voluntary).to_owned(),
            row.supplier_id.to_string(),
            row.subscription.clone(),
            row.amount.to_decimal_string(),
            row.amount.currency().code().to_owned(),
        ]
    };
    let head = vec!["at", "kind", "why", "supplierId", "subscription", "amount", "currency"];
    let rows = pages.iter().flat_map(|page| &page.rows).map(row).collect();
    Table { name: "mrr-movements", head, rows }
}

fn written(at: Timestamp) -> String {
    at.to_rfc3339()
}

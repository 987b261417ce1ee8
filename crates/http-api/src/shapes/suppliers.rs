//! Suppliers and their ledger.

use ltv_core::{SupplierId, Timestamp};
use pipeline::{LedgerPage, LedgerRow, LtvAnswer, SupplierPage, SupplierSummary};
use serde::Serialize;

use super::figures::{FiguresShape, MetaShape, MoneyShape, PageShape, ViewedShape};
use crate::request_id::RequestId;

/// A page of suppliers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppliersShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    #[serde(flatten)]
    page: PageShape<RowShape>,
    total: usize,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RowShape {
    supplier_id: String,
    external_refs: Vec<String>,
    realised: FiguresShape,
}

impl From<SupplierSummary> for RowShape {
    fn from(supplier: SupplierSummary) -> Self {
        Self {
            supplier_id: supplier.supplier_id.to_string(),
            external_refs: vec![supplier.party.to_string()],
            realised: (&supplier.figures).into(),
        }
    }
}

impl SuppliersShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: SupplierPage, id: &RequestId) -> Self {
        let rows = answer.suppliers.into_iter().map(RowShape::from).collect();
        Self {
            viewed: answer.viewed.into(),
            page: PageShape::new(rows, answer.next_cursor),
            total: answer.total,
            meta: MetaShape::new(answer.meta, id),
        }
    }

    /// Adds suppliers that were asked for one by one to an empty page.
    pub(crate) fn of_some(
        page: SupplierPage,
        answers: Vec<LtvAnswer>,
        (cursor, total): (Option<String>, usize),
        id: &RequestId,
    ) -> Self {
        let rows = answers.into_iter().map(|answer| RowShape {
            supplier_id: answer.supplier_id.to_string(),
            external_refs: vec![answer.party.to_string()],
            realised: (&answer.realised).into(),
        });
        Self {
            viewed: page.viewed.into(),
            page: PageShape::new(rows.collect(), cursor),
            total,
            meta: MetaShape::new(page.meta, id),
        }
    }
}

/// One supplier.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SupplierShape {
    #[serde(flatten)]
    row: RowShape,
    #[serde(flatten)]
    viewed: ViewedShape,
    meta: MetaShape,
}

impl SupplierShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: LtvAnswer, id: &RequestId) -> Self {
        Self {
            row: RowShape {
                supplier_id: answer.supplier_id.to_string(),
                external_refs: vec![answer.party.to_string()],
                realised: (&answer.realised).into(),
            },
            viewed: answer.viewed.into(),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// A page of a supplier's postings, newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerShape {
    supplier_id: String,
    #[serde(flatten)]
    viewed: ViewedShape,
    #[serde(flatten)]
    page: PageShape<PostingShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PostingShape {
    id: i64,
    anchor: String,
    sequence: i32,
    account: &'static str,
    fact: String,
    amount: MoneyShape,
    quantity: i64,
    effective_at: Timestamp,
    recorded_at: Timestamp,
    block: i64,
    integration: String,
    inbox_id: i64,
}

impl From<LedgerRow> for PostingShape {
    fn from(row: LedgerRow) -> Self {
        Self {
            id: row.id,
            anchor: row.anchor,
            sequence: row.sequence,
            account: row.account,
            fact: row.fact,
            amount: row.amount.into(),
            quantity: row.quantity,
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            block: row.block,
            integration: row.integration,
            inbox_id: row.inbox_id,
        }
    }
}

impl LedgerShape {
    /// Of an answer to this request.
    pub(crate) fn new(supplier: &SupplierId, answer: LedgerPage, id: &RequestId) -> Self {
        let rows = answer.rows.into_iter().map(PostingShape::from).collect();
        Self {
            supplier_id: supplier.to_string(),
            viewed: answer.viewed.into(),
            page: PageShape::new(rows, answer.next_cursor),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

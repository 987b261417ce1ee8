//! Suppliers, and what each is worth.

use std::collections::BTreeMap;
use std::str::FromStr;

use ltv_core::ledger::{Balances, FiguresError};
use ltv_core::{Party, SupplierId};
use store::{PartyRow, PartySum};

use super::mrr::mrr_now;
use super::types::{AskError, LtvAnswer, SupplierPage, SupplierSort, SupplierSummary, View};
use super::view::Resolved;
use crate::pipeline::{Inner, LtvDataPipeline};

/// How many parties are read at once.
const PARTIES_PAGE: i64 = 5_000;

/// Sums by party.
pub(super) fn by_party(sums: Vec<PartySum>) -> Result<BTreeMap<Party, Balances>, FiguresError> {
    let mut parties: BTreeMap<Party, Balances> = BTreeMap::new();
    for (party, account, currency, amount_minor, quantity) in sums {
        parties.entry(party).or_default().add(account, currency, amount_minor, quantity)?;
    }
    Ok(parties)
}

fn no_supplier() -> AskError {
    AskError::NotFound { what: "such supplier".to_owned() }
}

impl LtvDataPipeline {
    /// Suppliers with their realised figures. `cursor` is what the page before gave.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn suppliers(
        &self,
        view: &View,
        sort: SupplierSort,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<SupplierPage, AskError> {
        let inner = &self.inner;
        let resolved = inner.resolve(view).await?;
        let balances = inner.sums(&resolved, None).await?;
        let currency = inner.currency(view, &balances);
        let mut sums = by_party(inner.store.party_sums(&resolved.filter(None)).await?)?;
        let mut suppliers = Vec::new();
        for row in self.all_parties(resolved.block.number).await? {
            let figures = sums.remove(&row.party).unwrap_or_default().figures(currency)?;
            let supplier_id = SupplierId::of(&row.party);
            suppliers.push(SupplierSummary {
                supplier_id,
                party: row.party,
                first_block: row.first_block,
                figures,
            });
        }
        sort_suppliers(&mut suppliers, sort);
        let total = suppliers.len();
        let start = start_of(cursor, &suppliers)?;
        let page: Vec<_> = suppliers.into_iter().skip(start).take(limit).collect();
        let more = start.saturating_add(page.len()) < total;
        let next_cursor = if more { page.last().map(|last| last.supplier_id.to_string()) } else { None };
        let figures = balances.figures(currency)?;
        let meta = inner.meta(&resolved, &balances, &figures, currency).await?;
        Ok(SupplierPage { viewed: resolved.viewed(currency), suppliers: page, total, next_cursor, meta })
    }

    async fn all_parties(&self, block_max: i64) -> Result<Vec<PartyRow>, AskError> {
        let mut rows: Vec<PartyRow> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.supplier_id.clone());
            let page = self.inner.store.parties(after.as_deref(), Some(block_max), PARTIES_PAGE).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    /// What a supplier is worth.
    ///
    /// # Errors
    /// [`AskError::NotFound`] where there is no such supplier at that view, and other [`AskError`]s.
    pub async fn supplier(&self, id: &SupplierId, view: &View) -> Result<LtvAnswer, AskError> {
        let mut answer = self.realised(id, view).await?;
        let at_block = View { known_at: Some(answer.viewed.known_at), ..view.clone() };
        let resolved = self.inner.resolve(&at_block).await?;
        let timeline = self.inner.timeline_of(&answer.party, &resolved, answer.viewed.currency).await?;
        answer.mrr = mrr_now(&timeline)?;
        answer.meta.gaps.extend(timeline.gaps);
        Ok(answer)
    }

    /// The same without its MRR.
    pub(super) async fn realised(&self, id: &SupplierId, view: &View) -> Result<LtvAnswer, AskError> {
        let inner = &self.inner;
        let resolved = inner.resolve(view).await?;
        let party = inner.known_party(id, &resolved).await?;
        let balances = inner.sums(&resolved, Some(&party)).await?;
        let currency = inner.currency(view, &balances);
        let realised = balances.figures(currency)?;
        let meta = inner.meta(&resolved, &balances, &realised, currency).await?;
        Ok(LtvAnswer {
            supplier_id: id.clone(),
            party,
            viewed: resolved.viewed(currency),
            realised,
            mrr: None,
            meta,
        })
    }

    /// What the supplier that this party makes is worth.
    ///
    /// # Errors
    /// As [`LtvDataPipeline::supplier`].
    pub async fn supplier_by_external_ref(&self, party: &Party, view: &View) -> Result<LtvAnswer, AskError> {
        self.supplier(&SupplierId::of(party), view).await
    }
}

impl Inner {
    /// The party of a supplier that is known at a view.
    pub(super) async fn known_party(&self, id: &SupplierId, resolved: &Resolved) -> Result<Party, AskError> {
        let row = self.store.party_of(id.as_str()).await?.ok_or_else(no_supplier)?;
        if row.first_block > resolved.block.number {
            return Err(no_supplier());
        }
        Ok(row.party)
    }
}

fn sort_suppliers(suppliers: &mut [SupplierSummary], sort: SupplierSort) {
    let worth = |supplier: &SupplierSummary| supplier.figures.net_revenue.minor();
    suppliers.sort_by(|a, b| {
        let by_worth = match sort {
            SupplierSort::LtvDescending => worth(b).cmp(&worth(a)),
            SupplierSort::LtvAscending => worth(a).cmp(&worth(b)),
            SupplierSort::Id => std::cmp::Ordering::Equal,
        };
        by_worth.then_with(|| a.supplier_id.cmp(&b.supplier_id))
    });
}

/// Where the page after `cursor`, the last supplier of the page before, begins.
fn start_of(cursor: Option<&str>, suppliers: &[SupplierSummary]) -> Result<usize, AskError> {
    let Some(cursor) = cursor else { return Ok(0) };
    let bad = || AskError::BadQuestion {
        parameter: "cursor",
        problem: "pass `nextCursor` of the page before".to_owned(),
    };
    let id = SupplierId::from_str(cursor).map_err(|_unreadable| bad())?;
    let last = suppliers.iter().position(|supplier| supplier.supplier_id == id).ok_or_else(bad)?;
    Ok(last.saturating_add(1))
}

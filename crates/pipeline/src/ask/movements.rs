//! Movements of MRR.

use ltv_core::subscription::{self, Movement, MrrError, SupplierTimeline, shown};
use ltv_core::{MessageId, Money, SupplierId};

use super::book_of_business::Supplier;
use super::business::{MovementKind, MovementRow, MovementsPage, MovementsQuestion};
use super::cursor::{Place, page};
use super::mrr::{check_range, with_gaps};
use super::types::AskError;
use crate::pipeline::LtvDataPipeline;

/// A row whose messages are not looked up yet.
struct Found<'a> {
    supplier_id: &'a SupplierId,
    movement: &'a Movement,
    amount: Money,
}

impl LtvDataPipeline {
    /// Movements of MRR, newest first.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn movements(&self, question: &MovementsQuestion) -> Result<MovementsPage, AskError> {
        let inner = &self.inner;
        check_range(question.from, question.to)?;
        let looked = inner.look(&question.view).await?;
        let book = inner.book_of_business(&looked.resolved, looked.currency).await?;
        let wanted = |supplier: &&Supplier| question.supplier.as_ref().is_none_or(|id| *id == supplier.id);
        let mut found = Vec::new();
        for supplier in book.suppliers.iter().filter(wanted) {
            collect(question, supplier, &mut found)?;
        }
        let (found, next_cursor) = page(found, question.cursor.as_deref(), question.limit)?;
        let ids: Vec<MessageId> =
            found.iter().flat_map(|found| found.movement.sources.iter().copied()).collect();
        let sources = inner.sources_of(ids).await?;
        let rows = found
            .into_iter()
            .map(|found| MovementRow {
                supplier_id: found.supplier_id.clone(),
                at: found.movement.at,
                kind: kind_of(found.movement.kind),
                amount: found.amount,
                voluntary: found.movement.voluntary,
                subscription: found.movement.subscription.to_string(),
                sources: found.movement.sources.iter().filter_map(|id| sources.get(id).cloned()).collect(),
            })
            .collect();
        Ok(MovementsPage { viewed: looked.viewed, rows, next_cursor, meta: with_gaps(looked.meta, &book) })
    }
}

fn collect<'a>(
    question: &MovementsQuestion,
    supplier: &'a Supplier,
    found: &mut Vec<(Place, Found<'a>)>,
) -> Result<(), MrrError> {
    let amounts = shown_amounts(&supplier.timeline)?;
    for (nth, (movement, amount)) in supplier.timeline.movements.iter().zip(amounts).enumerate() {
        let kind = kind_of(movement.kind);
        if question.from.is_some_and(|from| movement.at < from)
            || question.to.is_some_and(|to| movement.at >= to)
            || question.kind.is_some_and(|wanted| wanted != kind)
        {
            continue;
        }
        let rest = format!("{}_{}_{nth:06}", supplier.id, movement.kind.index());
        let place = Place { at: movement.at, rest };
        found.push((place, Found { supplier_id: &supplier.id, movement, amount }));
    }
    Ok(())
}

/// The amounts of a timeline's movements in whole minor units, so that those of one instant add up to the change of MRR
/// as it is shown.
pub(super) fn shown_amounts(timeline: &SupplierTimeline) -> Result<Vec<Money>, MrrError> {
    let mut amounts = Vec::with_capacity(timeline.movements.len());
    for together in timeline.movements.chunk_by(|a, b| a.at == b.at) {
        let Some(first) = together.first() else { continue };
        let parts: Vec<_> = together.iter().map(|movement| movement.amount).collect();
        let (before, after) =
            (timeline.mrr_before(first.at).rounded()?, timeline.mrr_at(first.at).rounded()?);
        let change = after.minor().checked_sub(before.minor()).ok_or(MrrError::Overflow)?;
        amounts.extend(shown(Money::from_minor(change, timeline.currency), &parts)?);
    }
    Ok(amounts)
}

pub(super) fn kind_of(kind: subscription::MovementKind) -> MovementKind {
    use subscription::MovementKind as Core;
    match kind {
        Core::New => MovementKind::New,
        Core::Expansion => MovementKind::Expansion,
        Core::Contraction => MovementKind::Contraction,
        Core::Churn => MovementKind::Churn,
        Core::Reactivation => MovementKind::Reactivation,
        Core::Pause => MovementKind::Pause,
        Core::Resume => MovementKind::Resume,
        Core::DiscountEnd => MovementKind::DiscountEnd,
        Core::Fx => MovementKind::Fx,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_in_one_order_everywhere() {
        for (core, ours) in subscription::MovementKind::ALL.into_iter().zip(MovementKind::ALL) {
            assert_eq!(kind_of(core), ours);
            assert_eq!(core.as_str(), ours.as_str());
        }
    }
}

//! What happened to a supplier.

use ltv_core::subscription::{Event, Movement, MrrError, SupplierTimeline};
use ltv_core::{MessageId, Money, SupplierId};

use super::business::{MovementKind, TimelineAnswer, TimelineEvent};
use super::cursor::{Place, page};
use super::movements::{kind_of, shown_amounts};
use super::mrr::mrr_now_or_zero;
use super::types::{AskError, View};
use crate::pipeline::LtvDataPipeline;

/// An event whose messages are not looked up yet.
struct Found<'a> {
    event: TimelineEvent,
    sources: &'a [MessageId],
}

impl LtvDataPipeline {
    /// What happened to a supplier, newest first. `cursor` is what the page before gave.
    ///
    /// # Errors
    /// [`AskError::NotFound`] where there is no such supplier at that view, and other [`AskError`]s.
    pub async fn timeline(
        &self,
        id: &SupplierId,
        view: &View,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<TimelineAnswer, AskError> {
        let inner = &self.inner;
        let looked = inner.look(view).await?;
        let party = inner.known_party(id, &looked.resolved).await?;
        let timeline = inner.timeline_of(&party, &looked.resolved, looked.currency).await?;
        let (found, next_cursor) = page(all_events(&timeline)?, cursor, limit)?;
        let ids: Vec<MessageId> = found.iter().flat_map(|found| found.sources.iter().copied()).collect();
        let sources = inner.sources_of(ids).await?;
        let events = found
            .into_iter()
            .map(|found| TimelineEvent {
                sources: found.sources.iter().filter_map(|id| sources.get(id).cloned()).collect(),
                ..found.event
            })
            .collect();
        let steps = timeline.steps.iter().map(|step| Ok((step.at, step.mrr.rounded()?)));
        let mut meta = looked.meta;
        meta.gaps.extend(timeline.gaps.iter().cloned());
        Ok(TimelineAnswer {
            supplier_id: id.clone(),
            party,
            viewed: looked.viewed,
            mrr: mrr_now_or_zero(&timeline)?,
            steps: steps.collect::<Result<_, MrrError>>()?,
            events,
            next_cursor,
            meta,
        })
    }
}

/// Events and movements; at one instant, what happened comes before what it did to MRR.
fn all_events(timeline: &SupplierTimeline) -> Result<Vec<(Place, Found<'_>)>, MrrError> {
    let mut found = Vec::new();
    for (nth, event) in timeline.events.iter().enumerate() {
        let place = Place { at: event.at, rest: format!("a{nth:06}") };
        found.push((place, Found { event: told(event), sources: &event.sources }));
    }
    for (nth, (movement, amount)) in timeline.movements.iter().zip(shown_amounts(timeline)?).enumerate() {
        let place = Place { at: movement.at, rest: format!("b{nth:06}") };
        let after = timeline.mrr_at(movement.at).rounded()?;
        found.push((place, Found { event: moved(movement, amount, after), sources: &movement.sources }));
    }
    Ok(found)
}

fn told(event: &Event) -> TimelineEvent {
    TimelineEvent {
        at: event.at,
        kind: event.kind.as_str(),
        title: event.title.clone(),
        movement: None,
        amount: event.amount,
        mrr_after: None,
        object: Some(event.object.to_string()),
        sources: Vec::new(),
    }
}

fn moved(movement: &Movement, amount: Money, after: Money) -> TimelineEvent {
    let kind = kind_of(movement.kind);
    let why = match (kind, movement.voluntary) {
        (MovementKind::Churn, Some(false)) => " because payments failed",
        _ => "",
    };
    TimelineEvent {
        at: movement.at,
        kind: "movement",
        title: format!("{}{why}: {amount} a month", words(kind)),
        movement: Some(kind),
        amount: Some(amount),
        mrr_after: Some(after),
        object: Some(movement.subscription.to_string()),
        sources: Vec::new(),
    }
}

fn words(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "New revenue",
        MovementKind::Expansion => "Expansion",
        MovementKind::Contraction => "Contraction",
        MovementKind::Churn => "Churn",
        MovementKind::Reactivation => "Reactivation",
        MovementKind::Pause => "Paused",
        MovementKind::Resume => "Resumed",
        MovementKind::DiscountEnd => "A discount ended",
        MovementKind::Fx => "The rate of exchange changed",
    }
}

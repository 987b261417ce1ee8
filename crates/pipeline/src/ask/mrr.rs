//! MRR over time, and what a supplier pays now.

use ltv_core::subscription::{MrrError, MrrSeries, SeriesPoint, SupplierTimeline};
use ltv_core::{Currency, Timestamp};

use super::book_of_business::BookOfBusiness;
use super::business::{MrrAnswer, MrrNow, MrrPoint, MrrQuestion};
use super::period::boundaries;
use super::types::{AskError, Interval, Meta, View, Viewed};
use super::view::{Resolved, data_version};
use crate::pipeline::{Inner, LtvDataPipeline};

/// What every answer about subscriptions begins with.
pub(super) struct Looked {
    pub(super) resolved: Resolved,
    pub(super) currency: Currency,
    pub(super) viewed: Viewed,
    pub(super) meta: Meta,
}

impl LtvDataPipeline {
    /// MRR over time.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn mrr(&self, question: &MrrQuestion) -> Result<MrrAnswer, AskError> {
        let inner = &self.inner;
        check_range(question.from, question.to)?;
        let looked = inner.look(&question.view).await?;
        let book = inner.book_of_business(&looked.resolved, looked.currency).await?;
        let bounds = series_boundaries(question, &looked.resolved, &book)?;
        let series = MrrSeries::of(book.timelines(), looked.currency, &bounds)?;
        let points = series.points.iter().map(point_of).collect::<Result<_, _>>()?;
        let whole = series.whole.as_ref().map(point_of).transpose()?;
        Ok(MrrAnswer { viewed: looked.viewed, points, whole, meta: with_gaps(looked.meta, &book) })
    }
}

impl Inner {
    /// Makes the choices of a view for a question about subscriptions.
    pub(super) async fn look(&self, view: &View) -> Result<Looked, AskError> {
        let resolved = self.resolve(view).await?;
        let balances = self.sums(&resolved, None).await?;
        let only_contract = match (view.currency, balances.currencies().is_empty()) {
            (None, true) => self.contract_currency(resolved.block.number).await?,
            _ => None,
        };
        let currency = only_contract.unwrap_or_else(|| self.currency(view, &balances));
        let figures = balances.figures(currency)?;
        let completeness = self.store.completeness(resolved.block.number).await?;
        let mut gaps = Vec::new();
        if completeness.is_empty() && resolved.block.number > 0 {
            gaps.push("no source has been read yet: messages that were lost may be missing".to_owned());
        }
        let meta = Meta {
            complete_through: completeness.iter().map(|row| row.complete_through).min(),
            gaps,
            unexplained: figures.unexplained,
            data_version: data_version(&resolved.block),
        };
        Ok(Looked { viewed: resolved.viewed(currency), currency, meta, resolved })
    }
}

/// The same with the gaps of a book.
pub(super) fn with_gaps(mut meta: Meta, book: &BookOfBusiness) -> Meta {
    meta.gaps.extend(book.gaps.iter().cloned());
    meta
}

pub(super) fn check_range(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(), AskError> {
    match (from, to) {
        (Some(from), Some(to)) if from >= to => Err(AskError::BadQuestion {
            parameter: "to",
            problem: "must be later than `from`; `from` is inclusive, `to` exclusive".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The instant after.
pub(super) fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add_signed(chrono::TimeDelta::microseconds(1)).unwrap_or(at)
}

/// The limits of the periods: as asked, else from the first movement to `asOf`. What is asked cuts the first and last
/// period.
fn series_boundaries(
    question: &MrrQuestion,
    resolved: &Resolved,
    book: &BookOfBusiness,
) -> Result<Vec<Timestamp>, AskError> {
    let movements = || book.timelines().flat_map(|timeline| &timeline.movements).map(|movement| movement.at);
    let Some(from) = question.from.or_else(|| movements().min()) else { return Ok(Vec::new()) };
    // What happened at `asOf` itself is in the answer.
    let end =
        movements().max().map_or(resolved.shown_as_of, |last| just_after(last).max(resolved.shown_as_of));
    let to = question.to.unwrap_or(end);
    if from >= to {
        return Ok(Vec::new());
    }
    let mut bounds = boundaries(from, to, question.interval.unwrap_or(Interval::Month), resolved.zone)?;
    if let (Some(from), Some(first)) = (question.from, bounds.first_mut()) {
        *first = from.max(*first);
    }
    if let (Some(to), Some(last)) = (question.to, bounds.last_mut()) {
        *last = to.min(*last);
    }
    Ok(bounds)
}

fn point_of(point: &SeriesPoint) -> Result<MrrPoint, MrrError> {
    let shown = point.shown()?;
    Ok(MrrPoint {
        at: point.at,
        start: shown.start,
        end: shown.end,
        movements: shown.movements,
        at_risk: shown.at_risk,
        scheduled_loss: shown.scheduled_loss,
        suppliers: point.suppliers,
        trials: point.trials,
        converted: point.converted,
    })
}

/// What a supplier pays as of its timeline's end; `None`: all that it pays is in currencies without a rate.
pub(super) fn mrr_now(timeline: &SupplierTimeline) -> Result<Option<MrrNow>, MrrError> {
    if !timeline.left_out.is_empty() && timeline.mrr().is_zero() {
        return Ok(None);
    }
    mrr_now_or_zero(timeline).map(Some)
}

/// The same; 0 where it cannot be told.
pub(super) fn mrr_now_or_zero(timeline: &SupplierTimeline) -> Result<MrrNow, MrrError> {
    Ok(MrrNow {
        current: timeline.mrr().rounded()?,
        at_risk: timeline.at_risk().rounded()?,
        scheduled_loss: timeline.scheduled_loss().rounded()?,
        status: timeline.status.as_str(),
    })
}

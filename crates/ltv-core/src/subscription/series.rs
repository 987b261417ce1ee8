//! MRR of many suppliers, period by period.

use super::exact::shown;
use super::{Exact, MrrError, SupplierTimeline, TrialOutcome};
use crate::{Currency, Money, Timestamp};

/// MRR of a period, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesPoint {
    /// When the period begins.
    pub at: Timestamp,
    /// When it ends; it does not hold this instant.
    pub until: Timestamp,
    /// MRR just before it.
    pub start: Exact,
    /// MRR at its end.
    pub end: Exact,
    /// What changed it, in the order of [`MovementKind::ALL`](super::MovementKind::ALL).
    pub movements: [Exact; 9],
    /// Of `end`: what is late.
    pub at_risk: Exact,
    /// Of `end`: what is known to end.
    pub scheduled_loss: Exact,
    /// How many suppliers have MRR above 0 at its end.
    pub suppliers: u64,
    /// How many trials began in it.
    pub trials: u64,
    /// How many trials turned into MRR in it.
    pub converted: u64,
}

/// A point as it is shown: whole minor units; the movements sum to `end − start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPoint {
    /// MRR just before the period.
    pub start: Money,
    /// MRR at its end.
    pub end: Money,
    /// What changed it, in the order of [`MovementKind::ALL`](super::MovementKind::ALL).
    pub movements: [Money; 9],
    /// Of `end`: what is late.
    pub at_risk: Money,
    /// Of `end`: what is known to end.
    pub scheduled_loss: Money,
}

impl SeriesPoint {
    /// This point in whole minor units.
    ///
    /// # Errors
    /// [`MrrError::Overflow`]
    pub fn shown(&self) -> Result<ShownPoint, MrrError> {
        let (start, end) = (self.start.rounded()?, self.end.rounded()?);
        let change = match end.checked_sub(start) {
            Ok(change) => change,
            Err(_too_large) => return Err(MrrError::Overflow),
        };
        let mut movements = [Money::zero(self.end.currency()); 9];
        for (place, money) in movements.iter_mut().zip(shown(change, &self.movements)?) {
            *place = money;
        }
        Ok(ShownPoint {
            start,
            end,
            movements,
            at_risk: self.at_risk.rounded()?,
            scheduled_loss: self.scheduled_loss.rounded()?,
        })
    }

    /// The same window of time for one more supplier.
    fn add(&mut self, timeline: &SupplierTimeline) -> Result<(), MrrError> {
        let inside = |at: Timestamp| at >= self.at && at < self.until;
        self.start = self.start.plus(timeline.mrr_before(self.at))?;
        if let Some(step) = timeline.step_before(self.until) {
            self.end = self.end.plus(step.mrr)?;
            self.at_risk = self.at_risk.plus(step.at_risk)?;
            self.scheduled_loss = self.scheduled_loss.plus(step.scheduled_loss)?;
            self.suppliers = self.suppliers.saturating_add(u64::from(step.mrr.is_positive()));
        }
        let from = timeline.movements.partition_point(|movement| movement.at < self.at);
        for movement in timeline.movements.iter().skip(from).take_while(|movement| movement.at < self.until) {
            if let Some(sum) = self.movements.get_mut(movement.kind.index()) {
                *sum = sum.plus(movement.amount)?;
            }
        }
        for trial in &timeline.trials {
            self.trials = self.trials.saturating_add(u64::from(inside(trial.started_at)));
            let converted = matches!(trial.outcome, TrialOutcome::Converted { at } if inside(at));
            self.converted = self.converted.saturating_add(u64::from(converted));
        }
        Ok(())
    }
}

/// MRR of many suppliers over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrSeries {
    /// By period.
    pub points: Vec<SeriesPoint>,
    /// All periods as one; `None`: there are none.
    pub whole: Option<SeriesPoint>,
}

impl MrrSeries {
    /// Sums timelines, all in `currency`, over the periods between `boundaries`, which must ascend: `n` boundaries make
    /// `n − 1` periods. A period holds its first instant and not its last.
    ///
    /// # Errors
    /// [`MrrError`]
    pub fn of<'a>(
        timelines: impl IntoIterator<Item = &'a SupplierTimeline>,
        currency: Currency,
        boundaries: &[Timestamp],
    ) -> Result<Self, MrrError> {
        let ends = boundaries.iter().skip(1);
        let mut points: Vec<SeriesPoint> =
            boundaries.iter().zip(ends).map(|(at, until)| empty(*at, *until, currency)).collect();
        let mut whole = boundaries
            .first()
            .zip(boundaries.last())
            .filter(|(first, last)| first < last)
            .map(|(first, last)| empty(*first, *last, currency));
        for timeline in timelines {
            for point in points.iter_mut().chain(&mut whole) {
                point.add(timeline)?;
            }
        }
        Ok(Self { points, whole })
    }
}

fn empty(at: Timestamp, until: Timestamp, currency: Currency) -> SeriesPoint {
    let zero = Exact::zero(currency);
    SeriesPoint {
        at,
        until,
        start: zero,
        end: zero,
        movements: [zero; 9],
        at_risk: zero,
        scheduled_loss: zero,
        suppliers: 0,
        trials: 0,
        converted: 0,
    }
}

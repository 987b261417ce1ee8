//! From amounts and places in a row to the drawing.

use ltv_core::{Currency, Money};

use crate::dashboard::format;

const LEFT: i64 = 800;
const TOP: i64 = 120;
const PLOT_WIDTH: i64 = 6_350;
const PLOT_HEIGHT: i64 = 2_080;
/// About so many lines across.
const TICKS: i64 = 4;
/// At most so many names along the axis.
const NAMES_MAX: usize = 12;

/// A line across, with its amount.
pub(in crate::dashboard) struct Tick {
    pub(in crate::dashboard) y: i64,
    pub(in crate::dashboard) text: String,
    pub(in crate::dashboard) zero: bool,
}

/// A name under the axis.
pub(in crate::dashboard) struct Name {
    pub(in crate::dashboard) x: i64,
    pub(in crate::dashboard) text: String,
}

/// Where the slot of an entry begins.
pub(super) fn slot(index: usize, slots: usize) -> i64 {
    let number = |count: usize| i64::try_from(count).unwrap_or(0);
    LEFT.saturating_add(PLOT_WIDTH.saturating_mul(number(index)).checked_div(number(slots)).unwrap_or(0))
}

/// The middle of the slot of an entry.
pub(super) fn middle(index: usize, slots: usize) -> i64 {
    slot(index, slots).midpoint(slot(index.saturating_add(1), slots))
}

/// Where a part of a whole lies along the axis, such as seconds of a span.
pub(super) fn along(part: i64, whole: i64) -> i64 {
    let offset = i128::from(PLOT_WIDTH).saturating_mul(i128::from(part));
    let offset = offset.checked_div(i128::from(whole)).unwrap_or(0);
    LEFT.saturating_add(i64::try_from(offset).unwrap_or(0))
}

/// Names for entries, as many as fit.
pub(super) fn names<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Vec<Name> {
    let slots = texts.len();
    let every = slots.div_ceil(NAMES_MAX).max(1);
    let shown = texts.enumerate().filter(|(index, _)| index.is_multiple_of(every));
    shown.map(|(index, text)| Name { x: middle(index, slots), text: text.to_owned() }).collect()
}

/// From minor units to the drawing: between two multiples of a round step.
pub(super) struct Scale {
    step: i64,
    bottom: i64,
    top: i64,
}

impl Scale {
    /// Covers all of these, and zero; `None`: all are zero, or too large to draw.
    pub(super) fn of(minors: impl Iterator<Item = i64>) -> Option<Self> {
        let (least, most) =
            minors.fold((0, 0), |(least, most): (i64, i64), minor| (least.min(minor), most.max(minor)));
        let span = most.checked_sub(least).filter(|span| *span > 0)?;
        let step = round_step(span.div_euclid(TICKS).max(1))?;
        let up = |amount: i64| amount.checked_add(step.checked_sub(1)?)?.div_euclid(step).checked_mul(step);
        Some(Self { step, bottom: least.div_euclid(step).checked_mul(step)?, top: up(most)? })
    }

    pub(super) fn y(&self, minor: i64) -> i64 {
        let down = i128::from(self.top).saturating_sub(i128::from(minor));
        let span = i128::from(self.top).saturating_sub(i128::from(self.bottom));
        let offset = down.saturating_mul(i128::from(PLOT_HEIGHT)).checked_div(span).unwrap_or(0);
        TOP.saturating_add(i64::try_from(offset).unwrap_or(0))
    }

    /// Upper end and height of what reaches from one amount to another.
    pub(super) fn reach(&self, from: i64, to: i64) -> (i64, i64) {
        let (a, b) = (self.y(from), self.y(to));
        (a.min(b), i64::try_from(a.abs_diff(b)).unwrap_or(0))
    }

    pub(super) fn ticks(&self, currency: Currency) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let mut at = self.bottom;
        while at <= self.top {
            ticks.push(Tick { y: self.y(at), text: self.text(at, currency), zero: at == 0 });
            let Some(next) = at.checked_add(self.step) else { break };
            at = next;
        }
        ticks
    }

    /// Without places where no line needs them.
    fn text(&self, minor: i64, currency: Currency) -> String {
        let text = format::amount(Money::from_minor(minor, currency));
        let unit = 10_i64.checked_pow(u32::from(currency.exponent())).unwrap_or(1);
        let whole = self.step.checked_rem(unit) == Some(0);
        text.split_once('.').filter(|_| whole).map_or(text.clone(), |(whole, _)| whole.to_owned())
    }
}

/// The least of 1, 2, 5, 10, 20, 50 … that is not below `raw`.
fn round_step(raw: i64) -> Option<i64> {
    let mut power = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.checked_mul(factor)?;
            if step >= raw {
                return Some(step);
            }
        }
        power = power.checked_mul(10)?;
    }
}

/// Whether a place is within the plot.
#[cfg(test)]
pub(super) fn is_inside(x: i64, y: i64) -> bool {
    (LEFT..=LEFT + PLOT_WIDTH).contains(&x) && (TOP..=TOP + PLOT_HEIGHT).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!(
            [1, 3, 6, 11, 21, 400, 501].map(|raw| round_step(raw).unwrap()),
            [1, 5, 10, 20, 50, 500, 1_000]
        );
        assert_eq!(round_step(i64::MAX), None);
    }

    #[test]
    fn lines_are_named_without_places_where_none_are_needed() {
        let texts = |most: i64| {
            let scale = Scale::of([most].into_iter()).unwrap();
            scale.ticks(Currency::GBP).into_iter().map(|tick| tick.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(400_000), ["0", "1,000", "2,000", "3,000", "4,000"]);
        assert_eq!(texts(80), ["0.00", "0.20", "0.40", "0.60", "0.80"]);
    }

    #[test]
    fn many_entries_share_few_names() {
        let texts = vec!["x"; 60];
        assert_eq!(names(texts.iter().copied()).len(), 12);
        assert_eq!(names(["a", "b"].into_iter()).len(), 2);
        assert!(names([].into_iter()).is_empty());
    }

    #[test]
    fn where_all_is_zero_or_too_large_there_is_no_scale() {
        assert!(Scale::of([0, 0].into_iter()).is_none());
        assert!(Scale::of([i64::MIN, i64::MAX].into_iter()).is_none());
    }

    #[test]
    fn a_part_of_a_span_lies_within_the_plot() {
        assert_eq!((along(0, 10), along(10, 10)), (LEFT, LEFT + PLOT_WIDTH));
        assert_eq!(along(1, 0), LEFT);
    }
}

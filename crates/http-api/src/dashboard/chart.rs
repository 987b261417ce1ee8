//! A bar chart of amounts over time, as numbers for the template to draw.
//!
//! Whole numbers only: the drawing is ten times as large as it is shown, so that nothing needs a fraction.

use ltv_core::{Currency, Money};

use super::format;

/// The drawing.
pub(super) const WIDTH: i64 = 7_200;
/// The drawing.
pub(super) const HEIGHT: i64 = 2_600;
const LEFT: i64 = 800;
const TOP: i64 = 120;
const PLOT_WIDTH: i64 = 6_350;
const PLOT_HEIGHT: i64 = 2_080;
/// About so many lines across.
const TICKS: i64 = 4;
/// At most so many names along the axis.
const NAMES_MAX: usize = 12;

/// A bar.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) negative: bool,
    /// What it says when it is looked at.
    pub(super) title: String,
}

/// A line across, with its amount.
pub(super) struct Tick {
    pub(super) y: i64,
    pub(super) text: String,
    pub(super) zero: bool,
}

/// A name under a bar.
pub(super) struct Name {
    pub(super) x: i64,
    pub(super) text: String,
}

/// The chart.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) ticks: Vec<Tick>,
    pub(super) names: Vec<Name>,
}

impl Chart {
    /// Of amounts of one currency, oldest first, each with the name of its period. `None`: there is nothing to draw.
    pub(super) fn new(points: &[(String, Money)], currency: Currency) -> Option<Self> {
        let minors = || points.iter().map(|(_, money)| money.minor());
        let scale = Scale::over(minors().min()?.min(0), minors().max()?.max(0))?;
        let slots = i64::try_from(points.len()).ok()?;
        let every = points.len().div_ceil(NAMES_MAX);
        let bar = |(index, (name, money)): (usize, &(String, Money))| {
            let (zero, end) = (scale.y(0), scale.y(money.minor()));
            let start = slot(index, slots);
            let room = slot(index.saturating_add(1), slots).saturating_sub(start);
            let gap = room.div_euclid(6);
            Bar {
                x: start.saturating_add(gap),
                y: zero.min(end),
                width: room.saturating_sub(gap.saturating_mul(2)).max(10),
                height: zero.abs_diff(end).try_into().unwrap_or(0),
                negative: money.minor() < 0,
                title: format!("{name}: {} {}", format::amount(*money), currency.code()),
            }
        };
        let name = |(index, (name, _)): (usize, &(String, Money))| {
            let middle = slot(index, slots).midpoint(slot(index.saturating_add(1), slots));
            (index.is_multiple_of(every)).then(|| Name { x: middle, text: name.clone() })
        };
        Some(Self {
            bars: points.iter().enumerate().map(bar).collect(),
            ticks: scale.ticks(currency),
            names: points.iter().enumerate().filter_map(name).collect(),
        })
    }
}

/// Where the slot of a bar begins.
fn slot(index: usize, slots: i64) -> i64 {
    let index = i64::try_from(index).unwrap_or(0);
    LEFT.saturating_add(PLOT_WIDTH.saturating_mul(index).checked_div(slots).unwrap_or(0))
}

/// From minor units to the drawing: between two multiples of a round step.
struct Scale {
    step: i64,
    bottom: i64,
    top: i64,
}

impl Scale {
    /// Covers `least` to `most`, zero among them; `None`: all is zero, or too large to draw.
    fn over(least: i64, most: i64) -> Option<Self> {
        let span = most.checked_sub(least).filter(|span| *span > 0)?;
        let step = round_step(span.div_euclid(TICKS).max(1))?;
        let up = |amount: i64| amount.checked_add(step.checked_sub(1)?)?.div_euclid(step).checked_mul(step);
        Some(Self { step, bottom: least.div_euclid(step).checked_mul(step)?, top: up(most)? })
    }

    fn y(&self, minor: i64) -> i64 {
        let down = i128::from(self.top).saturating_sub(i128::from(minor));
        let span = i128::from(self.top).saturating_sub(i128::from(self.bottom));
        let offset = down.saturating_mul(i128::from(PLOT_HEIGHT)).checked_div(span).unwrap_or(0);
        TOP.saturating_add(i64::try_from(offset).unwrap_or(0))
    }

    fn ticks(&self, currency: Currency) -> Vec<Tick> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(minors: &[i64]) -> Option<Chart> {
        let named =
            |(index, minor): (usize, &i64)| (format!("m{index}"), Money::from_minor(*minor, Currency::GBP));
        let points: Vec<_> = minors.iter().enumerate().map(named).collect();
        Chart::new(&points, Currency::GBP)
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(
            [1, 3, 6, 11, 21, 400, 501].map(|raw| round_step(raw).unwrap()),
            [1, 5, 10, 20, 50, 500, 1_000]
        );
        assert_eq!(round_step(i64::MAX), None);
    }

    #[test]
    fn bars_stand_on_the_zero_line_and_losses_hang_from_it() {
        let chart = chart(&[30_000, -10_000, 0]).unwrap();
        let zero = chart.ticks.iter().find(|tick| tick.zero).unwrap().y;
        let [gain, loss, none] = chart.bars.as_slice() else { panic!("three bars") };
        assert_eq!((gain.y + gain.height, gain.negative), (zero, false));
        assert_eq!((loss.y, loss.negative), (zero, true));
        assert_eq!(gain.height, loss.height * 3);
        assert_eq!(none.height, 0);
        assert_eq!(gain.title, "m0: 300.00 GBP");
    }

    #[test]
    fn everything_is_drawn_within_the_drawing() {
        let chart = chart(&[i64::MAX / 4, 1, -77_777, 5]).unwrap();
        assert!(chart.bars.iter().all(|bar| bar.x >= LEFT && bar.x + bar.width <= WIDTH));
        assert!(chart.bars.iter().all(|bar| bar.y >= TOP && bar.y + bar.height <= TOP + PLOT_HEIGHT));
        assert!(chart.ticks.iter().all(|tick| (TOP..=TOP + PLOT_HEIGHT).contains(&tick.y)));
    }

    #[test]
    fn lines_are_named_without_places_where_none_are_needed() {
        let texts = |minors: &[i64]| {
            chart(minors).unwrap().ticks.into_iter().map(|tick| tick.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(&[400_000]), ["0", "1,000", "2,000", "3,000", "4,000"]);
        assert_eq!(texts(&[80]), ["0.00", "0.20", "0.40", "0.60", "0.80"]);
    }

    #[test]
    fn many_bars_share_few_names() {
        let chart = chart(&[1; 60]).unwrap();
        assert_eq!((chart.bars.len(), chart.names.len()), (60, 12));
    }

    #[test]
    fn where_all_is_zero_there_is_nothing_to_draw() {
        assert!(chart(&[0, 0]).is_none());
        assert!(chart(&[]).is_none());
        assert!(chart(&[i64::MIN, i64::MAX]).is_none());
    }
}

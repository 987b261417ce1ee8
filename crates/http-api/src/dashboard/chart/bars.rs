//! Amounts by period, standing on the zero line; losses hang from it.

use ltv_core::{Currency, Money};

use super::scale::{Scale, names, slot};
use super::{Block, Drawing};
use crate::dashboard::format;

/// The least width of a bar.
const WIDTH_MIN: i64 = 10;

/// Of amounts of one currency, oldest first, each with the name of its period. `None`: there is nothing to draw.
pub(in crate::dashboard) fn bars(points: &[(String, Money)], currency: Currency) -> Option<Drawing> {
    let scale = Scale::of(points.iter().map(|(_, money)| money.minor()))?;
    let block = |(index, (name, money)): (usize, &(String, Money))| {
        let (y, height) = scale.reach(0, money.minor());
        let (x, width) = place(index, points.len());
        let class = if money.minor() < 0 { "loss" } else { "gain" };
        Block {
            class,
            x,
            y,
            width,
            height,
            title: format!("{name}: {} {}", format::amount(*money), currency.code()),
        }
    };
    let mut drawing =
        Drawing::new(scale.ticks(currency), names(points.iter().map(|(name, _)| name.as_str())));
    drawing.blocks = points.iter().enumerate().map(block).collect();
    Some(drawing)
}

/// Where a bar begins and how wide it is: a third of its slot is left free.
pub(super) fn place(index: usize, slots: usize) -> (i64, i64) {
    let start = slot(index, slots);
    let room = slot(index.saturating_add(1), slots).saturating_sub(start);
    let gap = room.div_euclid(6);
    (start.saturating_add(gap), room.saturating_sub(gap.saturating_mul(2)).max(WIDTH_MIN))
}

#[cfg(test)]
mod tests {
    use super::super::scale::is_inside;
    use super::*;

    fn chart(minors: &[i64]) -> Option<Drawing> {
        let named =
            |(index, minor): (usize, &i64)| (format!("m{index}"), Money::from_minor(*minor, Currency::GBP));
        let points: Vec<_> = minors.iter().enumerate().map(named).collect();
        bars(&points, Currency::GBP)
    }

    #[test]
    fn bars_stand_on_the_zero_line_and_losses_hang_from_it() {
        let chart = chart(&[30_000, -10_000, 0]).unwrap();
        let zero = chart.ticks.iter().find(|tick| tick.zero).unwrap().y;
        let [gain, loss, none] = chart.blocks.as_slice() else { panic!("three bars") };
        assert_eq!((gain.y + gain.height, gain.class), (zero, "gain"));
        assert_eq!((loss.y, loss.class), (zero, "loss"));
        assert_eq!(gain.height, loss.height * 3);
        assert_eq!(none.height, 0);
        assert_eq!(gain.title, "m0: 300.00 GBP");
    }

    #[test]
    fn everything_is_drawn_within_the_plot() {
        let chart = chart(&[i64::MAX / 4, 1, -77_777, 5]).unwrap();
        assert!(chart.blocks.iter().all(|bar| is_inside(bar.x, bar.y)));
        assert!(chart.blocks.iter().all(|bar| is_inside(bar.x + bar.width, bar.y + bar.height)));
    }

    #[test]
    fn where_all_is_zero_there_is_nothing_to_draw() {
        assert!(chart(&[0, 0]).is_none());
        assert!(chart(&[]).is_none());
    }
}

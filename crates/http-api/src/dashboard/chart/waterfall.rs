//! How one amount becomes another: a box for each change, from where the last one ended.

use ltv_core::Money;

use super::bars::place;
use super::scale::{Scale, middle, names};
use super::{Block, Drawing, Label, Path};
use crate::dashboard::format;

/// How far above a box its amount stands.
const LABEL_GAP: i64 = 45;

/// One of the changes.
pub(in crate::dashboard) struct Change {
    /// What it is.
    pub(in crate::dashboard) name: &'static str,
    /// By how much; signed.
    pub(in crate::dashboard) amount: Money,
}

/// From `start` by `changes` to where they lead. `None`: there is nothing to draw.
pub(in crate::dashboard) fn waterfall(start: Money, changes: &[Change]) -> Option<Drawing> {
    let currency = start.currency();
    let mut spans = vec![("Start", "total", 0, start.minor(), start)];
    let mut level = start.minor();
    for change in changes {
        let next = level.checked_add(change.amount.minor())?;
        let class = if next < level { "loss" } else { "gain" };
        spans.push((change.name, class, level, next, change.amount));
        level = next;
    }
    spans.push(("End", "total", 0, level, Money::from_minor(level, currency)));
    let scale = Scale::of(spans.iter().flat_map(|span| [span.2, span.3]))?;
    let mut drawing = Drawing::new(scale.ticks(currency), names(spans.iter().map(|span| span.0)));
    let slots = spans.len();
    for (index, (name, class, from, to, amount)) in spans.into_iter().enumerate() {
        let (y, height) = scale.reach(from, to);
        let (x, width) = place(index, slots);
        let text = if class == "total" { format::amount(amount) } else { format::signed(amount) };
        let title = format!("{name}: {text} {}", currency.code());
        drawing.blocks.push(Block { class, x, y, width, height, title });
        let y = y.saturating_sub(LABEL_GAP);
        drawing.labels.push(Label { x: middle(index, slots), y, text: format::short(amount) });
        if index.saturating_add(1) < slots {
            drawing.paths.push(link(
                x.saturating_add(width),
                place(index.saturating_add(1), slots).0,
                scale.y(to),
            ));
        }
    }
    Some(drawing)
}

/// The thin line from the end of a box to the next.
fn link(from: i64, to: i64, y: i64) -> Path {
    Path { class: "link", d: format!("M{from} {y}L{to} {y}") }
}

#[cfg(test)]
mod tests {
    use ltv_core::Currency;

    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::from_minor(minor, Currency::GBP)
    }

    #[test]
    fn each_box_begins_where_the_last_one_ended() {
        let changes =
            [Change { name: "New", amount: gbp(5_000) }, Change { name: "Churn", amount: gbp(-2_000) }];
        let chart = waterfall(gbp(10_000), &changes).unwrap();
        let [start, new, churn, end] = chart.blocks.as_slice() else { panic!("four boxes") };
        assert_eq!(new.y + new.height, start.y);
        assert_eq!(churn.y, new.y);
        assert_eq!(end.y, churn.y + churn.height);
        assert_eq!((new.class, churn.class, end.class), ("gain", "loss", "total"));
        assert_eq!(churn.title, "Churn: \u{2212}20.00 GBP");
        assert_eq!(end.title, "End: 130.00 GBP");
    }

    #[test]
    fn from_nothing_to_nothing_there_is_nothing_to_draw() {
        assert!(waterfall(gbp(0), &[]).is_none());
    }

    #[test]
    fn what_cannot_be_added_is_not_drawn() {
        assert!(waterfall(gbp(i64::MAX), &[Change { name: "New", amount: gbp(1) }]).is_none());
    }
}

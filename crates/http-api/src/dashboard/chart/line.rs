//! An amount over time as an area, with another period's course beside it.

use ltv_core::{Currency, Money};

use super::scale::{Scale, middle, names};
use super::{Dot, Drawing, Path};
use crate::dashboard::format;

/// Of amounts of one currency, oldest first, each with the name of its period; `before` is the course to compare with,
/// from its own beginning. `None`: there is nothing to draw.
pub(in crate::dashboard) fn line(
    points: &[(String, Money)],
    before: &[Money],
    currency: Currency,
) -> Option<Drawing> {
    let slots = points.len().max(before.len());
    let minors = points.iter().map(|(_, money)| money).chain(before).map(|money| money.minor());
    let scale = Scale::of(minors)?;
    let place = |(index, minor): (usize, i64)| (middle(index, slots), scale.y(minor));
    let now: Vec<_> = points.iter().map(|(_, money)| money.minor()).enumerate().map(place).collect();
    let then: Vec<_> = before.iter().map(|money| money.minor()).enumerate().map(place).collect();
    let mut texts: Vec<&str> = points.iter().map(|(name, _)| name.as_str()).collect();
    texts.resize(slots, "");
    let mut drawing = Drawing::new(scale.ticks(currency), names(texts.into_iter()));
    drawing.paths.extend(area(&now, scale.y(0)));
    drawing.paths.push(Path { class: "line", d: through(&now) });
    if !then.is_empty() {
        drawing.paths.push(Path { class: "line before", d: through(&then) });
    }
    let dot = |((x, y), (name, money)): (&(i64, i64), &(String, Money))| Dot {
        x: *x,
        y: *y,
        title: format!("{name}: {} {}", format::amount(*money), currency.code()),
    };
    drawing.dots = now.iter().zip(points).map(dot).collect();
    Some(drawing)
}

/// A line through places.
pub(super) fn through(places: &[(i64, i64)]) -> String {
    let mut d = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let pen = if index == 0 { 'M' } else { 'L' };
        d.push_str(&format!("{pen}{x} {y}"));
    }
    d
}

/// What lies between a line and the zero line.
pub(super) fn area(places: &[(i64, i64)], zero: i64) -> Option<Path> {
    let (first, last) = (places.first()?, places.last()?);
    Some(Path { class: "area", d: format!("{}L{} {zero}L{} {zero}Z", through(places), last.0, first.0) })
}

#[cfg(test)]
mod tests {
    use super::super::scale::is_inside;
    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::from_minor(minor, Currency::GBP)
    }

    #[test]
    fn a_line_goes_through_a_dot_a_period() {
        let points = [("Jan".to_owned(), gbp(1_000)), ("Feb".to_owned(), gbp(4_000))];
        let chart = line(&points, &[], Currency::GBP).unwrap();
        let [january, february] = chart.dots.as_slice() else { panic!("two dots") };
        assert!(january.x < february.x && january.y > february.y);
        assert_eq!(february.title, "Feb: 40.00 GBP");
        assert_eq!(chart.paths.len(), 2, "an area and its line");
        assert!(chart.dots.iter().all(|dot| is_inside(dot.x, dot.y)));
    }

    #[test]
    fn what_is_compared_is_a_line_of_its_own_and_may_be_longer() {
        let points = [("Jan".to_owned(), gbp(1_000))];
        let chart = line(&points, &[gbp(500), gbp(8_000)], Currency::GBP).unwrap();
        assert_eq!(chart.paths.last().unwrap().class, "line before");
        assert_eq!(chart.names.len(), 2);
    }

    #[test]
    fn without_amounts_there_is_nothing_to_draw() {
        assert!(line(&[], &[], Currency::GBP).is_none());
        assert!(line(&[("Jan".to_owned(), gbp(0))], &[], Currency::GBP).is_none());
    }
}

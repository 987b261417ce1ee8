//! An amount that holds from one time until the next.

use chrono::Datelike;
use chrono_tz::Tz;
use ltv_core::{Currency, Money, Timestamp};

use super::line::{area, through};
use super::scale::{Name, Scale, along};
use super::{Dot, Drawing, Path};
use crate::dashboard::format;

/// At most so many names along the axis.
const NAMES_MAX: usize = 8;

/// Of amounts of one currency, each from its time on, the last one until `until`. `None`: there is nothing to draw.
pub(in crate::dashboard) fn steps(
    steps: &[(Timestamp, Money)],
    until: Timestamp,
    zone: Tz,
    currency: Currency,
) -> Option<Drawing> {
    let (first, _) = steps.first()?;
    let end = steps.last().map_or(until, |(last, _)| until.max(*last));
    let span = seconds(*first, end).max(1);
    let scale = Scale::of(steps.iter().map(|(_, money)| money.minor()))?;
    let mut places = Vec::new();
    let mut drawing = Drawing::new(scale.ticks(currency), month_names(*first, end, zone));
    for (at, money) in steps {
        let (x, y) = (along(seconds(*first, *at), span), scale.y(money.minor()));
        places.extend(places.last().map(|(_, before)| (x, *before)));
        places.push((x, y));
        let title =
            format!("From {}: {} {}", format::day(*at, zone), format::amount(*money), currency.code());
        drawing.dots.push(Dot { x, y, title });
    }
    places.extend(places.last().map(|(_, last)| (along(span, span), *last)));
    drawing.paths.extend(area(&places, scale.y(0)));
    drawing.paths.push(Path { class: "line", d: through(&places) });
    Some(drawing)
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.signed_duration_since(from).num_seconds().max(0)
}

/// Beginnings of months, as many as fit.
fn month_names(from: Timestamp, to: Timestamp, zone: Tz) -> Vec<Name> {
    let span = seconds(from, to).max(1);
    let (mut day, last) = (from.with_timezone(&zone).date_naive(), to.with_timezone(&zone).date_naive());
    let mut found = Vec::new();
    while let Some(next) = day.with_day(1).and_then(|first| first.checked_add_months(chrono::Months::new(1)))
    {
        if next > last {
            break;
        }
        day = next;
        found
            .push((along(seconds(from, format::midnight(day, zone)), span), day.format("%b %Y").to_string()));
    }
    if found.is_empty() {
        let text = from.with_timezone(&zone).format("%-d %b %Y").to_string();
        return vec![Name { x: along(1, 12), text }];
    }
    let every = found.len().div_ceil(NAMES_MAX).max(1);
    found.into_iter().step_by(every).map(|(x, text)| Name { x, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scale::is_inside;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn gbp(minor: i64) -> Money {
        Money::from_minor(minor, Currency::GBP)
    }

    #[test]
    fn an_amount_holds_until_the_next() {
        let course = [(at("2026-01-10T00:00:00Z"), gbp(3_000)), (at("2026-03-10T00:00:00Z"), gbp(6_000))];
        let chart = steps(&course, at("2026-04-10T00:00:00Z"), Tz::UTC, Currency::GBP).unwrap();
        let [from, to] = chart.dots.as_slice() else { panic!("two steps") };
        let line = &chart.paths.last().unwrap().d;
        assert!(
            line.contains(&format!("M{} {}L{} {}L{} {}", from.x, from.y, to.x, from.y, to.x, to.y)),
            "{line}"
        );
        assert_eq!(to.title, "From 2026-03-10: 60.00 GBP");
        let names: Vec<_> = chart.names.iter().map(|name| name.text.as_str()).collect();
        assert_eq!(names, ["Feb 2026", "Mar 2026", "Apr 2026"]);
        assert!(chart.dots.iter().all(|dot| is_inside(dot.x, dot.y)));
    }

    #[test]
    fn a_single_step_is_drawn_and_none_is_not() {
        let now = at("2026-01-10T00:00:00Z");
        assert!(steps(&[(now, gbp(3_000))], now, Tz::UTC, Currency::GBP).is_some());
        assert!(steps(&[], now, Tz::UTC, Currency::GBP).is_none());
    }
}

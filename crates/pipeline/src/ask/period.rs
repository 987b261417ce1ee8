//! Where periods begin, in a time zone.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use ltv_core::Timestamp;

use super::types::{AskError, Interval};

/// The most periods of one answer.
const PERIODS_MAX: usize = 1_500;

/// The beginnings of the periods that cover `from` … `to`, and the end of the last one. The first begins at or before
/// `from`.
pub(super) fn boundaries(
    from: Timestamp,
    to: Timestamp,
    interval: Interval,
    zone: Tz,
) -> Result<Vec<Timestamp>, AskError> {
    let mut day = first_day(from.with_timezone(&zone).date_naive(), interval);
    let mut found = vec![midnight(day, zone)];
    while found.last().is_some_and(|last| *last < to) {
        day = next_day(day, interval).ok_or_else(|| too_far("to"))?;
        found.push(midnight(day, zone));
        if found.len() > PERIODS_MAX {
            return Err(too_far("interval"));
        }
    }
    Ok(found)
}

fn too_far(parameter: &'static str) -> AskError {
    AskError::BadQuestion {
        parameter,
        problem: format!("that makes more than {PERIODS_MAX} periods; ask for fewer"),
    }
}

fn first_day(day: NaiveDate, interval: Interval) -> NaiveDate {
    let first_of = |month| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
    match interval {
        Interval::Day => day,
        Interval::Week => {
            day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))).unwrap_or(day)
        }
        Interval::Month => first_of(day.month()),
        Interval::Quarter => first_of(day.month0() / 3 * 3 + 1),
        Interval::Year => first_of(1),
    }
}

fn next_day(day: NaiveDate, interval: Interval) -> Option<NaiveDate> {
    match interval {
        Interval::Day => day.succ_opt(),
        Interval::Week => day.checked_add_days(Days::new(7)),
        Interval::Month => day.checked_add_months(Months::new(1)),
        Interval::Quarter => day.checked_add_months(Months::new(3)),
        Interval::Year => day.checked_add_months(Months::new(12)),
    }
}

/// The first instant of a day. Where clocks skip midnight, it is the first instant that exists.
fn midnight(day: NaiveDate, zone: Tz) -> Timestamp {
    let start = day.and_time(NaiveTime::MIN);
    (0..=4)
        .filter_map(|half_hours| start.checked_add_signed(chrono::TimeDelta::minutes(half_hours * 30)))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map_or_else(|| start.and_utc(), |found| found.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_begin_at_local_midnight_through_the_change_of_clocks() {
        let found = boundaries(
            at("2026-03-15T12:00:00Z"),
            at("2026-05-01T00:00:00Z"),
            Interval::Month,
            Tz::Europe__London,
        )
        .unwrap();
        assert_eq!(
            found,
            [
                at("2026-03-01T00:00:00Z"),
                at("2026-03-31T23:00:00Z"),
                at("2026-04-30T23:00:00Z"),
                at("2026-05-31T23:00:00Z")
            ]
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_quarters_in_january() {
        let week =
            boundaries(at("2026-11-22T12:00:00Z"), at("2026-11-23T00:00:00Z"), Interval::Week, Tz::UTC)
                .unwrap();
        assert_eq!(week, [at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z")]);
        let quarter =
            boundaries(at("2026-02-28T12:00:00Z"), at("2026-03-01T00:00:00Z"), Interval::Quarter, Tz::UTC)
                .unwrap();
        assert_eq!(quarter.first(), Some(&at("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_instant() {
        // Havana skips from 00:00 to 01:00 on 8 March 2026.
        let found = boundaries(
            at("2026-03-08T12:00:00Z"),
            at("2026-03-08T13:00:00Z"),
            Interval::Day,
            Tz::America__Havana,
        )
        .unwrap();
        assert_eq!(found.first(), Some(&at("2026-03-08T05:00:00Z")));
    }

    #[test]
    fn too_many_periods_are_refused() {
        assert!(
            boundaries(at("2000-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), Interval::Day, Tz::UTC)
                .is_err()
        );
    }
}

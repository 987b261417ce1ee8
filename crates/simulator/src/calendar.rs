//! Months and instants as plain integers: seconds since 1970 UTC, months counted from year 0.

use chrono::{DateTime, Datelike, Utc};

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The number of the month in which an instant lies.
pub(crate) fn month_of(at: DateTime<Utc>) -> i64 {
    i64::from(at.year()) * 12 + i64::from(at.month0())
}

/// The number of the month in which a second lies.
pub(crate) fn month_of_second(at: i64) -> i64 {
    month_of(instant(at))
}

/// The day of the month in which a second lies.
pub(crate) fn day_of(at: i64) -> i64 {
    i64::from(instant(at).day())
}

/// A month as `2026-03`.
pub(crate) fn label(month: i64) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// The second at which day `day` (1–28) of a month is `second` old.
///
/// # Source
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub(crate) fn second_of(month: i64, day: i64, second: i64) -> i64 {
    let (year, month_of_year) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let shifted_year = if month_of_year <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month_of_year + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY + second
}

/// A second as an instant; what chrono cannot hold becomes its last instant.
pub(crate) fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_agree_with_chrono_over_four_hundred_years() {
        for month in (1900 * 12)..(2300 * 12) {
            for day in [1, 28] {
                let at = instant(second_of(month, day, 3 * HOUR));
                assert_eq!(month_of(at), month);
                assert_eq!(i64::from(at.day()), day);
                assert_eq!(at.format("%Y-%m %H:%M:%S").to_string(), format!("{} 03:00:00", label(month)));
            }
        }
    }
}

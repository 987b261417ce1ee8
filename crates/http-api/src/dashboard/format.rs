//! How amounts, counts, shares and times look to people.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use ltv_core::{Money, Timestamp};
use pipeline::Interval;

/// Amounts of at most so many characters are shown whole where there is little room.
const SHORT_CHARS_MAX: usize = 9;

/// `1,234.56`, `−0.05`: with the currency's places, without its code, which the table's head names.
pub(super) fn amount(money: Money) -> String {
    let text = money.to_decimal_string();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

/// `1,234`.
pub(super) fn count(number: i64) -> String {
    let sign = if number < 0 { "\u{2212}" } else { "" };
    format!("{sign}{}", grouped(&number.unsigned_abs().to_string()))
}

/// `2026-11-23 12:00:00 UTC`.
pub(super) fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The same, or a dash.
pub(super) fn time_or_dash(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "\u{2013}".to_owned(), time)
}

/// `Nov 2026`, in the zone in which the month begins.
pub(super) fn month(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%b %Y").to_string()
}

/// `2026-11-23`, in a zone.
pub(super) fn day(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

/// A period that begins then: `Nov 2026`, `Q4 2026`, `2026`, or its first day.
pub(super) fn period(at: Timestamp, interval: Interval, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    match interval {
        Interval::Day | Interval::Week => day(at, zone),
        Interval::Month => month(at, zone),
        Interval::Quarter => local.format("Q%q %Y").to_string(),
        Interval::Year => local.format("%Y").to_string(),
    }
}

/// The first instant of a day; where clocks skip midnight, the first that exists.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> Timestamp {
    let start = day.and_time(NaiveTime::MIN);
    (0..=4)
        .filter_map(|half_hours| start.checked_add_signed(TimeDelta::minutes(half_hours * 30)))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map_or_else(|| start.and_utc(), |found| found.to_utc())
}

/// `+1,234.56`, `−0.05`, `0.00`: of what is added or taken away.
pub(super) fn signed(money: Money) -> String {
    let sign = if money.minor() > 0 { "+" } else { "" };
    format!("{sign}{}", amount(money))
}

/// The amount, rounded half even to whole units where there is little room.
pub(super) fn short(money: Money) -> String {
    let text = amount(money);
    if text.chars().count() <= SHORT_CHARS_MAX {
        return text;
    }
    let unit = 10_i64.checked_pow(u32::from(money.currency().exponent())).unwrap_or(1);
    let (whole, rest) = (money.minor().div_euclid(unit), money.minor().rem_euclid(unit));
    let up = match rest.saturating_mul(2).cmp(&unit) {
        Ordering::Less => 0,
        Ordering::Equal => whole.rem_euclid(2),
        Ordering::Greater => 1,
    };
    count(whole.saturating_add(up))
}

/// `0.8750` as `87.5 %`; what is no share is shown as it is.
pub(super) fn percent(share: &str) -> String {
    match tenths_of_percent(share) {
        Some(tenths) => {
            let sign = if tenths < 0 { "\u{2212}" } else { "" };
            let tenths = tenths.unsigned_abs();
            format!("{sign}{}.{} %", tenths.div_euclid(10), tenths.rem_euclid(10))
        }
        None => share.to_owned(),
    }
}

/// `0.8750` as 875, cut, not rounded: a share that only nearly is the whole never looks like it.
pub(super) fn tenths_of_percent(share: &str) -> Option<i64> {
    let (sign, unsigned) = share.strip_prefix('-').map_or((1, share), |rest| (-1, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    let tenths = whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(fraction.parse().ok()?)?;
    tenths.checked_mul(sign)
}

/// `850 ms` has no place here: whole seconds, minutes, hours or days.
pub(super) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds.div_euclid(60)),
        3_600..172_800 => format!("{} h", seconds.div_euclid(3_600)),
        _ => format!("{} days", seconds.div_euclid(86_400)),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use ltv_core::Currency;

    use super::*;

    #[test]
    fn amounts_have_groups_a_true_minus_and_their_places() {
        let text = |minor, currency| amount(Money::from_minor(minor, currency));
        assert_eq!(text(123_456_789, Currency::GBP), "1,234,567.89");
        assert_eq!(text(-5, Currency::GBP), "\u{2212}0.05");
        assert_eq!(text(100_000, Currency::GBP), "1,000.00");
        assert_eq!(text(5_200, Currency::JPY), "5,200");
        assert_eq!(text(0, Currency::GBP), "0.00");
    }

    #[test]
    fn counts_have_groups() {
        assert_eq!(
            (count(0), count(999), count(1_000)),
            ("0".to_owned(), "999".to_owned(), "1,000".to_owned())
        );
        assert_eq!(count(-1_234), "\u{2212}1,234");
    }

    #[test]
    fn a_month_is_named_in_its_zone() {
        let at = "2026-05-31T23:00:00Z".parse().unwrap();
        assert_eq!(month(at, chrono_tz::Europe::London), "Jun 2026");
        assert_eq!(month(at, Tz::UTC), "May 2026");
    }

    #[test]
    fn a_period_is_named_by_its_length() {
        let at = "2026-06-30T23:00:00Z".parse().unwrap();
        let london = chrono_tz::Europe::London;
        let name = |interval| period(at, interval, london);
        assert_eq!([name(Interval::Day), name(Interval::Week)], ["2026-07-01", "2026-07-01"]);
        assert_eq!([name(Interval::Month), name(Interval::Quarter)], ["Jul 2026", "Q3 2026"]);
        assert_eq!(name(Interval::Year), "2026");
    }

    #[test]
    fn a_day_begins_at_the_first_instant_that_exists() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 8).unwrap();
        assert_eq!(midnight(day, Tz::America__Havana).to_rfc3339(), "2026-03-08T05:00:00+00:00");
        assert_eq!(midnight(day, Tz::UTC).to_rfc3339(), "2026-03-08T00:00:00+00:00");
    }

    #[test]
    fn shares_are_cut_to_tenths_of_a_percent() {
        assert_eq!([percent("0.8750"), percent("0.99999"), percent("1")], ["87.5 %", "99.9 %", "100.0 %"]);
        assert_eq!([percent("-0.05"), percent("many")], ["\u{2212}5.0 %", "many"]);
        assert_eq!(tenths_of_percent("1.234"), Some(1_234));
    }

    #[test]
    fn changes_have_signs_and_long_amounts_can_be_short() {
        let gbp = |minor| Money::from_minor(minor, Currency::GBP);
        assert_eq!([signed(gbp(5)), signed(gbp(-5)), signed(gbp(0))], ["+0.05", "\u{2212}0.05", "0.00"]);
        assert_eq!([short(gbp(999_999)), short(gbp(12_345_678))], ["9,999.99", "123,457"]);
        assert_eq!([short(gbp(10_000_050)), short(gbp(-10_000_150))], ["100,000", "\u{2212}100,002"]);
    }

    #[test]
    fn a_wait_is_told_in_one_unit() {
        assert_eq!(
            [duration(59), duration(61), duration(7_200), duration(200_000)],
            ["59 s", "1 min", "2 h", "2 days"]
        );
    }
}

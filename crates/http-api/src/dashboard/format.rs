//! How amounts, counts and times look to people.

use chrono_tz::Tz;
use ltv_core::{Money, Timestamp};

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
    fn a_wait_is_told_in_one_unit() {
        assert_eq!(
            [duration(59), duration(61), duration(7_200), duration(200_000)],
            ["59 s", "1 min", "2 h", "2 days"]
        );
    }
}

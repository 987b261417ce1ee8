//! Billing periods, by the calendar.

use chrono::{Months, TimeDelta};

use crate::Timestamp;
use crate::observation::BillingInterval;

/// How long a billing period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cycle {
    interval: BillingInterval,
    count: u32,
}

impl Cycle {
    /// `count` times `interval`; none of nothing.
    pub fn new(interval: BillingInterval, count: Option<u32>) -> Option<Self> {
        let count = count.unwrap_or(1);
        (count > 0).then_some(Self { interval, count })
    }

    /// The share of a period's price that is a month's: numerator and denominator. A year has 12 months, 52 weeks and
    /// 365 days.
    pub fn monthly(self) -> (i128, i128) {
        let count = i128::from(self.count);
        match self.interval {
            BillingInterval::Month => (1, count),
            BillingInterval::Year => (1, count.saturating_mul(12)),
            BillingInterval::Week => (52, count.saturating_mul(12)),
            BillingInterval::Day => (365, count.saturating_mul(12)),
        }
    }

    /// The start of the period `steps` after that which started at `anchor`. A month that is too short ends it on its last
    /// day, and the next one goes on from the original day.
    pub fn start(self, anchor: Timestamp, steps: i64) -> Option<Timestamp> {
        let units = steps.checked_mul(i64::from(self.count))?;
        match self.interval {
            BillingInterval::Month => add_months(anchor, units),
            BillingInterval::Year => add_months(anchor, units.checked_mul(12)?),
            BillingInterval::Week => anchor.checked_add_signed(TimeDelta::try_weeks(units)?),
            BillingInterval::Day => anchor.checked_add_signed(TimeDelta::try_days(units)?),
        }
    }

    /// The start of the period that holds `at`, where one started at `anchor`.
    pub fn period_of(self, anchor: Timestamp, at: Timestamp) -> Timestamp {
        self.steps_to(anchor, at).and_then(|steps| self.start(anchor, steps)).unwrap_or(anchor)
    }

    /// The first start of a period at or after `at`.
    pub fn start_from(self, anchor: Timestamp, at: Timestamp) -> Option<Timestamp> {
        let steps = self.steps_to(anchor, at)?;
        let start = self.start(anchor, steps)?;
        if start >= at { Some(start) } else { self.start(anchor, steps.checked_add(1)?) }
    }

    /// The first start of a period after `at`.
    pub fn start_after(self, anchor: Timestamp, at: Timestamp) -> Option<Timestamp> {
        self.start(anchor, self.steps_to(anchor, at)?.checked_add(1)?)
    }

    fn steps_to(self, anchor: Timestamp, at: Timestamp) -> Option<i64> {
        // The longest that a unit can be, so that the estimate is never beyond the answer in the future.
        let days: i64 = match self.interval {
            BillingInterval::Day => 1,
            BillingInterval::Week => 7,
            BillingInterval::Month => 31,
            BillingInterval::Year => 366,
        };
        let length = TimeDelta::try_days(days.checked_mul(i64::from(self.count))?)?.num_seconds();
        let mut steps = at.signed_duration_since(anchor).num_seconds().div_euclid(length);
        if steps < 0 {
            // Shorter units make more steps back.
            steps = steps.checked_mul(32)?.checked_div(28)?.checked_sub(1)?;
        }
        while self.start(anchor, steps.checked_add(1)?)? <= at {
            steps = steps.checked_add(1)?;
        }
        Some(steps)
    }

    /// The cycle of a service period that is told by its ends alone.
    pub fn between(start: Timestamp, end: Timestamp) -> Option<Self> {
        let days = end.signed_duration_since(start).num_days();
        // Whole months are at most three days longer or two shorter than thirties.
        let months = days.checked_add(3)?.checked_div(30)?;
        let by_month =
            u32::try_from(months).ok().and_then(|count| Self::new(BillingInterval::Month, Some(count)));
        let fits = |cycle: &Self| cycle.start(start, 1) == Some(end) || cycle.start(end, -1) == Some(start);
        if let Some(cycle) = by_month.filter(fits) {
            return Some(cycle);
        }
        let days =
            u32::try_from(end.signed_duration_since(start).num_hours().checked_add(12)?.checked_div(24)?)
                .ok()?;
        match days.checked_rem(7)? {
            0 => Self::new(BillingInterval::Week, Some(days.checked_div(7)?)),
            _ => Self::new(BillingInterval::Day, Some(days)),
        }
    }
}

/// `at` and so many months more, or less.
pub(super) fn add_months(at: Timestamp, months: i64) -> Option<Timestamp> {
    let size = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { at.checked_sub_months(size) } else { at.checked_add_months(size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn monthly() -> Cycle {
        Cycle::new(BillingInterval::Month, None).unwrap()
    }

    #[test]
    fn a_short_month_does_not_move_the_next_period() {
        let anchor = at("2026-01-31T10:00:00Z");
        let starts: Vec<Timestamp> = (0..4).filter_map(|step| monthly().start(anchor, step)).collect();
        let days = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"];
        assert_eq!(starts, days.map(|day| at(&format!("{day}T10:00:00Z"))));
    }

    #[test]
    fn a_leap_day_comes_back_in_leap_years() {
        let yearly = Cycle::new(BillingInterval::Year, None).unwrap();
        let anchor = at("2024-02-29T00:00:00Z");
        assert_eq!(yearly.start(anchor, 1), Some(at("2025-02-28T00:00:00Z")));
        assert_eq!(yearly.start(anchor, 4), Some(at("2028-02-29T00:00:00Z")));
    }

    #[test]
    fn the_period_of_an_instant_is_found_before_and_after_the_anchor() {
        let anchor = at("2026-01-31T10:00:00Z");
        for (instant, start) in [
            ("2026-02-28T09:59:59Z", "2026-01-31T10:00:00Z"),
            ("2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2029-03-01T00:00:00Z", "2029-02-28T10:00:00Z"),
            ("2026-01-31T09:00:00Z", "2025-12-31T10:00:00Z"),
            ("2021-06-15T00:00:00Z", "2021-05-31T10:00:00Z"),
        ] {
            assert_eq!(monthly().period_of(anchor, at(instant)), at(start), "{instant}");
        }
        assert_eq!(monthly().start_from(anchor, anchor), Some(anchor));
        assert_eq!(
            monthly().start_from(anchor, at("2026-02-01T00:00:00Z")),
            Some(at("2026-02-28T10:00:00Z"))
        );
    }

    #[test]
    fn a_period_tells_its_cycle() {
        let cycle = |start: &str, end: &str| Cycle::between(at(start), at(end)).unwrap().monthly();
        assert_eq!(cycle("2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"), (1, 1));
        assert_eq!(cycle("2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"), (1, 1));
        assert_eq!(cycle("2024-01-31T10:00:00Z", "2027-01-31T10:00:00Z"), (1, 36));
        assert_eq!(cycle("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), (1, 12));
        assert_eq!(cycle("2026-01-01T00:00:00Z", "2026-01-15T00:00:00Z"), (52, 24));
        assert_eq!(cycle("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"), (365, 120));
        assert_eq!(Cycle::between(at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), None);
    }
}

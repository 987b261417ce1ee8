//! Rates of exchange, as settlements showed them.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::{Exact, MrrError, RateSeen};
use crate::{Currency, MessageId, ObjectKey, Timestamp};

/// How long after the start of a service period a supplier's own settlement still tells the rate of that period.
const OWN_SETTLEMENT_DAYS: i64 = 3;

/// All rates that settlements showed: the first of each day in UTC, for each pair of currencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    pairs: BTreeMap<(Currency, Currency), BTreeMap<NaiveDate, Seen>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    at: Timestamp,
    settlement: ObjectKey,
    source: MessageId,
    numer: i64,
    denom: i64,
}

/// A rate that was used, with its day and source: `denom` minor units of `from` are `numer` minor units of `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateUsed {
    /// The currency that is converted.
    pub from: Currency,
    /// The currency that it becomes.
    pub to: Currency,
    /// Minor units of `to`.
    pub numer: i64,
    /// Minor units of `from`.
    pub denom: i64,
    /// The day on which it was seen.
    pub on: NaiveDate,
    /// The balance movement that showed it.
    pub settlement: ObjectKey,
    /// The message that showed it.
    pub source: MessageId,
}

impl RateUsed {
    /// Converts an amount of `from`.
    ///
    /// # Errors
    /// [`MrrError::Mixed`] when it is of another currency, [`MrrError::Overflow`].
    pub fn convert(&self, amount: Exact) -> Result<Exact, MrrError> {
        if amount.currency() != self.from {
            return Err(MrrError::Mixed { left: amount.currency(), right: self.from });
        }
        amount.converted(i128::from(self.numer), i128::from(self.denom), self.to)
    }
}

impl Rates {
    /// Collects rates; order and repetition do not matter. A settlement of nothing tells none.
    #[must_use]
    pub fn from_facts(seen: &[RateSeen]) -> Self {
        let mut rates = Self::default();
        for rate in seen {
            rates.add(rate);
        }
        rates
    }

    /// Adds one.
    pub fn add(&mut self, seen: &RateSeen) {
        let (presented, settled) = (seen.presented, seen.settled);
        if presented.minor() <= 0 || settled.minor() <= 0 || presented.currency() == settled.currency() {
            return;
        }
        let new = Seen {
            at: seen.at,
            settlement: seen.settlement.clone(),
            source: seen.source,
            numer: settled.minor(),
            denom: presented.minor(),
        };
        let days = self.pairs.entry((presented.currency(), settled.currency())).or_default();
        match days.get_mut(&seen.at.date_naive()) {
            Some(old) if (old.at, &old.settlement) <= (new.at, &new.settlement) => {}
            Some(old) => *old = new,
            None => {
                days.insert(seen.at.date_naive(), new);
            }
        }
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The rate of the day of `at`; without one, that of the nearest day before; else of the nearest after. Where no
    /// settlement went this way, the other way round counts.
    #[must_use]
    pub fn lookup(&self, from: Currency, to: Currency, at: Timestamp) -> Option<RateUsed> {
        let day = at.date_naive();
        self.directions(from, to).find_map(|(days, inverse)| {
            let before = days.range(..=day).next_back();
            let nearest = before.or_else(|| days.range(day..).next())?;
            Some(used(from, to, nearest.1, inverse))
        })
    }

    fn directions(
        &self,
        from: Currency,
        to: Currency,
    ) -> impl Iterator<Item = (&BTreeMap<NaiveDate, Seen>, bool)> {
        let there = self.pairs.get(&(from, to)).map(|days| (days, false));
        there.into_iter().chain(self.pairs.get(&(to, from)).map(|days| (days, true)))
    }
}

/// What a supplier's own settlements say of a service period that starts at `at`: the first one in three days from then.
pub(super) fn own_rate(seen: &[&RateSeen], from: Currency, to: Currency, at: Timestamp) -> Option<RateUsed> {
    let until = at.checked_add_signed(TimeDelta::days(OWN_SETTLEMENT_DAYS))?;
    let inside = seen.iter().filter(|seen| seen.at >= at && seen.at < until);
    let pair = inside.filter(|seen| seen.presented.currency() == from && seen.settled.currency() == to);
    let first = pair.min_by_key(|seen| (seen.at, &seen.settlement))?;
    Rates::from_facts(&[(*first).clone()]).lookup(from, to, at)
}

fn used(from: Currency, to: Currency, seen: &Seen, inverse: bool) -> RateUsed {
    let (numer, denom) = if inverse { (seen.denom, seen.numer) } else { (seen.numer, seen.denom) };
    RateUsed {
        from,
        to,
        numer,
        denom,
        on: seen.at.date_naive(),
        settlement: seen.settlement.clone(),
        source: seen.source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{instant, key, money};

    fn seen(id: &str, at: &str, presented: &str, settled: &str) -> RateSeen {
        RateSeen {
            presented: money(presented),
            settled: money(settled),
            at: instant(at),
            settlement: key(id),
            source: MessageId(1),
        }
    }

    fn lookup(rates: &Rates, at: &str) -> Option<i64> {
        rates.lookup(Currency::USD, Currency::GBP, instant(at)).map(|rate| rate.numer)
    }

    #[test]
    fn the_first_of_the_day_counts_then_the_nearest_before_then_the_nearest_after() {
        let told = [
            seen("txn_3", "2026-02-10T09:00:00Z", "1.00 USD", "0.83 GBP"),
            seen("txn_1", "2026-02-10T09:00:00Z", "1.00 USD", "0.81 GBP"),
            seen("txn_2", "2026-02-10T18:00:00Z", "1.00 USD", "0.82 GBP"),
            seen("txn_4", "2026-02-12T18:00:00Z", "1.00 USD", "0.84 GBP"),
        ];
        let mut turned = told.to_vec();
        turned.reverse();
        let rates = Rates::from_facts(&told);
        assert_eq!(rates, Rates::from_facts(&turned));
        assert_eq!(lookup(&rates, "2026-02-10"), Some(81));
        assert_eq!(lookup(&rates, "2026-02-11"), Some(81));
        assert_eq!(lookup(&rates, "2026-02-12"), Some(84));
        assert_eq!(lookup(&rates, "2026-01-01"), Some(81));
        assert_eq!(lookup(&Rates::default(), "2026-01-01"), None);
    }

    #[test]
    fn a_rate_counts_the_other_way_round_where_none_goes_this_way() {
        let rates = Rates::from_facts(&[seen("txn_1", "2026-02-10", "1.00 GBP", "1.25 USD")]);
        let rate = rates.lookup(Currency::USD, Currency::GBP, instant("2026-02-10")).unwrap();
        let converted = rate.convert(Exact::of(money("100.00 USD")).unwrap()).unwrap();
        assert_eq!(converted.rounded().unwrap(), money("80.00 GBP"));
        assert!(rate.convert(Exact::of(money("100.00 GBP")).unwrap()).is_err());
    }

    #[test]
    fn a_settlement_of_nothing_or_in_the_same_currency_tells_no_rate() {
        let rates = Rates::from_facts(&[
            seen("txn_1", "2026-02-10", "1.00 USD", "0.00 GBP"),
            seen("txn_2", "2026-02-10", "1.00 GBP", "1.00 GBP"),
        ]);
        assert!(rates.is_empty());
    }

    #[test]
    fn an_own_settlement_counts_for_three_days() {
        let own = seen("txn_1", "2026-02-03T23:59:59Z", "1.00 USD", "0.80 GBP");
        let rate = |at: &str| own_rate(&[&own], Currency::USD, Currency::GBP, instant(at)).is_some();
        assert!(rate("2026-02-01") && rate("2026-02-03T23:59:59Z"));
        assert!(!rate("2026-01-31") && !rate("2026-02-04"));
    }
}

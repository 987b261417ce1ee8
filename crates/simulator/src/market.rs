//! Where a supplier is at home: its currency, its tax, and what its money is worth here on a day.

use crate::calendar::DAY;
use crate::random::Random;

/// How the provider reports tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tax {
    /// 20 % on top of the price.
    OnTop,
    /// 20 % within the price: a sixth of it.
    Within,
    /// A business of another country owes it itself.
    ReverseCharge,
    /// 8.875 % on top of the price.
    Sales,
}

/// A market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Market {
    /// The currency, as the provider writes it.
    pub(crate) currency: &'static str,
    pub(crate) country: &'static str,
    pub(crate) tax: Tax,
}

/// Pounds, tax on top.
pub(crate) const HOME: Market = Market { currency: "gbp", country: "GB", tax: Tax::OnTop };
/// Pounds, tax within the price.
pub(crate) const HOME_INCLUSIVE: Market = Market { currency: "gbp", country: "GB", tax: Tax::Within };
const EUROPE: [&str; 5] = ["IE", "FR", "DE", "NL", "ES"];

impl Market {
    pub(crate) fn in_europe(number: u64) -> Self {
        let place = usize::try_from(number % 5).unwrap_or(0);
        let country = EUROPE.get(place).copied().unwrap_or("IE");
        Self { currency: "eur", country, tax: Tax::ReverseCharge }
    }

    pub(crate) fn in_america() -> Self {
        Self { currency: "usd", country: "US", tax: Tax::Sales }
    }

    pub(crate) fn is_home(&self) -> bool {
        self.currency == "gbp"
    }

    pub(crate) fn tax_exempt(&self) -> &'static str {
        if self.tax == Tax::ReverseCharge { "reverse" } else { "none" }
    }
}

impl Tax {
    /// The tax of an amount, rounded half up in its size; the amount contains it or not.
    pub(crate) fn of(self, amount: i64) -> i64 {
        let size = amount.abs();
        let tax = match self {
            Self::OnTop => (size * 20 + 50) / 100,
            Self::Within => (size + 3) / 6,
            Self::ReverseCharge => 0,
            Self::Sales => (size * 8_875 + 50_000) / 100_000,
        };
        tax * amount.signum()
    }

    pub(crate) fn is_within(self) -> bool {
        self == Self::Within
    }

    pub(crate) fn behavior(self) -> &'static str {
        if self.is_within() { "inclusive" } else { "exclusive" }
    }

    /// The provider's entry for the tax of an amount.
    pub(crate) fn item(self, amount: i64, tax: i64) -> String {
        let (rate, reason) = match self {
            Self::OnTop | Self::Within => ("txr_simUkVat20", "standard_rated"),
            Self::ReverseCharge => ("txr_simReverse", "reverse_charge"),
            Self::Sales => ("txr_simSales8875", "standard_rated"),
        };
        let taxable = if self.is_within() { amount - tax } else { amount };
        format!(
            r#"{{"amount":{tax},"tax_behavior":"{}","tax_rate_details":{{"tax_rate":"{rate}"}},"taxability_reason":"{reason}","taxable_amount":{taxable},"type":"tax_rate_details"}}"#,
            self.behavior()
        )
    }
}

/// What one unit of each foreign currency is worth in pounds, day by day, in millionths: a walk of small steps.
#[derive(Debug)]
pub(crate) struct Rates {
    first_day: i64,
    eur: Vec<i64>,
    usd: Vec<i64>,
}

/// Where the walks begin, and how far they may go, in millionths.
const EUR: i64 = 856_000;
const USD: i64 = 781_000;
const STEP: i64 = 3_500;
const LEASH: i64 = 70_000;

impl Rates {
    pub(crate) fn new(seed: u64, start: i64, end: i64) -> Self {
        let first_day = start.div_euclid(DAY);
        let days = end.div_euclid(DAY) - first_day + 1;
        let walk = |stream: u64, middle: i64| {
            let mut random = Random::stream(seed, stream);
            let mut rate = middle;
            (0..days)
                .map(|_| {
                    rate = (rate + random.between(-STEP, STEP)).clamp(middle - LEASH, middle + LEASH);
                    rate
                })
                .collect()
        };
        Self { first_day, eur: walk(u64::MAX, EUR), usd: walk(u64::MAX - 1, USD) }
    }

    /// The rate of a day, in millionths; exactly one for pounds.
    pub(crate) fn at(&self, currency: &str, at: i64) -> i64 {
        let walk = match currency {
            "eur" => &self.eur,
            "usd" => &self.usd,
            _ => return 1_000_000,
        };
        let place = usize::try_from(at.div_euclid(DAY) - self.first_day).unwrap_or(0);
        walk.get(place).or(walk.last()).copied().unwrap_or(1_000_000)
    }

    /// What an amount is worth in pence, rounded half up.
    pub(crate) fn settle(&self, currency: &str, amount: i64, at: i64) -> i64 {
        (amount * self.at(currency, at) + 500_000) / 1_000_000
    }

    /// The rate as the provider writes it; null for pounds.
    pub(crate) fn text(&self, currency: &str, at: i64) -> String {
        match currency {
            "gbp" => "null".to_owned(),
            _ => format!("0.{:06}", self.at(currency, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_on_top_within_or_not_ours() {
        assert_eq!([4_900, 99, -4_900].map(|amount| Tax::OnTop.of(amount)), [980, 20, -980]);
        assert_eq!([5_880, 100, -100].map(|amount| Tax::Within.of(amount)), [980, 17, -17]);
        assert_eq!(Tax::Sales.of(6_000), 533);
        assert_eq!(Tax::ReverseCharge.of(6_000), 0);
    }

    #[test]
    fn rates_walk_in_small_steps_and_pounds_stand_still() {
        let rates = Rates::new(7, 0, 1_000 * DAY);
        let eur: Vec<i64> = (0..1_000).map(|day| rates.at("eur", day * DAY)).collect();
        assert!(eur.windows(2).all(|pair| (pair[0] - pair[1]).abs() <= STEP));
        assert!(eur.iter().all(|rate| (EUR - LEASH..=EUR + LEASH).contains(rate)));
        assert_ne!(eur.first(), eur.last());
        assert_eq!((rates.at("gbp", DAY), rates.settle("gbp", 1_234, DAY)), (1_000_000, 1_234));
        assert_eq!(rates.text("gbp", DAY), "null");
        assert!(rates.text("usd", DAY).starts_with("0.7"));
    }
}

//! Conversion between currencies. The rate, its date and its source travel with the amount.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Currency, Money, MoneyError, Rounding, div_round};

/// A rate of exchange: one major unit of `from` is `rate` major units of `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// The currency that is converted.
    pub from: Currency,
    /// The currency that it becomes.
    pub to: Currency,
    /// How many of `to` one of `from` is; positive.
    pub rate: Decimal,
    /// The day whose rate it is.
    pub on: NaiveDate,
    /// Who published it.
    pub source: String,
}

/// An amount that was converted, with the rate that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Converted {
    /// The result, in the rate's `to`.
    pub amount: Money,
    /// The rate.
    pub rate: Rate,
}

impl Rate {
    /// Converts `money`: exact inside, rounded half even once, at the end.
    ///
    /// ```
    /// use ltv_core::money::{Currency, Money, Rate};
    ///
    /// let rate = Rate {
    ///     from: Currency::JPY,
    ///     to: Currency::GBP,
    ///     rate: "0.0052".parse()?,
    ///     on: "2026-03-31".parse()?,
    ///     source: "central bank".to_owned(),
    /// };
    /// let converted = rate.convert(Money::parse("8000", Currency::JPY)?)?;
    /// assert_eq!(converted.amount.to_string(), "41.60 GBP");
    ///
    /// assert!(rate.convert(Money::parse("1.00", Currency::EUR)?).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] when `money` is not in the rate's `from`, [`MoneyError::NotARate`] when the
    /// rate is not positive, [`MoneyError::Overflow`].
    pub fn convert(&self, money: Money) -> Result<Converted, MoneyError> {
        if money.currency() != self.from {
            return Err(MoneyError::CurrencyMismatch { left: money.currency(), right: self.from });
        }
        if self.rate <= Decimal::ZERO {
            return Err(MoneyError::NotARate { from: self.from, to: self.to });
        }
        let minor = self.convert_minor(money.minor()).ok_or(MoneyError::Overflow)?;
        Ok(Converted { amount: Money::from_minor(minor, self.to), rate: self.clone() })
    }

    fn convert_minor(&self, minor: i64) -> Option<i64> {
        let rate = self.rate.normalize();
        let up = 10_i128.checked_pow(u32::from(self.to.exponent()))?;
        let down = 10_i128.checked_pow(rate.scale().checked_add(u32::from(self.from.exponent()))?)?;
        let numer = i128::from(minor).checked_mul(rate.mantissa())?.checked_mul(up)?;
        i64::try_from(div_round(numer, down, Rounding::HalfEven)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(from: &str, to: &str, rate: &str) -> Rate {
        Rate {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            rate: rate.parse().unwrap(),
            on: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
            source: "test".to_owned(),
        }
    }

    #[test]
    fn currencies_of_zero_two_and_three_places_convert_exactly() {
        for (amount, from, rate_text, expected) in [
            ("8000", "JPY", "0.0052", "41.60"),
            ("5.000", "KWD", "2.55", "12.75"),
            ("500", "ISK", "0.0057", "2.85"),
        ] {
            let money = Money::parse(amount, from.parse().unwrap()).unwrap();
            let converted = rate(from, "GBP", rate_text).convert(money).unwrap();
            assert_eq!(converted.amount.to_decimal_string(), expected);
            assert_eq!(converted.rate.source, "test");
        }
    }

    #[test]
    fn a_half_goes_to_the_even_unit() {
        let converted = rate("GBP", "USD", "0.5").convert(Money::from_minor(5, Currency::GBP)).unwrap();
        assert_eq!(converted.amount.minor(), 2);
    }

    #[test]
    fn a_rate_that_is_not_positive_or_an_amount_too_large_is_refused() {
        let pound = Money::from_minor(100, Currency::GBP);
        assert!(matches!(rate("GBP", "USD", "0").convert(pound), Err(MoneyError::NotARate { .. })));
        let most = Money::from_minor(i64::MAX, Currency::GBP);
        assert_eq!(rate("GBP", "USD", "2").convert(most), Err(MoneyError::Overflow));
        assert_eq!(
            rate("EUR", "USD", "2").convert(pound),
            Err(MoneyError::CurrencyMismatch { left: Currency::GBP, right: Currency::EUR })
        );
    }
}

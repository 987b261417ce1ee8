//! A booked amount.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Currency, Rounding, div_round};

/// A booked amount: whole minor units of one currency. What is not yet rounded is a `Decimal` with a name of its own.
///
/// In JSON: `{"amount":"58.80","currency":"GBP"}`, the amount a decimal string with exactly the currency's places.
///
/// ```
/// use ltv_core::{Currency, Money};
///
/// let price = Money::parse("58.80", Currency::GBP)?;
/// assert_eq!(price.minor(), 5880);
/// assert_eq!(price.checked_add(Money::from_minor(20, Currency::GBP))?.to_string(), "59.00 GBP");
///
/// assert!(price.checked_add(Money::from_minor(20, Currency::EUR)).is_err());
/// assert!(Money::parse("58.801", Currency::GBP).is_err());
/// # Ok::<(), ltv_core::MoneyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an operation on money has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies do not mix.
    #[error("cannot combine {left} with {right}")]
    CurrencyMismatch {
        /// The left one.
        left: Currency,
        /// The right one.
        right: Currency,
    },
    /// The result is too large for 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// A text is no amount of this currency.
    #[error("`{text}` is not an amount in {currency} with at most {exponent} decimal places")]
    NotAnAmount {
        /// The text.
        text: String,
        /// The currency.
        currency: Currency,
        /// Its places.
        exponent: u8,
    },
    /// There is nobody to give a part to.
    #[error("cannot allocate to weights that sum to zero")]
    NoWeights,
    /// A rate must be positive.
    #[error("the rate from {from} to {to} is not positive")]
    NotARate {
        /// The currency that was to be converted.
        from: Currency,
        /// The currency that it was to become.
        to: Currency,
    },
    /// Nothing can be divided by zero.
    #[error("cannot scale by a fraction whose denominator is zero")]
    DivisionByZero,
}

impl Money {
    /// `minor` units of `currency`.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a decimal text such as `58.80`, `-0.5` or `1200`.
    ///
    /// # Errors
    /// [`MoneyError::NotAnAmount`] when the text is no plain decimal number, has more places than the currency, or
    /// is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        parse_minor(text, currency.exponent()).map(|minor| Self { minor, currency }).ok_or_else(|| {
            MoneyError::NotAnAmount {
                text: text.chars().take(40).collect(),
                currency,
                exponent: currency.exponent(),
            }
        })
    }

    /// The minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// True when nothing is left.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the smallest amount of all.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The amount without its sign.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the smallest amount of all.
    pub fn checked_abs(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_abs().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The sum of `amounts`, all in `currency`; nothing when there are none.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>, currency: Currency) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// This amount × `numer` ÷ `denom`, rounded as said.
    ///
    /// # Errors
    /// [`MoneyError::DivisionByZero`] or [`MoneyError::Overflow`].
    pub fn scale(self, numer: i64, denom: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        if denom == 0 {
            return Err(MoneyError::DivisionByZero);
        }
        let product = i128::from(self.minor).checked_mul(i128::from(numer));
        let minor = product
            .and_then(|product| div_round(product, i128::from(denom), rounding))
            .and_then(|minor| i64::try_from(minor).ok())
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The amount in major units with exactly the currency's places: `58.80`, `5200` yen, `-0.05`.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        let places = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

/// Minor units of a plain decimal text: an optional minus, digits, and at most `exponent` places after a point.
fn parse_minor(text: &str, exponent: u8) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let places = usize::from(exponent);
    let digits_only = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits_only || fraction.len() > places {
        return None;
    }
    let minor: i128 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    let signed = if negative { minor.checked_neg()? } else { minor };
    i64::try_from(signed).ok()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal_string(), self.currency)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Money", deny_unknown_fields)]
struct MoneyText {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyText { amount: self.to_decimal_string(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = MoneyText::deserialize(deserializer)?;
        Self::parse(&text.amount, text.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kwd() -> Currency {
        "KWD".parse().unwrap()
    }

    #[test]
    fn amounts_are_written_with_exactly_the_places_of_their_currency() {
        for (minor, currency, text) in [
            (5_880, Currency::GBP, "58.80"),
            (-5, Currency::GBP, "-0.05"),
            (0, Currency::GBP, "0.00"),
            (5_200, Currency::JPY, "5200"),
            (5_000, kwd(), "5.000"),
            (i64::MIN, Currency::GBP, "-92233720368547758.08"),
        ] {
            let money = Money::from_minor(minor, currency);
            assert_eq!(money.to_decimal_string(), text);
            assert_eq!(Money::parse(text, currency), Ok(money));
        }
    }

    #[test]
    fn fewer_places_are_read_and_more_are_refused() {
        assert_eq!(Money::parse("-0.5", Currency::GBP).unwrap().minor(), -50);
        assert_eq!(Money::parse("12", Currency::GBP).unwrap().minor(), 1_200);
        for text in
            ["1.234", "", "-", ".5", "1.", "1e2", "+1", "1,00", " 1", "٣", "--1", "92233720368547758.08"]
        {
            assert!(Money::parse(text, Currency::GBP).is_err(), "`{text}` must be refused");
        }
        assert!(Money::parse("52.0", Currency::JPY).is_err());
    }

    #[test]
    fn json_holds_a_decimal_string_never_a_number() {
        let money = Money::from_minor(5_880, Currency::GBP);
        let json = serde_json::to_string(&money).unwrap();
        assert_eq!(json, r#"{"amount":"58.80","currency":"GBP"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        assert!(serde_json::from_str::<Money>(r#"{"amount":58.8,"currency":"GBP"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount":"58.801","currency":"GBP"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount":"1.00","currency":"GBX"}"#).is_err());
    }

    #[test]
    fn arithmetic_says_no_instead_of_wrapping_or_mixing() {
        let most = Money::from_minor(i64::MAX, Currency::GBP);
        let one = Money::from_minor(1, Currency::GBP);
        assert_eq!(most.checked_add(one), Err(MoneyError::Overflow));
        assert_eq!(Money::from_minor(i64::MIN, Currency::GBP).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(Money::from_minor(i64::MIN, Currency::GBP).checked_abs(), Err(MoneyError::Overflow));
        let euro = Money::from_minor(1, Currency::EUR);
        let mixed = Err(MoneyError::CurrencyMismatch { left: Currency::GBP, right: Currency::EUR });
        assert_eq!(one.checked_sub(euro), mixed);
        assert_eq!(Money::try_sum([one, euro], Currency::GBP), mixed);
        assert_eq!(
            Money::try_sum([one, most.checked_neg().unwrap()], Currency::GBP).unwrap().minor(),
            -i64::MAX + 1
        );
    }

    #[test]
    fn scaling_rounds_as_told_and_refuses_a_zero_denominator() {
        let money = Money::from_minor(5, Currency::GBP);
        assert_eq!(money.scale(1, 2, Rounding::HalfEven).unwrap().minor(), 2);
        assert_eq!(money.scale(1, 2, Rounding::HalfUp).unwrap().minor(), 3);
        assert_eq!(money.scale(-1, 2, Rounding::Down).unwrap().minor(), -2);
        assert_eq!(money.scale(1, 0, Rounding::Down), Err(MoneyError::DivisionByZero));
        assert_eq!(money.scale(i64::MAX, 1, Rounding::Down), Err(MoneyError::Overflow));
    }
}

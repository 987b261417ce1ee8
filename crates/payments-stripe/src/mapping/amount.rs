//! Amounts: from Stripe's exponents to minor units by ISO 4217.
//!
//! # Source
//! <https://docs.stripe.com/currencies>

use std::str::FromStr;

use ltv_core::{Currency, Money};
use rust_decimal::Decimal;

use crate::error::MappingError;
use crate::model::Node;

/// How many places a price may have.
const PRICE_PLACES_MAX: u32 = 12;

/// A currency, and how Stripe writes amounts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denomination {
    currency: Currency,
    /// Places by ISO 4217, less places at Stripe.
    shift: i32,
}

impl Denomination {
    /// Reads the currency in a field.
    pub(crate) fn of(node: &Node<'_>, name: &str) -> Result<Self, MappingError> {
        let code = node.need_text(name)?;
        Self::from_code(&code).ok_or_else(|| MappingError::Currency { pointer: node.pointer(name) })
    }

    /// Reads a code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        let currency: Currency = code.parse().ok()?;
        Some(Self { currency, shift: i32::from(currency.exponent()) - stripe_exponent(currency.code()) })
    }

    /// The currency.
    pub(crate) fn currency(self) -> Currency {
        self.currency
    }

    /// Nothing.
    pub(crate) fn zero(self) -> Money {
        Money::zero(self.currency)
    }

    /// A signed amount that is needed.
    pub(crate) fn need(self, node: &Node<'_>, name: &str) -> Result<Money, MappingError> {
        self.convert(node.need_integer(name)?, node, name)
    }

    /// An amount that is needed and has no sign.
    pub(crate) fn need_unsigned(self, node: &Node<'_>, name: &str) -> Result<Money, MappingError> {
        unsigned(self.need(node, name)?, node, name)
    }

    /// A signed amount that may be absent, but must be an amount if it is there.
    pub(crate) fn optional(self, node: &Node<'_>, name: &str) -> Result<Option<Money>, MappingError> {
        node.optional_integer(name)?.map(|stripe| self.convert(stripe, node, name)).transpose()
    }

    /// An amount without sign that may be absent, but must be an amount if it is there.
    pub(crate) fn optional_unsigned(
        self,
        node: &Node<'_>,
        name: &str,
    ) -> Result<Option<Money>, MappingError> {
        self.optional(node, name)?.map(|money| unsigned(money, node, name)).transpose()
    }

    /// A signed amount; absent means nothing.
    pub(crate) fn or_zero(self, node: &Node<'_>, name: &str) -> Result<Money, MappingError> {
        Ok(self.optional(node, name)?.unwrap_or(self.zero()))
    }

    /// The sum of the field `name` of each of `items`.
    pub(crate) fn sum(self, items: &[Node<'_>], name: &str) -> Result<Money, MappingError> {
        let mut sum = 0_i64;
        for item in items {
            let minor = self.need(item, name)?.minor();
            sum = sum
                .checked_add(minor)
                .ok_or_else(|| MappingError::TooLarge { pointer: item.pointer(name) })?;
        }
        Ok(Money::from_minor(sum, self.currency))
    }

    /// A price in minor units by ISO 4217, from Stripe's decimal text; `None` when it is no such text.
    pub(crate) fn price(self, stripe: &str) -> Option<String> {
        let price = Decimal::from_str(stripe).ok()?;
        let converted = match self.shift {
            0 => price,
            up @ 1.. => price.checked_mul(Decimal::from(10_i64.checked_pow(u32::try_from(up).ok()?)?))?,
            down => price.checked_div(Decimal::from(10_i64.checked_pow(down.unsigned_abs())?))?,
        };
        let converted = converted.normalize();
        (converted.scale() <= PRICE_PLACES_MAX).then(|| converted.to_string())
    }

    fn convert(self, stripe: i64, node: &Node<'_>, name: &str) -> Result<Money, MappingError> {
        let factor = 10_i64.pow(self.shift.unsigned_abs());
        let minor = if self.shift >= 0 {
            stripe
                .checked_mul(factor)
                .ok_or_else(|| MappingError::TooLarge { pointer: node.pointer(name) })?
        } else if stripe % factor == 0 {
            stripe / factor
        } else {
            return Err(MappingError::NotWhole { pointer: node.pointer(name) });
        };
        Ok(Money::from_minor(minor, self.currency))
    }
}

fn unsigned(money: Money, node: &Node<'_>, name: &str) -> Result<Money, MappingError> {
    if money.minor() < 0 { Err(MappingError::Negative { pointer: node.pointer(name) }) } else { Ok(money) }
}

/// How many decimal places Stripe's amounts have. ISK and UGX have none in the world, but two at Stripe, always 00.
fn stripe_exponent(code: &str) -> i32 {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(code: &str, stripe: i64) -> Result<i64, MappingError> {
        let text = format!(r#"{{"amount":{stripe},"currency":"{code}"}}"#);
        let node = Node::parse(&text, "").unwrap();
        Denomination::of(&node, "currency")?.need(&node, "amount").map(Money::minor)
    }

    #[test]
    fn every_exception_is_converted_to_iso_minor_units() {
        // Code, Stripe's amount, ISO minor units.
        let table = [
            ("bif", 500, 500),
            ("clp", 500, 500),
            ("djf", 500, 500),
            ("gnf", 500, 500),
            ("jpy", 8000, 8000),
            ("kmf", 500, 500),
            ("krw", 65_000, 65_000),
            ("mga", 500, 50_000),
            ("pyg", 500, 500),
            ("rwf", 500, 500),
            ("vnd", 500, 500),
            ("vuv", 500, 500),
            ("xaf", 500, 500),
            ("xof", 32_000, 32_000),
            ("xpf", 500, 500),
            ("bhd", 5000, 5000),
            ("jod", 5000, 5000),
            ("kwd", 5000, 5000),
            ("omr", 5000, 5000),
            ("tnd", 5000, 5000),
            ("isk", 50_000, 500),
            ("ugx", 18_500_000, 185_000),
            ("huf", 1_989_000, 1_989_000),
            ("twd", 159_000, 159_000),
            ("cop", 500, 500),
            ("idr", 500, 500),
            ("gbp", 5880, 5880),
            ("EUR", 5900, 5900),
            ("usd", -1500, -1500),
        ];
        for (code, stripe, iso) in table {
            assert_eq!(minor(code, stripe), Ok(iso), "{code}");
        }
    }

    #[test]
    fn where_the_exponents_of_stripe_and_iso_differ_is_known() {
        let mut differing: Vec<String> = Vec::new();
        for code in
            (b'A'..=b'Z').flat_map(|a| (b'A'..=b'Z').flat_map(move |b| (b'A'..=b'Z').map(move |c| [a, b, c])))
        {
            let code = String::from_utf8(code.to_vec()).unwrap();
            if let Some(denomination) = Denomination::from_code(&code)
                && denomination.shift != 0
            {
                differing.push(format!("{code}{:+}", denomination.shift));
            }
        }
        insta::assert_snapshot!(differing.join(" "));
    }

    #[test]
    fn a_part_that_iso_cannot_express_is_an_error() {
        for code in ["isk", "ugx"] {
            let error = minor(code, 50_050).unwrap_err();
            assert_eq!(error, MappingError::NotWhole { pointer: "/amount".to_owned() });
            assert_eq!(minor(code, -50_000), Ok(-500));
        }
    }

    #[test]
    fn amounts_that_do_not_fit_and_unknown_currencies_are_errors() {
        assert_eq!(minor("mga", i64::MAX), Err(MappingError::TooLarge { pointer: "/amount".to_owned() }));
        for code in ["usdc", "", "zzz"] {
            assert_eq!(
                minor(code, 1),
                Err(MappingError::Currency { pointer: "/currency".to_owned() }),
                "{code}"
            );
        }
    }

    #[test]
    fn an_amount_without_sign_must_not_be_negative() {
        let node = Node::parse(r#"{"a":-1,"b":0,"c":"1"}"#, "").unwrap();
        let gbp = Denomination::from_code("gbp").unwrap();
        assert_eq!(gbp.need_unsigned(&node, "a"), Err(MappingError::Negative { pointer: "/a".to_owned() }));
        assert_eq!(gbp.need_unsigned(&node, "b"), Ok(gbp.zero()));
        assert_eq!(gbp.optional_unsigned(&node, "absent"), Ok(None));
        assert!(matches!(gbp.optional(&node, "c"), Err(MappingError::WrongType { .. })));
    }

    #[test]
    fn prices_keep_their_places_up_to_twelve() {
        let price = |code: &str, text: &str| Denomination::from_code(code).unwrap().price(text);
        assert_eq!(price("gbp", "4900").as_deref(), Some("4900"));
        assert_eq!(price("gbp", "0.050000000001").as_deref(), Some("0.050000000001"));
        assert_eq!(price("isk", "50000").as_deref(), Some("500"));
        assert_eq!(price("isk", "12.5").as_deref(), Some("0.125"));
        assert_eq!(price("mga", "12.5").as_deref(), Some("1250"));
        assert_eq!(price("gbp", "0.0000000000001"), None);
        assert_eq!(price("gbp", "free"), None);
    }
}

//! What the business sells.

use crate::market::{Market, Tax};

/// A plan at a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) key: &'static str,
    pub(crate) name: String,
    pub(crate) price_id: String,
    pub(crate) product_id: String,
    /// Minor units a period and seat; with tax where the market's prices contain it.
    pub(crate) price: i64,
    /// How many months a period has: 1 or 12.
    pub(crate) months: i64,
}

impl Plan {
    pub(crate) fn interval(&self) -> &'static str {
        if self.months == 12 { "year" } else { "month" }
    }
}

/// Something bought once.
#[derive(Debug)]
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) price_id: &'static str,
    pub(crate) product_id: &'static str,
    /// Minor units, without tax.
    pub(crate) price: i64,
}

/// A size of plan: key, name, product, and its monthly price in pence without tax.
type Tier = (&'static str, &'static str, &'static str, i64);

/// The sizes of plans, from small to large.
pub(crate) const TIERS: [Tier; 3] = [
    ("starter", "Starter", "prod_simStarter", 1_900),
    ("pro", "Pro", "prod_simPro", 4_900),
    ("studio", "Studio", "prod_simStudio", 9_900),
];
/// A year costs as much as ten months.
const YEAR_COSTS_MONTHS: i64 = 10;

/// The plan of a size for a market, by the month or by the year.
pub(crate) fn plan(tier: usize, market: &Market, months: i64) -> Plan {
    let (key, name, product, pence) =
        TIERS.get(tier).copied().unwrap_or(("starter", "Starter", "prod_simStarter", 1_900));
    let unit = match (market.currency, market.tax) {
        ("eur", _) => pence + 400,
        ("usd", _) => pence + 600,
        (_, Tax::Within) => pence + Tax::OnTop.of(pence),
        _ => pence,
    };
    let price = if months == 12 { unit * YEAR_COSTS_MONTHS } else { unit };
    let word = if months == 12 { "Yearly" } else { "Monthly" };
    let suffix = match (market.currency, market.tax) {
        ("gbp", Tax::OnTop) => String::new(),
        ("gbp", _) => "Incl".to_owned(),
        (currency, _) => currency.to_uppercase(),
    };
    Plan {
        key,
        name: format!("{name} {}", word.to_lowercase()),
        price_id: format!("price_sim{name}{}{word}{suffix}", price / 100),
        product_id: product.to_owned(),
        price,
        months,
    }
}

pub(crate) static FEATURED: Extra = Extra {
    name: "Featured listing",
    price_id: "price_simFeatured150",
    product_id: "prod_simFeatured",
    price: 15_000,
};
pub(crate) static NEWSLETTER: Extra = Extra {
    name: "Newsletter mention",
    price_id: "price_simNewsletter37",
    product_id: "prod_simNewsletter",
    price: 3_745,
};

/// The fee for a payment in pence: 1.5 % rounded half up, and 20 pence.
pub(crate) fn payment_fee(amount: i64) -> i64 {
    (amount * 15 + 500) / 1000 + 20
}

/// What is charged beside for the exchange: 2 % rounded half up.
pub(crate) fn exchange_fee(amount: i64) -> i64 {
    (amount * 20 + 500) / 1000
}

/// The fee for a dispute; it is kept when the dispute is won.
pub(crate) const DISPUTE_FEE: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{HOME, HOME_INCLUSIVE};

    #[test]
    fn fees_are_rounded_half_up() {
        assert_eq!([5_880, 9_900, 100, 99].map(payment_fee), [108, 169, 22, 21]);
        assert_eq!([100, 24, 25].map(exchange_fee), [2, 0, 1]);
    }

    #[test]
    fn a_plan_has_a_price_for_each_market_and_period() {
        assert_eq!(plan(1, &HOME, 1).price, 4_900);
        assert_eq!(plan(1, &HOME, 12).price, 49_000);
        assert_eq!(plan(1, &HOME_INCLUSIVE, 1).price, 5_880);
        assert_eq!(plan(2, &Market::in_america(), 1).price_id, "price_simStudio105MonthlyUSD");
        assert_eq!(plan(0, &HOME, 1).price_id, "price_simStarter19Monthly");
    }
}

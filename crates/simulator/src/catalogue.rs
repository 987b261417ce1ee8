//! What the business sells.

/// A monthly plan.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) price_id: &'static str,
    pub(crate) product_id: &'static str,
    /// Pence a month, without tax.
    pub(crate) price: i64,
}

/// Something bought once.
#[derive(Debug)]
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) price_id: &'static str,
    pub(crate) product_id: &'static str,
    /// Pence, without tax.
    pub(crate) price: i64,
}

pub(crate) static STARTER: Plan = Plan {
    key: "starter",
    name: "Starter monthly",
    price_id: "price_simStarter19Monthly",
    product_id: "prod_simStarter",
    price: 1_900,
};
pub(crate) static PRO: Plan = Plan {
    key: "pro",
    name: "Pro monthly",
    price_id: "price_simPro49Monthly",
    product_id: "prod_simPro",
    price: 4_900,
};
pub(crate) static STUDIO: Plan = Plan {
    key: "studio",
    name: "Studio monthly",
    price_id: "price_simStudio99Monthly",
    product_id: "prod_simStudio",
    price: 9_900,
};

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

/// Tax on top of a price: 20 %, rounded half up.
pub(crate) fn tax_on(price: i64) -> i64 {
    (price * 20 + 50) / 100
}

/// The fee for a payment: 1.5 % rounded half up, and 20 pence.
pub(crate) fn payment_fee(amount: i64) -> i64 {
    (amount * 15 + 500) / 1000 + 20
}

/// The fee for a dispute; it is kept when the dispute is won.
pub(crate) const DISPUTE_FEE: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_and_fees_are_rounded_half_up() {
        assert_eq!([1_900, 4_900, 9_900, 3_745].map(tax_on), [380, 980, 1_980, 749]);
        assert_eq!([5_880, 9_900, 100, 99].map(payment_fee), [108, 169, 22, 21]);
    }
}

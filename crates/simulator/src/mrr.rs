//! What is true of MRR: exact sums of what the story decided, without the engine that is tested.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::calendar;

/// The kinds of movement, in the order in which they are shown.
pub const MOVEMENT_KINDS: [&str; 9] =
    ["new", "expansion", "contraction", "churn", "reactivation", "pause", "resume", "discountEnd", "fx"];

/// Why MRR changed; its number is its place in [`MOVEMENT_KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    New,
    Expansion,
    Contraction,
    Churn,
    Reactivation,
    Pause,
    Resume,
    DiscountEnd,
    Fx,
}

impl Kind {
    fn place(self) -> usize {
        match self {
            Self::New => 0,
            Self::Expansion => 1,
            Self::Contraction => 2,
            Self::Churn => 3,
            Self::Reactivation => 4,
            Self::Pause => 5,
            Self::Resume => 6,
            Self::DiscountEnd => 7,
            Self::Fx => 8,
        }
    }
}

/// Into how many parts a converted penny is divided: the millionths that rates are rounded to.
const MILLIONTHS: i128 = 1_000_000;
/// A twelfth of a sixth of a hundredth: a year's month of a price without its inclusive tax.
const FINE: i128 = 7_200;
/// The parts of a penny in which all is summed.
const PARTS: i128 = MILLIONTHS * FINE;

/// An exact amount of pence and parts of a penny; signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Pence(i128);

impl Pence {
    /// In pounds, rounded half to even to the penny, as decimal text such as `49.00`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        decimal(half_even(self.0, PARTS))
    }

    /// True when this decimal text is the amount rounded up or down to the penny. Parts that are shown beside their
    /// total may be rounded either way, so that they add up.
    #[must_use]
    pub fn is_shown_as(self, shown: &str) -> bool {
        let down = self.0.div_euclid(PARTS);
        let up = if self.0.rem_euclid(PARTS) == 0 { down } else { down + 1 };
        shown == decimal(down) || shown == decimal(up)
    }

    fn plus(self, other: i128) -> Self {
        Self(self.0 + other)
    }
}

/// What is paid a month for `amount` minor units every `months` months, without the sixth that is tax where it is
/// within the price, and at the rate at which `presented` became `settled` pence.
pub(crate) fn monthly(amount: i64, months: i64, is_tax_within: bool, rate: Option<(i64, i64)>) -> Pence {
    let fine =
        i128::from(amount) * FINE * if is_tax_within { 5 } else { 6 } / (6 * i128::from(months.max(1)));
    match rate {
        None => Pence(fine * MILLIONTHS),
        Some((settled, presented)) => {
            let numerator = fine * i128::from(settled) * MILLIONTHS;
            Pence(half_even(numerator, FINE * i128::from(presented.max(1))) * FINE)
        }
    }
}

/// A month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrMonth {
    /// Such as `2026-03`.
    pub label: String,
    /// MRR before it.
    pub start: Pence,
    /// MRR after it.
    pub end: Pence,
    /// What changed it, in the order of [`MOVEMENT_KINDS`]; they sum to `end − start`.
    pub movements: [Pence; 9],
    /// How many suppliers have MRR above 0 after it.
    pub suppliers: i64,
}

/// MRR after the last event, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrTruth {
    /// The whole business.
    pub total: Pence,
    /// Each customer (`cus_…`), those without any included.
    pub by_customer: BTreeMap<String, Pence>,
    /// From the first month to the last. Nothing changes between 21:00 and 06:00 UTC, so they are the same in London.
    pub months: Vec<MrrMonth>,
}

impl MrrTruth {
    /// In pounds, rounded half to even: `{total, months: [{month, start, end, movements: {new, …}, suppliers}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let months: Vec<Value> = self
            .months
            .iter()
            .map(|month| {
                let movements: Map<String, Value> = MOVEMENT_KINDS
                    .iter()
                    .zip(month.movements)
                    .map(|(kind, amount)| ((*kind).to_owned(), json!(amount.to_decimal())))
                    .collect();
                json!({
                    "month": month.label, "start": month.start.to_decimal(), "end": month.end.to_decimal(),
                    "movements": movements, "suppliers": month.suppliers,
                })
            })
            .collect();
        json!({"total": self.total.to_decimal(), "currency": "GBP", "months": months})
    }
}

/// What a customer pays now, and whether it ever did.
#[derive(Debug, Default)]
struct Page {
    now: Pence,
    has_paid: bool,
}

/// What changed in a month.
#[derive(Debug, Default, Clone, Copy)]
struct Change {
    movements: [Pence; 9],
    suppliers: i64,
}

/// The sums while they grow. Each customer's changes come in the order of time.
#[derive(Debug, Default)]
pub(crate) struct MrrBooks {
    pages: BTreeMap<String, Page>,
    months: BTreeMap<i64, Change>,
}

impl MrrBooks {
    /// Opens a customer's page, so that one who never paid is there too.
    pub(crate) fn open(&mut self, customer: &str) {
        self.pages.entry(customer.to_owned()).or_default();
    }

    /// A customer pays again, or for the first time.
    pub(crate) fn begin(&mut self, customer: &str, at: i64, worth: Pence) {
        let has_paid = self.pages.get(customer).is_some_and(|page| page.has_paid);
        self.change(customer, at, if has_paid { Kind::Reactivation } else { Kind::New }, worth);
    }

    /// A customer goes on with another plan.
    pub(crate) fn replace(&mut self, customer: &str, at: i64, worth: Pence) {
        let now = self.pages.get(customer).map(|page| page.now).unwrap_or_default();
        self.change(customer, at, if worth > now { Kind::Expansion } else { Kind::Contraction }, worth);
    }

    /// A customer pays so much from now on. No movement when it is what it paid before.
    pub(crate) fn change(&mut self, customer: &str, at: i64, kind: Kind, worth: Pence) {
        let page = self.pages.entry(customer.to_owned()).or_default();
        let difference = worth.0 - page.now.0;
        if difference == 0 {
            return;
        }
        let change = self.months.entry(calendar::month_of_second(at)).or_default();
        change.suppliers += i64::from(worth.0 > 0) - i64::from(page.now.0 > 0);
        if let Some(sum) = change.movements.get_mut(kind.place()) {
            *sum = sum.plus(difference);
        }
        *page = Page { now: worth, has_paid: page.has_paid || worth.0 > 0 };
    }

    pub(crate) fn close(self, months: Range<i64>) -> MrrTruth {
        let (mut now, mut suppliers) = (Pence::default(), 0);
        let mut told = Vec::new();
        for month in months {
            let change = self.months.get(&month).copied().unwrap_or_default();
            let start = now;
            for movement in change.movements {
                now = now.plus(movement.0);
            }
            suppliers += change.suppliers;
            let label = calendar::label(month);
            told.push(MrrMonth { label, start, end: now, movements: change.movements, suppliers });
        }
        let by_customer: BTreeMap<String, Pence> =
            self.pages.into_iter().map(|(customer, page)| (customer, page.now)).collect();
        let total = by_customer.values().fold(Pence::default(), |sum, worth| sum.plus(worth.0));
        MrrTruth { total, by_customer, months: told }
    }
}

/// `numerator ÷ denominator` (positive), rounded half to even.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient.rem_euclid(2) != 0,
        std::cmp::Ordering::Greater => true,
    };
    quotient + i128::from(up)
}

fn decimal(pence: i128) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let size = pence.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_an_inclusive_price_and_a_rate_are_exact() {
        assert_eq!(monthly(4_900, 1, false, None).to_decimal(), "49.00");
        assert_eq!(monthly(6_000, 1, true, None).to_decimal(), "50.00");
        let year = monthly(10_000, 12, false, None);
        assert_eq!(year.to_decimal(), "8.33");
        assert_eq!(Pence(year.0 * 12).to_decimal(), "100.00");
        assert_eq!(monthly(10_000, 1, false, Some((8_000, 10_000))).to_decimal(), "80.00");
        let converted = monthly(10_000, 1, false, Some((1, 3)));
        assert_eq!(converted.0, 3_333_333_333 * FINE, "rounded to millionths");
    }

    #[test]
    fn an_amount_is_shown_rounded_either_way_and_in_no_other() {
        let amount = Pence(833 * PARTS + PARTS / 3);
        assert!(amount.is_shown_as("8.33") && amount.is_shown_as("8.34"));
        assert!(!amount.is_shown_as("8.32") && !amount.is_shown_as("8.35"));
        let less = Pence(-5 * PARTS);
        assert!(less.is_shown_as("-0.05") && !less.is_shown_as("-0.04"));
        assert_eq!(Pence(PARTS / 2).to_decimal(), "0.00");
        assert_eq!(Pence(PARTS * 3 / 2).to_decimal(), "0.02");
    }

    #[test]
    fn movements_add_up_and_the_first_payment_is_new_once() {
        let mut books = MrrBooks::default();
        let (january, march) = (calendar::second_of(24_300, 5, 0), calendar::second_of(24_302, 5, 0));
        books.open("cus_free");
        books.begin("cus_1", january, monthly(4_900, 1, false, None));
        books.change("cus_1", january, Kind::Expansion, monthly(9_900, 1, false, None));
        books.change("cus_1", march, Kind::Churn, Pence::default());
        books.begin("cus_1", march, monthly(1_900, 1, false, None));
        books.change("cus_free", march, Kind::Churn, Pence::default());
        let truth = books.close(24_300..24_303);
        assert_eq!(truth.total.to_decimal(), "19.00");
        assert_eq!(truth.months.iter().map(|month| month.suppliers).collect::<Vec<_>>(), [1, 1, 1]);
        let last = truth.to_json()["months"][2].clone();
        assert_eq!((&last["start"], &last["end"]), (&json!("99.00"), &json!("19.00")));
        assert_eq!(last["movements"]["reactivation"], "19.00");
        assert_eq!(last["movements"]["churn"], "-99.00");
        assert_eq!(truth.to_json()["months"][0]["movements"]["new"], "49.00");
        assert_eq!(truth.by_customer["cus_free"], Pence::default());
    }
}

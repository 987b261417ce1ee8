//! Amounts between whole minor units.

use std::cmp::Ordering;

use super::MrrError;
use crate::money::{Rounding, div_round};
use crate::{Currency, Money};

/// Into how many parts a minor unit is divided: a multiple of every number up to 36, so that each length of a billing
/// period divides exactly, and of 10⁸, so that prices in fractions of a minor unit do.
pub const PARTS: i128 = 144_403_552_893_600 * 1_000_000;

/// Parts of a converted amount: it is rounded half even to millionths of a minor unit.
const PARTS_OF_MILLIONTH: i128 = PARTS / 1_000_000;

/// An exact amount: [`PARTS`]ths of a minor unit of one currency. What does not divide (a rate of exchange, a share of
/// tax) is rounded half even to one part. Nothing wraps: an amount that is too large is an error.
///
/// ```
/// use ltv_core::subscription::Exact;
/// use ltv_core::{Currency, Money};
///
/// let year = Exact::of(Money::from_minor(1_000, Currency::GBP))?;
/// let month = year.scaled(1, 12)?;
/// assert_eq!(month.rounded()?.to_string(), "0.83 GBP");
/// assert_eq!(month.scaled(12, 1)?, year);
/// # Ok::<(), ltv_core::subscription::MrrError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exact {
    parts: i128,
    currency: Currency,
}

impl Exact {
    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { parts: 0, currency }
    }

    /// The same as a booked amount.
    ///
    /// # Errors
    /// [`MrrError::Overflow`]
    pub fn of(money: Money) -> Result<Self, MrrError> {
        Self::of_minor(i128::from(money.minor()), 1, money.currency())
    }

    /// `numer ÷ denom` minor units.
    ///
    /// # Errors
    /// [`MrrError::Overflow`], also where `denom` is zero.
    pub fn of_minor(numer: i128, denom: i128, currency: Currency) -> Result<Self, MrrError> {
        Ok(Self { parts: times(PARTS, numer, denom)?, currency })
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in [`PARTS`]ths of a minor unit.
    #[must_use]
    pub const fn parts(self) -> i128 {
        self.parts
    }

    /// True when nothing is left.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.parts == 0
    }

    /// True for more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.parts > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MrrError::Mixed`], [`MrrError::Overflow`]
    pub fn plus(self, other: Self) -> Result<Self, MrrError> {
        self.same_currency(other)?;
        Ok(Self { parts: self.parts.checked_add(other.parts).ok_or(MrrError::Overflow)?, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MrrError::Mixed`], [`MrrError::Overflow`]
    pub fn minus(self, other: Self) -> Result<Self, MrrError> {
        self.same_currency(other)?;
        Ok(Self { parts: self.parts.checked_sub(other.parts).ok_or(MrrError::Overflow)?, ..self })
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// [`MrrError::Overflow`]
    pub fn negated(self) -> Result<Self, MrrError> {
        Ok(Self { parts: self.parts.checked_neg().ok_or(MrrError::Overflow)?, ..self })
    }

    /// This × `numer` ÷ `denom`.
    ///
    /// # Errors
    /// [`MrrError::Overflow`], also where `denom` is zero.
    pub fn scaled(self, numer: i128, denom: i128) -> Result<Self, MrrError> {
        Ok(Self { parts: times(self.parts, numer, denom)?, ..self })
    }

    /// This × `numer` ÷ `denom` in another currency, both by minor units; rounded half even to millionths of a minor
    /// unit, so that a figure can be checked with a pocket calculator.
    ///
    /// # Errors
    /// [`MrrError::Overflow`], also where `denom` is zero.
    pub fn converted(self, numer: i128, denom: i128, to: Currency) -> Result<Self, MrrError> {
        let parts = times(self.parts, numer, denom)?;
        let millionths =
            div_round(parts, PARTS_OF_MILLIONTH, Rounding::HalfEven).ok_or(MrrError::Overflow)?;
        Ok(Self {
            parts: millionths.checked_mul(PARTS_OF_MILLIONTH).ok_or(MrrError::Overflow)?,
            currency: to,
        })
    }

    /// The sum of `amounts`, all in `currency`.
    ///
    /// # Errors
    /// [`MrrError::Mixed`], [`MrrError::Overflow`]
    pub fn sum(amounts: impl IntoIterator<Item = Self>, currency: Currency) -> Result<Self, MrrError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// The smaller of two amounts of one currency; of two currencies, this one.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        match self.partial_cmp(&other) {
            Some(Ordering::Greater) => other,
            Some(Ordering::Less | Ordering::Equal) | None => self,
        }
    }

    /// In whole minor units, rounded half even.
    ///
    /// # Errors
    /// [`MrrError::Overflow`]
    pub fn rounded(self) -> Result<Money, MrrError> {
        let minor = div_round(self.parts, PARTS, Rounding::HalfEven).ok_or(MrrError::Overflow)?;
        match i64::try_from(minor) {
            Ok(minor) => Ok(Money::from_minor(minor, self.currency)),
            Err(_too_large) => Err(MrrError::Overflow),
        }
    }

    fn same_currency(self, other: Self) -> Result<(), MrrError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MrrError::Mixed { left: self.currency, right: other.currency })
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.parts.cmp(&other.parts))
    }
}

/// `value × numer ÷ denom`, rounded half even. Where the product is too large, divides first what divides.
fn times(value: i128, numer: i128, denom: i128) -> Result<i128, MrrError> {
    if let Some(product) = value.checked_mul(numer) {
        return div_round(product, denom, Rounding::HalfEven).ok_or(MrrError::Overflow);
    }
    let (numer, denom) = reduced(numer, denom)?;
    let (value, denom) = reduced(value, denom)?;
    let whole = value.checked_div(denom).and_then(|whole| whole.checked_mul(numer));
    let rest = value.checked_rem(denom).and_then(|rest| rest.checked_mul(numer));
    let rest = rest.and_then(|rest| div_round_of(whole, rest, denom));
    whole.zip(rest).and_then(|(whole, rest)| whole.checked_add(rest)).ok_or(MrrError::Overflow)
}

/// Rounds `rest ÷ denom` so that its sum with `whole` is half even.
fn div_round_of(whole: Option<i128>, rest: i128, denom: i128) -> Option<i128> {
    let odd = whole?.checked_rem(2)?;
    // An odd whole is moved into the rest, since evenness is that of the sum.
    let moved = rest.checked_add(odd.checked_mul(denom)?)?;
    div_round(moved, denom, Rounding::HalfEven)?.checked_sub(odd)
}

fn reduced(left: i128, right: i128) -> Result<(i128, i128), MrrError> {
    let divisor = greatest_common(left.unsigned_abs(), right.unsigned_abs());
    let divisor = i128::try_from(divisor).unwrap_or(1);
    left.checked_div(divisor).zip(right.checked_div(divisor)).ok_or(MrrError::Overflow)
}

fn greatest_common(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left.checked_rem(right).unwrap_or_default());
    }
    left
}

/// Rounds `parts` to whole minor units that add up to `total`: each down, then one more for the largest remainders;
/// ties go to the earlier part. `total` is what the sum of the parts is shown as: at most one unit from it.
///
/// # Errors
/// [`MrrError::Mixed`], [`MrrError::Overflow`]; also where the parts have little to do with `total`.
pub fn shown(total: Money, parts: &[Exact]) -> Result<Vec<Money>, MrrError> {
    let mut floors = Vec::with_capacity(parts.len());
    let mut order = Vec::with_capacity(parts.len());
    let mut missing = i128::from(total.minor());
    for (index, part) in parts.iter().enumerate() {
        part.same_currency(Exact::zero(total.currency()))?;
        let (floor, rest) = (part.parts.div_euclid(PARTS), part.parts.rem_euclid(PARTS));
        missing = missing.checked_sub(floor).ok_or(MrrError::Overflow)?;
        floors.push(floor);
        order.push((part.is_zero(), rest, index));
    }
    let step = missing.signum();
    order.sort_by(|a, b| {
        let by_rest = if step < 0 { a.1.cmp(&b.1) } else { b.1.cmp(&a.1) };
        a.0.cmp(&b.0).then(by_rest).then(a.2.cmp(&b.2))
    });
    let count = usize::try_from(missing.unsigned_abs()).ok().filter(|count| *count <= parts.len());
    let count = count.ok_or(MrrError::Overflow)?;
    for (_, _, index) in order.into_iter().take(count) {
        if let Some(floor) = floors.get_mut(index) {
            *floor = floor.checked_add(step).ok_or(MrrError::Overflow)?;
        }
    }
    let money = |minor| i64::try_from(minor).ok().map(|minor| Money::from_minor(minor, total.currency()));
    floors.into_iter().map(money).collect::<Option<Vec<_>>>().ok_or(MrrError::Overflow)
}

/// `numer ÷ denom` as a decimal text with four places, such as `0.9500`; `None` when `denom` is not positive.
#[must_use]
pub fn ratio_text(numer: Exact, denom: Exact) -> Option<String> {
    if !denom.is_positive() || numer.currency != denom.currency {
        return None;
    }
    // Down to what can be multiplied; both alike, which cannot be seen in four places.
    let shift = if denom.parts > i128::MAX / 20_000 || numer.parts.abs() > i128::MAX / 20_000 {
        1_000_000
    } else {
        1
    };
    let scaled = numer.parts.checked_div(shift)?.checked_mul(10_000)?;
    places(div_round(scaled, denom.parts.checked_div(shift)?, Rounding::HalfEven)?)
}

/// `numer ÷ denom` of two counts, as [`ratio_text`].
#[must_use]
pub fn count_ratio_text(numer: u64, denom: u64) -> Option<String> {
    places(div_round(i128::from(numer).checked_mul(10_000)?, i128::from(denom), Rounding::HalfEven)?)
}

fn places(ten_thousandths: i128) -> Option<String> {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let size = ten_thousandths.checked_abs()?;
    Some(format!("{sign}{}.{:04}", size.div_euclid(10_000), size.rem_euclid(10_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(numer: i128, denom: i128) -> Exact {
        Exact::of_minor(numer, denom, Currency::GBP).unwrap()
    }

    #[test]
    fn every_billing_period_divides_exactly() {
        for months in 1..=36 {
            let month = exact(9_999, 1).scaled(1, months).unwrap();
            assert_eq!(month.scaled(months, 1).unwrap(), exact(9_999, 1), "{months}");
        }
        assert_eq!(exact(1_200, 1).scaled(52, 12).unwrap(), exact(5_200, 1));
    }

    #[test]
    fn rounding_is_half_even_and_happens_once() {
        for (numer, minor) in [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2)] {
            assert_eq!(exact(numer, 2).rounded().unwrap().minor(), minor, "{numer}/2");
        }
        let rated = exact(10_001, 1).converted(76, 101, Currency::EUR).unwrap();
        assert_eq!(rated.parts() % PARTS_OF_MILLIONTH, 0);
        assert_eq!(rated.currency(), Currency::EUR);
    }

    #[test]
    fn an_odd_share_rounds_to_the_even_neighbour_of_the_whole() {
        assert_eq!(times(3, 1, 2).unwrap(), 2);
        assert_eq!(times(5, 1, 2).unwrap(), 2);
        assert_eq!(times(7, 1, 2).unwrap(), 4);
        assert_eq!(times(-5, 1, 2).unwrap(), -2);
        assert_eq!(times(7, 3, 2).unwrap(), 10);
        // The same where the product has no place: thirds, and halves above an odd and an even whole.
        let large = 1_i128 << 126;
        assert_eq!(times(large, 6, 9).unwrap(), (large - 1) / 3 * 2 + 1);
        assert_eq!(times(large + 2, 3, 6).unwrap(), large / 2 + 1);
        assert_eq!(times(large + 1, 3, 6).unwrap(), large / 2);
        assert_eq!(times(large + 3, 3, 6).unwrap(), large / 2 + 2);
        assert_eq!(times(large, 8, 3), Err(MrrError::Overflow));
    }

    #[test]
    fn too_much_and_mixed_currencies_are_errors() {
        assert_eq!(Exact::of_minor(i128::MAX, 1, Currency::GBP), Err(MrrError::Overflow));
        assert_eq!(exact(1, 1).scaled(1, 0), Err(MrrError::Overflow));
        let mixed = exact(1, 1).plus(Exact::zero(Currency::EUR));
        assert_eq!(mixed, Err(MrrError::Mixed { left: Currency::GBP, right: Currency::EUR }));
        assert_eq!(exact(1, 1).partial_cmp(&Exact::zero(Currency::EUR)), None);
    }

    #[test]
    fn parts_shown_add_up_to_the_total_shown() {
        let show = |total: i64, parts: &[(i128, i128)]| -> Vec<i64> {
            let parts: Vec<Exact> = parts.iter().map(|(numer, denom)| exact(*numer, *denom)).collect();
            let shown = shown(Money::from_minor(total, Currency::GBP), &parts).unwrap();
            shown.into_iter().map(Money::minor).collect()
        };
        assert_eq!(show(100, &[(100, 3), (100, 3), (100, 3)]), [34, 33, 33]);
        assert_eq!(show(2, &[(0, 1), (3, 2)]), [0, 2]);
        assert_eq!(show(0, &[(1, 1), (0, 1)]), [0, 0]);
        assert_eq!(show(-1, &[(-3, 2), (1, 2)]), [-1, 0]);
        let nothing_alike = shown(Money::from_minor(9, Currency::GBP), &[exact(1, 1)]);
        assert_eq!(nothing_alike, Err(MrrError::Overflow));
    }

    #[test]
    fn ratios_have_four_places_and_none_without_a_base() {
        assert_eq!(ratio_text(exact(76, 1), exact(80, 1)).as_deref(), Some("0.9500"));
        assert_eq!(ratio_text(exact(-1, 1), exact(3, 1)).as_deref(), Some("-0.3333"));
        assert_eq!(ratio_text(exact(1, 1), exact(0, 1)), None);
        assert_eq!(count_ratio_text(7, 8).as_deref(), Some("0.8750"));
        assert_eq!(count_ratio_text(7, 0), None);
    }
}

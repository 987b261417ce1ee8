//! Rounding that names its strategy.

/// How a quotient becomes a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; a half goes to the even neighbour. The house's choice wherever none is named.
    HalfEven,
    /// To the nearest; a half goes away from zero.
    HalfUp,
    /// Towards zero.
    Down,
}

/// `numer ÷ denom`, rounded. Negative quotients mirror positive ones. `None` when `denom` is zero or the result has
/// no place in 128 bits.
///
/// ```
/// use ltv_core::money::{Rounding, div_round};
///
/// assert_eq!(div_round(25, 10, Rounding::HalfEven), Some(2));
/// assert_eq!(div_round(-25, 10, Rounding::HalfUp), Some(-3));
/// assert_eq!(div_round(29, 10, Rounding::Down), Some(2));
/// assert_eq!(div_round(1, 0, Rounding::Down), None);
/// ```
#[must_use]
pub fn div_round(numer: i128, denom: i128, rounding: Rounding) -> Option<i128> {
    let quotient = numer.checked_div(denom)?;
    let rest = numer.checked_rem(denom)?.unsigned_abs();
    // Compares the rest with what is missing to the next whole, which cannot overflow as doubling could.
    let missing = denom.unsigned_abs().checked_sub(rest)?;
    let away = match rounding {
        _ if rest == 0 => false,
        Rounding::Down => false,
        Rounding::HalfUp => rest >= missing,
        Rounding::HalfEven => rest > missing || (rest == missing && quotient.checked_rem(2)? != 0),
    };
    match (away, (numer < 0) == (denom < 0)) {
        (false, _) => Some(quotient),
        (true, true) => quotient.checked_add(1),
        (true, false) => quotient.checked_sub(1),
    }
}

/// The share of `whole` that `part` of `total` has: `whole × part ÷ total`, half even. `None` when `total` is zero or
/// the result has no place in 64 bits.
#[must_use]
pub fn share(whole: i64, part: i64, total: i64) -> Option<i64> {
    let numer = i128::from(whole).checked_mul(i128::from(part))?;
    i64::try_from(div_round(numer, i128::from(total), Rounding::HalfEven)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_even_goes_to_the_even_neighbour_on_both_sides_of_zero() {
        let halves = [(5, 0), (15, 2), (25, 2), (35, 4), (-5, 0), (-15, -2), (-25, -2)];
        for (numer, expected) in halves {
            assert_eq!(div_round(numer, 10, Rounding::HalfEven), Some(expected), "{numer}");
        }
        assert_eq!(div_round(15, -10, Rounding::HalfEven), Some(-2));
        assert_eq!(div_round(-26, 10, Rounding::HalfEven), Some(-3));
    }

    #[test]
    fn the_extremes_neither_wrap_nor_panic() {
        assert_eq!(div_round(i128::MIN, -1, Rounding::HalfEven), None);
        assert_eq!(div_round(i128::MAX, i128::MAX, Rounding::HalfUp), Some(1));
        assert_eq!(div_round(i128::MAX, i128::MIN, Rounding::HalfUp), Some(-1));
        assert_eq!(share(i64::MAX, 2, 1), None);
        assert_eq!(share(i64::MAX, i64::MAX, i64::MAX), Some(i64::MAX));
        assert_eq!(share(1, 1, 0), None);
    }
}

//! Splitting an amount so that nothing is lost.

use super::{Money, MoneyError};

impl Money {
    /// Splits this amount in proportion to `weights`: largest remainder, ties to the earlier part.
    ///
    /// The parts have the sign of the whole and sum to it exactly; a weight of zero gets nothing; a negative amount
    /// is split as the mirror of the positive one.
    ///
    /// ```
    /// use ltv_core::{Currency, Money};
    ///
    /// let parts = Money::from_minor(100, Currency::GBP).allocate(&[1, 1, 1])?;
    /// let minor: Vec<i64> = parts.iter().map(|part| part.minor()).collect();
    /// assert_eq!(minor, [34, 33, 33]);
    ///
    /// assert!(Money::from_minor(100, Currency::GBP).allocate(&[0, 0]).is_err());
    /// # Ok::<(), ltv_core::MoneyError>(())
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when the weights sum to zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let total = weights
            .iter()
            .try_fold(0_i128, |sum, weight| sum.checked_add(i128::from(*weight)))
            .ok_or(MoneyError::Overflow)?;
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let shares = self.floor_shares(weights, total).ok_or(MoneyError::Overflow)?;
        shares
            .into_iter()
            .map(|share| i64::try_from(share).ok().map(|minor| Self::from_minor(minor, self.currency())))
            .collect::<Option<Vec<Self>>>()
            .ok_or(MoneyError::Overflow)
    }

    /// Each part's whole units towards zero, and one more for the largest remainders until nothing is left.
    fn floor_shares(self, weights: &[u64], total: i128) -> Option<Vec<i128>> {
        let whole = i128::from(self.minor());
        let step = whole.signum();
        let mut shares = Vec::with_capacity(weights.len());
        let mut remainders = Vec::with_capacity(weights.len());
        let mut left = whole;
        for (index, weight) in weights.iter().enumerate() {
            let numer = whole.checked_mul(i128::from(*weight))?;
            let share = numer.checked_div(total)?;
            left = left.checked_sub(share)?;
            shares.push(share);
            remainders.push((numer.checked_rem(total)?.unsigned_abs(), index));
        }
        remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let missing = usize::try_from(left.unsigned_abs()).ok()?;
        for (_, index) in remainders.into_iter().take(missing) {
            let share = shares.get_mut(index)?;
            *share = share.checked_add(step)?;
        }
        Some(shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn split(minor: i64, weights: &[u64]) -> Vec<i64> {
        let parts = Money::from_minor(minor, Currency::GBP).allocate(weights).unwrap();
        parts.into_iter().map(Money::minor).collect()
    }

    #[test]
    fn the_largest_remainders_get_the_last_units_and_ties_go_to_the_earlier() {
        assert_eq!(split(10_000, &[1, 1, 1]), [3_334, 3_333, 3_333]);
        assert_eq!(split(5, &[3, 7]), [2, 3]); // 1.5 and 3.5 tie
        assert_eq!(split(10, &[1, 0, 2]), [3, 0, 7]);
    }

    #[test]
    fn a_negative_total_mirrors_the_positive_one() {
        assert_eq!(split(-10_000, &[1, 1, 1]), [-3_334, -3_333, -3_333]);
        assert_eq!(split(0, &[1, 1]), [0, 0]);
    }

    #[test]
    fn the_largest_amounts_and_weights_are_split_without_overflow() {
        let parts = split(i64::MIN, &[u64::MAX, u64::MAX]);
        assert_eq!(parts, [i64::MIN / 2, i64::MIN / 2]);
        let nobody = Money::from_minor(1, Currency::GBP);
        assert_eq!(nobody.allocate(&[]), Err(MoneyError::NoWeights));
        assert_eq!(nobody.allocate(&[0, 0]), Err(MoneyError::NoWeights));
    }
}

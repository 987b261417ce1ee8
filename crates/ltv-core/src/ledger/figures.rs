//! Realised figures: what balances say to people.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Account;
use crate::{Currency, Money};

/// Sums of postings per account and currency: amount in minor units (debit positive), and quantity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances {
    /// Account and currency to (amount, quantity).
    pub sums: BTreeMap<(Account, Currency), (i64, i64)>,
}

/// The figures of a supplier, or of the whole store, in one currency. Amounts are as people read them: income,
/// refunds, fees and balances positive, a loss of exchange negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Number of payments.
    pub payments: i64,
    /// Captured, tax included.
    pub gross: Money,
    /// Tax in `gross`, as the provider reported it.
    pub tax: Money,
    /// Given back, without its tax.
    pub refunds: Money,
    /// Number of refunds that stand.
    pub refund_count: i64,
    /// Forced back, without its tax.
    pub chargebacks: Money,
    /// Number of disputes, however they ended.
    pub disputes: i64,
    /// Number of inquiries.
    pub inquiries: i64,
    /// Kept by the provider for processing.
    pub processor_fees: Money,
    /// Kept by the provider for disputes.
    pub dispute_fees: Money,
    /// gross − tax − refunds − chargebacks − processor fees − dispute fees.
    pub net_revenue: Money,
    /// Gain (positive) or loss of exchange; never revenue.
    pub fx_difference: Money,
    /// Announced, not yet received.
    pub pending: Money,
    /// Owed to the customer.
    pub customer_credit: Money,
    /// Part of `gross` from recurring lines.
    pub recurring: Money,
    /// Part of `gross` from one-off lines.
    pub one_off: Money,
    /// Left at the provider after payouts.
    pub provider_balance: Money,
    /// The size of what cannot be explained yet.
    pub unexplained: Money,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FiguresError {
    /// A sum is too large.
    #[error("a sum in {currency} is too large")]
    Overflow {
        /// The currency.
        currency: Currency,
    },
}

impl Balances {
    /// Adds an amount and a quantity.
    ///
    /// # Errors
    /// [`FiguresError::Overflow`].
    pub fn add(
        &mut self,
        account: Account,
        currency: Currency,
        amount_minor: i64,
        quantity: i64,
    ) -> Result<(), FiguresError> {
        let sum = self.sums.entry((account, currency)).or_default();
        let added = (sum.0.checked_add(amount_minor), sum.1.checked_add(quantity));
        match added {
            (Some(amount), Some(count)) => {
                *sum = (amount, count);
                Ok(())
            }
            (None, _) | (_, None) => Err(FiguresError::Overflow { currency }),
        }
    }

    /// The currencies in which anything but zero stands.
    #[must_use]
    pub fn currencies(&self) -> Vec<Currency> {
        let standing =
            self.sums.iter().filter(|(_, sum)| **sum != (0, 0)).map(|((_, currency), _)| *currency);
        standing.collect::<BTreeSet<Currency>>().into_iter().collect()
    }

    /// The figures in `currency`. Counts are of all postings in that currency.
    ///
    /// # Errors
    /// [`FiguresError::Overflow`].
    pub fn figures(&self, currency: Currency) -> Result<Figures, FiguresError> {
        use Account as A;
        let owed = |accounts: &[Account]| self.money(accounts, currency, Side::Credit);
        let held = |accounts: &[Account]| self.money(accounts, currency, Side::Debit);
        Ok(Figures {
            payments: self.count(&[A::RevenueRecurring, A::RevenueOneOff], currency)?,
            gross: owed(GROSS)?,
            tax: owed(TAX)?,
            refunds: held(&[A::Refunds])?,
            refund_count: self.count(&[A::Refunds], currency)?,
            chargebacks: held(&[A::Chargebacks])?,
            disputes: self.count(&[A::Chargebacks], currency)?,
            inquiries: self.count(&[A::Inquiries], currency)?,
            processor_fees: held(&[A::ProcessorFees])?,
            dispute_fees: held(&[A::DisputeFees])?,
            net_revenue: owed(NET_REVENUE)?,
            fx_difference: owed(&[A::FxDifference])?,
            pending: held(&[A::Pending])?,
            customer_credit: owed(&[A::CustomerCredit])?,
            recurring: owed(&[A::RevenueRecurring, A::TaxRecurring])?,
            one_off: owed(&[A::RevenueOneOff, A::TaxOneOff])?,
            provider_balance: held(&[A::ProviderBalance])?,
            unexplained: held(&[A::Unexplained])?,
        })
    }

    fn money(&self, accounts: &[Account], currency: Currency, side: Side) -> Result<Money, FiguresError> {
        let overflow = FiguresError::Overflow { currency };
        let sum = self.sum(accounts, currency, |(amount, _)| amount).ok_or(overflow.clone())?;
        let signed = match side {
            Side::Debit => Some(sum),
            Side::Credit => sum.checked_neg(),
        };
        let minor = signed.and_then(|sum| i64::try_from(sum).ok()).ok_or(overflow)?;
        Ok(Money::from_minor(minor, currency))
    }

    fn count(&self, accounts: &[Account], currency: Currency) -> Result<i64, FiguresError> {
        let sum = self.sum(accounts, currency, |(_, quantity)| quantity);
        sum.and_then(|sum| i64::try_from(sum).ok()).ok_or(FiguresError::Overflow { currency })
    }

    fn sum(&self, accounts: &[Account], currency: Currency, part: fn((i64, i64)) -> i64) -> Option<i128> {
        let sums = accounts.iter().filter_map(|account| self.sums.get(&(*account, currency)));
        sums.map(|sum| i128::from(part(*sum))).try_fold(0_i128, i128::checked_add)
    }
}

/// The side on which people read an account as positive.
#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

/// Income with its tax. Credit is in it with its sign: what a customer paid in is income once, when it was paid in or
/// when it is used, and never twice.
pub(crate) const GROSS: &[Account] = &[
    Account::RevenueRecurring,
    Account::RevenueOneOff,
    Account::TaxRecurring,
    Account::TaxOneOff,
    Account::CustomerCredit,
];

/// Tax as charged.
pub(crate) const TAX: &[Account] = &[Account::TaxRecurring, Account::TaxOneOff];

/// gross − tax − refunds − chargebacks − processor fees − dispute fees: gross without the tax accounts, then the costs.
const NET_REVENUE: &[Account] = &[
    Account::RevenueRecurring,
    Account::RevenueOneOff,
    Account::CustomerCredit,
    Account::Refunds,
    Account::Chargebacks,
    Account::ProcessorFees,
    Account::DisputeFees,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn balances(sums: &[(Account, i64, i64)]) -> Balances {
        let mut balances = Balances::default();
        for (account, amount, quantity) in sums {
            balances.add(*account, Currency::GBP, *amount, *quantity).unwrap();
        }
        balances
    }

    #[test]
    fn figures_read_as_people_read_them_and_net_revenue_follows_its_formula() {
        let figures = balances(&[
            (Account::ProviderBalance, 4_592, 0),
            (Account::RevenueRecurring, -4_900, 1),
            (Account::TaxRecurring, -980, 0),
            (Account::Refunds, 833, 1),
            (Account::TaxReturned, 167, 0),
            (Account::ProcessorFees, 108, 0),
            (Account::FxDifference, 180, 0),
            (Account::Unexplained, 300, 0),
            (Account::Memorandum, -300, 0),
        ])
        .figures(Currency::GBP)
        .unwrap();
        assert_eq!((figures.payments, figures.refund_count), (1, 1));
        assert_eq!(figures.gross.to_decimal_string(), "58.80");
        assert_eq!(figures.tax.to_decimal_string(), "9.80");
        assert_eq!(figures.recurring.to_decimal_string(), "58.80");
        assert_eq!(figures.refunds.to_decimal_string(), "8.33");
        assert_eq!(figures.net_revenue.to_decimal_string(), "39.59");
        assert_eq!(figures.fx_difference.to_decimal_string(), "-1.80");
        assert_eq!(figures.provider_balance.to_decimal_string(), "45.92");
        assert_eq!(figures.unexplained.to_decimal_string(), "3.00");
    }

    #[test]
    fn another_currency_has_figures_of_its_own_and_zeros_are_no_currency() {
        let mut balances = balances(&[(Account::Bank, 5, 0)]);
        balances.add(Account::Bank, Currency::EUR, 0, 0).unwrap();
        assert_eq!(balances.currencies(), [Currency::GBP]);
        assert!(balances.figures(Currency::EUR).unwrap().gross.is_zero());
    }

    #[test]
    fn a_sum_that_is_too_large_is_an_error() {
        let mut balances = balances(&[(Account::RevenueOneOff, i64::MIN, 0)]);
        let overflow = Err(FiguresError::Overflow { currency: Currency::GBP });
        assert_eq!(balances.add(Account::RevenueOneOff, Currency::GBP, -1, 0), overflow);
        assert!(balances.figures(Currency::GBP).is_err());
    }
}

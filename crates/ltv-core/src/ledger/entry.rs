//! Balanced double entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Line, LineKey};
use crate::Currency;

/// One signed amount on one account, debit positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Where and of what.
    #[serde(flatten)]
    pub key: LineKey,
    /// How much.
    #[serde(flatten)]
    pub line: Line,
}

/// A balanced, immutable set of postings. There is no way to make one that does not sum to zero per currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    postings: Vec<Posting>,
}

/// Why no entry can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The postings do not sum to zero.
    #[error("postings in {currency} sum to {sum_minor} minor units instead of zero")]
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// The sum.
        sum_minor: i128,
    },
    /// An amount is too large for 64 bits.
    #[error("an amount is too large")]
    Overflow,
    /// There are no postings.
    #[error("an entry needs postings")]
    Empty,
}

impl Entry {
    /// Makes an entry of these postings, which must sum to zero in each currency.
    ///
    /// # Errors
    /// [`EntryError::Unbalanced`], [`EntryError::Overflow`] or [`EntryError::Empty`].
    pub fn new(mut postings: Vec<Posting>) -> Result<Self, EntryError> {
        if postings.is_empty() {
            return Err(EntryError::Empty);
        }
        check_balance(postings.iter().map(|posting| (posting.key.currency, posting.line.amount_minor)))?;
        postings.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { postings })
    }

    /// The postings, in the order of their keys.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// Checks that amounts sum to zero in each currency.
pub(super) fn check_balance(amounts: impl Iterator<Item = (Currency, i64)>) -> Result<(), EntryError> {
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for (currency, amount) in amounts {
        let sum = sums.entry(currency).or_default();
        *sum = sum.checked_add(i128::from(amount)).ok_or(EntryError::Overflow)?;
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((currency, sum_minor)) => Err(EntryError::Unbalanced { currency, sum_minor }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Account;
    use crate::{MessageId, ObjectKey, Party, Provider};

    fn posting(account: Account, currency: Currency, amount_minor: i64) -> Posting {
        let key = LineKey {
            account,
            party: Party::Unassigned(Provider::Stripe),
            currency,
            effective_at: chrono::DateTime::UNIX_EPOCH,
            fact: ObjectKey::new(Provider::Stripe, "ch_1"),
        };
        Posting { key, line: Line { amount_minor, quantity: 0, source: MessageId(1) } }
    }

    #[test]
    fn a_balanced_entry_holds_its_postings_in_the_order_of_their_keys() {
        let entry = Entry::new(vec![
            posting(Account::RevenueOneOff, Currency::GBP, -100),
            posting(Account::ProviderBalance, Currency::GBP, 100),
        ])
        .unwrap();
        let accounts: Vec<Account> = entry.postings().iter().map(|posting| posting.key.account).collect();
        assert_eq!(accounts, [Account::ProviderBalance, Account::RevenueOneOff]);
    }

    #[test]
    fn an_entry_that_does_not_balance_in_each_currency_cannot_be_made() {
        let postings = vec![
            posting(Account::ProviderBalance, Currency::GBP, 100),
            posting(Account::RevenueOneOff, Currency::EUR, -100),
        ];
        assert_eq!(
            Entry::new(postings),
            Err(EntryError::Unbalanced { currency: Currency::EUR, sum_minor: -100 })
        );
        assert_eq!(Entry::new(Vec::new()), Err(EntryError::Empty));
    }
}

//! A target in the making.

use std::collections::BTreeMap;

use super::CaseError;
use crate::ledger::entry::{EntryError, check_balance};
use crate::ledger::{Account, Line, LineKey, Target};
use crate::money::share;
use crate::{Currency, MessageId, Money, MoneyError, ObjectKey, Party, Timestamp};

/// An amount has no place in 64 bits. The case adds its name when it turns this into an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault;

impl From<MoneyError> for Fault {
    fn from(_: MoneyError) -> Self {
        Self
    }
}

/// What lines speak of, when it happened, whose it is, and which message showed it.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub party: Party,
    pub object: ObjectKey,
    pub at: Timestamp,
    pub source: MessageId,
}

/// Lines that grow. Same keys are summed.
#[derive(Debug, Default)]
pub(super) struct Draft {
    lines: BTreeMap<LineKey, Line>,
}

impl Draft {
    /// Adds an amount, debit positive, and a count.
    pub fn add(&mut self, fact: &Fact, account: Account, money: Money, quantity: i64) -> Result<(), Fault> {
        if money.is_zero() && quantity == 0 {
            return Ok(());
        }
        let key = LineKey {
            account,
            party: fact.party.clone(),
            currency: money.currency(),
            effective_at: fact.at,
            fact: fact.object.clone(),
        };
        let line =
            self.lines.entry(key).or_insert(Line { amount_minor: 0, quantity: 0, source: fact.source });
        line.amount_minor = add(line.amount_minor, money.minor())?;
        line.quantity = add(line.quantity, quantity)?;
        line.source = line.source.max(fact.source);
        Ok(())
    }

    /// Moves money to one account from another.
    pub fn pair(&mut self, fact: &Fact, debit: Account, credit: Account, money: Money) -> Result<(), Fault> {
        self.add(fact, debit, money, 0)?;
        self.add(fact, credit, money.checked_neg()?, 0)
    }

    /// Counts without money.
    pub fn count(
        &mut self,
        fact: &Fact,
        account: Account,
        currency: Currency,
        quantity: i64,
    ) -> Result<(), Fault> {
        self.add(fact, account, Money::zero(currency), quantity)
    }

    /// Notes the size of what cannot be explained.
    pub fn unexplained(&mut self, fact: &Fact, money: Money) -> Result<(), Fault> {
        self.pair(fact, Account::Unexplained, Account::Memorandum, money.checked_abs()?)
    }

    /// Money that came into the provider's balance and cannot be explained.
    pub fn suspense(&mut self, fact: &Fact, came_in: Money) -> Result<(), Fault> {
        self.pair(fact, Account::ProviderBalance, Account::Suspense, came_in)?;
        self.unexplained(fact, came_in)
    }

    /// The target, without lines that came to nothing.
    pub fn finish(mut self, anchor: &ObjectKey) -> Result<Target, CaseError> {
        self.lines.retain(|_, line| line.amount_minor != 0 || line.quantity != 0);
        match check_balance(self.lines.iter().map(|(key, line)| (key.currency, line.amount_minor))) {
            Ok(()) => Ok(Target { lines: self.lines }),
            Err(EntryError::Unbalanced { currency, .. }) => {
                Err(CaseError::Unbalanced { anchor: anchor.clone(), currency })
            }
            Err(EntryError::Overflow | EntryError::Empty) => {
                Err(CaseError::Overflow { anchor: anchor.clone() })
            }
        }
    }
}

/// The sum.
pub(super) fn add(left: i64, right: i64) -> Result<i64, Fault> {
    left.checked_add(right).ok_or(Fault)
}

/// The difference.
pub(super) fn sub(left: i64, right: i64) -> Result<i64, Fault> {
    left.checked_sub(right).ok_or(Fault)
}

/// `whole × part ÷ total`, half even; nothing when there is no total to have a part of.
pub(super) fn share_of(whole: i64, part: i64, total: i64) -> Result<i64, Fault> {
    if total == 0 { Ok(0) } else { share(whole, part, total).ok_or(Fault) }
}

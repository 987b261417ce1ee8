//! What the postings of a case should add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Account, Entry, EntryError, Posting};
use crate::{Currency, MessageId, ObjectKey, Party, Timestamp};

/// What makes two postings of a case speak of the same thing, so that their difference can be booked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineKey {
    /// The account.
    pub account: Account,
    /// Whose money.
    pub party: Party,
    /// The currency.
    pub currency: Currency,
    /// When it became true in the world.
    pub effective_at: Timestamp,
    /// The object that it speaks of: the charge, refund, dispute, settlement, invoice.
    pub fact: ObjectKey,
}

/// How much a line adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Minor units, debit positive.
    pub amount_minor: i64,
    /// How many objects of the account's kind this line counts: payments on revenue, refunds on refunds …
    pub quantity: i64,
    /// The message in the inbox that showed it. Not part of the digest.
    pub source: MessageId,
}

/// The lines that the postings of one case should add up to. They sum to zero per currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Lines whose amount or quantity is not zero.
    pub lines: BTreeMap<LineKey, Line>,
}

impl Target {
    /// The entry that leads from what is `posted` (sums per key, zeros allowed) to this target; `None` when nothing
    /// is missing.
    ///
    /// A line that is posted and no longer wanted is reversed, under the message that was posted with it.
    ///
    /// # Errors
    /// [`EntryError`] on overflow, or when this target does not balance.
    pub fn entry(&self, posted: &BTreeMap<LineKey, Line>) -> Result<Option<Entry>, EntryError> {
        let mut postings = Vec::new();
        for (key, wanted) in &self.lines {
            let (amount, quantity) =
                posted.get(key).map_or((0, 0), |line| (line.amount_minor, line.quantity));
            let line = Line {
                amount_minor: wanted.amount_minor.checked_sub(amount).ok_or(EntryError::Overflow)?,
                quantity: wanted.quantity.checked_sub(quantity).ok_or(EntryError::Overflow)?,
                source: wanted.source,
            };
            push(&mut postings, key, line);
        }
        for (key, line) in posted.iter().filter(|(key, _)| !self.lines.contains_key(key)) {
            let reversal = Line {
                amount_minor: line.amount_minor.checked_neg().ok_or(EntryError::Overflow)?,
                quantity: line.quantity.checked_neg().ok_or(EntryError::Overflow)?,
                source: line.source,
            };
            push(&mut postings, key, reversal);
        }
        if postings.is_empty() { Ok(None) } else { Entry::new(postings).map(Some) }
    }
}

fn push(postings: &mut Vec<Posting>, key: &LineKey, line: Line) {
    if line.amount_minor != 0 || line.quantity != 0 {
        postings.push(Posting { key: key.clone(), line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Provider;

    fn line(account: Account, amount_minor: i64, quantity: i64, source: i64) -> (LineKey, Line) {
        let key = LineKey {
            account,
            party: Party::Unassigned(Provider::Stripe),
            currency: Currency::GBP,
            effective_at: chrono::DateTime::UNIX_EPOCH,
            fact: ObjectKey::new(Provider::Stripe, "ch_1"),
        };
        (key, Line { amount_minor, quantity, source: MessageId(source) })
    }

    fn a_target() -> Target {
        let lines = [line(Account::ProviderBalance, 100, 0, 2), line(Account::RevenueOneOff, -100, 1, 2)];
        Target { lines: lines.into_iter().collect() }
    }

    #[test]
    fn only_what_is_missing_is_booked() {
        let posted = [line(Account::ProviderBalance, 40, 0, 1), line(Account::RevenueOneOff, -40, 1, 1)]
            .into_iter()
            .collect();
        let entry = a_target().entry(&posted).unwrap().unwrap();
        let amounts: Vec<(i64, i64)> = entry
            .postings()
            .iter()
            .map(|posting| (posting.line.amount_minor, posting.line.quantity))
            .collect();
        assert_eq!(amounts, [(60, 0), (-60, 0)]);
        assert!(entry.postings().iter().all(|posting| posting.line.source == MessageId(2)));
    }

    #[test]
    fn nothing_is_booked_when_the_target_is_reached() {
        let target = a_target();
        assert_eq!(target.entry(&target.lines), Ok(None));
        assert_eq!(Target::default().entry(&BTreeMap::new()), Ok(None));
    }

    #[test]
    fn what_is_no_longer_wanted_is_reversed_under_its_own_message() {
        let posted = a_target().lines;
        let entry = Target::default().entry(&posted).unwrap().unwrap();
        let sum: i64 = entry.postings().iter().map(|posting| posting.line.quantity).sum();
        assert_eq!(sum, -1);
        assert!(entry.postings().iter().all(|posting| posting.line.source == MessageId(2)));
    }

    #[test]
    fn a_target_that_does_not_balance_gives_no_entry() {
        let lone = Target { lines: [line(Account::ProviderBalance, 100, 0, 1)].into_iter().collect() };
        assert!(matches!(lone.entry(&BTreeMap::new()), Err(EntryError::Unbalanced { .. })));
    }
}

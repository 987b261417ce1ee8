//! The order-free hash of all that is booked.

use std::collections::{BTreeMap, BTreeSet};

use sha2::Digest as _;

use crate::ledger::LineKey;
use crate::subscription::PartyFact;

/// Collects lines and facts in any order and gives their digest: SHA-256 over the sorted net lines with their anchors,
/// then over the sorted facts with theirs.
///
/// Equal for every order, repetition and split of the same messages. Lines that sum to nothing do not count; message
/// numbers and times of recording are left out. Whoever adds cases in their order keeps few in memory, with
/// [`Digest::settle`].
#[derive(Debug, Clone, Default)]
pub struct Digest {
    hash: sha2::Sha256,
    lines: BTreeMap<(String, LineKey), (i128, i128)>,
    facts: BTreeSet<(String, String)>,
}

impl Digest {
    /// Adds `amount_minor` and `quantity` to the line `key` of the case `anchor`.
    pub fn add(&mut self, anchor: &str, key: &LineKey, amount_minor: i64, quantity: i64) {
        let sum = self.lines.entry((anchor.to_owned(), key.clone())).or_default();
        // 128 bits cannot run over by adding numbers of 64 bits, however many there are.
        sum.0 = sum.0.saturating_add(i128::from(amount_minor));
        sum.1 = sum.1.saturating_add(i128::from(quantity));
    }

    /// Adds a fact of the case `anchor`: the newest version of each.
    pub fn add_fact(&mut self, anchor: &str, fact: &PartyFact) {
        let mut value = serde_json::to_value(fact).unwrap_or_default();
        without_messages(&mut value);
        self.facts.insert((anchor.to_owned(), value.to_string()));
    }

    /// Takes into the hash what was added, and forgets it. No case that is added later may sort before those that were,
    /// or be one of them; and facts come after all lines.
    pub fn settle(&mut self) {
        for ((anchor, key), (amount, quantity)) in std::mem::take(&mut self.lines) {
            if amount == 0 && quantity == 0 {
                continue;
            }
            let fields = [
                anchor,
                key.account.to_string(),
                key.party.to_string(),
                key.currency.to_string(),
                key.effective_at.timestamp_micros().to_string(),
                key.fact.to_string(),
                amount.to_string(),
                quantity.to_string(),
            ];
            hash_fields(&mut self.hash, &fields);
        }
        for (anchor, fact) in std::mem::take(&mut self.facts) {
            hash_fields(&mut self.hash, &["fact".to_owned(), anchor, fact]);
        }
    }

    /// The digest, as 64 hexadecimal digits.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.settle();
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn hash_fields(hash: &mut sha2::Sha256, fields: &[String]) {
    for field in fields {
        // The length goes first, so that no two lists of fields read the same.
        hash.update(format!("{}:{field}", field.len()));
    }
    hash.update("\n");
}

/// Takes the numbers of messages out: they go by arrival.
fn without_messages(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.remove("source");
            fields.values_mut().for_each(without_messages);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(without_messages),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Account;
    use crate::observation::SubscriptionStatus;
    use crate::testkit::a_subscription;
    use crate::{Currency, ObjectKey, Party, Provider};

    fn key(account: Account) -> LineKey {
        LineKey {
            account,
            party: Party::Unassigned(Provider::Stripe),
            currency: Currency::GBP,
            effective_at: chrono::DateTime::UNIX_EPOCH,
            fact: ObjectKey::new(Provider::Stripe, "ch_1"),
        }
    }

    fn digest(lines: &[(&str, Account, i64, i64)]) -> String {
        let mut digest = Digest::default();
        for (anchor, account, amount, quantity) in lines {
            digest.add(anchor, &key(*account), *amount, *quantity);
        }
        digest.finish()
    }

    #[test]
    fn order_and_splitting_do_not_matter() {
        let whole = digest(&[("a", Account::Bank, 100, 1), ("a", Account::Refunds, -100, 0)]);
        let split = digest(&[
            ("a", Account::Refunds, -100, 0),
            ("a", Account::Bank, 60, 0),
            ("b", Account::Bank, 5, 0),
            ("a", Account::Bank, 40, 1),
            ("b", Account::Bank, -5, 0),
        ]);
        assert_eq!(whole, split);
        assert_eq!(whole.len(), 64);
    }

    #[test]
    fn cases_that_come_in_order_may_be_settled_one_by_one() {
        let told = contract(1, SubscriptionStatus::Active);
        let of = |settled: bool| {
            let mut digest = Digest::default();
            for anchor in ["a", "b"] {
                digest.add(anchor, &key(Account::Bank), 100, 1);
                if settled {
                    digest.settle();
                }
            }
            for anchor in ["a", "b"] {
                digest.add_fact(anchor, &told);
                if settled {
                    digest.settle();
                }
            }
            assert_eq!(digest.lines.is_empty() && digest.facts.is_empty(), settled);
            digest.finish()
        };
        assert_eq!(of(true), of(false));
    }

    fn contract(source: i64, status: SubscriptionStatus) -> PartyFact {
        let told = a_subscription("sub_1", "30.00 GBP").status(status).message(source).build();
        crate::subscription::facts(&told.object.clone(), &[told]).remove(0)
    }

    #[test]
    fn facts_join_the_digest_whatever_the_number_of_their_message() {
        let with = |facts: &[PartyFact]| {
            let mut digest = Digest::default();
            facts.iter().for_each(|fact| digest.add_fact("stripe:sub_1", fact));
            digest.finish()
        };
        let (active, paused) = (SubscriptionStatus::Active, SubscriptionStatus::Paused);
        let told = contract(1, active.clone());
        assert_eq!(with(std::slice::from_ref(&told)), with(&[contract(2, active), told.clone()]));
        assert_ne!(with(std::slice::from_ref(&told)), with(&[contract(1, paused)]));
        assert_ne!(with(&[told]), with(&[]));
    }

    #[test]
    fn any_other_amount_count_anchor_or_account_gives_another_digest() {
        let whole = digest(&[("a", Account::Bank, 100, 1)]);
        for other in [
            ("a", Account::Bank, 101, 1),
            ("a", Account::Bank, 100, 2),
            ("b", Account::Bank, 100, 1),
            ("a", Account::Refunds, 100, 1),
        ] {
            assert_ne!(whole, digest(&[other]));
        }
        assert_eq!(digest(&[]), digest(&[("a", Account::Bank, 0, 0)]));
    }
}

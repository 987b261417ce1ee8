//! Why a figure is what it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{Account, FiguresError, Posting, figures};
use crate::{Currency, MessageId, Money, ObjectKey};

/// A figure, or a part of one. The children sum to their parent; a leaf names the message behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// What it is.
    pub label: String,
    /// How much, with the sign with which it goes into its parent.
    pub value: Money,
    /// Its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
    /// The message behind a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<MessageId>,
}

/// A posting with the anchor of the case that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPosting {
    /// The anchor.
    pub anchor: ObjectKey,
    /// The posting.
    pub posting: Posting,
}

/// The parts of net revenue: label, accounts, and the sign of a posting in it.
const PARTS: &[(&str, &[Account], Sign)] = &[
    ("gross", figures::GROSS, Sign::Turned),
    ("tax", figures::TAX, Sign::Kept),
    ("refunds", &[Account::Refunds], Sign::Turned),
    ("chargebacks", &[Account::Chargebacks], Sign::Turned),
    ("processorFees", &[Account::ProcessorFees], Sign::Turned),
    ("disputeFees", &[Account::DisputeFees], Sign::Turned),
];

/// How a posting's sign goes into net revenue. Income is posted negative and counts positive, costs the other way
/// round: both are turned. Tax is in gross with its turned sign and taken off by its own.
#[derive(Debug, Clone, Copy)]
enum Sign {
    Turned,
    Kept,
}

/// Explains the net revenue in `currency`: by its parts, then by case, then by posting. Costs are negative, since
/// they go into net revenue with that sign.
///
/// # Errors
/// [`FiguresError::Overflow`].
pub fn explain(postings: &[ExplainedPosting], currency: Currency) -> Result<Explained, FiguresError> {
    let overflow = || FiguresError::Overflow { currency };
    let parts: Option<Vec<Explained>> =
        PARTS.iter().map(|part| explain_part(postings, currency, part)).collect();
    node("netRevenue".to_owned(), currency, parts.ok_or_else(overflow)?).ok_or_else(overflow)
}

fn explain_part(
    postings: &[ExplainedPosting],
    currency: Currency,
    (label, accounts, sign): &(&str, &[Account], Sign),
) -> Option<Explained> {
    let mut cases: BTreeMap<&ObjectKey, Vec<Explained>> = BTreeMap::new();
    for explained in postings {
        let posting = &explained.posting;
        let wanted = posting.key.currency == currency && accounts.contains(&posting.key.account);
        if wanted && posting.line.amount_minor != 0 {
            cases.entry(&explained.anchor).or_default().push(leaf(posting, *sign)?);
        }
    }
    let children: Option<Vec<Explained>> =
        cases.into_iter().map(|(anchor, leaves)| node(anchor.to_string(), currency, leaves)).collect();
    node((*label).to_owned(), currency, children?)
}

fn leaf(posting: &Posting, sign: Sign) -> Option<Explained> {
    let key = &posting.key;
    let minor = match sign {
        Sign::Kept => posting.line.amount_minor,
        Sign::Turned => posting.line.amount_minor.checked_neg()?,
    };
    Some(Explained {
        label: format!("{} · {} · {}", key.account, key.fact, key.effective_at.date_naive()),
        value: Money::from_minor(minor, key.currency),
        children: Vec::new(),
        source: Some(posting.line.source),
    })
}

fn node(label: String, currency: Currency, children: Vec<Explained>) -> Option<Explained> {
    let value = Money::try_sum(children.iter().map(|child| child.value), currency).ok()?;
    Some(Explained { label, value, children, source: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Case;
    use crate::policy::Policy;
    use crate::testkit::{a_charge, a_refund, a_settlement, key};

    fn explained() -> Explained {
        let told = [
            a_charge("ch_1").of("50.00 GBP").message(1).build(),
            a_settlement("txn_1").of_charge("ch_1", "50.00 GBP").fee("0.95").message(2).build(),
            a_refund("re_1").of("ch_1", "20.00 GBP").message(3).build(),
        ];
        let target = Case::gather(key("ch_1"), &told).target(&Policy::preset_default()).unwrap();
        let postings: Vec<ExplainedPosting> = target
            .lines
            .into_iter()
            .map(|(line_key, line)| ExplainedPosting {
                anchor: key("ch_1"),
                posting: Posting { key: line_key, line },
            })
            .collect();
        explain(&postings, Currency::GBP).unwrap()
    }

    #[test]
    fn parts_go_in_with_their_sign_and_leaves_name_account_fact_date_and_message() {
        let root = explained();
        assert_eq!((root.label.as_str(), root.value.to_string().as_str()), ("netRevenue", "29.05 GBP"));
        let parts: Vec<(String, String)> =
            root.children.iter().map(|part| (part.label.clone(), part.value.to_decimal_string())).collect();
        let wanted = [
            ("gross", "50.00"),
            ("tax", "0.00"),
            ("refunds", "-20.00"),
            ("chargebacks", "0.00"),
            ("processorFees", "-0.95"),
            ("disputeFees", "0.00"),
        ];
        assert_eq!(parts, wanted.map(|(label, value)| (label.to_owned(), value.to_owned())));
        let case = &root.children[2].children[0];
        assert_eq!(case.label, "stripe:ch_1");
        assert_eq!(case.children[0].label, "refunds · stripe:re_1 · 2026-01-02");
        assert_eq!(case.children[0].source, Some(MessageId(3)));
    }

    #[test]
    fn other_currencies_and_empty_books_explain_to_nothing() {
        let root = explain(&[], Currency::EUR).unwrap();
        assert!(root.value.is_zero());
        assert!(root.children.iter().all(|part| part.children.is_empty()));
    }
}

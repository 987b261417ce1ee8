//! Hard cases with the right answer, each told in order, in reverse, and with every message twice.
#![expect(clippy::unwrap_used, reason = "a broken test must fail loudly")]

mod account;
mod billing;
mod payments;
mod returns;

use ltv_core::ledger::{Account, Case, Figures, Target};
use ltv_core::policy::Policy;
use ltv_core::testkit::{day, figures_of, key};
use ltv_core::{Currency, Money, Observation};

/// The figures of one case, the same in given and reversed order and with every message twice.
fn figures(anchor: &str, told: &[Observation]) -> Figures {
    let given = target(anchor, told);
    let mut twice: Vec<Observation> = told.iter().rev().cloned().collect();
    twice.extend(told.iter().cloned());
    assert_eq!(given, target(anchor, &twice), "order or repetition changed the books");
    figures_of(anchor, told, Currency::GBP)
}

fn target(anchor: &str, told: &[Observation]) -> Target {
    Case::gather(key(anchor), told).target(&Policy::preset_default()).unwrap()
}

/// The balance of one account up to the end of a day.
fn balance(target: &Target, account: Account, until_day: i64) -> i64 {
    let until = day(until_day + 1);
    target
        .lines
        .iter()
        .filter(|(key, _)| key.account == account && key.effective_at < until)
        .map(|(_, line)| line.amount_minor)
        .sum()
}

fn text(money: Money) -> String {
    money.to_decimal_string()
}

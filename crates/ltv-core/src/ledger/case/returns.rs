//! Money that went back, by us or by force: its value, its tax and what it cost.
//!
//! All returns of a payment are put in the order in which they happened. Value and tax are the running share of the
//! whole, and each return gets the difference: so a full return gives back exactly what was taken, and a return that
//! failed leaves the others as if it had never been.

mod disputes;
mod refunds;

pub(super) use refunds::{is_capture_remainder, when_ended};

use super::Case;
use super::draft::{Draft, Fact, Fault, add, share_of, sub};
use super::gather::Known;
use super::pieces::Taken;
use crate::ledger::Account;
use crate::observation::Payment;
use crate::{Money, Party};

/// What is known of the payment when its returns are booked.
pub(super) struct View<'a> {
    pub case: &'a Case,
    pub party: &'a Party,
    pub taken: Option<&'a Taken>,
    /// The tax in what was taken, in the currency in which it is booked.
    pub tax: i64,
    pub payment: Option<&'a Known<&'a Payment>>,
}

/// One return, or one coming back: then all its numbers are negative.
#[derive(Debug)]
struct Return {
    fact: Fact,
    /// Refunds or chargebacks.
    account: Account,
    /// Its size by its own word.
    own: Money,
    /// Its size in the customer's currency, as far as it can be told.
    presented: Option<i64>,
    /// What left the balance; `None` while no movement is known.
    moved: Option<Money>,
    quantity: i64,
}

/// Books all returns of the case.
pub(super) fn book(view: &View<'_>, draft: &mut Draft) -> Result<(), Fault> {
    let mut returns = Vec::new();
    refunds::collect(view, &mut returns, draft)?;
    disputes::collect(view, &mut returns, draft)?;
    returns.sort_by(|a, b| {
        let place = |item: &Return| (item.fact.at, item.fact.object.clone());
        place(a).cmp(&place(b)).then(b.quantity.cmp(&a.quantity))
    });
    let mut running = Running::default();
    for item in &returns {
        match (view.base(), item.presented) {
            (Some(taken), Some(presented)) => {
                let (value, tax) = running.next(taken, view.tax, presented)?;
                book_valued(item, taken, value, tax, draft)?;
            }
            (Some(_) | None, _) => book_at_cost(item, draft)?,
        }
    }
    Ok(())
}

/// How much went back so far.
#[derive(Default)]
struct Running {
    presented: i64,
    value: i64,
    tax: i64,
}

impl Running {
    /// The value and tax of the next return of `presented`.
    fn next(&mut self, taken: &Taken, tax: i64, presented: i64) -> Result<(i64, i64), Fault> {
        let all = taken.presented.minor();
        self.presented = add(self.presented, presented)?;
        let value = share_of(taken.booked.minor(), self.presented, all)?;
        let tax = share_of(tax, self.presented.clamp(all.min(0), all.max(0)), all)?;
        let step = (sub(value, self.value)?, sub(tax, self.tax)?);
        (self.value, self.tax) = (value, tax);
        Ok(step)
    }
}

/// At the rate of the payment. What the balance lost beyond that is a difference of exchange; in the currency of the
/// payment itself there is none, so that there it cannot be explained.
fn book_valued(item: &Return, taken: &Taken, value: i64, tax: i64, draft: &mut Draft) -> Result<(), Fault> {
    let currency = taken.booked.currency();
    let money = |minor| Money::from_minor(minor, currency);
    let moved = match item.moved {
        Some(moved) if moved.currency() == currency => moved.minor(),
        Some(moved) => {
            // Settled in a currency of which the payment itself knows nothing yet.
            draft.suspense(&item.fact, moved.checked_neg()?)?;
            value
        }
        None => value,
    };
    let difference = money(sub(moved, value)?);
    draft.add(&item.fact, item.account, money(sub(value, tax)?), item.quantity)?;
    draft.add(&item.fact, Account::TaxReturned, money(tax), 0)?;
    draft.add(&item.fact, Account::ProviderBalance, money(moved).checked_neg()?, 0)?;
    if taken.is_of_one_currency() {
        draft.add(&item.fact, Account::Suspense, difference, 0)?;
        draft.unexplained(&item.fact, difference)
    } else {
        draft.add(&item.fact, Account::FxDifference, difference, 0)
    }
}

/// Of a payment that is not known: what it cost, without tax.
fn book_at_cost(item: &Return, draft: &mut Draft) -> Result<(), Fault> {
    let cost = item.moved.unwrap_or(item.own);
    draft.count(&item.fact, item.account, cost.currency(), item.quantity)?;
    draft.pair(&item.fact, item.account, Account::ProviderBalance, cost)
}

impl<'a> View<'a> {
    /// What was taken, where something was, so that returns can be valued by it.
    fn base(&self) -> Option<&'a Taken> {
        self.taken.filter(|taken| !taken.presented.is_zero())
    }

    /// The size of a return in the customer's currency: by its own word, or by what left the balance.
    fn presented(&self, own: Money, moved: Option<Money>) -> Result<Option<i64>, Fault> {
        let Some(taken) = self.base() else { return Ok(None) };
        if own.currency() == taken.presented.currency() {
            return Ok(Some(own.minor()));
        }
        match moved.filter(|moved| moved.currency() == taken.booked.currency()) {
            Some(moved) => share_of(taken.presented.minor(), moved.minor(), taken.booked.minor()).map(Some),
            None => Ok(None),
        }
    }
}

//! What the items of a subscription are worth a month.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::discounts::Window;
use crate::money::{Rounding, div_round};
use crate::observation::SubscriptionItem;
use crate::subscription::calendar::Cycle;
use crate::subscription::{Billed, BilledLine, Exact, MrrError};
use crate::{Currency, Timestamp};

/// A discount that is on: its place among the windows, and the item.
pub(super) type On<'a> = (usize, &'a str);

/// Reads a decimal text as numerator and denominator.
pub(super) fn decimal(text: &str) -> Option<(i128, i128)> {
    let number = Decimal::from_str(text).ok()?.normalize();
    Some((number.mantissa(), 10_i128.checked_pow(number.scale())?))
}

/// The items of one state, and what belongs to their price.
pub(super) struct Items<'a> {
    pub items: &'a [SubscriptionItem],
    pub currency: Currency,
    /// The start of the state, from which periods count where an item does not tell its own.
    pub from: Timestamp,
    pub windows: &'a [Window<'a>],
    pub billed: &'a [&'a Billed],
}

/// An item's price for one period, and the share of it that is a month's.
struct Priced<'a> {
    item: &'a SubscriptionItem,
    cycle: Cycle,
    amount: Exact,
    /// What is left of it without the tax in it.
    untaxed: (i128, i128),
}

pub(super) fn cycle_of(item: &SubscriptionItem) -> Option<Cycle> {
    item.interval.and_then(|interval| Cycle::new(interval, item.interval_count))
}

impl<'a> Items<'a> {
    /// The start of the billed period of an item that holds `at`.
    fn period(&self, item: &SubscriptionItem, at: Timestamp) -> Timestamp {
        let anchor = item.period_start_at.unwrap_or(self.from);
        cycle_of(item).map_or(anchor, |cycle| cycle.period_of(anchor, at))
    }

    /// The start of the latest billed period of any item that holds `at`.
    pub fn latest_period(&self, at: Timestamp) -> Timestamp {
        self.items.iter().map(|item| self.period(item, at)).max().unwrap_or(self.from)
    }

    /// True when invoices have a say in the price: by the tax in it, or by tiers.
    pub fn depend_on_invoices(&self) -> bool {
        let taxed =
            || self.billed.iter().flat_map(|billed| &billed.lines).any(|line| !line.tax_inclusive.is_zero());
        taxed() || self.items.iter().any(|item| !item.metered && item.unit_amount.is_none())
    }

    /// The discounts that are on at `at`.
    pub fn on(&self, at: Timestamp) -> Vec<On<'a>> {
        let mut on = Vec::new();
        for (index, window) in self.windows.iter().enumerate() {
            for item in self.items.iter().filter(|item| window.concerns(&item.item)) {
                if window.is_on(at, self.period(item, at)) {
                    on.push((index, item.item.as_str()));
                }
            }
        }
        let own = |on: &On<'a>| self.windows.get(on.0).is_some_and(|window| !window.gives_way());
        if on.iter().any(own) {
            on.retain(own);
        }
        on
    }

    /// Of discounts by their places, what they are on here.
    pub fn on_these(&self, places: &[usize]) -> Vec<On<'a>> {
        let known = places.iter().filter_map(|place| Some((*place, self.windows.get(*place)?)));
        known
            .flat_map(|(place, window)| {
                let items = self.items.iter().filter(|item| window.concerns(&item.item));
                items.map(move |item| (place, item.item.as_str()))
            })
            .collect()
    }

    /// Their worth a month at `at` with the discounts `on`, in their own currency.
    pub fn monthly(&self, at: Timestamp, on: &[On<'_>]) -> Result<Exact, MrrError> {
        let mut groups: BTreeMap<Cycle, Vec<Priced<'a>>> = BTreeMap::new();
        for item in self.items {
            let Some(cycle) = cycle_of(item) else { continue };
            let Some(amount) = self.amount(item, at)? else { continue };
            let amount = self.less_own_discounts(item, amount, on)?;
            let untaxed = self.untaxed(item, at);
            groups.entry(cycle).or_default().push(Priced { item, cycle, amount, untaxed });
        }
        let mut sum = Exact::zero(self.currency);
        for group in groups.values() {
            sum = sum.plus(self.group(group, on)?)?;
        }
        Ok(sum)
    }

    /// Price × quantity for one period. What is metered is usage and no MRR; what has tiers is what was billed last.
    fn amount(&self, item: &SubscriptionItem, at: Timestamp) -> Result<Option<Exact>, MrrError> {
        if item.metered {
            return Ok(None);
        }
        if let Some((numer, denom)) = item.unit_amount.as_deref().and_then(decimal) {
            let unit = Exact::of_minor(numer, denom, self.currency)?;
            return unit.scaled(i128::from(item.quantity.unwrap_or(1)), 1).map(Some);
        }
        let same_price = |line: &BilledLine| item.price.is_some() && line.price == item.price;
        let Some((billed, last)) = self.line(at, &same_price) else { return Ok(None) };
        // Graduated tiers have a line each.
        let mut sum = Exact::zero(self.currency);
        let of_period = |line: &&BilledLine| line.period_start_at == last.period_start_at;
        for line in billed.lines.iter().filter(of_period).filter(|line| same_price(line)) {
            for part in [line.amount, line.discount, line.tax_inclusive] {
                sum = sum.plus(Exact::of(part)?)?;
            }
        }
        Ok(Some(sum))
    }

    /// The latest line at or before `at` that fits, with its invoice; else the first after.
    fn line(
        &self,
        at: Timestamp,
        fits: &dyn Fn(&BilledLine) -> bool,
    ) -> Option<(&'a Billed, &'a BilledLine)> {
        let lines = || {
            let all =
                self.billed.iter().flat_map(|billed| billed.lines.iter().map(move |line| (*billed, line)));
            all.filter(|(_, line)| line.amount.currency() == self.currency && fits(line))
        };
        let before = lines().filter(|(_, line)| line.period_start_at <= at);
        let latest = before.max_by_key(|(_, line)| line.period_start_at);
        latest.or_else(|| lines().find(|(_, line)| line.period_start_at > at))
    }

    /// The share of an item's price that is not tax: by the invoice lines of the same price and quantity, else of the
    /// same price, else of any.
    fn untaxed(&self, item: &SubscriptionItem, at: Timestamp) -> (i128, i128) {
        if self.billed.iter().all(|billed| billed.lines.iter().all(|line| line.tax_inclusive.is_zero())) {
            return (1, 1);
        }
        let priced = |line: &BilledLine| item.price.is_some() && line.price == item.price;
        let exactly = |line: &BilledLine| priced(line) && line.quantity == item.quantity;
        self.untaxed_by(at, &exactly)
            .or_else(|| self.untaxed_by(at, &priced))
            .or_else(|| self.untaxed_by(at, &|_| true))
            .unwrap_or((1, 1))
    }

    /// The share by the lines that fit, as of `at`. Lines that one share explains to the minor unit are of one rate of
    /// tax, told best by the largest of them: so a rounded tax moves no MRR.
    fn untaxed_by(&self, at: Timestamp, fits: &dyn Fn(&BilledLine) -> bool) -> Option<(i128, i128)> {
        let mut lines: Vec<(Timestamp, i128, i128)> = self
            .billed
            .iter()
            .flat_map(|billed| &billed.lines)
            .filter(|line| line.amount.currency() == self.currency && fits(line))
            .filter_map(|line| {
                let gross = line.amount.minor().checked_add(line.tax_inclusive.minor())?;
                let part = (line.period_start_at, i128::from(line.amount.minor()), i128::from(gross));
                (gross > 0).then_some(part)
            })
            .collect();
        lines.sort();
        let mut rates: Vec<(Timestamp, (i128, i128))> = Vec::new();
        for (start, amount, gross) in lines {
            match rates.last_mut() {
                Some((_, best)) if explains(*best, amount, gross) => {
                    if gross > best.1 {
                        *best = (amount, gross);
                    }
                }
                Some(_) | None => rates.push((start, (amount, gross))),
            }
        }
        let holds = rates.iter().rfind(|(start, _)| *start <= at).or(rates.first());
        holds.map(|(_, share)| *share)
    }

    /// Percentages one after the other, and amounts that are limited to the item.
    fn less_own_discounts(
        &self,
        item: &SubscriptionItem,
        mut amount: Exact,
        on: &[On<'_>],
    ) -> Result<Exact, MrrError> {
        for (index, of) in on {
            let Some(window) = self.windows.get(*index).filter(|_| *of == item.item) else { continue };
            if let Some((numer, denom)) = window.term.percent_off.as_deref().and_then(decimal) {
                let whole = denom.checked_mul(100).ok_or(MrrError::Overflow)?;
                let left = whole.checked_sub(numer).ok_or(MrrError::Overflow)?;
                amount = amount.scaled(left.clamp(0, whole), whole)?;
            } else if window.term.item.is_some() {
                amount = less(amount, window, self.currency)?;
            }
        }
        Ok(amount)
    }

    /// Items that are billed together, less the amounts that come off their invoice, without tax, a month.
    fn group(&self, group: &[Priced<'a>], on: &[On<'_>]) -> Result<Exact, MrrError> {
        let zero = Exact::zero(self.currency);
        let total = Exact::sum(group.iter().map(|priced| priced.amount), self.currency)?;
        let mut left = total;
        for (index, window) in self.windows.iter().enumerate() {
            let is_on = on
                .iter()
                .any(|(of, item)| *of == index && group.iter().any(|priced| priced.item.item == *item));
            if is_on && window.term.item.is_none() && window.term.percent_off.is_none() {
                left = less(left, window, self.currency)?;
            }
        }
        let mut sum = zero;
        for priced in group {
            let (numer, denom) = priced.untaxed;
            let spread = if left == total { priced.amount } else { share(priced.amount, left, total)? };
            let (months, of) = priced.cycle.monthly();
            sum = sum.plus(spread.scaled(numer, denom)?.scaled(months, of)?)?;
        }
        Ok(sum)
    }
}

/// True when a share makes `amount` of `gross`, to the minor unit.
fn explains(share: (i128, i128), amount: i128, gross: i128) -> bool {
    let made = gross.checked_mul(share.0).and_then(|product| div_round(product, share.1, Rounding::HalfEven));
    made.is_some_and(|made| made.abs_diff(amount) <= 1)
}

/// An amount less a discount's amount, at least nothing.
fn less(amount: Exact, window: &Window<'_>, currency: Currency) -> Result<Exact, MrrError> {
    let Some(off) = window.term.amount_off.filter(|off| off.currency() == currency) else {
        return Ok(amount);
    };
    let left = amount.minus(Exact::of(off)?)?;
    Ok(if left.is_positive() { left } else { Exact::zero(currency) })
}

/// `amount × left ÷ total`.
fn share(amount: Exact, left: Exact, total: Exact) -> Result<Exact, MrrError> {
    if total.is_zero() { Ok(amount) } else { amount.scaled(left.parts(), total.parts()) }
}

/// What an invoice's line is worth a month, by the length of its period, and what discounts took off before; both
/// without tax.
pub(super) fn monthly_of_line(line: &BilledLine, cycle: Option<Cycle>) -> Result<(Exact, Exact), MrrError> {
    let (amount, zero) = (Exact::of(line.amount)?, Exact::zero(line.amount.currency()));
    let Some(cycle) = cycle.or_else(|| Cycle::between(line.period_start_at, line.period_end_at)) else {
        return Ok((zero, zero));
    };
    let (months, of) = cycle.monthly();
    let taxed = amount.plus(Exact::of(line.tax_inclusive)?)?;
    let off = share(Exact::of(line.discount)?, amount, taxed)?;
    Ok((amount.scaled(months, of)?, off.scaled(months, of)?))
}

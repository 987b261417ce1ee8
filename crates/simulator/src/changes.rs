//! What a supplier changes within a period: at most one thing.

use crate::billing;
use crate::calendar::{self, DAY, HOUR};
use crate::catalogue::{self, Plan};
use crate::coupons::Lasts;
use crate::disputes;
use crate::invoices::Invoice;
use crate::mrr::Kind;
use crate::returns::{self, later};
use crate::scene::Scene;
use crate::supplier::{self, Supplier};
use crate::tenure::{Ending, Tenure};

/// Per thousand and month.
const BUYS_AN_EXTRA: u64 = 35;
/// Per thousand paused periods.
const RESUMES: u64 = 600;
/// Within which days of a month, and of a year, something changes.
const DAYS_OF_A_MONTH: (i64, i64) = (10, 20);
const DAYS_OF_A_YEAR: (i64, i64) = (30, 300);
/// How many days lie between the end of a plan and the one that goes on from it.
const GAP_DAYS: (i64, i64) = (2, 5);
const SEATS_MAX: i64 = 12;

/// Changes something in the period that began at `start`, or nothing.
pub(crate) fn change(
    tenure: &mut Tenure,
    scene: &mut Scene,
    supplier: &mut Supplier,
    start: i64,
) -> Option<Ending> {
    let months = tenure.subscription.plan.months;
    let (first, last) = if months == 12 { DAYS_OF_A_YEAR } else { DAYS_OF_A_MONTH };
    let at = later(start, supplier.random.between(first, last), &mut supplier.random);
    // A year has more time for the same decision.
    let choice = supplier.random.below(1000) / if months == 12 { 5 } else { 1 };
    if at >= scene.end {
        return None;
    }
    if tenure.subscription.is_paused {
        if supplier.random.chance(RESUMES) {
            resume(tenure, scene, supplier, at);
        }
        return None;
    }
    match choice {
        0..25 => grow(tenure, scene, supplier, at),
        25..40 => resize(tenure, scene, supplier, at, 1),
        40..55 => shrink(tenure, scene, supplier, at),
        55..67 => pause(tenure, scene, supplier, at),
        67..75 => return leave_with_refund(tenure, scene, supplier, at),
        75..103 => ask_to_cancel(tenure, scene, supplier, at),
        103..110 => return switch(tenure, scene, supplier, at),
        _ => {}
    }
    None
}

fn tier_of(plan: &Plan) -> usize {
    catalogue::TIERS.iter().position(|(key, ..)| *key == plan.key).unwrap_or(0)
}

/// The next larger plan, or another seat.
fn grow(tenure: &mut Tenure, scene: &mut Scene, supplier: &mut Supplier, at: i64) {
    let tier = tier_of(&tenure.subscription.plan);
    if tier + 1 >= catalogue::TIERS.len() {
        return resize(tenure, scene, supplier, at, 1);
    }
    let plan = tenure.plan_of(supplier, tier + 1);
    let seats = tenure.subscription.quantity;
    alter(tenure, scene, supplier, at, plan, seats);
}

/// More or fewer seats.
fn resize(tenure: &mut Tenure, scene: &mut Scene, supplier: &mut Supplier, at: i64, by: i64) {
    let seats = (tenure.subscription.quantity + by).clamp(1, SEATS_MAX);
    let plan = tenure.subscription.plan.clone();
    alter(tenure, scene, supplier, at, plan, seats);
}

/// One seat less, or the next smaller plan.
fn shrink(tenure: &mut Tenure, scene: &mut Scene, supplier: &mut Supplier, at: i64) {
    if tenure.subscription.quantity > 1 {
        return resize(tenure, scene, supplier, at, -1);
    }
    if let Some(tier) = tier_of(&tenure.subscription.plan).checked_sub(1) {
        let plan = tenure.plan_of(supplier, tier);
        alter(tenure, scene, supplier, at, plan, 1);
    }
}

/// Another plan or number of seats from now on. More is billed at once for the rest of the period; less gives nothing
/// back.
fn alter(tenure: &mut Tenure, scene: &mut Scene, supplier: &mut Supplier, at: i64, plan: Plan, seats: i64) {
    let before = tenure.recurring_price();
    let previous = tenure.subscription.previous_plan();
    tenure.subscription.plan = plan;
    tenure.subscription.quantity = seats;
    let after = tenure.recurring_price();
    let mut invoice = None;
    if after > before {
        let party = &mut supplier.party;
        let made = Invoice::of_change(scene, party, &tenure.subscription, (before, after), at);
        tenure.subscription.latest_invoice = Some(made.id.clone());
        invoice = Some(made);
    }
    let body = tenure.subscription.body(scene, &supplier.party);
    let subject = tenure.subscription.subject();
    scene.tell_change(at, "customer.subscription.updated", subject, body, previous);
    if let Some(mut invoice) = invoice.filter(|invoice| invoice.total() > 0) {
        billing::collect(scene, &supplier.party, &mut invoice, at + 5);
    }
    scene.mrr.replace(&supplier.party.id, at, tenure.worth(supplier));
}

/// Collection stops; what is billed meanwhile is void. At home, by the month, and without a discount that might end
/// meanwhile.
fn pause(tenure: &mut Tenure, scene: &mut Scene, supplier: &Supplier, at: i64) {
    let ends = |lasts: Lasts| matches!(lasts, Lasts::Months(_) | Lasts::Once);
    let subscription = &mut tenure.subscription;
    let may_end = subscription.discount.as_ref().is_some_and(|discount| ends(discount.lasts));
    if !supplier.party.market.is_home() || subscription.plan.months != 1 || may_end {
        return;
    }
    subscription.is_paused = true;
    let body = subscription.body(scene, &supplier.party);
    let previous = r#"{"pause_collection":null}"#.to_owned();
    scene.tell_change(at, "customer.subscription.updated", subscription.subject(), body, previous);
    scene.mrr.change(&supplier.party.id, at, Kind::Pause, tenure.worth(supplier));
}

fn resume(tenure: &mut Tenure, scene: &mut Scene, supplier: &Supplier, at: i64) {
    tenure.subscription.is_paused = false;
    let body = tenure.subscription.body(scene, &supplier.party);
    let previous = r#"{"pause_collection":{"behavior":"void","resumes_at":null}}"#.to_owned();
    let subject = tenure.subscription.subject();
    scene.tell_change(at, "customer.subscription.updated", subject, body, previous);
    scene.mrr.change(&supplier.party.id, at, Kind::Resume, tenure.worth(supplier));
}

/// Wants its money back and is gone at once.
fn leave_with_refund(
    tenure: &mut Tenure,
    scene: &mut Scene,
    supplier: &mut Supplier,
    at: i64,
) -> Option<Ending> {
    let sale = tenure.sale.as_mut()?;
    let amount = sale.returns.left();
    returns::refund(scene, &supplier.party, sale, amount, at)?;
    tenure.subscription.reason = Some("cancellation_requested");
    tenure.leave(scene, supplier, at);
    Some(Ending::Left { at, for_good: false })
}

fn ask_to_cancel(tenure: &mut Tenure, scene: &mut Scene, supplier: &Supplier, at: i64) {
    let subscription = &mut tenure.subscription;
    subscription.cancel_asked_at = Some(at);
    subscription.reason = Some("cancellation_requested");
    let body = subscription.body(scene, &supplier.party);
    let previous = r#"{"cancel_at":null,"cancel_at_period_end":false,"canceled_at":null}"#.to_owned();
    scene.tell_change(at, "customer.subscription.updated", subscription.subject(), body, previous);
}

/// Ends this subscription, and days later begins another. Its MRR goes on meanwhile, so the story must not end between
/// the two.
fn switch(tenure: &mut Tenure, scene: &mut Scene, supplier: &mut Supplier, at: i64) -> Option<Ending> {
    let days = supplier.random.between(GAP_DAYS.0, GAP_DAYS.1);
    let next = later(at, days, &mut supplier.random);
    let is_simple = supplier.party.market.is_home()
        && tenure.subscription.plan.months == 1
        && tenure.subscription.discount.is_none()
        && calendar::day_of(next) <= 28;
    if !is_simple || next + DAY >= scene.end {
        return None;
    }
    let tier = if tier_of(&tenure.subscription.plan) == 1 { 2 } else { 1 };
    let plan = tenure.plan_of(supplier, tier);
    tenure.subscription.reason = Some("cancellation_requested");
    supplier::end(scene, supplier, &mut tenure.subscription, at);
    Some(Ending::Switched { at: next, plan })
}

/// Extras of the period that began at `start`, with all that comes of them.
pub(crate) fn buy_extras(scene: &mut Scene, supplier: &mut Supplier, start: i64, months: i64) {
    for month in 0..months {
        if supplier.random.chance(BUYS_AN_EXTRA) {
            let days = month * 30 + supplier.random.between(5, 25);
            let at = later(start, days, &mut supplier.random);
            if at + HOUR < scene.end {
                buy_an_extra(scene, supplier, at);
            }
        }
    }
}

fn buy_an_extra(scene: &mut Scene, supplier: &mut Supplier, at: i64) {
    let extra = if supplier.random.chance(500) { &catalogue::FEATURED } else { &catalogue::NEWSLETTER };
    let mut invoice = Invoice::of_extra(scene, &mut supplier.party, extra, at);
    let mut sale = billing::collect(scene, &supplier.party, &mut invoice, at + 5);
    let Supplier { party, random, .. } = supplier;
    match random.below(1000) {
        0..60 => returns::whole(scene, party, &mut sale, random),
        60..130 => returns::parts(scene, party, &mut sale, random),
        130..160 => returns::failing(scene, party, &mut sale, random),
        160..180 => returns::crossed(scene, party, &mut sale, random),
        180..240 if party.market.is_home() => {
            let from = sale.at;
            disputes::dispute(scene, party, &mut sale, random, from);
        }
        240..260 if party.market.is_home() => {
            disputes::refund_then_dispute(scene, party, &mut sale, random);
        }
        260..290 if party.market.is_home() => disputes::inquiry(scene, party, &sale, random),
        _ => {}
    }
}

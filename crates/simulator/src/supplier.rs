//! One supplier's life: joins, pays month by month, buys an extra now and then, and may leave.

use crate::billing::{self, PAYMENT_AFTER, Sale};
use crate::calendar::{self, DAY, HOUR, MINUTE};
use crate::catalogue::{self, Plan};
use crate::disputes;
use crate::invoices::Invoice;
use crate::market::{HOME, Market};
use crate::names;
use crate::objects::{Party, Subscription};
use crate::random::Random;
use crate::returns::{self, later};
use crate::scene::Scene;

/// How many of a thousand suppliers are there from the first month on.
const THERE_FROM_THE_START: u64 = 200;
/// Per thousand and month.
const CHANGES_PLAN: u64 = 20;
const LEAVES: u64 = 30;
const BUYS_AN_EXTRA: u64 = 35;
const IS_DECLINED: u64 = 60;
/// Per thousand tries.
const RETRY_WORKS: u64 = 600;
/// The days between the tries of one invoice.
const RETRY_DAYS: [i64; 2] = [3, 5];

pub(crate) struct Supplier {
    pub(crate) party: Party,
    pub(crate) random: Random,
    /// The day of the month and the second of the day on which is billed.
    pub(crate) day: i64,
    pub(crate) second: i64,
}

/// Lives through all months that are left for supplier `number` of `count`.
pub(crate) fn live(scene: &mut Scene, number: u32, count: u32) {
    let mut random = Random::stream(scene.seed, u64::from(number) + 1);
    let joins = joining_month(scene, number, count, &mut random);
    let mut supplier = join(scene, number, random, HOME);
    let Some(mut subscription) = start(scene, &mut supplier, joins) else { return };
    for month in joins..scene.months.end {
        let billed_at = calendar::second_of(month, supplier.day, supplier.second);
        if month > joins && subscription.cancel_asked_at.is_some() {
            end(scene, &supplier, &mut subscription, billed_at);
            return;
        }
        if !live_a_month(scene, &mut supplier, &mut subscription, month, month == joins) {
            return;
        }
    }
}

fn joining_month(scene: &Scene, number: u32, count: u32, random: &mut Random) -> i64 {
    let months = scene.months.end - scene.months.start;
    if number == 0 || random.chance(THERE_FROM_THE_START) {
        return scene.months.start;
    }
    scene.months.start + i64::from(number) * months / i64::from(count.max(1))
}

pub(crate) fn join(scene: &mut Scene, number: u32, mut random: Random, market: Market) -> Supplier {
    let business = names::business(u64::from(number), &market);
    let party = Party {
        id: scene.id("cus"),
        name: business.name,
        email: business.email,
        trade: business.trade,
        external: format!("sup_{:06}", number + 1),
        invoice_prefix: format!("SIM{:05}", number + 1),
        payment_method: scene.id("pm"),
        last4: format!("{:04}", random.below(10_000)),
        invoices: 0,
        market,
    };
    let day = random.between(1, 28);
    let second = random.between(8 * HOUR, 17 * HOUR);
    Supplier { party, random, day, second }
}

/// The customer and its subscription are made. Nothing when there is no month to live in.
fn start(scene: &mut Scene, supplier: &mut Supplier, month: i64) -> Option<Subscription> {
    let at = calendar::second_of(month, supplier.day, supplier.second);
    if !scene.months.contains(&month) {
        return None;
    }
    tell_customer(scene, &supplier.party, at);
    let plan = first_plan(&mut supplier.random);
    Some(Subscription::new(scene, plan, 1, at))
}

/// The customer is made, shortly before its first subscription.
pub(crate) fn tell_customer(scene: &mut Scene, party: &Party, at: i64) {
    scene.books.open(&party.id);
    let body = party.body(scene, at - 2 * MINUTE);
    scene.tell(at - 2 * MINUTE, "customer.created", party.subject(), body);
}

fn first_plan(random: &mut Random) -> Plan {
    catalogue::plan(first_tier(random), &HOME, 1)
}

/// Which size of plan a supplier begins with.
pub(crate) fn first_tier(random: &mut Random) -> usize {
    match random.below(10) {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    }
}

/// True when the supplier stays.
fn live_a_month(
    scene: &mut Scene,
    supplier: &mut Supplier,
    subscription: &mut Subscription,
    month: i64,
    is_first: bool,
) -> bool {
    let mut invoice = renew(scene, supplier, subscription, month, is_first);
    let Some(mut sale) = pay(scene, supplier, subscription, &mut invoice, is_first) else {
        return false;
    };
    let angry = aftermath(scene, supplier, &mut sale);
    if supplier.random.chance(BUYS_AN_EXTRA) {
        buy_an_extra(scene, supplier, month);
    }
    if angry || supplier.random.chance(LEAVES) {
        ask_to_cancel(scene, supplier, subscription);
    }
    true
}

/// A new period and its invoice.
fn renew(
    scene: &mut Scene,
    supplier: &mut Supplier,
    subscription: &mut Subscription,
    month: i64,
    is_first: bool,
) -> Invoice {
    let at = calendar::second_of(month, supplier.day, supplier.second);
    let previous = subscription.previous_period();
    if !is_first && supplier.random.chance(CHANGES_PLAN) {
        subscription.plan = first_plan(&mut supplier.random);
    }
    subscription.period = (at, calendar::second_of(month + 1, supplier.day, supplier.second));
    let invoice = Invoice::of_period(scene, &mut supplier.party, subscription, is_first, at);
    subscription.latest_invoice = Some(invoice.id.clone());
    let body = subscription.body(scene, &supplier.party);
    if is_first {
        scene.tell(at, "customer.subscription.created", subscription.subject(), body);
    } else {
        scene.tell_change(at, "customer.subscription.updated", subscription.subject(), body, previous);
    }
    invoice
}

/// Tries to take the money, up to three times. Nothing when it never came; then the subscription is over, unless the
/// story ends first.
fn pay(
    scene: &mut Scene,
    supplier: &mut Supplier,
    subscription: &mut Subscription,
    invoice: &mut Invoice,
    is_first: bool,
) -> Option<Sale> {
    let mut at = invoice.created + if is_first { 5 } else { PAYMENT_AFTER };
    if is_first || !supplier.random.chance(IS_DECLINED) {
        return Some(billing::collect(scene, &supplier.party, invoice, at));
    }
    for days in RETRY_DAYS {
        let next = at + days * DAY;
        billing::decline(scene, &supplier.party, invoice, at, Some(next));
        set_status(scene, &supplier.party, subscription, "past_due", at + 2);
        if next >= scene.end {
            return None;
        }
        at = next;
        if supplier.random.chance(RETRY_WORKS) {
            let sale = billing::collect(scene, &supplier.party, invoice, at);
            set_status(scene, &supplier.party, subscription, "active", at + 4);
            return Some(sale);
        }
    }
    billing::decline(scene, &supplier.party, invoice, at, None);
    subscription.reason = Some("payment_failed");
    end(scene, supplier, subscription, at + 2);
    billing::write_off(scene, &supplier.party, invoice, at + 3);
    None
}

pub(crate) fn set_status(
    scene: &mut Scene,
    party: &Party,
    subscription: &mut Subscription,
    status: &'static str,
    at: i64,
) {
    let before = std::mem::replace(&mut subscription.status, status);
    if before == status {
        return;
    }
    let body = subscription.body(scene, party);
    let previous = format!(r#"{{"status":"{before}"}}"#);
    scene.tell_change(at, "customer.subscription.updated", subscription.subject(), body, previous);
}

pub(crate) fn end(scene: &mut Scene, supplier: &Supplier, subscription: &mut Subscription, at: i64) {
    subscription.status = "canceled";
    subscription.ended_at = Some(at);
    let body = subscription.body(scene, &supplier.party);
    scene.tell(at, "customer.subscription.deleted", subscription.subject(), body);
}

fn ask_to_cancel(scene: &mut Scene, supplier: &mut Supplier, subscription: &mut Subscription) {
    let (from, until) = subscription.period;
    let at = later(from, supplier.random.between(10, 20), &mut supplier.random);
    if at >= scene.end || at >= until {
        return;
    }
    subscription.cancel_asked_at = Some(at);
    subscription.reason = Some("cancellation_requested");
    let body = subscription.body(scene, &supplier.party);
    let previous = r#"{"cancel_at":null,"cancel_at_period_end":false,"canceled_at":null}"#.to_owned();
    scene.tell_change(at, "customer.subscription.updated", subscription.subject(), body, previous);
}

fn buy_an_extra(scene: &mut Scene, supplier: &mut Supplier, month: i64) {
    let day = supplier.random.between(1, 28);
    let at = calendar::second_of(month, day, supplier.random.between(8 * HOUR, 19 * HOUR));
    // Not before the supplier has joined.
    let at = at.max(calendar::second_of(month, supplier.day, supplier.second) + 2 * HOUR);
    let extra = if supplier.random.chance(500) { &catalogue::FEATURED } else { &catalogue::NEWSLETTER };
    let mut invoice = Invoice::of_extra(scene, &mut supplier.party, extra, at);
    let mut sale = billing::collect(scene, &supplier.party, &mut invoice, at + 5);
    aftermath(scene, supplier, &mut sale);
}

/// What comes of a payment, in a few of a thousand cases; true when the supplier is so angry that it leaves.
fn aftermath(scene: &mut Scene, supplier: &mut Supplier, sale: &mut Sale) -> bool {
    let Supplier { party, random, .. } = supplier;
    match random.below(1000) {
        0..12 => returns::whole(scene, party, sale, random),
        12..32 => returns::parts(scene, party, sale, random),
        32..40 => returns::failing(scene, party, sale, random),
        40..44 => returns::crossed(scene, party, sale, random),
        44..56 => return disputes::dispute(scene, party, sale, random, sale.at),
        56..60 => return disputes::refund_then_dispute(scene, party, sale, random),
        60..67 => disputes::inquiry(scene, party, sale, random),
        _ => {}
    }
    false
}

//! Refunds: whole, in parts, failed, and crossing each other.

use crate::billing::Sale;
use crate::calendar::{DAY, HOUR, MINUTE};
use crate::objects::Party;
use crate::random::Random;
use crate::scene::{Moved, Movement, Scene, Subject};
use crate::template::Value;
use crate::truth::TruthFigures;

/// A refund in its present state.
#[derive(Debug)]
pub(crate) struct Refund {
    id: String,
    amount: i64,
    at: i64,
    status: &'static str,
    settlement: String,
    failure: Option<String>,
}

impl Refund {
    fn subject(&self) -> Subject<'_> {
        Subject { collection: "refunds", id: &self.id }
    }

    fn body(&self, scene: &Scene, party: &Party, sale: &Sale) -> String {
        let arrived = self.status == "succeeded";
        scene.templates.refund.fill(&[
            ("id", Value::from(&self.id)),
            ("amount", self.amount.into()),
            ("balance_transaction", Value::from(&self.settlement)),
            ("charge", Value::from(&sale.charge)),
            ("currency", party.market.currency.into()),
            ("created", self.at.into()),
            ("payment_intent", Value::from(&sale.intent)),
            ("payment_method", Value::from(&party.payment_method)),
            ("reason", "requested_by_customer".into()),
            ("reference_status", (if arrived { "available" } else { "pending" }).into()),
            ("status", self.status.into()),
            ("failure_reason", self.failure.as_ref().map(|_| "expired_or_canceled_card").into()),
            ("failure_balance_transaction", self.failure.as_ref().into()),
        ])
    }
}

/// A moment on a later day, between 08:00 and 18:59 UTC.
pub(crate) fn later(at: i64, days: i64, random: &mut Random) -> i64 {
    (at.div_euclid(DAY) + days) * DAY + random.between(8 * HOUR, 19 * HOUR - 1)
}

/// A part of what is left, in odd pence.
fn part_of(sale: &Sale, random: &mut Random) -> i64 {
    let left = sale.returns.left();
    random.between(left / 20 + 1, (left * 3 / 5).max(left / 20 + 1)).min(left)
}

/// All of it, days later.
pub(crate) fn whole(scene: &mut Scene, party: &Party, sale: &mut Sale, random: &mut Random) {
    let at = later(sale.at, random.between(1, 20), random);
    refund(scene, party, sale, sale.returns.left(), at);
}

/// One to three parts; sometimes the last one takes what is left.
pub(crate) fn parts(scene: &mut Scene, party: &Party, sale: &mut Sale, random: &mut Random) {
    let count = random.between(1, 3);
    let mut at = sale.at;
    for number in 1..=count {
        at = later(at, random.between(1, 9), random);
        let takes_the_rest = number == count && number > 1 && random.chance(400);
        let amount = if takes_the_rest { sale.returns.left() } else { part_of(sale, random) };
        refund(scene, party, sale, amount, at);
    }
}

/// A refund that fails days later; half of them are made again the day after.
pub(crate) fn failing(scene: &mut Scene, party: &Party, sale: &mut Sale, random: &mut Random) {
    let at = later(sale.at, random.between(1, 9), random);
    let amount = if random.chance(500) { sale.returns.left() } else { part_of(sale, random) };
    let Some(made) = refund(scene, party, sale, amount, at) else { return };
    let failed_at = later(at, random.between(5, 9), random);
    fail(scene, party, sale, made, failed_at);
    if random.chance(500) {
        let again_at = later(failed_at, 1, random);
        refund(scene, party, sale, amount.min(sale.returns.left()), again_at);
    }
}

/// Two parts, of which the first fails after the second was made.
pub(crate) fn crossed(scene: &mut Scene, party: &Party, sale: &mut Sale, random: &mut Random) {
    let at = later(sale.at, random.between(1, 5), random);
    let amount = part_of(sale, random);
    let Some(first) = refund(scene, party, sale, amount, at) else { return };
    let second_at = later(at, 2, random);
    let amount = part_of(sale, random);
    refund(scene, party, sale, amount, second_at);
    let failed_at = later(second_at, random.between(3, 6), random);
    fail(scene, party, sale, first, failed_at);
}

/// Makes a refund; nothing once the story is over or nothing is left.
pub(crate) fn refund(
    scene: &mut Scene,
    party: &Party,
    sale: &mut Sale,
    amount: i64,
    at: i64,
) -> Option<Refund> {
    if at >= scene.end || amount <= 0 || amount > sale.returns.left() {
        return None;
    }
    let id = scene.id("re");
    let worth = scene.rates.settle(party.market.currency, amount, at);
    let moved = move_back(scene, party, &id, at, -worth, ("refund", "refund"));
    let starts_pending = amount % 10 < 3;
    let status = if starts_pending { "pending" } else { "succeeded" };
    let mut refund = Refund { id, amount, at, status, settlement: moved.id, failure: None };
    let body = refund.body(scene, party, sale);
    scene.tell(at, "refund.created", refund.subject(), body);
    count_refunded(scene, party, sale, "charge.refunded", at, amount);
    refund.status = "succeeded";
    let confirmed_at = at + HOUR + 7 * MINUTE;
    if confirmed_at < scene.end {
        let previous = format!(r#"{{"status":"{status}"}}"#);
        let same = r#"{"destination_details":{"card":{"reference_status":"pending"}}}"#.to_owned();
        let body = refund.body(scene, party, sale);
        let previous = if starts_pending { previous } else { same };
        scene.tell_change(confirmed_at, "refund.updated", refund.subject(), body, previous);
    }
    let (value, tax) = sale.returns.give_back(amount);
    scene.books.add(
        &party.id,
        at,
        TruthFigures {
            refunds: value - tax,
            refund_count: 1,
            net_revenue: tax - value,
            fx_difference: value - worth,
            provider_balance: -worth,
            ..TruthFigures::default()
        },
    );
    Some(refund)
}

/// The customer's bank sends the money back: the refund counts no more. Nothing once the story is over.
fn fail(scene: &mut Scene, party: &Party, sale: &mut Sale, mut refund: Refund, at: i64) {
    if at >= scene.end {
        return;
    }
    let amount = refund.amount;
    let worth = scene.rates.settle(party.market.currency, amount, at);
    let moved = move_back(scene, party, &refund.id, at, worth, ("refund_failure", "refund_failure"));
    refund.status = "failed";
    refund.failure = Some(moved.id);
    let body = refund.body(scene, party, sale);
    scene.tell(at, "refund.failed", refund.subject(), body.clone());
    let previous =
        r#"{"failure_balance_transaction":null,"failure_reason":null,"status":"succeeded"}"#.to_owned();
    scene.tell_change(at, "refund.updated", refund.subject(), body, previous);
    count_refunded(scene, party, sale, "charge.updated", at, -amount);
    let (value, tax) = sale.returns.give_back(-amount);
    scene.books.add(
        &party.id,
        at,
        TruthFigures {
            refunds: value - tax,
            refund_count: -1,
            net_revenue: tax - value,
            fx_difference: value + worth,
            provider_balance: worth,
            ..TruthFigures::default()
        },
    );
}

fn move_back(
    scene: &mut Scene,
    party: &Party,
    refund: &str,
    at: i64,
    amount: i64,
    (category, kind): (&'static str, &'static str),
) -> Moved {
    scene.move_money(&Movement {
        at,
        amount,
        fees: &[],
        currency: party.market.currency,
        category,
        kind,
        source: refund,
        description: None,
    })
}

/// Tells the charge's new counter.
fn count_refunded(
    scene: &mut Scene,
    party: &Party,
    sale: &mut Sale,
    kind: &'static str,
    at: i64,
    change: i64,
) {
    let previous = format!(r#"{{"amount_refunded":{}}}"#, sale.refunded);
    sale.refunded += change;
    let body = sale.body(scene, party);
    scene.tell_change(at, kind, sale.subject(), body, previous);
}

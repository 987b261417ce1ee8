//! Weekly payouts to the bank. They are no revenue; now and then one comes back.

use crate::calendar::{DAY, HOUR};
use crate::scene::{Movement, Scene, Subject};
use crate::template::Value;

/// 1970-01-05 was a Monday.
const FIRST_MONDAY: i64 = 4 * DAY;
const WEEK: i64 = 7 * DAY;
/// When on Monday the provider pays out, and how old the money must be.
const PAID_OUT_AT: i64 = 6 * HOUR;
const HELD_FOR: i64 = 5 * DAY;
/// How long a payout takes to arrive, or to come back.
const ARRIVES_AFTER: i64 = 2 * DAY;
const FAILS_AFTER: i64 = 4 * DAY;
/// Which of the payouts fail: the third, and then each 40th.
const FAILS_FIRST: u64 = 3;
const FAILS_EVERY: u64 = 40;

/// Pays out what has become available, Monday by Monday. Only payouts that arrive before the story ends are made.
pub(crate) fn pay_out(scene: &mut Scene) {
    let mut money: Vec<(i64, i64)> = scene.moved.iter().map(|moved| (moved.at, moved.net)).collect();
    money.sort_unstable();
    let Some((first, _)) = money.first().copied() else { return };
    let mut monday = first + WEEK - (first - FIRST_MONDAY).rem_euclid(WEEK) + PAID_OUT_AT;
    let mut incoming = money.into_iter().peekable();
    let (mut available, mut returning, mut number) = (0_i64, None::<(i64, i64)>, 0_u64);
    while monday + FAILS_AFTER < scene.end {
        while let Some((_, net)) = incoming.next_if(|(at, _)| *at <= monday - HELD_FOR) {
            available += net;
        }
        available += returning.take_if(|(at, _)| *at <= monday).map_or(0, |(_, amount)| amount);
        if available > 0 {
            number += 1;
            if number % FAILS_EVERY == FAILS_FIRST {
                returning = Some((monday + FAILS_AFTER, available));
                come_back(scene, available, monday);
            } else {
                arrive(scene, available, monday);
            }
            available = 0;
        }
        monday += WEEK;
    }
}

struct Payout {
    id: String,
    amount: i64,
    at: i64,
    status: &'static str,
    settlement: String,
    failure: Option<String>,
}

impl Payout {
    fn make(scene: &mut Scene, amount: i64, at: i64) -> Self {
        let id = scene.id("po");
        let settlement = scene.move_money(&movement(at, -amount, ("payout", "payout"), &id)).id;
        scene.books.pay_out(amount);
        Self { id, amount, at, status: "paid", settlement, failure: None }
    }

    fn tell(&self, scene: &mut Scene, kind: &'static str, at: i64) {
        let failed = self.failure.is_some();
        let body = scene.templates.payout.fill(&[
            ("id", Value::from(&self.id)),
            ("amount", self.amount.into()),
            ("arrival_date", (self.at + ARRIVES_AFTER).into()),
            ("balance_transaction", Value::from(&self.settlement)),
            ("created", self.at.into()),
            ("failure_balance_transaction", self.failure.as_ref().into()),
            ("failure_code", failed.then_some("account_closed").into()),
            ("failure_message", failed.then_some("The bank account has been closed").into()),
            ("livemode", scene.livemode.into()),
            ("status", self.status.into()),
        ]);
        scene.tell(at, kind, Subject { collection: "payouts", id: &self.id }, body);
    }
}

fn arrive(scene: &mut Scene, amount: i64, at: i64) {
    Payout::make(scene, amount, at).tell(scene, "payout.paid", at + ARRIVES_AFTER);
}

/// It is said to be paid, and then fails after all.
fn come_back(scene: &mut Scene, amount: i64, at: i64) {
    let mut payout = Payout::make(scene, amount, at);
    payout.tell(scene, "payout.paid", at + ARRIVES_AFTER);
    let failed_at = at + FAILS_AFTER;
    let moved =
        scene.move_money(&movement(failed_at, amount, ("payout_reversal", "payout_failure"), &payout.id));
    scene.books.pay_out(-amount);
    payout.status = "failed";
    payout.failure = Some(moved.id);
    payout.tell(scene, "payout.failed", failed_at);
}

fn movement<'a>(
    at: i64,
    amount: i64,
    (category, kind): (&'static str, &'static str),
    source: &'a str,
) -> Movement<'a> {
    Movement {
        at,
        amount,
        fees: &[],
        currency: "gbp",
        category,
        kind,
        source,
        description: Some("STRIPE PAYOUT"),
    }
}

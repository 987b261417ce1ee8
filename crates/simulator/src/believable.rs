//! A supplier of the believable mix: joins in its season, tries, pays by the month or the year, changes its mind, fails to
//! pay, pauses, leaves and comes back.
//!
//! Each choice keeps to what makes its truth plain: one change of contract a period, refunds of a part early and small,
//! refunds of the whole together with the end, disputes of what was bought once or after the end.

use crate::calendar::{self, DAY};
use crate::catalogue;
use crate::coupons::{Discount, Lasts, Off};
use crate::market::{HOME, HOME_INCLUSIVE, Market};
use crate::objects::Subscription;
use crate::random::Random;
use crate::returns::later;
use crate::scene::Scene;
use crate::supplier::{Supplier, first_tier, join, tell_customer};
use crate::tenure::{Ending, Start, Tenure};

/// How many of a thousand suppliers are there from the first month on.
const THERE_FROM_THE_START: u64 = 200;
/// How much each month of the year draws, from January on: couples begin to plan after the holidays.
const SEASON: [u64; 12] = [6, 6, 4, 2, 2, 2, 1, 2, 3, 2, 1, 1];
/// Per thousand.
const PAYS_BY_THE_YEAR: u64 = 180;
const TRIES_FIRST: u64 = 300;
const HAS_SEATS: u64 = 500;
const COMES_BACK: u64 = 250;
const TRIAL: i64 = 14 * DAY;
/// The last day of a month on which a trial may begin, so that it ends in the same month.
const TRIAL_BEGINS_BY: i64 = 14;
/// A gap of more than this is a return, a shorter one a continuation.
const RETURNS_AFTER: i64 = 9 * DAY;

/// Lives through all months that are left for supplier `number` of `count`.
pub(crate) fn live(scene: &mut Scene, number: u32, _count: u32) {
    let mut random = Random::stream(scene.seed, u64::from(number) + 1);
    let market = market(&mut random);
    let Some(joins) = joining_month(scene, number, &mut random) else { return };
    let mut supplier = join(scene, number, random, market);
    let at = calendar::second_of(joins, supplier.day, supplier.second);
    tell_customer(scene, &supplier.party, at);
    scene.mrr.open(&supplier.party.id);
    let (subscription, trial_end) = first_subscription(scene, &mut supplier, at);
    let start = Start { at, trial_end, continues: false };
    let mut next = Some((subscription, start));
    while let Some((subscription, start)) = next {
        let ending = Tenure::new(subscription).live(scene, &mut supplier, start);
        next = after(scene, &mut supplier, ending);
    }
}

fn market(random: &mut Random) -> Market {
    match random.below(100) {
        0..55 => HOME,
        55..70 => HOME_INCLUSIVE,
        70..87 => Market::in_europe(random.next()),
        _ => Market::in_america(),
    }
}

fn joining_month(scene: &Scene, number: u32, random: &mut Random) -> Option<i64> {
    if number == 0 || random.chance(THERE_FROM_THE_START) {
        return scene.months.clone().next();
    }
    let weight = |month: i64| {
        let place = usize::try_from(month.rem_euclid(12)).unwrap_or(0);
        SEASON.get(place).copied().unwrap_or(1)
    };
    let mut left = random.below(scene.months.clone().map(weight).sum());
    scene.months.clone().find(|month| {
        let reached = left < weight(*month);
        left = left.saturating_sub(weight(*month));
        reached
    })
}

fn first_subscription(scene: &mut Scene, supplier: &mut Supplier, at: i64) -> (Subscription, Option<i64>) {
    let random = &mut supplier.random;
    let market = supplier.party.market;
    let tier = first_tier(random);
    let months = if random.chance(PAYS_BY_THE_YEAR) { 12 } else { 1 };
    let seats = if tier == 2 && random.chance(HAS_SEATS) { random.between(2, 5) } else { 1 };
    let tries = supplier.day <= TRIAL_BEGINS_BY && random.chance(TRIES_FIRST);
    let mut subscription = Subscription::new(scene, catalogue::plan(tier, &market, months), seats, at);
    if tries {
        // What follows is billed from the day on which the trial ends.
        supplier.day += TRIAL / DAY;
        subscription.trial = Some((at, at + TRIAL));
        return (subscription, Some(at + TRIAL));
    }
    subscription.discount = coupon(scene, &market, random, at);
    (subscription, None)
}

/// One supplier in four has a coupon. Abroad only those that leave the rate alone to move its MRR, and where tax is
/// within the price only shares of it.
fn coupon(scene: &mut Scene, market: &Market, random: &mut Random, start: i64) -> Option<Discount> {
    let plain = *market == HOME;
    let (off, lasts) = match random.below(1000) {
        0..60 => (Off::Percent(50), Lasts::Once),
        60..100 if market.is_home() => (Off::Percent(50), Lasts::Months(3)),
        100..150 if market.is_home() => (Off::Percent(25), Lasts::Months(random.between(2, 6))),
        150..190 => (Off::Percent(10), Lasts::Forever),
        190..230 => (Off::Percent(20), Lasts::Forever),
        230..250 if plain => (Off::Amount(500), Lasts::Forever),
        250..265 if plain => (Off::Percent(100), Lasts::Forever),
        _ => return None,
    };
    let end = match lasts {
        Lasts::Once | Lasts::Forever => None,
        Lasts::Months(months) => {
            let second = start.rem_euclid(DAY);
            Some(calendar::second_of(
                calendar::month_of_second(start) + months,
                calendar::day_of(start),
                second,
            ))
        }
    };
    Some(Discount { id: scene.id("di"), off, lasts, start, end })
}

/// What comes after a subscription, if anything.
fn after(scene: &mut Scene, supplier: &mut Supplier, ending: Ending) -> Option<(Subscription, Start)> {
    let market = supplier.party.market;
    let (at, plan, continues) = match ending {
        Ending::StoryOver => return None,
        Ending::Switched { at, plan } => (at, plan, true),
        Ending::Left { at, for_good } => {
            if for_good || !supplier.random.chance(COMES_BACK) {
                return None;
            }
            let plan = catalogue::plan(first_tier(&mut supplier.random), &market, 1);
            (comes_back_at(supplier, at), plan, false)
        }
    };
    if at >= scene.end {
        return None;
    }
    supplier.day = calendar::day_of(at);
    supplier.second = at.rem_euclid(DAY);
    let subscription = Subscription::new(scene, plan, 1, at);
    Some((subscription, Start { at, trial_end: None, continues }))
}

fn comes_back_at(supplier: &mut Supplier, left: i64) -> i64 {
    let random = &mut supplier.random;
    let month = calendar::month_of_second(left) + random.between(1, 4);
    let at = calendar::second_of(month, random.between(1, 28), 0);
    later(at.max(left + RETURNS_AFTER), 0, random).max(at)
}

//! In which order, and how often, messages arrive.

use crate::business::SimEvent;
use crate::random::Random;

/// How a provider delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOrder {
    /// As it happened.
    InOrder,
    /// The last one first.
    Reversed,
    /// In any order.
    Shuffled {
        /// Which one.
        seed: u64,
    },
    /// Mostly in order: about 10 % late, some of these very late, and about 3 % twice.
    Messy {
        /// Which ones.
        seed: u64,
    },
}

/// How many per thousand come late, and how many places late most of them are.
const LATE_PER_MILLE: u64 = 100;
const LATE_PLACES: i64 = 40;
/// How many per thousand of the late ones are very late, and by how many places.
const VERY_LATE_PER_MILLE: u64 = 100;
const VERY_LATE_PLACES: i64 = 2_000;
/// How many per thousand come twice.
const DOUBLED_PER_MILLE: u64 = 30;

/// Which messages are delivered, by their places in true order, and which never are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPlan {
    /// In the order in which they arrive; a place may come twice.
    pub places: Vec<usize>,
    /// In true order.
    pub lost: Vec<usize>,
}

/// The events as they are delivered. Cheap: the bodies are shared.
#[must_use]
pub fn deliveries(events: &[SimEvent], order: DeliveryOrder) -> Vec<SimEvent> {
    let plan = delivery_plan(events.len(), order, 0);
    plan.places.iter().filter_map(|place| events.get(*place).cloned()).collect()
}

/// The order in which `count` messages are delivered. Every `lose_every`th of them is lost, however often it was to
/// come; 0 loses none.
#[must_use]
pub fn delivery_plan(count: usize, order: DeliveryOrder, lose_every: usize) -> DeliveryPlan {
    let is_lost = |place: &usize| place.saturating_add(1).checked_rem(lose_every) == Some(0);
    let mut places = match order {
        DeliveryOrder::InOrder => (0..count).collect(),
        DeliveryOrder::Reversed => (0..count).rev().collect(),
        DeliveryOrder::Shuffled { seed } => shuffled(count, seed),
        DeliveryOrder::Messy { seed } => messy(count, seed),
    };
    places.retain(|place| !is_lost(place));
    DeliveryPlan { places, lost: (0..count).filter(is_lost).collect() }
}

fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut keyed: Vec<(u64, usize)> = (0..count).map(|place| (random.next(), place)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, place)| place).collect()
}

fn messy(count: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut placed: Vec<(i64, usize)> = Vec::with_capacity(count);
    for (turn, place) in (0_i64..).zip(0..count) {
        placed.push((turn + delay(&mut random, LATE_PER_MILLE), place));
        if random.chance(DOUBLED_PER_MILLE) {
            placed.push((turn + delay(&mut random, 1000), place));
        }
    }
    placed.sort_by_key(|(turn, _)| *turn);
    placed.into_iter().map(|(_, place)| place).collect()
}

fn delay(random: &mut Random, late_per_mille: u64) -> i64 {
    if !random.chance(late_per_mille) {
        return 0;
    }
    let places = if random.chance(VERY_LATE_PER_MILLE) { VERY_LATE_PLACES } else { LATE_PLACES };
    random.between(1, places)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;

    use super::*;
    use crate::calendar;

    fn events(count: i64) -> Vec<SimEvent> {
        (0..count)
            .map(|number| SimEvent {
                at: calendar::instant(number),
                id: format!("evt_{number:05}"),
                kind: "charge.succeeded".to_owned(),
                body: Bytes::new(),
            })
            .collect()
    }

    fn times(events: &[SimEvent]) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for event in events {
            *times.entry(event.id.clone()).or_default() += 1;
        }
        times
    }

    #[test]
    fn orders_without_mess_deliver_each_once() {
        let events = events(500);
        for order in [DeliveryOrder::InOrder, DeliveryOrder::Reversed, DeliveryOrder::Shuffled { seed: 3 }] {
            assert_eq!(times(&deliveries(&events, order)), times(&events));
        }
        assert_eq!(deliveries(&events, DeliveryOrder::InOrder), events);
        assert_eq!(deliveries(&events, DeliveryOrder::Reversed).first(), events.last());
    }

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_another() {
        let events = events(500);
        for order in [|seed| DeliveryOrder::Shuffled { seed }, |seed| DeliveryOrder::Messy { seed }] {
            assert_eq!(deliveries(&events, order(1)), deliveries(&events, order(1)));
            assert_ne!(deliveries(&events, order(1)), deliveries(&events, order(2)));
            assert_ne!(deliveries(&events, order(1)), events);
        }
    }

    #[test]
    fn a_messy_delivery_loses_nothing_doubles_some_and_delays_some() {
        let events = events(10_000);
        let messy = deliveries(&events, DeliveryOrder::Messy { seed: 5 });
        assert_eq!(times(&messy).len(), events.len());
        assert!((200..400).contains(&(messy.len() - events.len())), "{} twice", messy.len() - events.len());
        assert!(times(&messy).values().all(|times| *times <= 2));
        let early = messy.windows(2).filter(|pair| pair[0].at > pair[1].at).count();
        assert!((300..2_000).contains(&early), "{early} out of order");
    }

    #[test]
    fn what_is_lost_never_comes_and_all_else_does() {
        let plan = delivery_plan(100, DeliveryOrder::Messy { seed: 5 }, 7);
        assert_eq!(plan.lost.len(), 14);
        assert_eq!(plan.lost.first(), Some(&6));
        let came: std::collections::BTreeSet<usize> = plan.places.iter().copied().collect();
        assert!(plan.lost.iter().all(|place| !came.contains(place)));
        assert_eq!(came.len(), 86);
        assert!(delivery_plan(100, DeliveryOrder::InOrder, 0).lost.is_empty());
    }
}

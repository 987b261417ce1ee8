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

/// The events as they are delivered. Cheap: the bodies are shared.
#[must_use]
pub fn deliveries(events: &[SimEvent], order: DeliveryOrder) -> Vec<SimEvent> {
    match order {
        DeliveryOrder::InOrder => events.to_vec(),
        DeliveryOrder::Reversed => events.iter().rev().cloned().collect(),
        DeliveryOrder::Shuffled { seed } => shuffled(events, seed),
        DeliveryOrder::Messy { seed } => messy(events, seed),
    }
}

fn shuffled(events: &[SimEvent], seed: u64) -> Vec<SimEvent> {
    let mut random = Random::new(seed);
    let mut keyed: Vec<(u64, &SimEvent)> = events.iter().map(|event| (random.next(), event)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, event)| event.clone()).collect()
}

fn messy(events: &[SimEvent], seed: u64) -> Vec<SimEvent> {
    let mut random = Random::new(seed);
    let mut placed: Vec<(i64, &SimEvent)> = Vec::with_capacity(events.len());
    for (place, event) in (0_i64..).zip(events) {
        placed.push((place + delay(&mut random, LATE_PER_MILLE), event));
        if random.chance(DOUBLED_PER_MILLE) {
            placed.push((place + delay(&mut random, 1000), event));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, event)| event.clone()).collect()
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
}

//! The set of observations: adding one twice, or in another order, changes nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Observation;
use crate::{ObjectKey, Timestamp};

/// Observations, at most one per object, instant and source.
///
/// One that a newer mapping made takes the place of an older mapping's. [`merge`](Self::merge) is commutative,
/// associative and idempotent, so it does not matter how observations came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservationSet {
    objects: BTreeMap<ObjectKey, BTreeMap<(Timestamp, String), Observation>>,
}

impl ObservationSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an observation, unless the set has it, or a better one in its place, already.
    pub fn insert(&mut self, observation: Observation) {
        let key = (observation.observed_at, observation.source_id.clone());
        let seen = self.objects.entry(observation.object.clone()).or_default();
        match seen.get(&key) {
            Some(old) if !observation.replaces(old) => {}
            Some(_) | None => {
                seen.insert(key, observation);
            }
        }
    }

    /// Both sets together.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.extend(other.objects.into_values().flat_map(BTreeMap::into_values));
        self
    }

    /// Each object with its observations, from earliest to latest.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectKey, Vec<&Observation>)> {
        self.objects.iter().map(|(key, seen)| {
            let mut observations: Vec<&Observation> = seen.values().collect();
            observations.sort_by_cached_key(|observation| observation.order_key());
            (key, observations)
        })
    }

    /// All observations, grouped by object.
    pub fn iter(&self) -> impl Iterator<Item = &Observation> {
        self.objects.values().flat_map(BTreeMap::values)
    }

    /// How many observations count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.values().map(BTreeMap::len).sum()
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// The observations that count, each object's from earliest to latest. The same choice as that of an
/// [`ObservationSet`], by reference.
pub(crate) fn counting(observations: &[Observation]) -> BTreeMap<ObjectKey, Vec<&Observation>> {
    let mut chosen: BTreeMap<(&ObjectKey, Timestamp, &str), &Observation> = BTreeMap::new();
    for new in observations {
        let place = chosen.entry((&new.object, new.observed_at, &new.source_id)).or_insert(new);
        if new.replaces(place) {
            *place = new;
        }
    }
    let mut objects: BTreeMap<ObjectKey, Vec<&Observation>> = BTreeMap::new();
    for ((key, _, _), observation) in chosen {
        objects.entry(key.clone()).or_default().push(observation);
    }
    for seen in objects.values_mut().filter(|seen| seen.len() > 1) {
        seen.sort_by_cached_key(|observation| observation.order_key());
    }
    objects
}

impl Extend<Observation> for ObservationSet {
    fn extend<T: IntoIterator<Item = Observation>>(&mut self, observations: T) {
        for observation in observations {
            self.insert(observation);
        }
    }
}

impl FromIterator<Observation> for ObservationSet {
    fn from_iter<T: IntoIterator<Item = Observation>>(observations: T) -> Self {
        let mut set = Self::new();
        set.extend(observations);
        set
    }
}

impl Observation {
    /// True when this one counts instead of `old`, of the same object, instant and source: the newer mapping, then
    /// what is further on, then any fixed choice, so that the order of arrival has no say.
    pub(crate) fn replaces(&self, old: &Self) -> bool {
        let by_mapping = self.mapping_version.cmp(&old.mapping_version);
        let choice = by_mapping
            .then_with(|| self.order_key().cmp(&old.order_key()))
            .then_with(|| if self.body == old.body { Ordering::Equal } else { self.text().cmp(&old.text()) })
            .then_with(|| old.message.cmp(&self.message));
        choice == Ordering::Greater
    }

    fn text(&self) -> String {
        serde_json::to_string(&self.body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageId;
    use crate::testkit::{a_charge, a_refund, key};

    #[test]
    fn adding_twice_changes_nothing_and_objects_come_in_their_order() {
        let (late, early) = (a_charge("ch_1").told_on(9).build(), a_charge("ch_1").told_on(2).build());
        let mut set: ObservationSet =
            [late.clone(), early.clone(), late.clone(), a_refund("re_1").build()].into_iter().collect();
        let before = set.clone();
        set.insert(early.clone());
        assert_eq!(set, before);
        assert_eq!((set.len(), set.iter().count(), set.is_empty()), (3, 3, false));
        let (object, observations) = set.objects().next().unwrap();
        assert_eq!((object, observations), (&key("ch_1"), vec![&early, &late]));
    }

    #[test]
    fn only_the_newest_mapping_of_one_message_counts() {
        let old = a_charge("ch_1").of("1.00 GBP").build();
        let new = Observation { mapping_version: 2, ..a_charge("ch_1").of("2.00 GBP").build() };
        for order in [[old.clone(), new.clone()], [new.clone(), old.clone()]] {
            let set: ObservationSet = order.into_iter().collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), [&new]);
        }
    }

    #[test]
    fn two_answers_that_differ_under_one_name_are_settled_without_regard_to_order() {
        let one = a_charge("ch_1").from("cus_1").read_on(3).message(7).build();
        let other = a_charge("ch_1").from("cus_2").read_on(3).message(8).build();
        let again = Observation { message: MessageId(9), ..other.clone() };
        let set = |list: [&Observation; 3]| list.into_iter().cloned().collect::<ObservationSet>();
        assert_eq!(set([&one, &other, &again]), set([&again, &one, &other]));
        assert_eq!(set([&one, &other, &again]), set([&other, &again, &one]));
    }
}

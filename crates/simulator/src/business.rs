//! The made-up business: its suppliers, one after another, then what the provider pays out.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::believable;
use crate::calendar;
use crate::payouts;
use crate::scene::Scene;
use crate::supplier;
use crate::truth::Truth;
use crate::world::World;

/// How its suppliers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mix {
    /// Pounds, 20 % tax on top, monthly plans, a few extras; refunds and disputes of anything, at any time.
    #[default]
    Plain,
    /// Several countries, currencies and ways of tax; monthly and yearly plans, seats, trials, coupons, pauses,
    /// upgrades, churn and returns, seasons. Its truth has MRR, too.
    Believable,
}

/// What kind of business. It sells listings to wedding suppliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessConfig {
    /// How many suppliers join in all; a fifth of them in the first month, the others spread over all months.
    pub suppliers: u32,
    /// How many months the story lasts. Nothing happens after the last one.
    pub months: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// The story begins with the month of this instant (UTC).
    pub start: DateTime<Utc>,
    /// The mode that all messages state.
    pub livemode: bool,
    /// How its suppliers live.
    pub mix: Mix,
}

/// A message as the provider makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimEvent {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Its id, `evt_…`.
    pub id: String,
    /// Its type, such as `charge.succeeded`.
    pub kind: String,
    /// The webhook's body.
    pub body: Bytes,
}

/// A whole story: what was told, what could be read, and what is true.
#[derive(Debug, Clone)]
pub struct History {
    /// In true order.
    pub events: Vec<SimEvent>,
    /// What the provider's API would answer.
    pub world: World,
    /// The figures after the last event.
    pub truth: Truth,
}

/// The same, with the messages left packed in the world: [`World::event`] unpacks one. For long stories.
#[derive(Debug, Clone)]
pub struct Story {
    /// What the provider's API would answer, and the messages in true order.
    pub world: World,
    /// The figures after the last event.
    pub truth: Truth,
}

/// Invents a business. The same configuration gives the same bytes.
#[must_use]
pub fn invent(config: &BusinessConfig) -> History {
    let Story { world, truth } = invent_packed(config);
    let events = (0..world.events()).filter_map(|place| world.event(place)).collect();
    History { events, world, truth }
}

/// Invents the same business, and keeps it small.
#[must_use]
pub fn invent_packed(config: &BusinessConfig) -> Story {
    let mut scene = Scene::new(config);
    for number in 0..config.suppliers {
        match config.mix {
            Mix::Plain => supplier::live(&mut scene, number, config.suppliers),
            Mix::Believable => believable::live(&mut scene, number, config.suppliers),
        }
    }
    payouts::pay_out(&mut scene);
    scene.finish()
}

/// The months of the story, by number.
pub(crate) fn months_of(config: &BusinessConfig) -> std::ops::Range<i64> {
    let first = calendar::month_of(config.start);
    first..first + i64::from(config.months)
}

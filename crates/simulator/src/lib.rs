#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answers;
mod believable;
mod billing;
mod business;
mod calendar;
mod catalogue;
mod changes;
mod coupons;
mod delivery;
mod disputes;
mod envelope;
mod expand;
mod faults;
mod folder;
mod invoices;
mod market;
mod mrr;
mod names;
mod objects;
mod payouts;
mod query;
mod random;
mod returns;
mod scene;
mod sender;
mod shelf;
mod signature;
mod stand_in;
mod supplier;
mod template;
mod tenure;
mod truth;
mod world;

pub use business::{BusinessConfig, History, Mix, SimEvent, Story, invent, invent_packed};
pub use delivery::{DeliveryOrder, DeliveryPlan, deliveries, delivery_plan};
pub use faults::Faults;
pub use folder::FolderError;
pub use mrr::{MOVEMENT_KINDS, MrrMonth, MrrTruth, Pence};
pub use sender::{ATTEMPTS_MAX, PAUSE_MAX, PAUSE_MIN, Refused, SendError, SendReport, Sender, Sent};
pub use signature::sign;
pub use stand_in::{EVENTS_DAYS, StripeStandIn};
pub use truth::{Truth, TruthFigures};
pub use world::World;

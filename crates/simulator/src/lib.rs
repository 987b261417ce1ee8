#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod billing;
mod business;
mod calendar;
mod catalogue;
mod delivery;
mod disputes;
mod folder;
mod names;
mod objects;
mod payouts;
mod random;
mod returns;
mod scene;
mod sender;
mod signature;
mod stand_in;
mod supplier;
mod template;
mod truth;
mod world;

pub use business::{BusinessConfig, History, SimEvent, invent};
pub use delivery::{DeliveryOrder, deliveries};
pub use folder::FolderError;
pub use sender::{ATTEMPTS_MAX, PAUSE_MAX, PAUSE_MIN, Refused, SendError, SendReport, Sender, Sent};
pub use signature::sign;
pub use stand_in::{Faults, StripeStandIn};
pub use truth::{Truth, TruthFigures};
pub use world::World;

#![doc = include_str!("../README.md")]
#![deny(missing_docs, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

pub mod digest;
pub mod explain;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod observation;
pub mod policy;
pub mod subscription;
pub mod time;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use ids::{MessageId, ObjectKey, Party, Provider, SupplierId};
pub use money::{Currency, Money, MoneyError};
pub use observation::{Body, Observation, Origin};
pub use time::Timestamp;

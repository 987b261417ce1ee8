#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answer;
mod app;
mod command;
mod contract;
mod place;
mod postgres;
mod room;
mod service;
mod stage;
mod story;
mod wait;

pub use answer::Answer;
pub use app::{TestApp, TestAppBuilder};
pub use command::{Ran, ltv, run};
pub use contract::{Bill, Plan, at, line};
pub use place::{Backend, Place};
pub use postgres::{Durability, Postgres, sql};
pub use service::Service;
pub use stage::{SECRET, STAND_IN_KEY, View};
pub use story::{DAY, Story, with};
pub use wait::{now, until};

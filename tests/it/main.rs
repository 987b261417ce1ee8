//! End-to-end tests: one binary, a module per flow.

mod bad_input;
mod check;
mod cli;
mod config;
mod conformance;
mod crash;
mod dashboard;
mod dead_letters;
mod demo;
#[cfg(target_os = "linux")]
mod durability;
mod explain;
mod health;
mod known_at;
mod load;
mod macros;
mod nodes;
mod private_postgres;
mod repetition;
mod replay;
mod roles;
mod scenarios;

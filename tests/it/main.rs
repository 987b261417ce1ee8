//! End-to-end tests: one binary, a module per flow.

mod bad_input;
mod browser;
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
mod jobs;
mod known_at;
mod load;
mod macros;
mod metrics;
mod mrr_play;
mod mrr_scenarios;
mod nodes;
mod outage;
mod private_postgres;
mod repetition;
mod replay;
mod roles;
mod scenarios;
mod sweep;

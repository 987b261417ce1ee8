//! `ltv`: lifetime value from payment providers. The service and its command line; wiring only.

mod app;
mod cli;
mod commands;
mod config;
mod output;
mod telemetry;
mod wiring;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run().await
}

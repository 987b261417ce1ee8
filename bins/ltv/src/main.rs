//! `ltv`: lifetime value from payment providers. The service and its command line; wiring only.

mod app;
mod cli;
mod commands;
mod config;
mod output;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// SQLite, too, takes its memory here. The system's allocator keeps a pool for each of many threads, and holds a third more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run().await
}

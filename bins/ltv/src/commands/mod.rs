//! The commands, one file each.

mod conformance;
mod dead_letters;
mod demo;
mod demo_mrr;
mod doctor;
mod keys;
mod migrate;
mod play;
mod replay;
mod serve;
mod sync;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::telemetry;

/// Something was found wrong, or failed.
const FOUND_WRONG: u8 = 1;
/// Wrong use.
const WRONG_USE: u8 = 2;

/// Reads the command line and does it.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.common.json };
    let config = match Config::load(&cli.common) {
        Ok(config) => config,
        Err(error) => {
            output.tell(&format!("error: {error:#}"));
            return ExitCode::from(WRONG_USE);
        }
    };
    match dispatch(cli.command, config, output).await {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::FoundWrong) => ExitCode::from(FOUND_WRONG),
        Err(error) if error.is::<WrongUse>() => {
            output.tell(&format!("error: {error}"));
            ExitCode::from(WRONG_USE)
        }
        Err(error) => {
            output.tell(&format!("error: {error:#}"));
            ExitCode::from(FOUND_WRONG)
        }
    }
}

/// The command was used wrongly; the text says how to use it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

async fn dispatch(command: Command, config: Config, output: Output) -> anyhow::Result<Outcome> {
    let quiet = matches!(command, Command::Conformance(_) | Command::Demo(_));
    let mut log = config.log.clone();
    if quiet && std::env::var_os("LTV__LOG__FILTER").is_none() {
        "warn".clone_into(&mut log.filter);
    }
    telemetry::start_logs(&log)?;
    match command {
        Command::Serve(args) => serve::run(&config, &args, output).await,
        Command::Demo(args) => demo::run(&config, &args, output).await,
        Command::Keys(command) => keys::run(&config, command, output).await,
        Command::DeadLetters(command) => dead_letters::run(&config, command, output).await,
        Command::Sync(args) => sync::run(&config, &args, output).await,
        Command::Replay(args) => replay::run(&config, &args, output).await,
        Command::Verify => verify::run(&config, output).await,
        Command::Migrate => migrate::run(&config, output).await,
        Command::Doctor => doctor::run(&config, output).await,
        Command::Conformance(args) => conformance::run(&config, &args, output).await,
    }
}

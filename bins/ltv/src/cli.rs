//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// What each supplier is worth: payments in, exact and explainable lifetime value out.
///
/// Exit codes: 0 all well, 1 something was found wrong or failed, 2 wrong use.
#[derive(Debug, Parser)]
#[command(name = "ltv", version)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args, Clone)]
pub struct Common {
    /// The store: sqlite:FOLDER or postgres://USER@HOST/DATABASE.
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// A file with settings; every key with its default is in config/default.toml.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON document on standard output, and nothing else there.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Migrate, check the settings, and serve.
    Serve(ServeArgs),
    /// The whole product on made-up but realistic data, through the real routes.
    Demo(DemoArgs),
    /// API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Rebuild the ledger from the inbox.
    Replay(ReplayArgs),
    /// Check seals, chain, balances and every stored message.
    Verify,
    /// Bring the store's tables up to date.
    Migrate,
    /// Show settings and whether they are safe.
    Doctor,
    /// Play scenario folders against fresh instances and compare figure by figure.
    Conformance(ConformanceArgs),
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 picks one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many suppliers.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub suppliers: u32,
    /// How many months of history.
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub months: u32,
    /// The same seed makes the same history.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// In which order messages are delivered.
    #[arg(long, value_enum, default_value_t = DeliveryArg::Messy)]
    pub delivery: DeliveryArg,
    /// End after the summary instead of serving on.
    #[arg(long)]
    pub exit: bool,
    /// Where to listen; port 0 picks one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Delivery orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DeliveryArg {
    /// As providers do: late, doubled, out of order.
    Messy,
    /// As it happened.
    InOrder,
    /// Last first.
    Reversed,
    /// At random.
    Shuffled,
}

/// Commands on API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key; it is shown this once.
    Create {
        /// A role; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// A name for people.
        #[arg(long, default_value = "command line")]
        label: String,
        /// How many days it lives.
        #[arg(long, default_value_t = 90)]
        ttl_days: u32,
    },
    /// Show all keys, without their secrets.
    List,
    /// End a key.
    Revoke {
        /// The key's id.
        id: String,
    },
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Rebuild beside the ledger, compare and drop, instead of replacing it.
    #[arg(long)]
    pub verify: bool,
}

/// Options of `conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// Scenario folders.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
}

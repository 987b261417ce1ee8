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
    /// Messages that could not be worked on.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Read again what the providers tell, to fill what webhooks left out.
    Sync(SyncArgs),
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
    /// Let the provider have a bad day: 429s, 500s, answers that break off, repeated pages; and lose webhooks, which a
    /// sweep then finds.
    #[arg(long)]
    pub faults: bool,
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
        /// Limit the key to this supplier; may be given several times. Such a key may only be viewer or analyst.
        #[arg(long = "supplier", value_name = "ID")]
        suppliers: Vec<String>,
    },
    /// Make a key that takes the place of another, which works on for a while.
    Rotate {
        /// The key's id.
        id: String,
        /// For how many more hours the old key works.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=24))]
        overlap_hours: u32,
    },
    /// Show all keys, without their secrets.
    List,
    /// End a key.
    Revoke {
        /// The key's id.
        id: String,
    },
}

/// Commands on dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Show them, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// Only with numbers below this one.
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
    },
    /// Look into one.
    Show {
        /// Its number.
        id: i64,
    },
    /// Have one tried again, or all that a filter takes.
    Retry {
        /// Its number; without it, the filter decides.
        id: Option<i64>,
        /// Try once more although people have had it tried three times.
        #[arg(long, requires = "id")]
        confirmed: bool,
        /// Which ones.
        #[command(flatten)]
        filter: DeadLetterArgs,
    },
    /// Propose to discard one; another person approves it through the API.
    Discard {
        /// Its number.
        id: i64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Which dead letters are meant.
#[derive(Debug, Args)]
pub struct DeadLetterArgs {
    /// All of them.
    #[arg(long, conflicts_with = "id")]
    pub all: bool,
    /// Of this integration.
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub integration: Option<String>,
    /// Of this cause class: permanent, poison, exhausted, quarantine.
    #[arg(long, conflicts_with = "id")]
    pub class: Option<String>,
    /// Of this event or object type.
    #[arg(long, conflicts_with = "id")]
    pub kind: Option<String>,
}

/// Options of `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// This integration alone.
    #[arg(long, value_name = "ID")]
    pub integration: Option<String>,
    /// Look at everything that the provider still tells, not only at what came since the last time.
    #[arg(long)]
    pub full: bool,
    /// Wait for a running server to end it. Where no server runs, the command does the work and always waits.
    #[arg(long)]
    pub wait: bool,
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

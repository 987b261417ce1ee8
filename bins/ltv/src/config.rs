//! Settings: defaults → file → environment → flags. Only here is the environment read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use http_api::Limits;
use pipeline::{JobSettings, Settings};
use serde::Deserialize;

use crate::cli::Common;

/// Every key with its default.
const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Settings as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    store: RawStore,
    server: RawServer,
    limits: RawLimits,
    keys: RawKeys,
    pipeline: RawPipeline,
    jobs: RawJobs,
    log: LogConfig,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStore {
    url: String,
    migrate_url: String,
    readers: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    listen: String,
    workers: usize,
    loopback_metrics: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    requests_per_minute_key: u32,
    requests_per_minute_address: u32,
    webhooks_per_minute_address: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKeys {
    root_key_file: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPipeline {
    reporting_currency: String,
    time_zone: String,
    read_delay_ms: u64,
    read_retry_ms: u64,
    retry_cap_ms: u64,
    retry_tries: u32,
    breaker_open_ms: u64,
    breaker_open_max_ms: u64,
    observe_batch: i64,
    book_batch: i64,
    bookers: usize,
    ingest_queue: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJobs {
    sweep_events: String,
    sweep_events_full: String,
    sweep_lists: String,
    prune: String,
    workers: usize,
}

/// How to log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// What to log.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}

/// Settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The store's address.
    pub store_url: String,
    /// Whether the address was given, and not chosen here.
    pub store_named: bool,
    /// The address of a role that may migrate.
    pub migrate_url: Option<String>,
    /// Connections.
    pub readers: u32,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Threads that answer HTTP.
    pub workers: usize,
    /// Whether loopback reads /metrics without a key.
    pub loopback_metrics: bool,
    /// How many requests there may be.
    pub limits: Limits,
    /// The file with the root key.
    pub root_key_file: PathBuf,
    /// The pipeline's settings.
    pub pipeline: Settings,
    /// How to log.
    pub log: LogConfig,
}

impl Config {
    /// Reads and checks all settings; touches no network. Every problem is reported at once.
    pub fn load(common: &Common) -> anyhow::Result<Self> {
        let mut builder =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(file) = &common.config {
            builder = builder.add_source(config::File::from(file.clone()).format(config::FileFormat::Toml));
        }
        let environment =
            config::Environment::with_prefix("LTV").prefix_separator("__").separator("__").try_parsing(true);
        let mut raw: RawConfig = builder
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize)
            .context("the settings cannot be read")?;
        if let Some(store) = &common.store {
            raw.store.url.clone_from(store);
        }
        raw.validate()
    }

    /// The same settings on another store, with the root key beside it.
    #[must_use]
    pub fn on_folder(&self, folder: &Path) -> Self {
        Self {
            store_url: format!("sqlite:{}", folder.display()),
            migrate_url: None,
            root_key_file: folder.join("root.key"),
            ..self.clone()
        }
    }
}

impl RawConfig {
    fn validate(self) -> anyhow::Result<Config> {
        let mut problems = Vec::new();
        let data = data_directory();
        let store_named = !self.store.url.is_empty();
        let store_url = match self.store.url.as_str() {
            "" => format!("sqlite:{}", data.join("store").display()),
            url => url.to_owned(),
        };
        let listen = self.server.listen.parse::<SocketAddr>();
        if listen.is_err() {
            problems
                .push(format!("server.listen `{}` is no address; use 127.0.0.1:8787", self.server.listen));
        }
        let reporting_currency = self.pipeline.reporting_currency.parse();
        if let Err(error) = &reporting_currency {
            problems.push(format!("pipeline.reporting_currency: {error}"));
        }
        if !["text", "json"].contains(&self.log.format.as_str()) {
            problems.push(format!("log.format `{}` is neither text nor json", self.log.format));
        }
        let positive = [
            ("store.readers", i64::from(self.store.readers)),
            ("pipeline.observe_batch", self.pipeline.observe_batch),
            ("pipeline.book_batch", self.pipeline.book_batch),
        ];
        problems.extend(
            positive.iter().filter(|(_, n)| *n < 1).map(|(key, n)| format!("{key} is {n}; use at least 1")),
        );
        let (Ok(listen), Ok(reporting_currency), true) = (listen, reporting_currency, problems.is_empty())
        else {
            bail!("the settings have problems: {}", problems.join("; "));
        };
        let root_key_file = match self.keys.root_key_file.as_str() {
            "" => default_root_key(&store_url, &data),
            file => PathBuf::from(file),
        };
        let pipeline = Settings {
            reporting_currency,
            time_zone: self.pipeline.time_zone,
            read_delay: Duration::from_millis(self.pipeline.read_delay_ms),
            read_retry: Duration::from_millis(self.pipeline.read_retry_ms),
            retry_cap: Duration::from_millis(self.pipeline.retry_cap_ms),
            retry_tries: self.pipeline.retry_tries.max(1),
            breaker_open: Duration::from_millis(self.pipeline.breaker_open_ms),
            breaker_open_max: Duration::from_millis(self.pipeline.breaker_open_max_ms),
            jobs: JobSettings {
                sweep_events: self.jobs.sweep_events,
                sweep_events_full: self.jobs.sweep_events_full,
                sweep_lists: self.jobs.sweep_lists,
                prune: self.jobs.prune,
                workers: self.jobs.workers.max(1),
            },
            observe_batch: self.pipeline.observe_batch,
            book_batch: self.pipeline.book_batch,
            bookers: self.pipeline.bookers.max(1),
            ingest_queue: self.pipeline.ingest_queue.max(1),
            ..Settings::default()
        };
        Ok(Config {
            store_url,
            store_named,
            migrate_url: Some(self.store.migrate_url).filter(|url| !url.is_empty()),
            readers: self.store.readers,
            listen,
            workers: self.server.workers.max(1),
            loopback_metrics: self.server.loopback_metrics,
            limits: Limits {
                requests_per_minute_key: self.limits.requests_per_minute_key,
                requests_per_minute_address: self.limits.requests_per_minute_address,
                webhooks_per_minute_address: self.limits.webhooks_per_minute_address,
                ..Limits::default()
            },
            root_key_file,
            pipeline,
            log: self.log,
        })
    }
}

fn default_root_key(store_url: &str, data: &Path) -> PathBuf {
    store_url
        .strip_prefix("sqlite:")
        .map_or_else(|| data.join("root.key"), |folder| Path::new(folder).join("root.key"))
}

/// Where data lives when nothing else is said.
fn data_directory() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local").join("share"));
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_else(|| PathBuf::from("."))
        .join("wedsync-ltv")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> RawConfig {
        config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml))
            .build()
            .unwrap()
            .try_deserialize()
            .unwrap()
    }

    #[test]
    fn every_default_is_in_the_file_and_valid() {
        let config = raw().validate().unwrap();
        assert_eq!(config.pipeline.time_zone, Settings::default().time_zone);
        assert_eq!(config.pipeline.read_delay, Settings::default().read_delay);
        assert_eq!(config.pipeline.read_retry, Settings::default().read_retry);
        assert_eq!(config.pipeline.retry_cap, Settings::default().retry_cap);
        assert_eq!(config.pipeline.breaker_open, Settings::default().breaker_open);
        assert_eq!(config.pipeline.jobs, JobSettings::default());
        assert_eq!(config.limits, Limits::default());
        assert!(config.store_url.starts_with("sqlite:"));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let mut raw = raw();
        raw.server.listen = "everywhere".to_owned();
        raw.pipeline.reporting_currency = "POUND".to_owned();
        raw.store.readers = 0;
        let text = raw.validate().unwrap_err().to_string();
        for part in ["server.listen", "reporting_currency", "store.readers"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_root_key_lies_in_the_folder_of_an_embedded_store() {
        assert_eq!(default_root_key("sqlite:/x", Path::new("/data")), Path::new("/x/root.key"));
        assert_eq!(default_root_key("postgres://h/d", Path::new("/data")), Path::new("/data/root.key"));
    }
}

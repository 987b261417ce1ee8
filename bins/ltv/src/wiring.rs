//! Where concrete names meet: which providers exist, which clock, which randomness.

use std::sync::Arc;

use anyhow::Context;
use connector::ProviderFactory;
use pipeline::{Clock, LtvDataPipeline, Parts, SystemClock};
use store::{Migrate, OpenOptions, Store};
use vault::{RootKey, SystemRandom};

use crate::config::Config;

/// How a command uses the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// As the one server of an embedded store: checks the settings.
    Serve,
    /// Beside a server.
    Beside,
    /// Alone: no server may be running.
    Alone,
}

/// Opens the store.
pub async fn open_store(config: &Config, usage: Use) -> anyhow::Result<Arc<dyn Store>> {
    let migrate = match (&config.migrate_url, usage) {
        (Some(url), _) => Migrate::RunWith(url.clone()),
        (None, _) => Migrate::Run,
    };
    let options = OpenOptions {
        migrate,
        readers: config.readers,
        exclusive: usage != Use::Beside,
        check_settings: usage == Use::Serve,
    };
    store::open(&config.store_url, options)
        .await
        .with_context(|| format!("could not open the store {}", shown(&config.store_url)))
}

/// Opens the pipeline over a store.
pub async fn open_pipeline(config: &Config, store: Arc<dyn Store>) -> anyhow::Result<LtvDataPipeline> {
    let root_key = RootKey::open_or_create(&config.root_key_file)
        .with_context(|| format!("could not use the root key in {}", config.root_key_file.display()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = Parts {
        store,
        root_key,
        clock,
        random: Arc::new(SystemRandom::default()),
        factories: factories(),
        settings: config.pipeline.clone(),
    };
    LtvDataPipeline::open(parts).await.context("could not open the pipeline")
}

/// The providers of this build.
fn factories() -> Vec<Arc<dyn ProviderFactory>> {
    vec![Arc::new(payments_stripe::StripeFactory)]
}

/// The address without its password.
fn shown(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _unchanged = parsed.set_password(Some("…"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

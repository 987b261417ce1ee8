//! The configured accounts at providers: kept in the store with sealed secrets, connected in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use connector::{Guarded, IntegrationConfig, IntegrationConfigError, PaymentProvider, ProviderFactory};
use ltv_core::{Provider, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::{IntegrationRow, Store};
use vault::Vault;

use crate::clock::Clock;
use crate::error::PipelineError;
use crate::guard::{self, GuardClock, GuardRandom};
use crate::settings::Settings;

/// What is wanted of an integration.
#[derive(Debug, Clone)]
pub struct NewIntegration {
    /// Its id; default: the provider's name, with the account's where there is one.
    pub id: Option<String>,
    /// The provider.
    pub platform: Provider,
    /// The provider's id of the account.
    pub account: Option<String>,
    /// Live or test.
    pub livemode: bool,
    /// Secrets of the webhook endpoint.
    pub webhook_secrets: Vec<SecretString>,
    /// The key for the provider's API.
    pub api_key: Option<SecretString>,
    /// Where the provider's API is, when not at its published address.
    pub api_base: Option<String>,
}

/// An integration, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationView {
    /// Its id.
    pub id: String,
    /// The provider.
    pub platform: Provider,
    /// The provider's id of the account.
    pub account: Option<String>,
    /// Live or test.
    pub livemode: bool,
    /// Where the provider's API is, when not at its published address.
    pub api_base: Option<String>,
    /// Whether a key for the provider's API is kept.
    pub has_api_key: bool,
    /// How many webhook secrets are kept.
    pub webhook_secrets: usize,
    /// Raised with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was stopped.
    pub deleted_at: Option<Timestamp>,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Fields are wrong.
    #[error("the configuration has problems: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<IntegrationConfigError>),
    /// The store holds the other mode.
    #[error("all integrations of a store have one mode, and this store's is {}", if *.store_is_live { "live" } else { "test" })]
    OtherMode {
        /// The mode of the store.
        store_is_live: bool,
    },
    /// It has been changed meanwhile.
    #[error("the integration has been changed meanwhile; its version is {current}")]
    VersionMismatch {
        /// The version that is kept.
        current: i64,
    },
    /// There is no connector for it.
    #[error("there is no connector for `{0}` in this build")]
    UnknownPlatform(Provider),
    /// The pipeline failed.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// The secrets of an integration, as sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Secrets {
    webhook_secrets: Vec<String>,
    api_key: Option<String>,
}

/// A connected integration.
pub(crate) struct Live {
    pub(crate) view: IntegrationView,
    /// The provider, behind its guard.
    pub(crate) provider: Arc<dyn PaymentProvider>,
    /// The guard itself, for its health.
    pub(crate) guard: Arc<Guarded>,
    /// Held while a page of a list is read.
    pub(crate) reading: tokio::sync::Mutex<()>,
}

/// All connected integrations, and one observer for each provider, which needs no secrets.
pub(crate) struct Integrations {
    store: Arc<dyn Store>,
    vault: Vault,
    factories: Vec<Arc<dyn ProviderFactory>>,
    observers: BTreeMap<Provider, Arc<dyn PaymentProvider>>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    live: RwLock<Arc<BTreeMap<String, Arc<Live>>>>,
}

impl Integrations {
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        vault: Vault,
        factories: Vec<Arc<dyn ProviderFactory>>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, PipelineError> {
        let mut observers = BTreeMap::new();
        for factory in &factories {
            let observer =
                factory.observer().map_err(|problems| unusable(factory.provider().as_str(), &problems))?;
            observers.insert(factory.provider(), observer);
        }
        let this = Self { store, vault, factories, observers, clock, settings, live: RwLock::default() };
        this.refresh().await?;
        Ok(this)
    }

    /// The provider that maps messages; works for stopped integrations, too.
    pub(crate) fn observer(&self, provider: Provider) -> Option<&Arc<dyn PaymentProvider>> {
        self.observers.get(&provider)
    }

    pub(crate) fn factories(&self) -> &[Arc<dyn ProviderFactory>] {
        &self.factories
    }

    /// The connected integrations by id.
    pub(crate) fn live(&self) -> Arc<BTreeMap<String, Arc<Live>>> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the stored configurations and connects those that changed. Answers the ids of new or changed ones.
    pub(crate) async fn refresh(&self) -> Result<Vec<String>, PipelineError> {
        let known = self.live();
        let mut next = BTreeMap::new();
        let mut changed = Vec::new();
        for row in self.store.integrations().await? {
            if row.deleted_at.is_some() {
                continue;
            }
            let live = match known.get(&row.id) {
                Some(live) if live.view.version == row.version => Arc::clone(live),
                _ => {
                    changed.push(row.id.clone());
                    Arc::new(self.connect(&row).await?)
                }
            };
            next.insert(row.id.clone(), live);
        }
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(changed)
    }

    async fn connect(&self, row: &IntegrationRow) -> Result<Live, PipelineError> {
        let config = self.config_of(row).await?;
        let provider = self
            .factory(row.provider)
            .ok_or_else(|| PipelineError::Integration {
                id: row.id.clone(),
                detail: format!("there is no connector for `{}` in this build", row.provider),
            })?
            .connect(&config)
            .map_err(|problems| unusable(&row.id, &problems))?;
        let view = view_of(row, config.api_key.is_some(), config.webhook_secrets.len());
        let guard = Arc::new(Guarded::new(
            provider,
            row.id.clone(),
            guard::settings_of(&view, &self.settings),
            Arc::new(GuardClock(Arc::clone(&self.clock))),
            Arc::new(GuardRandom(self.vault.clone())),
        ));
        let provider: Arc<dyn PaymentProvider> = Arc::<Guarded>::clone(&guard);
        Ok(Live { view, provider, guard, reading: tokio::sync::Mutex::default() })
    }

    async fn config_of(&self, row: &IntegrationRow) -> Result<IntegrationConfig, PipelineError> {
        let plain = self.vault.open_value(&purpose(&row.id), &row.sealed_secrets).await?;
        let secrets: Secrets = serde_json::from_slice(&plain)
            .map_err(|source| PipelineError::DamagedSecrets { id: row.id.clone(), source })?;
        Ok(IntegrationConfig {
            id: row.id.clone(),
            account: row.account.clone(),
            livemode: row.livemode,
            webhook_secrets: secrets.webhook_secrets.into_iter().map(SecretString::from).collect(),
            api_key: secrets.api_key.map(SecretString::from),
            api_base: row.api_base.clone(),
        })
    }

    fn factory(&self, provider: Provider) -> Option<&Arc<dyn ProviderFactory>> {
        self.factories.iter().find(|factory| factory.provider() == provider)
    }

    /// All integrations, stopped ones included.
    pub(crate) async fn views(&self) -> Result<Vec<IntegrationView>, PipelineError> {
        let mut views = Vec::new();
        for row in self.store.integrations().await? {
            if row.deleted_at.is_some() {
                views.push(view_of(&row, false, 0));
            } else {
                let config = self.config_of(&row).await?;
                views.push(view_of(&row, config.api_key.is_some(), config.webhook_secrets.len()));
            }
        }
        Ok(views)
    }

    /// Makes or replaces an integration.
    pub(crate) async fn put(
        &self,
        new: NewIntegration,
        if_match: Option<i64>,
        now: Timestamp,
    ) -> Result<(IntegrationView, bool), ConfigError> {
        let rows = self.store.integrations().await.map_err(PipelineError::from)?;
        let id = new.id.clone().unwrap_or_else(|| default_id(&new));
        check_mode(&rows, &new, &id)?;
        let current = rows.iter().find(|row| row.id == id);
        let version = current.map_or(0, |row| row.version);
        if if_match.is_some_and(|wanted| wanted != version) {
            return Err(ConfigError::VersionMismatch { current: version });
        }
        self.check(&id, &new)?;
        let created = current.is_none_or(|row| row.deleted_at.is_some());
        let row = IntegrationRow {
            sealed_secrets: self.seal(&id, &new).await?,
            id,
            provider: new.platform,
            account: new.account,
            livemode: new.livemode,
            api_base: new.api_base,
            version: version.saturating_add(1),
            created_at: current.map_or(now, |row| row.created_at),
            deleted_at: None,
        };
        if !self.store.put_integration(&row).await.map_err(PipelineError::from)? {
            return Err(ConfigError::VersionMismatch { current: version.saturating_add(1) });
        }
        self.refresh().await?;
        Ok((view_of(&row, new.api_key.is_some(), new.webhook_secrets.len()), created))
    }

    /// Validates by connecting, which touches no network.
    fn check(&self, id: &str, new: &NewIntegration) -> Result<(), ConfigError> {
        let factory = self.factory(new.platform).ok_or(ConfigError::UnknownPlatform(new.platform))?;
        let mut problems = Vec::new();
        if !is_plain_id(id) {
            problems.push(IntegrationConfigError {
                pointer: "/id".to_owned(),
                problem:
                    "use 1 to 64 small letters, digits, `-` or `_`, and not `config`, `status` or `sync`"
                        .to_owned(),
            });
        }
        let config = IntegrationConfig {
            id: id.to_owned(),
            account: new.account.clone(),
            livemode: new.livemode,
            webhook_secrets: new.webhook_secrets.clone(),
            api_key: new.api_key.clone(),
            api_base: new.api_base.clone(),
        };
        if let Err(more) = factory.connect(&config) {
            problems.extend(more);
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems)) }
    }

    async fn seal(&self, id: &str, new: &NewIntegration) -> Result<Vec<u8>, ConfigError> {
        let secrets = Secrets {
            webhook_secrets: new
                .webhook_secrets
                .iter()
                .map(|secret| secret.expose_secret().to_owned())
                .collect(),
            api_key: new.api_key.as_ref().map(|key| key.expose_secret().to_owned()),
        };
        let plain = serde_json::to_vec(&secrets)
            .map_err(|source| PipelineError::DamagedSecrets { id: id.to_owned(), source })?;
        Ok(self.vault.seal_value(&purpose(id), &plain).await.map_err(PipelineError::from)?)
    }

    /// Stops an integration and destroys its credentials; the ledger stays. False when there is none.
    pub(crate) async fn delete(&self, id: &str, now: Timestamp) -> Result<bool, PipelineError> {
        let rows = self.store.integrations().await?;
        let Some(row) = rows.into_iter().find(|row| row.id == id && row.deleted_at.is_none()) else {
            return Ok(false);
        };
        let row = IntegrationRow {
            sealed_secrets: Vec::new(),
            version: row.version.saturating_add(1),
            deleted_at: Some(now),
            ..row
        };
        let deleted = self.store.put_integration(&row).await?;
        self.refresh().await?;
        Ok(deleted)
    }
}

fn check_mode(rows: &[IntegrationRow], new: &NewIntegration, id: &str) -> Result<(), ConfigError> {
    // Stopped integrations count, too: their money is in this ledger. One alone may still change its mode
    // while it is the only one, since a message of the other mode is never booked.
    let other = rows.iter().find(|row| row.id != id && row.livemode != new.livemode);
    other.map_or(Ok(()), |row| Err(ConfigError::OtherMode { store_is_live: row.livemode }))
}

fn default_id(new: &NewIntegration) -> String {
    match &new.account {
        Some(account) => format!("{}-{}", new.platform, account.to_ascii_lowercase()),
        None => new.platform.to_string(),
    }
}

/// Words that stand in an id's place in routes.
const RESERVED_IDS: [&str; 3] = ["config", "status", "sync"];

fn is_plain_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && !RESERVED_IDS.contains(&id)
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn purpose(id: &str) -> String {
    format!("integration:{id}")
}

fn view_of(row: &IntegrationRow, has_api_key: bool, webhook_secrets: usize) -> IntegrationView {
    IntegrationView {
        id: row.id.clone(),
        platform: row.provider,
        account: row.account.clone(),
        livemode: row.livemode,
        api_base: row.api_base.clone(),
        has_api_key,
        webhook_secrets,
        version: row.version,
        created_at: row.created_at,
        deleted_at: row.deleted_at,
    }
}

fn unusable(id: &str, problems: &[IntegrationConfigError]) -> PipelineError {
    let detail = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    PipelineError::Integration { id: id.to_owned(), detail }
}

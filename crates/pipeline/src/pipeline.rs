//! The face of the pipeline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connector::{ProviderFactory, RawMessage};
use ltv_core::policy::Policy;
use ltv_core::{Provider, Timestamp};
use store::{Booker, GroupCommit, Store};
use tokio::sync::Notify;
use vault::{Random, RootKey, Vault};

use crate::access::{Principal, Role};
use crate::ask::{AskError, Books};
use crate::audit::AuditQueue;
use crate::book;
use crate::clock::Clock;
use crate::error::PipelineError;
use crate::ingest::{Ingest, ReceiveError, Received};
use crate::integrations::{ConfigError, IntegrationView, Integrations, NewIntegration};
use crate::jobs::Schedules;
use crate::keys::{CreatedKey, KeyError, KeyView, Keys, NewKey, SignIn};
use crate::observe::Observer;
use crate::reader::{Reader, chain};
use crate::settings::Settings;
use crate::shelf::StoreShelf;
use crate::tallies::Tallies;
use crate::workers::Workers;

/// What a pipeline is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The key above all keys.
    pub root_key: RootKey,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for keys and ids.
    pub random: Arc<dyn Random>,
    /// The providers that exist.
    pub factories: Vec<Arc<dyn ProviderFactory>>,
    /// Settings.
    pub settings: Settings,
}

/// One thing that the service depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: &'static str,
    /// Whether it works.
    pub healthy: bool,
    /// What is wrong, or that all is well.
    pub detail: String,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) booker: Booker,
    pub(crate) integrations: Arc<Integrations>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) observer: Observer,
    pub(crate) reader: Reader,
    pub(crate) keys: Keys,
    pub(crate) tallies: Arc<Tallies>,
    pub(crate) audit: AuditQueue,
    pub(crate) books: Books,
    pub(crate) wake_observer: Arc<Notify>,
    pub(crate) wake_booker: Notify,
    pub(crate) wake_jobs: Notify,
    pub(crate) schedules: Schedules,
    /// When this process began.
    pub(crate) opened_at: Timestamp,
    stopping: AtomicBool,
}

/// The financial data pipeline: takes what providers say, keeps it, books it, and answers questions. Cheap to clone.
#[derive(Clone)]
pub struct LtvDataPipeline {
    pub(crate) inner: Arc<Inner>,
}

impl LtvDataPipeline {
    /// Opens the pipeline over its parts; runs nothing yet.
    ///
    /// # Errors
    /// [`PipelineError`] when the store, the vault or a stored integration cannot be used.
    pub async fn open(parts: Parts) -> Result<Self, PipelineError> {
        let Parts { store, root_key, clock, random, factories, settings } = parts;
        let shelf = Arc::new(StoreShelf { store: Arc::clone(&store), clock: Arc::clone(&clock) });
        let vault = Vault::open_with(Arc::new(root_key), shelf, store.store_id().await?, random).await?;
        let opened_at = clock.now();
        let schedules = Schedules::new(&settings.jobs)?;
        let integrations = Integrations::open(
            Arc::clone(&store),
            vault.clone(),
            factories,
            Arc::clone(&clock),
            settings.clone(),
        );
        let integrations = Arc::new(integrations.await?);
        let tallies = Arc::new(Tallies::default());
        let wake_observer = Arc::new(Notify::new());
        let ingest = Arc::new(Ingest {
            integrations: Arc::clone(&integrations),
            vault: vault.clone(),
            group: GroupCommit::spawn(Arc::clone(&store), settings.ingest_queue),
            tallies: Arc::clone(&tallies),
        });
        let observer = Observer {
            store: Arc::clone(&store),
            vault: vault.clone(),
            integrations: Arc::clone(&integrations),
            tallies: Arc::clone(&tallies),
            settings: settings.clone(),
        };
        let reader = Reader::new(
            Arc::clone(&store),
            Arc::clone(&integrations),
            Arc::clone(&ingest),
            Arc::clone(&clock),
            settings.clone(),
            Arc::clone(&wake_observer),
        );
        let keys = Keys::new(Arc::clone(&store), vault.clone());
        let booker = book::booker(Policy::preset_default());
        let inner = Inner {
            store,
            vault,
            clock,
            settings,
            booker,
            integrations,
            ingest,
            observer,
            reader,
            keys,
            tallies,
            audit: AuditQueue::default(),
            books: Books::default(),
            wake_observer,
            wake_booker: Notify::new(),
            wake_jobs: Notify::new(),
            schedules,
            opened_at,
            stopping: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Starts the workers. What a message announced before the process ended is read now.
    #[must_use]
    pub fn start(&self) -> Workers {
        for (id, live) in self.inner.integrations.live().iter() {
            if live.view.has_api_key {
                self.inner.reader.schedule(id);
            }
        }
        Workers::spawn(&self.inner)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Takes a webhook; the provider is recognised by its headers where it is not given. Answers once it is durable.
    ///
    /// # Errors
    /// [`ReceiveError`]
    pub async fn receive(
        &self,
        provider: Option<Provider>,
        raw: RawMessage,
    ) -> Result<Received, ReceiveError> {
        let received = self.inner.ingest.receive(provider, raw, self.now()).await?;
        if !received.duplicate && !received.test_mode {
            self.inner.wake_observer.notify_one();
        }
        Ok(received)
    }

    /// Counts a message that was refused before it could be verified: too large, of the wrong type.
    pub fn count_rejected(&self, provider: Option<Provider>, cause: &'static str) {
        self.inner.tallies.count(provider.map_or("unknown", Provider::as_str), &format!("rejected:{cause}"));
    }

    /// All integrations, stopped ones included.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn integrations(&self) -> Result<Vec<IntegrationView>, PipelineError> {
        self.inner.integrations.views().await
    }

    /// Makes or replaces an integration, and reads its lists. True: it was made.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub async fn put_integration(
        &self,
        new: NewIntegration,
        if_match: Option<i64>,
    ) -> Result<(IntegrationView, bool), ConfigError> {
        let (view, created) = self.inner.integrations.put(new, if_match, self.now()).await?;
        if view.has_api_key {
            self.inner.read_anew(&view.id).await;
        }
        Ok((view, created))
    }

    /// Stops an integration and destroys its credentials; the ledger stays. False: there is none.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn delete_integration(&self, id: &str) -> Result<bool, PipelineError> {
        self.inner.integrations.delete(id, self.now()).await
    }

    /// Makes an API key.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn create_key(
        &self,
        label: &str,
        roles: BTreeSet<Role>,
        ttl_days: u32,
    ) -> Result<CreatedKey, KeyError> {
        let new = NewKey { label: label.to_owned(), roles, suppliers: None, ttl_days };
        self.inner.keys.create(new, self.now()).await
    }

    /// Makes an API key, limited to some suppliers where wanted.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn create_scoped_key(&self, new: NewKey) -> Result<CreatedKey, KeyError> {
        self.inner.keys.create(new, self.now()).await
    }

    /// Makes a key that takes the place of another, which works for up to 24 more hours. `None`: there is no such key,
    /// or it has ended.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn rotate_key(&self, id: &str, overlap_hours: u32) -> Result<Option<CreatedKey>, KeyError> {
        self.inner.keys.rotate(id, overlap_hours, self.now()).await
    }

    /// All API keys.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn keys(&self) -> Result<Vec<KeyView>, KeyError> {
        self.inner.keys.list().await
    }

    /// Revokes an API key; false: there is none.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn revoke_key(&self, id: &str) -> Result<bool, KeyError> {
        self.inner.keys.revoke(id, self.now()).await
    }

    /// Who holds this key; `None`: nobody.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn authenticate(&self, text: &str) -> Result<Option<Principal>, KeyError> {
        self.inner.keys.authenticate(text, self.now()).await
    }

    /// Makes a dashboard session for the holder of a key.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn sign_in(&self, text: &str) -> Result<Option<SignIn>, KeyError> {
        self.inner.keys.sign_in(text, self.now()).await
    }

    /// Makes a link that signs in once as the holder of a key.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn one_time_link(&self, key_id: &str) -> Result<Option<SignIn>, KeyError> {
        self.inner.keys.one_time_link(key_id, self.now()).await
    }

    /// Turns a one-time link into a session.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn redeem_link(&self, token: &str) -> Result<Option<SignIn>, KeyError> {
        self.inner.keys.redeem(token, self.now()).await
    }

    /// Who is signed in with this token.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn session(&self, token: &str) -> Result<Option<Principal>, KeyError> {
        self.inner.keys.session(token, self.now()).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn sign_out(&self, token: &str) -> Result<(), KeyError> {
        self.inner.keys.sign_out(token).await
    }

    /// How everything that the service depends on is.
    pub async fn health(&self) -> Vec<Dependency> {
        let (healthy, detail) = match self.inner.store.ping().await {
            Ok(()) => (true, self.inner.store.backend().to_owned()),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "The store does not answer");
                (false, "does not answer".to_owned())
            }
        };
        vec![Dependency { name: "store", healthy, detail }]
    }
}

impl Inner {
    /// Whether jobs are to end with the step under way.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.wake_jobs.notify_waiters();
    }

    pub(crate) fn resume(&self) {
        self.stopping.store(false, Ordering::Relaxed);
    }

    /// Any number, to spread delays.
    pub(crate) fn random(&self) -> u64 {
        crate::guard::random_number(&self.vault)
    }

    /// Reads all that a new or changed integration tells: its lists, and what it sent in the last 30 days.
    async fn read_anew(&self, integration: &str) {
        self.reader.schedule(integration);
        let sweeps = self.integrations.live().get(integration).is_some_and(|live| live.provider.sweeps());
        if !sweeps {
            return;
        }
        let job = self.new_sync(integration, true, true, "system");
        if let Err(error) = self.add_job(job).await {
            // The scheduled sweep does the same a little later.
            tracing::error!(error = %chain(&error), "Could not add the first sweep of integration {integration}");
        }
    }

    /// Observes one batch, and sees to what it asks for. Answers how many messages there were.
    pub(crate) async fn observe_once(&self) -> Result<usize, AskError> {
        let now = self.clock.now();
        let mut batch = self.observer.map_batch(now).await?;
        // Before the messages are done: a crash in between only asks again.
        self.fetch_needed(std::mem::take(&mut batch.report.needs)).await?;
        let report = self.observer.finish(batch, now).await?;
        let count = u64::try_from(report.messages).unwrap_or(0);
        metrics::counter!("ltv_messages_observed_total").increment(count);
        for integration in &report.announced {
            self.reader.schedule(integration);
        }
        if report.dirty > 0 {
            self.wake_booker.notify_one();
        }
        Ok(report.messages)
    }

    /// What is done once a second: changed configuration, counters, gauges.
    pub(crate) async fn tick(&self) {
        match self.integrations.refresh().await {
            Ok(changed) => changed.iter().for_each(|id| self.reader.schedule(id)),
            Err(error) => tracing::error!(error = %chain(&error), "Could not refresh the integrations"),
        }
        if let Err(error) = self.tallies.flush(self.store.as_ref()).await {
            tracing::error!(error = %chain(&error), "Could not write counters; they wait");
        }
        if let Ok(dirty) = self.store.dirty_count().await {
            metrics::gauge!("ltv_cases_dirty").set(f64::from(u32::try_from(dirty).unwrap_or(u32::MAX)));
        }
    }
}

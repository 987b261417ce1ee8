//! A pipeline without workers: what is due is done by `catch_up`, so that every test is exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use connector::testkit::fake::{FakeProvider, Observing, SIGNED, message, webhook};
use connector::{
    IntegrationConfig, IntegrationConfigError, Message, Observed, PaymentProvider, ProviderError,
    ProviderFactory, RawMessage,
};
use ltv_core::{Observation, Origin, Provider, Timestamp};
use pipeline::{FixedClock, IntegrationStatus, LtvDataPipeline, NewIntegration, Parts, Settings};
use store::{OpenOptions, Store};
use tempfile::TempDir;
use vault::{RootKey, SystemRandom};

/// What a message that cannot be mapped holds, until the mapping is mended.
pub const POISON: &str = "poison";

pub struct Bench {
    pub pipeline: LtvDataPipeline,
    pub fake: Arc<FakeProvider>,
    pub clock: Arc<FixedClock>,
    pub store: Arc<dyn Store>,
    mended: Arc<AtomicBool>,
    _folder: TempDir,
}

struct Factory(Arc<FakeProvider>);

impl ProviderFactory for Factory {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn recognises(&self, raw: &RawMessage) -> bool {
        raw.header(SIGNED.0).is_some()
    }

    fn observer(&self) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        Ok(Arc::<FakeProvider>::clone(&self.0))
    }

    fn connect(
        &self,
        _config: &IntegrationConfig,
    ) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        Ok(Arc::<FakeProvider>::clone(&self.0))
    }
}

/// Messages hold the observations that they show, as JSON.
fn observing(mended: Arc<AtomicBool>) -> Observing {
    Box::new(move |id, message: &Message| {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        let mut data = text.splitn(4, '|').nth(3).unwrap_or_default().to_owned();
        if data == POISON {
            if !mended.load(Ordering::Relaxed) {
                let detail = "it is poison".to_owned();
                return Err(ProviderError::Mapping { kind: message.kind.clone(), detail });
            }
            data = charge_data();
        }
        let shown: Vec<Observation> = serde_json::from_str(&data).map_err(|error| {
            ProviderError::Mapping { kind: message.kind.clone(), detail: error.to_string() }
        })?;
        let observations = shown
            .into_iter()
            .map(|observation| Observation {
                observed_at: message.observed_at,
                origin: message.origin,
                source_id: message.source_id.clone(),
                message: id,
                mapping_version: 1,
                ..observation
            })
            .collect();
        Ok(Observed { observations, drift: Vec::new() })
    })
}

/// What a poisonous message turns out to show.
fn charge_data() -> String {
    data(&ltv_core::testkit::a_charge("ch_poison").from("cus_1").build())
}

pub fn data(observation: &Observation) -> String {
    serde_json::to_string(&[observation]).unwrap()
}

/// The message of a webhook that shows this.
pub fn event(id: &str, kind: &str, observation: &Observation) -> Message {
    message(Origin::Webhook, id, kind, &data(observation), observation.observed_at)
}

impl Bench {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store").display());
        let store = store::open(&url, OpenOptions::default()).await.unwrap();
        let mended = Arc::new(AtomicBool::new(false));
        let fake = Arc::new(FakeProvider::new(observing(Arc::clone(&mended))));
        let clock = Arc::new(FixedClock::at("2026-11-24T10:01:00Z".parse().unwrap()));
        let pipeline = open(&store, &fake, &clock).await;
        let bench = Self { pipeline, fake, clock, store, mended, _folder: folder };
        bench.set_date();
        let new = NewIntegration {
            id: Some("stripe".to_owned()),
            platform: Provider::Stripe,
            account: None,
            livemode: false,
            webhook_secrets: vec!["secret".to_owned().into()],
            api_key: Some("key".to_owned().into()),
            api_base: Some("http://127.0.0.1:1".to_owned()),
        };
        bench.pipeline.put_integration(new, None).await.unwrap();
        bench.pass(3).await;
        bench
    }

    /// Another process on the same store.
    pub async fn another_node(&self) -> LtvDataPipeline {
        open(&self.store, &self.fake, &self.clock).await
    }

    fn set_date(&self) {
        self.fake.set_date(pipeline::Clock::now(self.clock.as_ref()));
    }

    pub fn now(&self) -> Timestamp {
        pipeline::Clock::now(self.clock.as_ref())
    }

    /// Lets time go by, and all be done that is due then.
    pub async fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
        self.set_date();
        self.pipeline.catch_up().await.unwrap();
    }

    /// Delivers a webhook that shows this, and works it off.
    pub async fn deliver(&self, id: &str, kind: &str, observation: &Observation) {
        self.deliver_text(id, kind, &data(observation), observation.observed_at).await;
    }

    pub async fn deliver_text(&self, id: &str, kind: &str, text: &str, at: Timestamp) {
        self.pipeline.receive(Some(Provider::Stripe), webhook(id, kind, text, at)).await.unwrap();
        self.pipeline.catch_up().await.unwrap();
    }

    pub fn mend_the_mapping(&self) {
        self.mended.store(true, Ordering::Relaxed);
    }

    pub async fn status(&self) -> IntegrationStatus {
        self.pipeline.integration_status().await.unwrap().remove(0)
    }

    pub fn calls(&self, operation: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.as_str() == operation).count()
    }
}

async fn open(store: &Arc<dyn Store>, fake: &Arc<FakeProvider>, clock: &Arc<FixedClock>) -> LtvDataPipeline {
    let parts = Parts {
        store: Arc::clone(store),
        root_key: RootKey::from_bytes([7; 32]),
        clock: Arc::<FixedClock>::clone(clock),
        random: Arc::new(SystemRandom::default()),
        factories: vec![Arc::new(Factory(Arc::clone(fake)))],
        settings: Settings::default(),
    };
    LtvDataPipeline::open(parts).await.unwrap()
}

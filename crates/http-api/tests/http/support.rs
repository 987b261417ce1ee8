//! A pipeline on a store of its own, and answers that are easy to look at.

use std::sync::Arc;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector::{
    AcceptError, Cursor, IntegrationConfig, IntegrationConfigError, ListName, Message, ObjectRef, Observed,
    Page, PaymentProvider, ProviderError, ProviderFactory, RawMessage,
};
use http_api::{AppState, configure_whole};
use ltv_core::observation::{Body, Observation, Payment, PaymentStatus};
use ltv_core::{Currency, MessageId, Money, ObjectKey, Origin, Provider};
use pipeline::access::Role;
use pipeline::{FixedClock, LtvDataPipeline, Parts, Settings};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::contract;

/// The state of an app whose store lives as long as this.
pub struct Bench {
    /// What is mounted.
    pub state: AppState,
    _folder: TempDir,
}

impl Bench {
    /// Over an empty store.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = store::OpenOptions { check_settings: false, ..store::OpenOptions::default() };
        let store = store::open(&format!("sqlite:{}", folder.path().display()), options).await.unwrap();
        let pipeline = LtvDataPipeline::open(Parts {
            store,
            root_key: vault::RootKey::from_bytes([7; 32]),
            clock: Arc::new(FixedClock::at("2026-11-23T12:00:00Z".parse().unwrap())),
            random: Arc::new(vault::SystemRandom::default()),
            factories: vec![Arc::new(StandIn)],
            settings: Settings::default(),
        });
        Self { state: AppState::new(pipeline.await.unwrap()), _folder: folder }
    }
}

/// A provider that takes `stripe-signature: good`, and an object with an `id` for a message.
struct StandIn;

impl ProviderFactory for StandIn {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn recognises(&self, raw: &RawMessage) -> bool {
        raw.header("stripe-signature").is_some()
    }

    fn connect(
        &self,
        _config: &IntegrationConfig,
    ) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        Ok(Arc::new(Self))
    }

    fn observer(&self) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl PaymentProvider for StandIn {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn mapping_version(&self) -> i32 {
        1
    }

    async fn accept(&self, raw: &RawMessage, now: DateTime<Utc>) -> Result<Message, AcceptError> {
        if raw.header("stripe-signature") != Some("good") {
            return Err(AcceptError::Unauthentic);
        }
        let body: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
        let id =
            body["id"].as_str().ok_or_else(|| AcceptError::Malformed { detail: "no `id`".to_owned() })?;
        Ok(Message {
            provider: Provider::Stripe,
            origin: Origin::Webhook,
            source_id: id.to_owned(),
            kind: "test".to_owned(),
            observed_at: now,
            livemode: Some(true),
            account: None,
            substance: [u8::try_from(id.len()).unwrap_or_default(); 32],
            payload: raw.body.clone(),
        })
    }

    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError> {
        let body: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
        if body["broken"] == true {
            let detail = "nobody can read it".to_owned();
            return Err(ProviderError::Mapping { kind: message.kind.clone(), detail });
        }
        let Some(customer) = body["customer"].as_str() else { return Ok(Observed::default()) };
        let key = |text: &str| ObjectKey::new(Provider::Stripe, text);
        let amount = Money::from_minor(5_000, Currency::GBP);
        let payment = Payment {
            customer: Some(key(customer)),
            amount,
            amount_captured: amount,
            amount_refunded: Money::from_minor(0, Currency::GBP),
            captured: true,
            status: PaymentStatus::Succeeded,
            payment_intent: None,
            settlement: None,
            failure_settlement: None,
            created_at: message.observed_at,
        };
        let observation = Observation {
            object: key(&format!("ch_{}", message.source_id)),
            observed_at: message.observed_at,
            origin: message.origin,
            source_id: message.source_id.clone(),
            message: id,
            mapping_version: 1,
            body: Body::Payment(payment),
        };
        Ok(Observed { observations: vec![observation], drift: Vec::new() })
    }

    fn needs(&self, _message: &Message) -> Vec<ObjectRef> {
        Vec::new()
    }

    async fn fetch(&self, _object: &ObjectRef) -> Result<Message, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }

    fn lists(&self) -> &'static [ListName] {
        &[]
    }

    fn announces_settlement(&self, _message: &Message) -> bool {
        false
    }

    async fn list_since(&self, _list: ListName, _cursor: &Cursor) -> Result<Page, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }

    fn sweeps(&self) -> bool {
        false
    }

    async fn events_since(&self, _since: DateTime<Utc>, _cursor: &Cursor) -> Result<Page, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }
}

/// An answer, whole.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The problem document, checked to be whole.
    pub fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let document = self.json();
        let members =
            ["type", "title", "status", "detail", "instance", "code", "errors", "requestId", "retryable"];
        assert!(members.iter().all(|member| document.get(member).is_some()), "{document}");
        assert_eq!(document["status"], self.status.as_u16());
        assert_eq!(document["requestId"], self.header("x-request-id"));
        document
    }

    /// The code of the problem.
    pub fn code(&self) -> String {
        self.problem()["code"].as_str().unwrap().to_owned()
    }
}

impl Bench {
    /// A key with these roles.
    pub async fn key(&self, roles: &[Role]) -> String {
        let created =
            self.state.pipeline.create_key("test", roles.iter().copied().collect(), 1).await.unwrap();
        created.text.expose_secret().to_owned()
    }

    /// Asks with a key.
    pub async fn ask(&self, key: &str, method: Method, path: &str) -> Answer {
        self.send(with_key(key, method, path)).await
    }

    /// Sends JSON with a key.
    pub async fn tell(&self, key: &str, method: Method, path: &str, body: &Value) -> Answer {
        self.send(with_key(key, method, path).set_json(body)).await
    }

    /// Sends a request. The answer is checked against the API's description, where that speaks of it.
    pub async fn send(&self, request: TestRequest) -> Answer {
        let app = init_service(App::new().configure(configure_whole(self.state.clone()))).await;
        let request = request.to_request();
        let (method, path) = (request.method().clone(), request.path().to_owned());
        let response = call_service(&app, request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        let answer = Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() };
        contract::check(&method, &path, &answer);
        answer
    }

    /// An integration, a supplier with a payment, and a message that nobody can read, all worked on.
    pub async fn with_data() -> Self {
        let bench = Self::new().await;
        let operator = bench.key(&[Role::Operator]).await;
        let config =
            json!({"platform": "stripe", "livemode": true, "webhookSecrets": ["whsec_1"], "apiKey": "rk_1"});
        let path = "/api/integrations/payments/config";
        assert_eq!(bench.tell(&operator, Method::PUT, path, &config).await.status, StatusCode::CREATED);
        for body in
            [json!({"id": "evt_1", "broken": true}), json!({"id": "evt_22", "customer": "cus_example"})]
        {
            let request = TestRequest::post().uri("/api/webhooks/ltv/payments/stripe");
            let answer = bench.send(request.insert_header(("stripe-signature", "good")).set_json(body)).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
        bench.state.pipeline.catch_up().await.unwrap();
        bench
    }
}

/// A request with a key.
pub fn with_key(key: &str, method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).insert_header((header::AUTHORIZATION, format!("Bearer {key}")))
}

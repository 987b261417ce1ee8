//! The implementation of the provider traits.

use std::sync::Arc;

use async_trait::async_trait;
use connector::{
    AcceptError, Cursor, IntegrationConfig, IntegrationConfigError, ListName, Message, ObjectRef, Observed,
    Page, PaymentProvider, ProviderError, ProviderFactory, RawMessage,
};
use ltv_core::{MessageId, Origin, Provider, Timestamp};

use crate::client::Client;
use crate::config::StripeConfig;
use crate::events;
use crate::kinds;
use crate::lists;
use crate::mapping;
use crate::needs;
use crate::webhook::{self, SIGNATURE_HEADER};
use crate::whole;

/// Connects to Stripe accounts.
#[derive(Debug, Clone, Copy, Default)]
pub struct StripeFactory;

impl ProviderFactory for StripeFactory {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn recognises(&self, raw: &RawMessage) -> bool {
        raw.header(SIGNATURE_HEADER).is_some()
    }

    fn observer(&self) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        connected(StripeConfig::of_no_account()?)
    }

    fn connect(
        &self,
        config: &IntegrationConfig,
    ) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
        connected(StripeConfig::validate(config)?)
    }
}

fn connected(config: StripeConfig) -> Result<Arc<dyn PaymentProvider>, Vec<IntegrationConfigError>> {
    let client = Client::new(&config).map_err(|error| {
        vec![IntegrationConfigError { pointer: "/apiBase".to_owned(), problem: error.to_string() }]
    })?;
    Ok(Arc::new(Stripe { config, client }))
}

/// One Stripe account.
struct Stripe {
    config: StripeConfig,
    client: Client,
}

#[async_trait]
impl PaymentProvider for Stripe {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn mapping_version(&self) -> i32 {
        mapping::MAPPING_VERSION
    }

    async fn accept(&self, raw: &RawMessage, now: Timestamp) -> Result<Message, AcceptError> {
        let header = raw.header(SIGNATURE_HEADER);
        let verified = webhook::verify(&self.config.webhook_secrets, header, &raw.body, now)?;
        webhook::message(verified, raw.body.clone())
    }

    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError> {
        mapping::observe(id, message).map_err(|error| error.of(&message.kind))
    }

    fn needs(&self, message: &Message) -> Vec<ObjectRef> {
        needs::of(message).into_iter().collect()
    }

    async fn fetch(&self, object: &ObjectRef) -> Result<Message, ProviderError> {
        whole::read(&self.client, object).await
    }

    fn lists(&self) -> &'static [ListName] {
        lists::LISTS
    }

    fn announces_settlement(&self, message: &Message) -> bool {
        message.origin == Origin::Webhook && kinds::announces_settlement(&message.kind)
    }

    async fn list_since(&self, list: ListName, cursor: &Cursor) -> Result<Page, ProviderError> {
        lists::since(&self.client, list, cursor).await
    }

    fn sweeps(&self) -> bool {
        self.client.has_key()
    }

    async fn events_since(&self, since: Timestamp, cursor: &Cursor) -> Result<Page, ProviderError> {
        events::since(&self.client, since, cursor).await
    }
}

//! The implementation of the provider traits.

use std::sync::Arc;

use async_trait::async_trait;
use connector::{
    AcceptError, Cursor, IntegrationConfig, IntegrationConfigError, ListName, Message, ObjectRef, Observed,
    Page, PaymentProvider, ProviderError, ProviderFactory, RawMessage,
};
use ltv_core::{MessageId, ObjectKey, Origin, Provider, Timestamp};

use crate::client::Client;
use crate::config::StripeConfig;
use crate::kinds::{self, Meaning, ObjectKind};
use crate::lists;
use crate::mapping;
use crate::model::Node;
use crate::webhook::{self, SIGNATURE_HEADER, THIN_EVENT};

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
        needs(message).into_iter().collect()
    }

    async fn fetch(&self, object: &ObjectRef) -> Result<Message, ProviderError> {
        self.client.object(object).await
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
}

/// A thin event needs its object; a refund and a dispute need the charge, which says whose money it is.
fn needs(message: &Message) -> Option<ObjectRef> {
    let root = Node::parse(std::str::from_utf8(&message.payload).ok()?, "").ok()?;
    if message.origin == Origin::Read {
        return charge_of(ObjectKind::from_word(&message.kind)?, &root);
    }
    let Meaning::Shows(kind) = kinds::meaning(kinds::snapshot_kind(&message.kind)) else { return None };
    if root.text("object").as_deref() == Some(THIN_EVENT) {
        kind.collection()?;
        return Some(reference(kind, &root.node("related_object")?.text("id")?));
    }
    charge_of(kind, &root.node("data")?.node("object")?)
}

fn charge_of(kind: ObjectKind, object: &Node<'_>) -> Option<ObjectRef> {
    match kind {
        ObjectKind::Refund | ObjectKind::Dispute => {
            Some(reference(ObjectKind::Charge, &object.reference("charge")?))
        }
        ObjectKind::BalanceTransaction
        | ObjectKind::Charge
        | ObjectKind::CreditNote
        | ObjectKind::Customer
        | ObjectKind::Invoice
        | ObjectKind::InvoicePayment
        | ObjectKind::PaymentIntent
        | ObjectKind::Payout
        | ObjectKind::Subscription => None,
    }
}

fn reference(kind: ObjectKind, id: &str) -> ObjectRef {
    ObjectRef { object_type: kind.word().to_owned(), key: ObjectKey::new(Provider::Stripe, id) }
}

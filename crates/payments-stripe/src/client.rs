//! Reads from Stripe's API.
//!
//! # Source
//! <https://docs.stripe.com/api>, version [`API_VERSION`].

use bytes::Bytes;
use connector::http::{Answer, HttpClient, HttpError, Request};
use connector::{Message, ProviderError};
use ltv_core::{Provider, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use url::Url;

use crate::API_VERSION;
use crate::config::StripeConfig;
use crate::error::MappingError;
use crate::kinds::ObjectKind;
use crate::model::{Node, is_shallow};
use crate::reader;
use crate::webhook;

/// Objects per page; Stripe's own maximum.
pub(crate) const PAGE_LIMIT: &str = "100";

/// Stripe's API, with one account's key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: HttpClient,
    base: Url,
    key: Option<SecretString>,
}

/// A page of a list, as Stripe gives it.
pub(crate) struct ListPage {
    /// From the newest to the oldest.
    pub(crate) messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub(crate) has_more: bool,
    /// The answer's time.
    pub(crate) date: Timestamp,
    /// What was called.
    pub(crate) operation: String,
}

/// A good answer: a JSON object in UTF-8.
pub(crate) struct Body {
    operation: String,
    bytes: Bytes,
    /// The answer's time.
    pub(crate) date: Timestamp,
}

impl Client {
    /// Prepares a client; touches no network.
    pub(crate) fn new(config: &StripeConfig) -> Result<Self, HttpError> {
        Ok(Self { http: HttpClient::new()?, base: config.api_base.clone(), key: config.api_key.clone() })
    }

    /// Reads a page of a list; its objects from the newest to the oldest.
    pub(crate) async fn page(
        &self,
        collection: &'static str,
        kind: ObjectKind,
        query: &[(&str, &str)],
    ) -> Result<ListPage, ProviderError> {
        let body = self.get(&[collection], &[&[("limit", PAGE_LIMIT)], query].concat()).await?;
        let (items, has_more) = body.list().map_err(|error| body.unreadable(error))?;
        let messages: Result<Vec<_>, _> =
            items.into_iter().map(|item| reader::message(item, kind, body.date)).collect();
        let messages = messages.map_err(|error| body.unreadable(error))?;
        Ok(ListPage { messages, has_more, date: body.date, operation: body.operation })
    }

    /// Reads a page of the events that Stripe sent, from the newest to the oldest.
    pub(crate) async fn events(&self, query: &[(&str, &str)]) -> Result<ListPage, ProviderError> {
        let body = self.get(&["events"], &[&[("limit", PAGE_LIMIT)], query].concat()).await?;
        let (items, has_more) = body.list().map_err(|error| body.unreadable(error))?;
        let messages: Result<Vec<_>, _> = items.into_iter().map(webhook::listed).collect();
        let messages = messages.map_err(|error| body.unreadable_for(&error.to_string()))?;
        Ok(ListPage { messages, has_more, date: body.date, operation: body.operation })
    }

    /// Whether there is a key to call with.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Reads what is at `path`.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Body, ProviderError> {
        let operation = format!("GET /v1/{}", path.join("/"));
        let key = self.key.as_ref().ok_or(ProviderError::NoApiKey { provider: Provider::Stripe })?;
        let request = Request {
            method: "GET",
            url: address(&self.base, path, query),
            headers: vec![
                ("authorization".to_owned(), format!("Bearer {}", key.expose_secret())),
                ("stripe-version".to_owned(), API_VERSION.to_owned()),
                ("accept".to_owned(), "application/json".to_owned()),
            ],
            body: Bytes::new(),
        };
        match self.http.send(request).await {
            Ok(answer) if answer.status == 200 => Body::of(operation, answer),
            Ok(answer) => Err(refusal(operation, &answer)),
            Err(source) => Err(ProviderError::Unreachable { provider: Provider::Stripe, operation, source }),
        }
    }
}

impl Body {
    fn of(operation: String, answer: Answer) -> Result<Self, ProviderError> {
        let Some(date) = answer.date else {
            return Err(unreadable(operation, "the header `Date` is missing or unreadable"));
        };
        if !is_shallow(&answer.body) || std::str::from_utf8(&answer.body).is_err() {
            return Err(unreadable(operation, "the body is nested too deep or not UTF-8"));
        }
        Ok(Self { operation, bytes: answer.body, date })
    }

    pub(crate) fn raw(&self) -> Result<&RawValue, ProviderError> {
        serde_json::from_slice(&self.bytes).map_err(|_not_json| self.unreadable_for("the body is not JSON"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    pub(crate) fn list(&self) -> Result<(Vec<&RawValue>, bool), MappingError> {
        let root = Node::parse(self.text(), "")?;
        let items = root.raw_items("data").ok_or_else(|| root.wrong_type("data", "an array"))?;
        Ok((items, root.need_boolean("has_more")?))
    }

    pub(crate) fn unreadable(&self, error: MappingError) -> ProviderError {
        self.unreadable_for(&error.to_string())
    }

    pub(crate) fn unreadable_for(&self, detail: &str) -> ProviderError {
        unreadable(self.operation.clone(), detail)
    }
}

/// An answer that is not what Stripe documents.
pub(crate) fn unreadable(operation: String, detail: &str) -> ProviderError {
    ProviderError::Unreadable { provider: Provider::Stripe, operation, detail: detail.to_owned() }
}

fn refusal(operation: String, answer: &Answer) -> ProviderError {
    let text = std::str::from_utf8(&answer.body).unwrap_or_default();
    let error = Node::parse(text, "").ok().and_then(|root| root.node("error"));
    let code = error
        .and_then(|error| error.text("code").or_else(|| error.text("type")).map(|code| code.into_owned()));
    ProviderError::Refused {
        provider: Provider::Stripe,
        operation,
        status: answer.status,
        code,
        should_retry: answer.header("stripe-should-retry").and_then(|text| text.parse().ok()),
        retry_after_seconds: answer.header("retry-after").and_then(|text| text.trim().parse().ok()),
    }
}

fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("v1").extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

//! An answer of the service, whole.

use anyhow::{Context, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn read(response: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.context("could not read the body of an answer")?.to_vec();
        Ok(Self { status, headers, body })
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON, of an answer with this status.
    ///
    /// # Errors
    /// When the status is another.
    pub fn expect(&self, status: u16) -> anyhow::Result<Value> {
        ensure!(
            self.status == status,
            "answered {} where {status} was expected: {}",
            self.status,
            self.text()
        );
        Ok(self.json())
    }

    /// The problem document of an answer with this status.
    ///
    /// # Errors
    /// When the status is another, or the document lacks a member that every one has.
    pub fn problem(&self, status: u16) -> anyhow::Result<Value> {
        let document = self.expect(status)?;
        let media_type = self.header("content-type");
        ensure!(media_type.starts_with("application/problem+json"), "the problem came as `{media_type}`");
        for member in
            ["type", "title", "status", "detail", "instance", "code", "errors", "requestId", "retryable"]
        {
            ensure!(
                document.get(member).is_some_and(|value| !value.is_null()),
                "no `{member}` in {document}"
            );
        }
        ensure!(
            document.get("requestId").and_then(Value::as_str) == Some(self.header("x-request-id")),
            "document and header name different requests: {document}"
        );
        Ok(document)
    }
}

//! Sends signed webhooks as a provider does: again when it is refused for now, and never twice at the same moment.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use connector::http::{Answer, HttpClient, HttpError, Request};
use futures_util::StreamExt as _;
use serde_json::Value;
use url::Url;

use crate::business::SimEvent;
use crate::signature::sign;

/// How often one message is tried before the sender gives up.
pub const ATTEMPTS_MAX: u32 = 12;
/// The first pause between two tries; each further one is twice as long.
pub const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause, whatever the receiver asks for.
pub const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Why sending failed.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The address of the webhook endpoint is no URL.
    #[error(
        "`{url}` is not a URL: give the whole address, such as http://127.0.0.1:8080/api/webhooks/ltv/payments/stripe"
    )]
    Url {
        /// What was given.
        url: String,
        /// The cause.
        #[source]
        source: url::ParseError,
    },
    /// The HTTP client could not be made, or the call failed.
    #[error("could not send to {url}")]
    Http {
        /// Where.
        url: Url,
        /// The cause.
        #[source]
        source: HttpError,
    },
    /// The receiver went on refusing.
    #[error("gave up on {event} after {ATTEMPTS_MAX} tries: the last answer was {status}")]
    GaveUp {
        /// Which message.
        event: String,
        /// The last status.
        status: u16,
    },
}

/// An answer to one message.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The HTTP status.
    pub status: u16,
    /// How many seconds the receiver asks to wait.
    pub retry_after: Option<u64>,
    /// The answer's body; null when it is no JSON.
    pub body: Value,
}

impl Sent {
    /// True when the receiver has taken the message.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True when the same message may be taken later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.status, 409 | 429 | 500..=599)
    }
}

/// A message that the receiver does not want, now or later.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The event's id.
    pub event: String,
    /// The answer.
    pub sent: Sent,
}

/// What came of many messages.
#[derive(Debug, Clone, Default)]
pub struct SendReport {
    /// Taken, duplicates included.
    pub accepted: usize,
    /// Taken, and known before: the receiver said `"duplicate": true`.
    pub duplicates: usize,
    /// Tries beyond the first of each message.
    pub retries: u64,
    /// Not taken.
    pub refused: Vec<Refused>,
}

/// Sends to one webhook endpoint.
#[derive(Debug, Clone)]
pub struct Sender {
    http: HttpClient,
    url: Url,
    secret: String,
    pause_min: Duration,
    pause_max: Duration,
}

impl Sender {
    /// A sender to this address, such as `…/api/webhooks/ltv/payments/stripe`, signing with the endpoint's secret.
    ///
    /// # Errors
    /// [`SendError::Url`], [`SendError::Http`]
    pub fn new(url: &str, secret: &str) -> Result<Self, SendError> {
        let url = Url::parse(url).map_err(|source| SendError::Url { url: url.to_owned(), source })?;
        let http = HttpClient::new().map_err(|source| SendError::Http { url: url.clone(), source })?;
        Ok(Self { http, url, secret: secret.to_owned(), pause_min: PAUSE_MIN, pause_max: PAUSE_MAX })
    }

    /// Waits between tries from `pause_min` to `pause_max`, instead of the limits of this module.
    #[must_use]
    pub fn with_pauses(mut self, pause_min: Duration, pause_max: Duration) -> Self {
        self.pause_min = pause_min;
        self.pause_max = pause_max;
        self
    }

    /// Sends one message once, signed at `now`.
    ///
    /// # Errors
    /// [`SendError::Http`]
    pub async fn send(&self, body: &[u8], now: DateTime<Utc>) -> Result<Sent, SendError> {
        self.post(Bytes::copy_from_slice(body), now).await
    }

    /// Sends all, at most `concurrency` at a time (1 keeps their order), each as often as it takes, and tells `progress`
    /// how many are done. `clock` says when a message is signed: each try has a time and signature of its own.
    ///
    /// # Errors
    /// The first message that could not be delivered: [`SendError::Http`], [`SendError::GaveUp`].
    pub async fn send_all(
        &self,
        events: &[SimEvent],
        concurrency: usize,
        clock: impl Fn() -> DateTime<Utc>,
        progress: impl Fn(usize),
    ) -> Result<SendReport, SendError> {
        let mut report = SendReport::default();
        let clock = &clock;
        let mut answers = futures_util::stream::iter(events)
            .map(|event| self.deliver(event, clock))
            .buffer_unordered(concurrency.max(1));
        let mut done = 0_usize;
        while let Some(answer) = answers.next().await {
            report.count(answer?);
            done += 1;
            progress(done);
        }
        Ok(report)
    }

    async fn deliver(
        &self,
        event: &SimEvent,
        clock: &impl Fn() -> DateTime<Utc>,
    ) -> Result<Delivered, SendError> {
        let mut pause = self.pause_min;
        let mut attempt = 1_u32;
        loop {
            let outcome = self.post(event.body.clone(), clock()).await;
            let wait = match outcome {
                Ok(sent) if !sent.is_retryable() => {
                    return Ok(Delivered { event: event.id.clone(), sent, attempt });
                }
                Ok(sent) if attempt >= ATTEMPTS_MAX => {
                    return Err(SendError::GaveUp { event: event.id.clone(), status: sent.status });
                }
                Ok(sent) => sent.retry_after.map_or(pause, Duration::from_secs),
                Err(error) if attempt >= ATTEMPTS_MAX => return Err(error),
                Err(_down) => pause,
            };
            tokio::time::sleep(wait.min(self.pause_max)).await;
            pause = pause.saturating_mul(2).min(self.pause_max);
            attempt += 1;
        }
    }

    async fn post(&self, body: Bytes, now: DateTime<Utc>) -> Result<Sent, SendError> {
        let signature = sign(&self.secret, now.timestamp(), &body);
        let headers = vec![
            ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("stripe-signature".to_owned(), signature),
        ];
        let request = Request { method: "POST", url: self.url.clone(), headers, body };
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|source| SendError::Http { url: self.url.clone(), source })?;
        Ok(Sent::read(&answer))
    }
}

impl Sent {
    fn read(answer: &Answer) -> Self {
        Self {
            status: answer.status,
            retry_after: answer.header("retry-after").and_then(|seconds| seconds.parse().ok()),
            body: serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        }
    }
}

struct Delivered {
    event: String,
    sent: Sent,
    attempt: u32,
}

impl SendReport {
    fn count(&mut self, delivered: Delivered) {
        self.retries += u64::from(delivered.attempt.saturating_sub(1));
        if !delivered.sent.is_accepted() {
            self.refused.push(Refused { event: delivered.event, sent: delivered.sent });
            return;
        }
        self.accepted += 1;
        if delivered.sent.body.get("duplicate") == Some(&Value::Bool(true)) {
            self.duplicates += 1;
        }
    }
}

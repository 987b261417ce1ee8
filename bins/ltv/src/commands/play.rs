//! Plays messages against a running service through its real routes, as a provider would. Shared by `demo` and
//! `conformance`.

use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use connector::http::{HttpClient, Request};
use pipeline::LtvDataPipeline;
use pipeline::access::Role;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::{Sender, StripeStandIn};
use url::Url;

use crate::app::App;

/// The webhook secret of the made-up endpoint.
const WEBHOOK_SECRET: &str = "whsec_local_stand_in";
/// The API key that the stand-in is asked with.
const STAND_IN_KEY: &str = "rk_local_stand_in";
/// How long the service may take to work off what was sent.
const IDLE_DEADLINE: Duration = Duration::from_secs(1800);
/// How often it is looked at meanwhile.
const IDLE_POLL: Duration = Duration::from_millis(20);
/// How long a key of a demonstration lives.
const KEY_DAYS: u32 = 2;

/// A service with one integration, its stand-in, and a key to ask it with.
pub struct Stage {
    /// Signs and sends webhooks.
    pub sender: Sender,
    /// The id of the key, for a sign-in link.
    pub key_id: String,
    http: HttpClient,
    base: String,
    key: String,
}

impl Stage {
    /// Makes a key and configures the integration, through the routes.
    pub async fn set(app: &App, stand_in: &StripeStandIn, livemode: bool) -> anyhow::Result<Self> {
        let made = app.pipeline.create_key("demo", [Role::Operator].into(), KEY_DAYS).await?;
        let base = app.url();
        let stage = Self {
            sender: Sender::new(&format!("{base}/api/webhooks/ltv/payments/stripe"), WEBHOOK_SECRET)?,
            key_id: made.view.id,
            http: HttpClient::new()?,
            key: made.text.expose_secret().to_owned(),
            base,
        };
        let config = json!({
            "platform": "stripe", "webhookSecrets": [WEBHOOK_SECRET], "apiKey": STAND_IN_KEY,
            "livemode": livemode, "apiBase": stand_in.base_url(),
        });
        stage.call("PUT", "/api/integrations/payments/config", Some(&config)).await?;
        Ok(stage)
    }

    /// Asks a route.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call("GET", path, None).await
    }

    async fn call(&self, method: &'static str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let url = Url::parse(&format!("{}{path}", self.base)).with_context(|| format!("path {path}"))?;
        let headers = vec![
            ("authorization".to_owned(), format!("Bearer {}", self.key)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let body = body.map(Value::to_string).unwrap_or_default().into();
        let answer = self.http.send(Request { method, url, headers, body }).await?;
        let document: Value =
            serde_json::from_slice(&answer.body).with_context(|| format!("the answer to {method} {path}"))?;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path} was answered with {}: {document}", answer.status);
        }
        Ok(document)
    }

    /// MRR of the whole store, month by month; `from`: from the first movement on.
    pub async fn mrr(
        &self,
        currency: &str,
        from: Option<DateTime<Utc>>,
        as_of: Option<DateTime<Utc>>,
    ) -> anyhow::Result<Value> {
        let mut path = format!("/api/metrics/mrr?currency={currency}&interval=month");
        for (name, at) in [("from", from), ("to", as_of), ("asOf", as_of)] {
            if let Some(at) = at {
                path.push_str(&format!("&{name}={}", at.format("%Y-%m-%dT%H:%M:%SZ")));
            }
        }
        self.get(&path).await
    }

    /// The realised figures of the whole store.
    pub async fn figures(&self, currency: &str, as_of: Option<DateTime<Utc>>) -> anyhow::Result<Value> {
        let mut path = format!("/api/metrics/revenue?currency={currency}");
        if let Some(as_of) = as_of {
            path.push_str(&format!("&asOf={}", as_of.format("%Y-%m-%dT%H:%M:%SZ")));
        }
        let mut answer = self.get(&path).await?;
        Ok(answer.get_mut("figures").map(Value::take).unwrap_or_default())
    }
}

/// Waits until everything that was sent is observed and booked, and everything announced is read.
pub async fn until_idle(pipeline: &LtvDataPipeline) -> anyhow::Result<()> {
    let waiting = async {
        loop {
            let busy = pipeline
                .integration_status()
                .await?
                .iter()
                .any(|status| status.pending > 0 || status.unbooked > 0 || status.reading);
            if !busy {
                return anyhow::Ok(());
            }
            tokio::time::sleep(IDLE_POLL).await;
        }
    };
    tokio::time::timeout(IDLE_DEADLINE, waiting)
        .await
        .context("the service did not work off what was sent in time")?
}

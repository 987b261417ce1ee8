//! The service under test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use simulator::{SimEvent, StripeStandIn, sign};

use crate::answer::Answer;
use crate::command::{Ran, run, without_settings};
use crate::place::{Backend, Place};
use crate::service::Service;
use crate::stage::{SECRET, STAND_IN_KEY, View};
use crate::wait::{now, until};

/// How long the service may take to work off what was sent.
const IDLE_DEADLINE: Duration = Duration::from_secs(120);
/// How many looks in a row must find nothing to do.
const IDLE_LOOKS: u32 = 2;
/// How much of the log is shown when a test fails.
const LOG_LINES_SHOWN: usize = 60;
/// Settings of every test: lists are read soon, since nobody waits for more messages; and who waits for a state may look
/// as often as it likes.
const SETTINGS: [(&str, &str); 5] = [
    ("LTV__LIMITS__REQUESTS_PER_MINUTE_KEY", "0"),
    ("LTV__LIMITS__REQUESTS_PER_MINUTE_ADDRESS", "0"),
    ("LTV__PIPELINE__READ_DELAY_MS", "30"),
    ("LTV__PIPELINE__READ_RETRY_MS", "200"),
    ("LTV__LOG__FILTER", "info"),
];

/// How a service is started.
#[derive(Debug)]
pub struct TestAppBuilder {
    backend: Backend,
    place: Option<Place>,
    settings: Vec<(String, String)>,
    under: Vec<String>,
}

/// A running service on a store of its own, with a key to ask it with.
#[derive(Debug)]
pub struct TestApp {
    /// The store and its folder.
    pub place: Place,
    settings: Vec<(String, String)>,
    under: Vec<String>,
    service: Option<Service>,
    http: Client,
    key: String,
    finished: bool,
}

impl TestAppBuilder {
    /// Sets a setting by its name in the environment, such as `LTV__PIPELINE__BOOKERS`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it on a store that is there.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Starts the binary under another program, such as `strace`.
    #[must_use]
    pub fn under(mut self, words: &[&str]) -> Self {
        self.under = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When anything in the way of a start fails.
    pub async fn start(self) -> anyhow::Result<TestApp> {
        let place = match self.place {
            Some(place) => place,
            None => Place::new(self.backend).await?,
        };
        let mut app = TestApp {
            place,
            settings: self.settings,
            under: self.under,
            service: None,
            http: client()?,
            key: String::new(),
            finished: false,
        };
        app.restart().await?;
        app.key = app.new_key(&["operator", "analyst"]).await?.0;
        Ok(app)
    }
}

impl TestApp {
    /// A service that is not started yet.
    #[must_use]
    pub fn on(backend: Backend) -> TestAppBuilder {
        let settings =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TestAppBuilder { backend, place: None, settings, under: Vec::new() }
    }

    /// A service with the settings of every test.
    ///
    /// # Errors
    /// When anything in the way of a start fails.
    pub async fn start(backend: Backend) -> anyhow::Result<Self> {
        Self::on(backend).start().await
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        self.service.as_ref().map_or("http://127.0.0.1:0", Service::url)
    }

    /// Where webhooks go.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("{}/api/webhooks/ltv/payments/stripe", self.url())
    }

    /// The key that requests carry.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Ends the service with SIGKILL.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.service.take().map_or(Ok(()), |mut service| service.kill())
    }

    /// Starts the service on the same store; a running one is stopped first.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        let mut command = self.command(&self.under)?;
        command.args(["serve", "--store", self.place.store(), "--listen", "127.0.0.1:0", "--json"]);
        self.service = Some(Service::start(command, &self.log()).await?);
        Ok(())
    }

    /// Asks the service to end, and checks that it ends well.
    ///
    /// # Errors
    /// When it does not end in time, or with an exit code that is not 0.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(service) = self.service.take() else { return Ok(()) };
        let status = service.stop().await?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }

    /// Stops the service, and checks that nothing panicked while it ran.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        self.stop().await?;
        let log = std::fs::read_to_string(self.log())?;
        ensure!(!log.contains("panicked"), "the service panicked");
        self.finished = true;
        Ok(())
    }

    /// What the service wrote to standard error.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn logged(&self) -> anyhow::Result<String> {
        std::fs::read_to_string(self.log()).context("could not read the log")
    }

    /// Runs another command on the same store, beside the service, with `--json`.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ltv(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        let mut command = self.command(&[])?;
        command.args(arguments).args(["--store", self.place.store(), "--json"]);
        run(command).await
    }

    /// Makes a key beside the service: its text and its id.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn new_key(&self, roles: &[&str]) -> anyhow::Result<(String, String)> {
        let mut arguments = vec!["keys", "create"];
        arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
        let made = self.ltv(&arguments).await?.json(0)?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
        text("key").zip(text("id")).with_context(|| format!("no key in {made}"))
    }

    /// A request without credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    /// Gets a path with the key.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        Answer::read(self.request(Method::GET, path).bearer_auth(&self.key).send().await?).await
    }

    /// Gets a path with the key; the answer's document.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn get_json(&self, path: &str) -> anyhow::Result<Value> {
        self.get(path).await?.expect(200).with_context(|| format!("GET {path}"))
    }

    /// Puts a document with the key.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        Answer::read(self.request(Method::PUT, path).bearer_auth(&self.key).json(body).send().await?).await
    }

    /// Deletes with the key.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        Answer::read(self.request(Method::DELETE, path).bearer_auth(&self.key).send().await?).await
    }

    /// Configures the integration with a stand-in for the provider.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn configure(&self, stand_in: &StripeStandIn, livemode: bool) -> anyhow::Result<Value> {
        let config = json!({
            "platform": "stripe", "webhookSecrets": [SECRET], "apiKey": STAND_IN_KEY,
            "livemode": livemode, "apiBase": stand_in.base_url(),
        });
        self.put("/api/integrations/payments/config", &config).await?.expect(201)
    }

    /// Sends a webhook, signed now.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn send(&self, body: &[u8]) -> anyhow::Result<Answer> {
        let signature = sign(SECRET, now().timestamp(), body);
        let request = self
            .http
            .post(self.webhook_url())
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(body.to_vec());
        Answer::read(request.send().await?).await
    }

    /// Sends all, one after another; each must be accepted.
    ///
    /// # Errors
    /// When one is not.
    pub async fn send_all<'a>(&self, events: impl IntoIterator<Item = &'a SimEvent>) -> anyhow::Result<()> {
        for event in events {
            self.send(&event.body)
                .await?
                .expect(200)
                .with_context(|| format!("{} {}", event.kind, event.id))?;
        }
        Ok(())
    }

    /// How all integrations stand.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn statuses(&self) -> anyhow::Result<Vec<Value>> {
        let mut answer = self.get_json("/api/integrations/payments/status").await?;
        match answer.get_mut("integrations").map(Value::take) {
            Some(Value::Array(statuses)) => Ok(statuses),
            _ => anyhow::bail!("no list of integrations in {answer}"),
        }
    }

    /// How the one integration stands.
    ///
    /// # Errors
    /// When there is none.
    pub async fn status(&self) -> anyhow::Result<Value> {
        self.statuses().await?.into_iter().next().context("there is no integration")
    }

    /// One of the counts of the one integration.
    ///
    /// # Errors
    /// When there is no such count.
    pub async fn count(&self, name: &str) -> anyhow::Result<i64> {
        let status = self.status().await?;
        status.get(name).and_then(Value::as_i64).with_context(|| format!("no count `{name}` in {status}"))
    }

    /// Whether anything waits to be observed, booked or read.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn is_busy(&self) -> anyhow::Result<bool> {
        Ok(self.statuses().await?.iter().any(is_busy))
    }

    /// Waits until everything that was sent is observed and booked, and everything announced is read.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn until_idle(&self) -> anyhow::Result<()> {
        let mut quiet = 0;
        let look = async || {
            quiet = if self.is_busy().await? { 0 } else { quiet + 1 };
            Ok((quiet >= IDLE_LOOKS).then_some(()))
        };
        match until("everything is observed, booked and read", IDLE_DEADLINE, look).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("it stands so: {:?}", self.statuses().await?))),
        }
    }

    /// The answer with the realised figures of the whole store.
    ///
    /// # Errors
    /// When it is not 200.
    pub async fn revenue(&self, view: &View) -> anyhow::Result<Value> {
        self.get_json(&format!("/api/metrics/revenue?{}", view.query())).await
    }

    /// The realised figures of the whole store.
    ///
    /// # Errors
    /// When there are none in the answer.
    pub async fn figures(&self, view: &View) -> anyhow::Result<Value> {
        self.revenue(view).await?.get("figures").cloned().context("no figures in the answer")
    }

    fn command(&self, under: &[String]) -> anyhow::Result<Command> {
        let mut command = match under {
            [] => self.place.ltv()?,
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                without_settings(&mut command);
                self.place.equip(&mut command);
                command.args(arguments).arg(self.place.ltv()?.get_program());
                command
            }
        };
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.place.folder().join("log")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let log = self.logged().unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default();
        eprintln!("-- the end of the service's log\n{}", shown.join("\n"));
    }
}

fn is_busy(status: &Value) -> bool {
    let count = |name: &str| status.get(name).and_then(Value::as_i64).unwrap_or(0);
    count("pending") > 0 || count("unbooked") > 0 || status.get("reading") == Some(&Value::Bool(true))
}

fn client() -> anyhow::Result<Client> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another part of this process may have been first; theirs is as good.
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
    Ok(Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()?)
}

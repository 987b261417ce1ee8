//! A provider whose calls keep to limits, stop while they fail, and are counted.
//!
//! It never repeats a call itself; that is the job's, by [`crate::retry::after`].

mod verdict;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ltv_core::{MessageId, Provider, Timestamp};
use verdict::{is_too_many, label, outcome, retry_after};

use crate::breaker::{Admission, Breaker, BreakerSettings, BreakerState, Outcome};
use crate::http::is_local;
use crate::limiter::{Limiter, LimiterSettings};
use crate::retry::{RetryBudget, RetryPolicy, later};
use crate::{
    AcceptError, Cursor, IntegrationConfig, ListName, Message, ObjectRef, Observed, Page, PaymentProvider,
    ProviderError, RawMessage,
};

/// How many failed calls are remembered, to know them when they come again.
const FAILED_MAX: usize = 1024;
/// How many endpoint classes are told apart; more share one.
const CLASSES_MAX: usize = 64;
/// The class of all that come after those.
const CLASS_OTHER: &str = "other";

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Where chance comes from.
pub trait Random: Send + Sync {
    /// Any number, each as likely as another.
    fn next(&self) -> u64;
}

/// How an integration's calls are guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardSettings {
    /// When calls stop.
    pub breaker: BreakerSettings,
    /// How many calls are made.
    pub limiter: LimiterSettings,
    /// When calls are repeated: for the job, the guard repeats none.
    pub retry: RetryPolicy,
    /// How long a call may wait for its turn before it is put off.
    pub wait_max: Duration,
}

impl GuardSettings {
    /// What suits an integration. A provider on this machine is a stand-in, whose calls need no limit.
    #[must_use]
    pub fn of(config: &IntegrationConfig) -> Self {
        let base = config.api_base.as_deref().and_then(|base| url::Url::parse(base).ok());
        let settings = Self::stripe(config.livemode);
        match base {
            Some(base) if is_local(&base) => Self { limiter: LimiterSettings::NONE, ..settings },
            _ => settings,
        }
    }

    /// What suits Stripe's API.
    #[must_use]
    pub fn stripe(livemode: bool) -> Self {
        Self {
            breaker: BreakerSettings::default(),
            limiter: LimiterSettings::stripe(livemode),
            retry: RetryPolicy::STRIPE,
            wait_max: Duration::from_secs(2),
        }
    }
}

/// How an integration's calls are doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardHealth {
    /// The worst of the endpoints' states.
    pub breaker: BreakerState,
    /// By endpoint class, in the order of names.
    pub endpoints: Vec<EndpointHealth>,
    /// Calls made since the start.
    pub calls: u64,
    /// How many of them repeated one that had failed.
    pub retries: u64,
    /// Calls that were put off since the start, for the limits or the budget of retries.
    pub throttled: u64,
}

/// How the calls to one endpoint class are doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Which, such as `list.balance_transactions`.
    pub class: String,
    /// What its breaker does.
    pub state: BreakerState,
    /// Until when it lets none through.
    pub open_until: Option<Timestamp>,
    /// Failures of the last 10 s.
    pub failures: u64,
    /// Calls of the last 10 s.
    pub calls: u64,
}

/// A provider behind its guard.
pub struct Guarded {
    inner: Arc<dyn PaymentProvider>,
    integration: String,
    settings: GuardSettings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limiter: Limiter,
    book: Mutex<Book>,
}

/// What is remembered of calls.
#[derive(Default)]
struct Book {
    breakers: BTreeMap<String, Breaker>,
    budget: RetryBudget,
    failed: VecDeque<String>,
    calls: u64,
    retries: u64,
    throttled: u64,
}

/// A call: what it reads, and where.
struct Call {
    class: String,
    /// Class and object, or class and cursor: the same for each repetition.
    identity: String,
}

/// A call that was let through. Dropped without outcome, as when its caller was stopped, it is taken back.
struct Permit<'g> {
    guard: &'g Guarded,
    class: &'g str,
    admission: Option<Admission>,
}

impl Guarded {
    /// Puts a guard before `inner`; `integration` names it in metrics.
    pub fn new(
        inner: Arc<dyn PaymentProvider>,
        integration: impl Into<String>,
        settings: GuardSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let limiter = Limiter::new(settings.limiter);
        let book = Mutex::new(Book::default());
        Self { inner, integration: integration.into(), settings, clock, random, limiter, book }
    }

    /// The settings, such as the policy for retries.
    #[must_use]
    pub fn settings(&self) -> &GuardSettings {
        &self.settings
    }

    /// How its calls are doing.
    #[must_use]
    pub fn health(&self) -> GuardHealth {
        let now = self.clock.now();
        let book = self.book();
        let endpoints: Vec<EndpointHealth> =
            book.breakers.iter().map(|(class, breaker)| endpoint(class, breaker, now)).collect();
        endpoints.iter().for_each(|endpoint| self.show(&endpoint.class, endpoint.state));
        GuardHealth {
            breaker: endpoints.iter().map(|endpoint| endpoint.state).max().unwrap_or(BreakerState::Closed),
            endpoints,
            calls: book.calls,
            retries: book.retries,
            throttled: book.throttled,
        }
    }

    async fn call<T>(
        &self,
        call: Call,
        answer: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let call = self.known(call);
        let mut permit = match self.admit(&call).await {
            Ok(permit) => permit,
            Err(error) => {
                self.count(&call.class, label(&error));
                return Err(error);
            }
        };
        let outcome = answer.await;
        let admission = permit.admission.take();
        self.settle(&call, admission, outcome.as_ref().err());
        self.count(&call.class, outcome.as_ref().map_or_else(label, |_| "ok"));
        outcome
    }

    /// Keeps the number of classes bounded.
    fn known(&self, call: Call) -> Call {
        let book = self.book();
        let full = book.breakers.len() >= CLASSES_MAX && !book.breakers.contains_key(&call.class);
        if full { Call { class: CLASS_OTHER.to_owned(), ..call } } else { call }
    }

    async fn admit<'g>(&'g self, call: &'g Call) -> Result<Permit<'g>, ProviderError> {
        let permit = self.admit_by_breaker(call)?;
        if let Some(until) = self.limiter.paused_until(self.clock.now()) {
            return Err(self.throttled(call, until));
        }
        self.await_turn(call).await?;
        self.admit_by_budget(call)?;
        Ok(permit)
    }

    fn admit_by_breaker<'g>(&'g self, call: &'g Call) -> Result<Permit<'g>, ProviderError> {
        let now = self.clock.now();
        let mut book = self.book();
        let settings = self.settings.breaker;
        let breaker = book.breakers.entry(call.class.clone()).or_insert_with(|| Breaker::new(settings));
        let admitted = breaker.admit(now);
        self.show(&call.class, breaker.state(now));
        match admitted {
            Ok(admission) => Ok(Permit { guard: self, class: &call.class, admission: Some(admission) }),
            Err(until) => Err(ProviderError::BreakerOpen {
                provider: self.inner.provider(),
                class: call.class.clone(),
                until,
            }),
        }
    }

    /// Short waits are waited for here; for long ones the caller is sent away.
    async fn await_turn(&self, call: &Call) -> Result<(), ProviderError> {
        let mut waited = Duration::ZERO;
        while let Err(wait) = self.limiter.take(&call.class) {
            waited = waited.saturating_add(wait);
            if waited > self.settings.wait_max {
                return Err(self.throttled(call, later(self.clock.now(), wait)));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn admit_by_budget(&self, call: &Call) -> Result<(), ProviderError> {
        let now = self.clock.now();
        let mut book = self.book();
        if book.failed.contains(&call.identity) {
            let granted = book.budget.repeat(now);
            if let Err(until) = granted {
                drop(book);
                return Err(self.throttled(call, until));
            }
            book.retries = book.retries.saturating_add(1);
        } else {
            book.budget.first(now);
        }
        book.calls = book.calls.saturating_add(1);
        Ok(())
    }

    fn throttled(&self, call: &Call, until: Timestamp) -> ProviderError {
        let mut book = self.book();
        book.throttled = book.throttled.saturating_add(1);
        ProviderError::Throttled { provider: self.inner.provider(), class: call.class.clone(), until }
    }

    /// Notes how a call went.
    fn settle(&self, call: &Call, admission: Option<Admission>, error: Option<&ProviderError>) {
        let now = self.clock.now();
        match error {
            None => self.limiter.accepted(),
            Some(error) if is_too_many(error) => {
                self.limiter.refused(now, retry_after(error), self.random.next());
            }
            Some(_) => {}
        }
        let mut book = self.book();
        if let (Some(breaker), Some(admission)) = (book.breakers.get_mut(&call.class), admission) {
            breaker.done(admission, error.map_or(Outcome::Success, outcome), now, self.random.next());
            self.show(&call.class, breaker.state(now));
        }
        book.failed.retain(|identity| *identity != call.identity);
        if error.is_some_and(ProviderError::is_retryable) {
            if book.failed.len() >= FAILED_MAX {
                book.failed.pop_front();
            }
            book.failed.push_back(call.identity.clone());
        }
    }

    /// Without calls a breaker's state is shown anew only when its health is asked for.
    fn show(&self, class: &str, state: BreakerState) {
        let open = if state == BreakerState::Open { 1.0 } else { 0.0 };
        let (integration, class) = (self.integration.clone(), class.to_owned());
        metrics::gauge!("ltv_breaker_open", "integration" => integration, "class" => class).set(open);
    }

    fn count(&self, class: &str, outcome: &'static str) {
        let (integration, class) = (self.integration.clone(), class.to_owned());
        metrics::counter!("ltv_provider_calls_total",
            "integration" => integration, "class" => class, "outcome" => outcome)
        .increment(1);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take()
            && let Some(breaker) = self.guard.book().breakers.get_mut(self.class)
        {
            breaker.abandon(admission);
        }
    }
}

fn endpoint(class: &str, breaker: &Breaker, now: Timestamp) -> EndpointHealth {
    let (failures, calls) = breaker.failures_and_calls(now);
    EndpointHealth {
        class: class.to_owned(),
        state: breaker.state(now),
        open_until: breaker.open_until(now),
        failures,
        calls,
    }
}

#[async_trait]
impl PaymentProvider for Guarded {
    fn provider(&self) -> Provider {
        self.inner.provider()
    }

    fn mapping_version(&self) -> i32 {
        self.inner.mapping_version()
    }

    async fn accept(&self, raw: &RawMessage, now: Timestamp) -> Result<Message, AcceptError> {
        self.inner.accept(raw, now).await
    }

    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError> {
        self.inner.observe(id, message)
    }

    fn needs(&self, message: &Message) -> Vec<ObjectRef> {
        self.inner.needs(message)
    }

    async fn fetch(&self, object: &ObjectRef) -> Result<Message, ProviderError> {
        let class = format!("read.{}", object.object_type);
        let identity = format!("{class} {}", object.key.id());
        self.call(Call { class, identity }, self.inner.fetch(object)).await
    }

    fn lists(&self) -> &'static [ListName] {
        self.inner.lists()
    }

    fn announces_settlement(&self, message: &Message) -> bool {
        self.inner.announces_settlement(message)
    }

    async fn list_since(&self, list: ListName, cursor: &Cursor) -> Result<Page, ProviderError> {
        let class = format!("list.{}", list.0);
        let identity = format!("{class} {}", cursor.0.as_deref().unwrap_or_default());
        self.call(Call { class, identity }, self.inner.list_since(list, cursor)).await
    }

    fn sweeps(&self) -> bool {
        self.inner.sweeps()
    }

    async fn events_since(&self, since: Timestamp, cursor: &Cursor) -> Result<Page, ProviderError> {
        let class = "list.events".to_owned();
        let identity = format!("{class} {}", cursor.0.as_deref().unwrap_or_default());
        self.call(Call { class, identity }, self.inner.events_since(since, cursor)).await
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

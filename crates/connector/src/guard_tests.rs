//! The guard over a provider in memory.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use ltv_core::{ObjectKey, Origin};

use std::num::NonZeroU32;

use super::*;
use crate::retry;
use crate::testkit::fake::{self, FakeProvider};

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::Relaxed))
    }
}

/// Chance that spreads nothing over a breaker's time.
struct NoChance;

impl Random for NoChance {
    fn next(&self) -> u64 {
        20
    }
}

struct Bench {
    provider: Arc<FakeProvider>,
    clock: Arc<Hand>,
    guarded: Guarded,
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn bench_with(settings: GuardSettings) -> Bench {
    let provider = Arc::new(FakeProvider::new(Box::new(|_, _| Ok(Observed::default()))));
    for id in 0..100 {
        let message = fake::message(Origin::Read, &format!("api:charge:ch_{id}"), "charge", "", at(0));
        provider.hold(charge(id), message);
    }
    let clock = Arc::new(Hand(AtomicI64::new(1000)));
    let inner: Arc<dyn PaymentProvider> = provider.clone();
    let guarded = Guarded::new(inner, "main", settings, clock.clone(), Arc::new(NoChance));
    Bench { provider, clock, guarded }
}

fn bench() -> Bench {
    bench_with(GuardSettings { limiter: LimiterSettings::NONE, ..GuardSettings::stripe(true) })
}

fn charge(id: u32) -> ObjectRef {
    let key = ObjectKey::new(Provider::Stripe, format!("ch_{id}"));
    ObjectRef { object_type: "charge".to_owned(), key }
}

fn refused(status: u16, code: Option<&str>, retry_after_seconds: Option<u64>) -> ProviderError {
    ProviderError::Refused {
        provider: Provider::Stripe,
        operation: "GET /v1/charges".to_owned(),
        status,
        code: code.map(str::to_owned),
        should_retry: None,
        retry_after_seconds,
    }
}

impl Bench {
    async fn fetch(&self, id: u32) -> Result<Message, ProviderError> {
        self.guarded.fetch(&charge(id)).await
    }

    async fn fail(&self, ids: std::ops::Range<u32>) {
        for id in ids {
            self.provider.fail_next(refused(500, None, None));
            let error = self.fetch(id).await.unwrap_err();
            assert!(matches!(error, ProviderError::Refused { status: 500, .. }), "{error}");
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn made(&self) -> usize {
        self.provider.calls().len()
    }
}

#[test]
fn limits_are_those_of_the_mode_and_a_stand_in_on_this_machine_has_none() {
    let config = |livemode, base: Option<&str>| IntegrationConfig {
        livemode,
        api_base: base.map(str::to_owned),
        ..IntegrationConfig::default()
    };
    assert_eq!(GuardSettings::of(&config(true, None)), GuardSettings::stripe(true));
    assert_eq!(
        GuardSettings::of(&config(false, Some("https://api.stripe.com"))),
        GuardSettings::stripe(false)
    );
    assert_eq!(GuardSettings::of(&config(false, Some("no address"))), GuardSettings::stripe(false));
    let local = GuardSettings::of(&config(true, Some("http://127.0.0.1:4242")));
    assert_eq!(local, GuardSettings { limiter: LimiterSettings::NONE, ..GuardSettings::stripe(true) });
}

#[tokio::test]
async fn what_succeeds_passes_through_and_is_counted() {
    let bench = bench();
    bench.provider.list(fake::message(Origin::Read, "api:settlement:txn_1", "settlement", "", at(5)));
    bench.provider.send(fake::message(Origin::Webhook, "evt_1", "charge.succeeded", "", at(5)));
    assert_eq!(bench.fetch(1).await.unwrap().source_id, "api:charge:ch_1");
    let page = bench.guarded.list_since(ListName("settlements"), &Cursor(None)).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    let page = bench.guarded.events_since(at(0), &Cursor(None)).await.unwrap();
    assert_eq!((page.messages.len(), page.next), (1, Cursor(None)));
    let health = bench.guarded.health();
    assert_eq!(
        (health.breaker, health.calls, health.retries, health.throttled),
        (BreakerState::Closed, 3, 0, 0)
    );
    let classes: Vec<&str> = health.endpoints.iter().map(|endpoint| endpoint.class.as_str()).collect();
    assert_eq!(classes, ["list.events", "list.settlements", "read.charge"]);
}

#[tokio::test]
async fn failures_open_the_breaker_of_their_class_alone_and_probes_close_it() {
    let bench = bench();
    bench.fail(0..10).await;
    let error = bench.fetch(50).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!((error.retry_at(), bench.made()), (Some(at(1030)), 10));
    assert!(bench.guarded.events_since(at(0), &Cursor(None)).await.is_ok());
    let health = bench.guarded.health();
    assert_eq!(health.breaker, BreakerState::Open);
    let charges = health.endpoints.iter().find(|endpoint| endpoint.class == "read.charge").unwrap();
    assert_eq!((charges.state, charges.open_until), (BreakerState::Open, Some(at(1030))));

    bench.pass(30);
    for id in 50..53 {
        assert_eq!(bench.guarded.health().breaker, BreakerState::HalfOpen);
        assert!(bench.fetch(id).await.is_ok());
    }
    assert_eq!(bench.guarded.health().breaker, BreakerState::Closed);
}

#[tokio::test]
async fn a_call_that_failed_is_repeated_within_the_budget_and_then_put_off() {
    let bench = bench();
    bench.fail(0..3).await;
    assert!(bench.fetch(0).await.is_ok());
    let error = bench.fetch(1).await.unwrap_err();
    assert!(matches!(error, ProviderError::Throttled { .. }), "{error}");
    assert_eq!((error.retry_at(), bench.made()), (Some(at(1010)), 4));
    assert!(bench.fetch(40).await.is_ok(), "a first call needs no budget");
    let health = bench.guarded.health();
    assert_eq!((health.calls, health.retries, health.throttled), (5, 1, 1));
    bench.pass(10);
    assert!(bench.fetch(1).await.is_ok());
    assert!(bench.fetch(1).await.is_ok(), "once it succeeded it is no repetition any more");
}

#[tokio::test]
async fn too_many_calls_pause_all_and_do_not_open_the_breaker() {
    let bench = bench();
    bench.provider.fail_next(refused(429, None, Some(7)));
    assert!(bench.fetch(0).await.is_err());
    let error = bench.guarded.events_since(at(0), &Cursor(None)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Throttled { .. }), "{error}");
    assert_eq!((error.retry_at(), bench.made()), (Some(at(1007)), 1));
    assert_eq!(bench.guarded.health().breaker, BreakerState::Closed);
    bench.pass(7);
    assert!(bench.guarded.events_since(at(0), &Cursor(None)).await.is_ok());
}

#[tokio::test]
async fn a_lock_on_one_object_pauses_nothing() {
    let bench = bench();
    bench.provider.fail_next(refused(429, Some("lock_timeout"), None));
    assert!(bench.fetch(0).await.is_err());
    assert!(bench.fetch(1).await.is_ok());
}

#[tokio::test]
async fn refusals_of_the_request_itself_open_nothing() {
    let bench = bench();
    for id in 1000..1050 {
        assert!(bench.fetch(id).await.unwrap_err().is_not_found());
    }
    assert_eq!((bench.made(), bench.guarded.health().breaker), (50, BreakerState::Closed));
}

#[tokio::test]
async fn a_probe_whose_caller_was_stopped_makes_room_for_another() {
    let bench = bench();
    bench.fail(0..10).await;
    bench.pass(30);
    for id in 20..23 {
        bench.provider.hang_next();
        let object = charge(id);
        let mut call = Box::pin(bench.guarded.fetch(&object));
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending()))
                .await
        );
    }
    for id in 30..33 {
        assert!(bench.fetch(id).await.is_ok());
    }
    assert_eq!(bench.guarded.health().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn short_waits_are_waited_for_and_long_ones_are_not() {
    let settings = LimiterSettings { per_second: NonZeroU32::new(1), per_second_of_class: None };
    let slow = bench_with(GuardSettings {
        limiter: settings,
        wait_max: Duration::from_millis(1),
        ..GuardSettings::stripe(true)
    });
    assert!(slow.fetch(0).await.is_ok());
    let error = slow.fetch(1).await.unwrap_err();
    assert!(matches!(error, ProviderError::Throttled { .. }), "{error}");
    assert!(error.retry_at().unwrap() > at(1000));
    assert_eq!((slow.made(), slow.guarded.health().throttled), (1, 1));
}

#[tokio::test]
async fn the_number_of_classes_is_bounded() {
    let bench = bench();
    for class in 0..200 {
        let object = ObjectRef { object_type: format!("kind_{class}"), ..charge(0) };
        assert!(bench.guarded.fetch(&object).await.is_err());
    }
    assert_eq!(bench.guarded.health().endpoints.len(), CLASSES_MAX + 1);
}

/// RELIABILITY: an hour without answers costs few calls, and then everything is caught up by itself.
#[tokio::test]
async fn an_hours_outage_costs_few_calls_and_is_caught_up() {
    let bench = bench();
    let policy = bench.guarded.settings().retry;
    // Twenty jobs, each with an object to read: when it is due, and how often it was tried.
    let mut jobs: Vec<Option<(Timestamp, u32)>> = vec![Some((at(1000), 0)); 20];
    for second in 1000..9000_i64 {
        bench.clock.0.store(second, Ordering::Relaxed);
        bench.provider.set_down(second < 4600);
        for (id, job) in (0_u32..).zip(&mut jobs) {
            let Some((due, attempts)) = *job else { continue };
            if due > at(second) {
                continue;
            }
            *job = match bench.fetch(id).await {
                Ok(_) => None,
                Err(error) => {
                    let attempts = if error.retry_at().is_some() { attempts } else { attempts + 1 };
                    // A job whose tries are used up begins anew with its next schedule.
                    let next = retry::after(&policy, attempts, &error, at(second), 7);
                    Some(next.map_or((at(second + 300), 0), |next| (next, attempts)))
                }
            };
        }
        if second == 4599 {
            assert!(bench.made() < 40, "{} calls during the outage", bench.made());
        }
    }
    assert!(jobs.iter().all(Option::is_none), "{jobs:?}");
    assert_eq!(bench.guarded.health().breaker, BreakerState::Closed);
}

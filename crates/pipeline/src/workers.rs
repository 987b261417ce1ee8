//! The workers: observer, bookers, reader, jobs with their schedules, the audit log, and the ticker that refreshes
//! configuration and writes counters.
//!
//! Each is woken at once by who has work for it; looking from time to time only covers what another process left.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::book;
use crate::jobs::run_one;
use crate::pipeline::Inner;
use crate::reader::chain;

/// How long a worker rests after a failure of the store.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How often configuration is refreshed, counters and the audit log are written, and schedules are looked at.
const TICK: Duration = Duration::from_secs(1);
/// After how many ticks gauges are set that cost queries.
const GAUGE_TICKS: u32 = 15;
/// How often completeness is looked at while a read waits for its messages to be booked.
const SETTLE_POLL: Duration = Duration::from_millis(50);

/// Running workers. They end when [`Workers::stop`] is called; dropping this leaves them running.
pub struct Workers {
    stop: CancellationToken,
    handles: Vec<JoinHandle<()>>,
    inner: Arc<Inner>,
}

impl Workers {
    /// Stops the workers and waits for the transactions under way.
    pub async fn stop(self) {
        self.stop.cancel();
        // A job that is many steps long ends with the one under way.
        self.inner.stop();
        for handle in self.handles {
            if let Err(error) = handle.await {
                tracing::error!(%error, "A worker ended badly: {error}");
            }
        }
        // Last of all: what the others noted is written, too.
        if let Err(error) = self.inner.audit.flush(self.inner.store.as_ref()).await {
            tracing::error!(error = %chain(&error), "Could not write the last records of the audit log");
        }
    }

    pub(crate) fn spawn(inner: &Arc<Inner>) -> Self {
        let stop = CancellationToken::new();
        let mut handles = vec![
            tokio::spawn(observe(Arc::clone(inner), stop.clone())),
            tokio::spawn(read(Arc::clone(inner), stop.clone())),
            tokio::spawn(settle(Arc::clone(inner), stop.clone())),
            tokio::spawn(tick(Arc::clone(inner), stop.clone())),
            tokio::spawn(schedule(Arc::clone(inner), stop.clone())),
            tokio::spawn(write_audit(Arc::clone(inner), stop.clone())),
        ];
        inner.resume();
        for _ in 0..inner.settings.jobs.workers.max(1) {
            handles.push(tokio::spawn(run_jobs(Arc::clone(inner), stop.clone())));
        }
        for _ in 0..inner.settings.bookers.max(1) {
            handles.push(tokio::spawn(book_all(Arc::clone(inner), stop.clone())));
        }
        Self { stop, handles, inner: Arc::clone(inner) }
    }
}

async fn observe(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let task = Arc::clone(&inner);
        // In a task of its own: a message that makes the mapping panic must not end the worker.
        let pass = tokio::spawn(async move { task.observe_once().await });
        let rest = match pass.await {
            Ok(Ok(0)) => inner.settings.idle_poll,
            Ok(Ok(_some)) => continue,
            Ok(Err(error)) => {
                tracing::error!(error = %chain(&error), "Observing failed; trying again");
                REST_AFTER_FAILURE
            }
            Err(error) => {
                tracing::error!(%error, "A message made the observer fail; it is tried again alone");
                REST_AFTER_FAILURE
            }
        };
        wait(&stop, inner.wake_observer.notified(), rest).await;
    }
}

async fn book_all(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let rest =
            match book::pass(inner.store.as_ref(), &inner.booker, &inner.settings, inner.clock.now()).await {
                Ok(report) if report.marks == 0 => inner.settings.idle_poll,
                Ok(report) => {
                    metrics::counter!("ltv_entries_booked_total")
                        .increment(u64::try_from(report.entries).unwrap_or(0));
                    inner.wake_booker.notify_one();
                    continue;
                }
                Err(error) => {
                    tracing::error!(error = %chain(&error), "Booking failed; trying again");
                    REST_AFTER_FAILURE
                }
            };
        wait(&stop, inner.wake_booker.notified(), rest).await;
    }
}

async fn read(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if inner.reader.pass().await {
            continue;
        }
        let rest = inner.reader.next_due().map_or(inner.settings.idle_poll, |due| {
            due.signed_duration_since(inner.clock.now())
                .to_std()
                .unwrap_or(Duration::ZERO)
                .min(inner.settings.idle_poll)
        });
        wait(&stop, inner.reader.wake.notified(), rest.max(Duration::from_millis(5))).await;
    }
}

async fn run_jobs(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let task = Arc::clone(&inner);
        // In a task of its own: a job that panics must not end the worker.
        let rest = match tokio::spawn(async move { run_one(&task).await }).await {
            Ok(Ok(true)) => continue,
            Ok(Ok(false)) => inner.settings.idle_poll,
            Ok(Err(error)) => {
                tracing::error!(error = %chain(&error), "Running a job failed; trying again");
                REST_AFTER_FAILURE
            }
            Err(error) => {
                tracing::error!(%error, "A job made its worker fail; it is tried again when its lease is over");
                REST_AFTER_FAILURE
            }
        };
        wait(&stop, inner.wake_jobs.notified(), rest).await;
    }
}

async fn schedule(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = inner.schedules.fire_due(&inner).await {
            tracing::error!(error = %chain(&error), "Could not fire the schedules; trying again");
        }
        wait(&stop, std::future::pending(), TICK).await;
    }
}

async fn write_audit(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = inner.audit.flush(inner.store.as_ref()).await {
            metrics::counter!("ltv_audit_failed_total").increment(1);
            tracing::error!(error = %chain(&error), "Could not write the audit log; its records wait");
        }
        wait(&stop, inner.audit.wake.notified(), TICK).await;
    }
}

async fn settle(inner: Arc<Inner>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = inner.reader.settle().await {
            tracing::error!(error = %chain(&error), "Could not record how complete the sources are");
        }
        wait(&stop, std::future::pending(), SETTLE_POLL).await;
    }
}

async fn tick(inner: Arc<Inner>, stop: CancellationToken) {
    let mut ticks: u32 = 0;
    while !stop.is_cancelled() {
        inner.tick().await;
        if ticks.is_multiple_of(GAUGE_TICKS)
            && let Err(error) = inner.set_gauges().await
        {
            tracing::error!(error = %chain(&error), "Could not set the gauges");
        }
        ticks = ticks.wrapping_add(1);
        wait(&stop, std::future::pending(), TICK).await;
    }
    // What was counted in the last second is written before the process ends.
    if let Err(error) = inner.tallies.flush(inner.store.as_ref()).await {
        tracing::error!(error = %chain(&error), "Could not write the last counters");
    }
}

/// Waits until woken, until `rest` is over, or until the workers stop.
async fn wait(stop: &CancellationToken, woken: impl Future<Output = ()>, rest: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = woken => {}
        () = tokio::time::sleep(rest) => {}
    }
}

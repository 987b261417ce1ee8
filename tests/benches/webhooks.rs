//! How many signed webhooks a second the real service makes durable, and how long one waits for its answer, at 1, 16 and
//! 64 connections on both stores; and how fast it works them off.
//!
//! `cargo build --release && LTV_BIN=target/release/ltv cargo bench -p e2e --bench webhooks`
//!
//! The sender runs beside the service on the same machine, so the numbers are a floor. The databases of the tests lie in
//! memory where there is such a file system; set `TMPDIR` to a disk to see the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::Utc;
use e2e::{Backend, TestApp};
use simulator::{BusinessConfig, Faults, Mix, Sender, SimEvent, StripeStandIn, invent};

/// How many messages each measurement sends.
const MESSAGES: usize = 6_000;
/// How many connections are open at a time.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// The secret that the tests configure.
const SECRET: &str = e2e::SECRET;

/// What one measurement gave.
struct Measured {
    per_second: f64,
    median: Duration,
    p99: Duration,
    worked_off_per_second: f64,
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        println!(
            "{:<10} {:>11} {:>12} {:>12} {:>12} {:>16}",
            "store", "connections", "webhooks/s", "median", "p99", "worked off/s"
        );
        for backend in [Backend::Sqlite, Backend::Postgres] {
            for connections in CONNECTIONS {
                let m = measure(backend, connections).await?;
                let (store, median, p99) = (format!("{backend:?}"), m.median, m.p99);
                println!(
                    "{store:<10} {connections:>11} {:>12.0} {median:>12.2?} {p99:>12.2?} {:>16.0}",
                    m.per_second, m.worked_off_per_second
                );
            }
        }
        Ok(())
    })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark signs with the time of day")]
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rates, for people to read")]
async fn measure(backend: Backend, connections: usize) -> anyhow::Result<Measured> {
    let app = TestApp::start(backend).await?;
    let start = "2025-01-01T00:00:00Z".parse()?;
    let history = invent(&BusinessConfig {
        suppliers: 60,
        months: 24,
        seed: 1,
        start,
        livemode: true,
        mix: Mix::Plain,
    });
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await?;
    stand_in.reveal_until(None);
    app.configure(&stand_in, true).await?;
    let events: Arc<Vec<SimEvent>> = Arc::new(history.events.into_iter().take(MESSAGES).collect());
    let sender = Sender::new(&app.webhook_url(), SECRET)?;
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (events, sender, next) = (Arc::clone(&events), sender.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while let Some(event) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let asked = Instant::now();
                    let sent = sender.send(&event.body, Utc::now()).await?;
                    ensure!(sent.is_accepted(), "answered with {}", sent.status);
                    waits.push(asked.elapsed());
                }
                anyhow::Ok(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let elapsed = began.elapsed();
    app.until_idle().await?;
    let worked_off = began.elapsed();
    waits.sort_unstable();
    let at = |part: usize| waits.get(waits.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
    let measured = Measured {
        per_second: waits.len() as f64 / elapsed.as_secs_f64(),
        median: at(50),
        p99: at(99),
        worked_off_per_second: app.count("accepted").await? as f64 / worked_off.as_secs_f64(),
    };
    app.finish().await?;
    stand_in.stop().await;
    Ok(measured)
}

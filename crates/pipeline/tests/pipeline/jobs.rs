//! Jobs survive their workers, are tried again, called off, and fire once.

use chrono::TimeDelta;
use connector::testkit::fake::refused;
use ltv_core::testkit::a_charge;
use pipeline::{AskError, JobView, JobsQuestion};
use serde_json::json;
use store::JobEnd;

use crate::bench::{Bench, event};

async fn of_kind(bench: &Bench, kind: &str) -> Vec<JobView> {
    let question = JobsQuestion { kind: Some(kind.to_owned()), limit: 100, ..JobsQuestion::default() };
    bench.pipeline.jobs(&question).await.unwrap()
}

fn send_five(bench: &Bench) {
    for number in 1..=5 {
        let charge = a_charge(&format!("ch_{number}")).from("cus_1").told_at("2026-11-24T10:00:00Z").build();
        bench.fake.send(event(&format!("evt_{number}"), "charge.succeeded", &charge));
    }
}

#[tokio::test]
async fn a_job_goes_on_where_the_worker_that_died_had_got_to() {
    let bench = Bench::new().await;
    send_five(&bench);
    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    // A worker reads the first page, and dies.
    let now = bench.now();
    let claimed = bench.store.claim_job(now, now + TimeDelta::seconds(60)).await.unwrap().unwrap();
    assert_eq!(claimed.id, job.id);
    let progress = json!({ "since": "2026-11-01T00:00:00Z", "cursor": "2", "pages": 1, "seen": 2, "new": 0 });
    let step = JobEnd::GoOn { progress, lease_until: now + TimeDelta::seconds(60) };
    bench.store.end_job_step(&job.id, claimed.lease_token, &step, now).await.unwrap().unwrap();

    let before = bench.calls("events");
    bench.pass(59).await;
    assert_eq!(bench.pipeline.job(&job.id).await.unwrap().status, "running", "its lease is not over");
    bench.pass(2).await;
    let done = bench.pipeline.job(&job.id).await.unwrap();
    assert_eq!((done.status, done.attempts), ("done", 2));
    assert_eq!(done.result.unwrap()["pages"], 3);
    assert_eq!(
        done.progress,
        json!({
            "since": "2026-11-01T00:00:00Z", "completeThrough": bench.now(), "pages": 3, "seen": 5, "new": 3,
        })
    );
    assert_eq!(bench.calls("events") - before, 2, "the first page is not read again");
    // The worker that was thought dead finds that it has lost the job.
    let late = JobEnd::Failed { error: "too late".to_owned() };
    let lost = bench.store.end_job_step(&job.id, claimed.lease_token, &late, bench.now()).await.unwrap();
    assert_eq!(lost, None);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_is_not() {
    let bench = Bench::new().await;
    bench.fake.fail_next(refused(503, "events"));
    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    bench.pass(0).await;
    let waiting = bench.pipeline.job(&job.id).await.unwrap();
    assert_eq!(waiting.status, "queued");
    assert!(waiting.error.unwrap().contains("503") && waiting.run_at > bench.now());
    bench.pass(15).await;
    assert_eq!(bench.pipeline.job(&job.id).await.unwrap().status, "done");

    bench.fake.fail_next(refused(401, "events"));
    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    bench.pass(0).await;
    assert_eq!(bench.pipeline.job(&job.id).await.unwrap().status, "failed");
}

#[tokio::test]
async fn a_job_that_waits_is_called_off_at_once_and_one_that_runs_after_its_step() {
    let bench = Bench::new().await;
    let calls = bench.calls("events");
    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    assert_eq!(bench.pipeline.cancel_job(&job.id).await.unwrap().status, "cancelled");
    bench.pass(0).await;
    assert_eq!(bench.calls("events"), calls);

    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    let now = bench.now();
    bench.store.claim_job(now, now + TimeDelta::seconds(60)).await.unwrap().unwrap();
    let asked = bench.pipeline.cancel_job(&job.id).await.unwrap();
    assert_eq!((asked.status, asked.cancel_asked), ("running", true));
    bench.pass(61).await;
    assert_eq!(bench.pipeline.job(&job.id).await.unwrap().status, "cancelled");
    assert_eq!(bench.calls("events"), calls);
}

#[tokio::test]
async fn asking_twice_gives_one_job_and_asking_for_nothing_is_refused() {
    let bench = Bench::new().await;
    let first = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    let second = bench.pipeline.start_sync("stripe", true, "another").await.unwrap();
    assert_eq!(first.id, second.id);
    let partial = bench.pipeline.start_sync("stripe", false, "somebody").await.unwrap();
    assert_ne!(partial.id, first.id);
    let unknown = bench.pipeline.start_sync("paypal", true, "somebody").await;
    assert!(matches!(unknown, Err(AskError::NotFound { .. })));
    let question = JobsQuestion { status: Some("sleeping".to_owned()), limit: 1, ..JobsQuestion::default() };
    assert!(matches!(bench.pipeline.jobs(&question).await, Err(AskError::BadQuestion { .. })));
    assert!(matches!(bench.pipeline.job("none").await, Err(AskError::NotFound { .. })));
}

#[tokio::test]
async fn of_two_nodes_one_fires_a_schedule() {
    let bench = Bench::new().await;
    let other = bench.another_node().await;
    let before = of_kind(&bench, "sweep.lists").await.len();
    bench.clock.advance(TimeDelta::minutes(15));
    let (one, two) = tokio::join!(bench.pipeline.catch_up(), other.catch_up());
    one.unwrap();
    two.unwrap();
    assert_eq!(of_kind(&bench, "sweep.lists").await.len(), before + 1);
    // Nothing is due again before its time.
    bench.pass(60).await;
    assert_eq!(of_kind(&bench, "sweep.lists").await.len(), before + 1);
}

#[tokio::test]
async fn workers_do_what_is_due_and_stop() {
    let bench = Bench::new().await;
    send_five(&bench);
    let workers = bench.pipeline.start();
    let job = bench.pipeline.start_sync("stripe", true, "somebody").await.unwrap();
    let ended = async {
        while bench.pipeline.job(&job.id).await.unwrap().ended_at.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.unwrap();
    workers.stop().await;
    assert_eq!(bench.pipeline.job(&job.id).await.unwrap().result.unwrap()["new"], 5);
}

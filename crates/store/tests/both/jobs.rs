use chrono::TimeDelta;
use ltv_core::Timestamp;
use serde_json::{Value, json};
use store::testkit::in_memory_of_a_test;
use store::{JobEnd, JobRow, JobStatus, NewJob};

use crate::fresh::{Fresh, now};

fn later(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

fn a_job(id: &str) -> NewJob {
    NewJob {
        id: id.into(),
        kind: "sweep.events".into(),
        key: None,
        input: json!({"integration": "main"}),
        priority: 0,
        run_at: now(),
        requested_by: "schedule".into(),
    }
}

async fn claim(fresh: &Fresh, seconds: i64) -> Option<JobRow> {
    fresh.store.claim_job(later(seconds), later(seconds + 30)).await.unwrap()
}

async fn end(fresh: &Fresh, job: &JobRow, end: JobEnd, seconds: i64) -> Option<JobRow> {
    fresh.store.end_job_step(&job.id, job.lease_token, &end, later(seconds)).await.unwrap()
}

pub async fn at_most_one_worker_has_a_job(fresh: Fresh) {
    fresh.store.add_job(&a_job("j1"), now()).await.unwrap();
    fresh.store.add_job(&a_job("j2"), now()).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (a, b) = tokio::join!(claim(&fresh, 0), claim(&fresh, 0));
        ids.extend([a, b].into_iter().flatten().map(|job| job.id));
    }
    ids.sort();
    assert_eq!(ids, ["j1", "j2"]);
    assert_eq!(claim(&fresh, 29).await, None);
    let again = claim(&fresh, 30).await.unwrap();
    assert_eq!((again.attempts, again.lease_token, again.status), (2, 2, JobStatus::Running));
}

pub async fn a_worker_that_lost_its_lease_can_write_no_more(fresh: Fresh) {
    fresh.store.add_job(&a_job("j1"), now()).await.unwrap();
    let first = claim(&fresh, 0).await.unwrap();
    let go_on =
        |step: i64, until: i64| JobEnd::GoOn { progress: json!({"step": step}), lease_until: later(until) };
    let kept = end(&fresh, &first, go_on(1, 60), 10).await.unwrap();
    assert_eq!((kept.progress, kept.lease_until), (json!({"step": 1}), Some(later(60))));
    assert_eq!(claim(&fresh, 31).await, None, "the lease was prolonged");
    let second = claim(&fresh, 60).await.unwrap();
    assert_eq!(second.progress, json!({"step": 1}), "a worker goes on from there");
    for late in [
        go_on(2, 90),
        JobEnd::Done { progress: Value::Null, result: Value::Null },
        JobEnd::Failed { error: "late".into() },
        JobEnd::Retry { error: "late".into(), run_at: later(0) },
        JobEnd::Cancelled,
    ] {
        assert_eq!(end(&fresh, &first, late, 61).await, None);
    }
    assert_eq!(fresh.store.job("j1").await.unwrap(), Some(second.clone()));
    let done = JobEnd::Done { progress: json!({"step": 2}), result: json!({"found": 3}) };
    let done = end(&fresh, &second, done, 70).await.unwrap();
    assert_eq!((done.status, done.ended_at, done.lease_until), (JobStatus::Done, Some(later(70)), None));
    assert_eq!((done.result, done.progress), (Some(json!({"found": 3})), json!({"step": 2})));
    assert_eq!(end(&fresh, &second, go_on(3, 90), 71).await, None, "it has ended");
    assert_eq!(claim(&fresh, 1_000).await, None);
}

pub async fn jobs_go_by_priority_then_by_time(fresh: Fresh) {
    let jobs = [
        NewJob { run_at: later(-20), ..a_job("older") },
        NewJob { run_at: later(-10), ..a_job("newer") },
        NewJob { priority: 5, ..a_job("urgent") },
        NewJob { priority: 9, run_at: later(100), ..a_job("not_yet") },
    ];
    for job in &jobs {
        fresh.store.add_job(job, now()).await.unwrap();
    }
    let mut order = Vec::new();
    while let Some(job) = claim(&fresh, 0).await {
        order.push(job.id.clone());
        end(&fresh, &job, JobEnd::Done { progress: Value::Null, result: Value::Null }, 0).await.unwrap();
    }
    assert_eq!(order, ["urgent", "older", "newer"]);
    assert_eq!(claim(&fresh, 100).await.unwrap().id, "not_yet");
}

pub async fn one_job_of_a_key_is_active(fresh: Fresh) {
    let keyed = |id: &str| NewJob { key: Some("sweep:main".into()), ..a_job(id) };
    let (first, second) = (keyed("j1"), keyed("j2"));
    let (a, b) = tokio::join!(fresh.store.add_job(&first, now()), fresh.store.add_job(&second, now()));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a, b, "whoever comes second is told of the first");
    let job = claim(&fresh, 0).await.unwrap();
    assert_eq!(fresh.store.add_job(&keyed("j3"), now()).await.unwrap(), job);
    // Tried again later: still active.
    let retry = JobEnd::Retry { error: "no answer".into(), run_at: later(60) };
    let waiting = end(&fresh, &job, retry, 1).await.unwrap();
    assert_eq!((waiting.status, waiting.error.as_deref()), (JobStatus::Queued, Some("no answer")));
    assert_eq!(fresh.store.add_job(&keyed("j4"), now()).await.unwrap().id, job.id);
    assert_eq!(claim(&fresh, 59).await, None);
    let job = claim(&fresh, 60).await.unwrap();
    let failed = end(&fresh, &job, JobEnd::Failed { error: "no such account".into() }, 61).await.unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (JobStatus::Failed, Some("no such account")));
    assert_eq!(fresh.store.add_job(&keyed("j5"), now()).await.unwrap().id, "j5");
    // An id that is there already is answered, not replaced.
    assert_eq!(fresh.store.add_job(&a_job(&job.id), now()).await.unwrap(), failed);
}

pub async fn a_job_can_be_called_off(fresh: Fresh) {
    let store = &fresh.store;
    assert_eq!(store.cancel_job("j0", now()).await.unwrap(), None);
    store.add_job(&a_job("j1"), now()).await.unwrap();
    let cancelled = store.cancel_job("j1", later(1)).await.unwrap().unwrap();
    assert_eq!((cancelled.status, cancelled.ended_at), (JobStatus::Cancelled, Some(later(1))));
    assert_eq!(store.cancel_job("j1", later(2)).await.unwrap(), Some(cancelled), "it has ended");
    assert_eq!(claim(&fresh, 5).await, None);

    // One that runs is asked, and ends at its next step.
    store.add_job(&a_job("j2"), now()).await.unwrap();
    let job = claim(&fresh, 0).await.unwrap();
    let asked = store.cancel_job("j2", later(1)).await.unwrap().unwrap();
    assert!(asked.cancel_asked && asked.status == JobStatus::Running);
    let seen =
        end(&fresh, &job, JobEnd::GoOn { progress: json!(1), lease_until: later(60) }, 2).await.unwrap();
    assert!(seen.cancel_asked);
    assert_eq!(end(&fresh, &job, JobEnd::Cancelled, 3).await.unwrap().status, JobStatus::Cancelled);

    // Nor is it tried again.
    store.add_job(&a_job("j3"), now()).await.unwrap();
    let job = claim(&fresh, 0).await.unwrap();
    store.cancel_job("j3", later(1)).await.unwrap();
    let retry = JobEnd::Retry { error: "no answer".into(), run_at: later(9) };
    assert_eq!(end(&fresh, &job, retry, 2).await.unwrap().status, JobStatus::Cancelled);
}

pub async fn jobs_are_listed_newest_first_and_old_ones_pruned(fresh: Fresh) {
    let store = &fresh.store;
    for (number, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let job = NewJob { kind: if id == "c" { "replay".into() } else { "sweep".into() }, ..a_job(id) };
        store.add_job(&job, later(i64::try_from(number / 2).unwrap())).await.unwrap();
    }
    store.cancel_job("b", later(9)).await.unwrap();
    let ids = |jobs: Vec<JobRow>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(store.jobs(None, None, None, 9).await.unwrap()), ["d", "c", "b", "a"]);
    assert_eq!(ids(store.jobs(None, None, None, 2).await.unwrap()), ["d", "c"]);
    assert_eq!(ids(store.jobs(Some("c"), None, None, 9).await.unwrap()), ["b", "a"]);
    assert_eq!(ids(store.jobs(Some("b"), Some("sweep"), None, 9).await.unwrap()), ["a"]);
    assert_eq!(ids(store.jobs(None, Some("replay"), None, 9).await.unwrap()), ["c"]);
    assert_eq!(ids(store.jobs(None, None, Some(JobStatus::Cancelled), 9).await.unwrap()), ["b"]);
    assert_eq!(ids(store.jobs(Some("nobody"), None, None, 9).await.unwrap()), Vec::<String>::new());
    assert_eq!(store.prune_jobs(later(9)).await.unwrap(), 0);
    assert_eq!(store.prune_jobs(later(10)).await.unwrap(), 1);
    assert_eq!(store.job("b").await.unwrap(), None);
    assert_eq!(ids(store.jobs(None, None, None, 9).await.unwrap()), ["d", "c", "a"]);
}

pub async fn jobs_and_schedules_survive_reopening(fresh: Fresh) {
    let job = NewJob { input: json!({"text": "a\u{0}b", "number": 1.5}), ..a_job("j1") };
    let added = fresh.store.add_job(&job, now()).await.unwrap();
    assert_eq!(added.input["text"], "a\u{fffd}b", "no database of ours can hold the letter between");
    let running = claim(&fresh, 0).await.unwrap();
    assert!(fresh.store.fire_schedule("sweep", None, now()).await.unwrap());
    let again = store::open(&fresh.url, in_memory_of_a_test()).await.unwrap();
    assert_eq!(again.job("j1").await.unwrap(), Some(running.clone()));
    let taken_over = again.claim_job(later(30), later(60)).await.unwrap().unwrap();
    assert_eq!((taken_over.id, taken_over.attempts), (running.id, 2));
    assert_eq!(again.schedules().await.unwrap()["sweep"], now());
}

pub async fn a_schedule_fires_once_on_several_nodes(fresh: Fresh) {
    let store = &fresh.store;
    assert!(store.schedules().await.unwrap().is_empty());
    assert!(!store.fire_schedule("sweep", Some(now()), later(1)).await.unwrap(), "it never fired");
    for (expected, at) in [(None, later(0)), (Some(later(0)), later(60)), (Some(later(60)), later(120))] {
        let (a, b) = tokio::join!(
            store.fire_schedule("sweep", expected, at),
            store.fire_schedule("sweep", expected, at)
        );
        assert_ne!(a.unwrap(), b.unwrap(), "one of two");
    }
    assert!(store.fire_schedule("other", None, later(5)).await.unwrap());
    let fired: Vec<_> = store.schedules().await.unwrap().into_iter().collect();
    assert_eq!(fired, [("other".to_owned(), later(5)), ("sweep".to_owned(), later(120))]);
}

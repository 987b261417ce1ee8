use chrono::TimeDelta;
use ltv_core::testkit::{a_charge, key};
use ltv_core::{MessageId, Timestamp};
use store::testkit::{a_message, say};
use store::{Claimed, Lane, MessageOutcome, NewMessage, ObservedMessage, Store, WorkStatus};

use crate::fresh::{Fresh, now};

fn later(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

fn ids(claimed: &[Claimed]) -> Vec<i64> {
    claimed.iter().map(|claimed| claimed.message.id.0).collect()
}

async fn append(store: &dyn Store, names: &[&str]) {
    store.append(names.iter().map(|name| a_message(name, now())).collect()).await.unwrap();
}

/// Claims on PostgreSQL wait for transactions of other databases of the same server.
pub async fn claim_soon(store: &dyn Store, at: Timestamp, limit: i64) -> Vec<Claimed> {
    let claim = async {
        loop {
            let claimed = store.claim(at, 30, limit).await.unwrap();
            if !claimed.is_empty() {
                return claimed;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), claim).await.expect("something to claim")
}

async fn finish(store: &dyn Store, id: MessageId, outcome: MessageOutcome, at: Timestamp) {
    store.finish(vec![ObservedMessage { id, outcome }], at).await.unwrap();
}

pub async fn claims_do_not_overlap_and_end_with_their_lease(fresh: Fresh) {
    let store = fresh.store.as_ref();
    append(store, &["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]).await;
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let (a, b) = tokio::join!(store.claim(now(), 30, 2), store.claim(now(), 30, 2));
        for claimed in [a.unwrap(), b.unwrap()] {
            assert!(claimed.len() <= 2 && claimed.iter().all(|claimed| claimed.attempts == 1));
            seen.extend(ids(&claimed));
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "no message is claimed twice");
    assert!(store.claim(later(29), 30, 10).await.unwrap().is_empty());
    // Tried before: one at a time.
    let again = store.claim(later(31), 30, 10).await.unwrap();
    assert_eq!((ids(&again), again[0].attempts), (vec![seen[0]], 2));
}

pub async fn a_message_that_ends_its_worker_three_times_is_quarantined(fresh: Fresh) {
    let store = fresh.store.as_ref();
    append(store, &["evt_1", "evt_2"]).await;
    assert_eq!(claim_soon(store, now(), 10).await.len(), 2);
    let second = store.claim(later(100), 30, 10).await.unwrap();
    let other = store.claim(later(100), 30, 10).await.unwrap();
    assert_eq!((second.len(), other.len()), (1, 1), "neighbours of what may be poison are claimed apart");
    finish(store, other[0].message.id, MessageOutcome::Done(Vec::new()), later(101)).await;
    let third = store.claim(later(200), 30, 10).await.unwrap();
    assert_eq!((third.len(), third[0].attempts), (1, 3));
    assert!(store.claim(later(300), 30, 10).await.unwrap().is_empty());
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].status, letters[0].class.as_str()), (WorkStatus::Quarantined, "poison"));
    assert_eq!((letters[0].id, letters[0].attempts), (second[0].message.id, 3));
    assert_eq!((letters[0].kind.as_str(), letters[0].received_at), ("charge.succeeded", now()));
}

pub async fn a_wish_to_try_again_is_no_crash(fresh: Fresh) {
    let store = fresh.store.as_ref();
    append(store, &["evt_1"]).await;
    let mut at = now();
    for attempt in 1..=8 {
        let claimed = claim_soon(store, at, 10).await;
        assert_eq!(claimed[0].attempts, attempt);
        let not_before = at + TimeDelta::seconds(60);
        let outcome = MessageOutcome::Retry { reason: "the key is not there yet".into(), not_before };
        finish(store, claimed[0].message.id, outcome, at).await;
        assert!(store.claim(at + TimeDelta::seconds(59), 30, 10).await.unwrap().is_empty());
        at += TimeDelta::seconds(61);
    }
    assert!(store.claim(at, 30, 10).await.unwrap().is_empty());
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!((letters[0].status, letters[0].class.as_str()), (WorkStatus::Dead, "exhausted"));
    assert_eq!(letters[0].reason, "the key is not there yet");
}

pub async fn a_dead_letter_can_be_put_back(fresh: Fresh) {
    let store = fresh.store.as_ref();
    append(store, &["evt_1", "evt_2"]).await;
    let claimed = claim_soon(store, now(), 10).await;
    let id = claimed[0].message.id;
    assert!(!store.retry_dead_letter(id, now()).await.unwrap(), "it is not dead yet");
    let outcome = MessageOutcome::Dead { class: "permanent", reason: "no\0thing".into() };
    finish(store, id, outcome, later(1)).await;
    finish(store, claimed[1].message.id, MessageOutcome::Quarantined { reason: "account".into() }, later(1))
        .await;
    assert_eq!(store.dead_letters(None, 10).await.unwrap().len(), 2);
    let letters = store.dead_letters(Some(claimed[1].message.id), 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].id, letters[0].failed_at), (1, id, later(1)));
    assert!(store.retry_dead_letter(id, later(2)).await.unwrap());
    assert!(!store.retry_dead_letter(id, later(2)).await.unwrap());
    let again = store.claim(later(2), 30, 10).await.unwrap();
    assert_eq!((ids(&again), again[0].attempts), (vec![id.0], 1));
}

pub async fn messages_of_the_other_mode_are_never_claimed(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let test = NewMessage { lane: Lane::OtherMode, ..a_message("evt_0", now()) };
    store.append(vec![test]).await.unwrap();
    append(store, &["evt_1"]).await;
    let claimed = claim_soon(store, now(), 10).await;
    assert_eq!((claimed.len(), claimed[0].message.source_id.as_str()), (1, "evt_1"));
    assert!(store.claim(later(1), 30, 10).await.unwrap().is_empty());
    let status = store.status().await.unwrap();
    assert_eq!((status["main"].accepted, status["main"].other_mode), (1, 1));
}

pub async fn a_done_message_is_observed_once(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let charge = a_charge("ch_1").of("120.00 GBP").from("cus_1").build();
    let id = say(store, "evt_1", vec![charge], now()).await.unwrap();
    assert_eq!(store.dirty_count().await.unwrap(), 1);
    let mut kept = store.observations(&key("ch_1")).await.unwrap();
    assert_eq!((kept.len(), kept[0].message), (1, id));
    // Finished twice, as after a crash between the commit and its answer.
    let again = ObservedMessage { id, outcome: MessageOutcome::Done(vec![kept.remove(0)]) };
    assert_eq!(store.finish(vec![again], now()).await.unwrap(), 1);
    assert_eq!(store.observations(&key("ch_1")).await.unwrap().len(), 1);
    let marks = store.claim_dirty(now(), 30, 10).await.unwrap();
    assert_eq!((marks.len(), marks[0].anchor.clone(), marks[0].version), (1, key("ch_1"), 2));
    assert!(store.claim_dirty(now(), 30, 10).await.unwrap().is_empty());
    assert_eq!(store.claim_dirty(later(31), 30, 10).await.unwrap().len(), 1);
}

pub async fn the_counts_add_up(fresh: Fresh) {
    let store = fresh.store.as_ref();
    append(store, &["evt_1", "evt_2", "evt_3", "evt_4"]).await;
    let claimed = claim_soon(store, now(), 4).await;
    finish(store, claimed[0].message.id, MessageOutcome::Done(Vec::new()), now()).await;
    let dead = MessageOutcome::Dead { class: "permanent", reason: "no".into() };
    finish(store, claimed[1].message.id, dead, now()).await;
    finish(store, claimed[2].message.id, MessageOutcome::Quarantined { reason: "no".into() }, now()).await;
    store.append(vec![NewMessage { received_at: later(5), ..a_message("evt_5", now()) }]).await.unwrap();
    let other = NewMessage { integration: "other".into(), ..a_message("evt_6", later(9)) };
    store.append(vec![other]).await.unwrap();
    let status = store.status().await.unwrap();
    let main = &status["main"];
    assert_eq!((main.accepted, main.done, main.pending, main.dead, main.quarantined), (5, 1, 2, 1, 1));
    assert_eq!((main.last_message_at, main.oldest_pending_at), (Some(later(5)), Some(now())));
    assert_eq!((status["other"].accepted, status["other"].pending), (1, 1));
    for counts in status.values() {
        assert_eq!(counts.accepted, counts.done + counts.pending + counts.dead + counts.quarantined);
    }
}

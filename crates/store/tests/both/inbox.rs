use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use ltv_core::MessageId;
use store::testkit::a_message;
use store::{Appended, GroupCommit, GroupError, NewMessage};

use crate::fresh::{Fresh, now};

pub async fn a_message_is_stored_as_it_was_given(fresh: Fresh) {
    let given = NewMessage { account: Some("acct_1".into()), ..a_message("evt_1", now()) };
    let answers = fresh.store.append(vec![given.clone()]).await.unwrap();
    let Appended::New(id) = answers[0] else { panic!("{answers:?}") };
    let kept = fresh.store.messages(&[MessageId(id.0 + 1), id]).await.unwrap();
    assert_eq!(kept.len(), 1);
    let kept = &kept[0];
    assert_eq!(
        (kept.id, kept.uuid, &kept.source_id, kept.lane),
        (id, given.uuid, &given.source_id, given.lane)
    );
    assert_eq!((kept.substance, kept.sha256), (given.substance, given.sha256));
    assert_eq!((&kept.ciphertext, &kept.wrapped_key), (&given.ciphertext, &given.wrapped_key));
    assert_eq!((kept.observed_at, kept.received_at), (given.observed_at, given.received_at));
    assert_eq!((&kept.account, kept.origin, &kept.kind), (&given.account, given.origin, &given.kind));
    assert!(fresh.store.append(Vec::new()).await.unwrap().is_empty());
}

pub async fn duplicates_are_recognised_and_counted(fresh: Fresh) {
    let store = &fresh.store;
    let first = store.append(vec![a_message("evt_b", now()), a_message("evt_a", now())]).await.unwrap();
    let (Appended::New(b), Appended::New(a)) = (first[0], first[1]) else { panic!("{first:?}") };
    let changed = NewMessage { substance: [9; 32], ..a_message("evt_a", now()) };
    let again = store
        .append(vec![
            a_message("evt_a", now()),
            a_message("evt_c", now()),
            changed,
            a_message("evt_c", now()),
            a_message("evt_b", now()),
        ])
        .await
        .unwrap();
    assert_eq!((again[0], again[4]), (Appended::Duplicate(a), Appended::Duplicate(b)));
    let (Appended::New(c), Appended::New(other)) = (again[1], again[2]) else { panic!("{again:?}") };
    assert_eq!(again[3], Appended::Duplicate(c));
    assert!(![a, b, c].contains(&other), "the same id with another substance is another message");
    let tallies = store.tallies().await.unwrap();
    assert_eq!(tallies.len(), 1);
    assert_eq!(
        (tallies[0].scope.as_str(), tallies[0].name.as_str(), tallies[0].count),
        ("main", "duplicate", 3)
    );
    let kept = store.messages_after(MessageId(0), 100).await.unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept.is_sorted_by_key(|message| message.id));
}

pub async fn groups_store_each_message_once(fresh: Fresh) {
    let group = GroupCommit::spawn(Arc::clone(&fresh.store), 4_096);
    let waiting = (0..1_500).map(|i| {
        let group = group.clone();
        async move { group.append(a_message(&format!("evt_{}", i % 700), now())).await.unwrap() }
    });
    let answers = join_all(waiting).await;
    let new = answers.iter().filter(|answer| matches!(answer, Appended::New(_))).count();
    assert_eq!(new, 700);
    assert_eq!(fresh.store.messages_after(MessageId(0), 5_000).await.unwrap().len(), 700);
    assert_eq!(fresh.store.tallies().await.unwrap()[0].count, 800);
}

pub async fn a_full_queue_is_told_at_once(fresh: Fresh) {
    let group = GroupCommit::spawn(Arc::clone(&fresh.store), 1);
    let waiting = (0..50).map(|i| {
        let group = group.clone();
        async move { group.append(a_message(&format!("evt_{i}"), now())).await }
    });
    let answers = join_all(waiting).await;
    let full = answers.iter().filter(|answer| matches!(answer, Err(GroupError::Full))).count();
    let stored = answers.iter().filter(|answer| matches!(answer, Ok(Appended::New(_)))).count();
    assert_eq!(full + stored, 50);
    assert!(full > 0 && stored > 0, "{full} full, {stored} stored");
    assert_eq!(fresh.store.messages_after(MessageId(0), 100).await.unwrap().len(), stored);
}

pub async fn a_cancelled_append_stores_all_or_nothing(fresh: Fresh) {
    for round in 0..20_usize {
        let messages: Vec<NewMessage> =
            (0..10).map(|i| a_message(&format!("evt_{round}_{i}"), now())).collect();
        let mut appending = Box::pin(fresh.store.append(messages));
        // Given up after so many looks at it.
        for _ in 0..=round % 4 {
            if (&mut appending).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(appending);
    }
    // Behind them all in the queue for the writer on SQLite; on PostgreSQL they may still run.
    fresh.store.append(vec![a_message("evt_last", now())]).await.unwrap();
    let whole = async {
        loop {
            let kept = fresh.store.messages_after(MessageId(0), 1_000).await.unwrap();
            assert_eq!(kept.len() % 10, 1, "each call is stored whole or not at all");
            if kept.len() == 201 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), whole).await.expect("all that was begun ends");
}

pub async fn message_keys_are_wrapped_anew(fresh: Fresh) {
    let store = &fresh.store;
    let older = NewMessage { key_name: "epoch:2025-12-31".into(), ..a_message("evt_2", now()) };
    let other = NewMessage { lane: store::Lane::OtherMode, ..a_message("evt_3", now()) };
    let answers = store.append(vec![a_message("evt_1", now()), older, other]).await.unwrap();
    let ids: Vec<MessageId> = answers
        .iter()
        .map(|answer| match answer {
            Appended::New(id) | Appended::Duplicate(id) => *id,
        })
        .collect();
    assert_eq!(store.wrapped_by("epoch:", 10).await.unwrap(), [ids[1], ids[0]]);
    assert_eq!(store.wrapped_by("epoch:", 1).await.unwrap(), [ids[1]]);
    store.rewrap(vec![(ids[1], vec![2; 60], "subject:stripe:cus_1".into())]).await.unwrap();
    assert_eq!(store.wrapped_by("epoch:", 10).await.unwrap(), [ids[0]]);
    let kept = &store.messages(&[ids[1]]).await.unwrap()[0];
    assert_eq!(
        (kept.wrapped_key.as_slice(), kept.key_name.as_str()),
        (&[2_u8; 60][..], "subject:stripe:cus_1")
    );
}

pub async fn text_that_a_database_cannot_hold_does_not_spoil_the_group(fresh: Fresh) {
    let odd = NewMessage { kind: "charge\0odd".into(), ..a_message("evt\0odd", now()) };
    let answers = fresh.store.append(vec![a_message("evt_1", now()), odd.clone()]).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Appended::New(_))));
    let again = fresh.store.append(vec![odd]).await.unwrap();
    assert!(matches!(again[0], Appended::Duplicate(_)));
}

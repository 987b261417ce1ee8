use chrono::TimeDelta;
use ltv_core::{MessageId, Timestamp};
use store::testkit::a_message;
use store::{Begun, Decided, IdempotencyRow, MessageOutcome, ObservedMessage, StoredAnswer, WorkStatus};

use crate::fresh::{Fresh, now};
use crate::work::claim_soon;

fn later(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

fn a_request(key: &str) -> IdempotencyRow {
    IdempotencyRow {
        key: key.into(),
        principal: "key_1".into(),
        route: "POST /api/integrations/payments/sync".into(),
        request_hash: [1; 32],
    }
}

fn an_answer() -> StoredAnswer {
    StoredAnswer {
        status: 202,
        content_type: "application/json".into(),
        location: Some("/api/jobs/j1".into()),
        body: vec![0, 1, 2, 255],
    }
}

async fn begin(fresh: &Fresh, row: &IdempotencyRow, seconds: i64) -> Begun {
    fresh.store.begin_request(row, later(seconds), later(seconds + 60)).await.unwrap()
}

pub async fn a_repeated_request_gets_the_first_answer(fresh: Fresh) {
    let row = a_request("k1");
    let (a, b) = tokio::join!(begin(&fresh, &row, 0), begin(&fresh, &row, 0));
    assert!([&a, &b].contains(&&Begun::New) && [&a, &b].contains(&&Begun::InFlight), "{a:?}, {b:?}");
    assert_eq!(begin(&fresh, &row, 59).await, Begun::InFlight);
    fresh.store.end_request(&row, Some(&an_answer()), later(1_000)).await.unwrap();
    assert_eq!(begin(&fresh, &row, 999).await, Begun::Answered(an_answer()));
    for other in [
        IdempotencyRow { request_hash: [2; 32], ..row.clone() },
        IdempotencyRow { route: "DELETE /api/keys/k".into(), ..row.clone() },
    ] {
        assert_eq!(begin(&fresh, &other, 999).await, Begun::OtherRequest);
    }
    // Another caller's key is another key.
    let others = IdempotencyRow { principal: "key_2".into(), ..row.clone() };
    assert_eq!(begin(&fresh, &others, 999).await, Begun::New);
    // An answer stands: a late one does not replace it.
    fresh.store.end_request(&row, None, later(1_000)).await.unwrap();
    let late = StoredAnswer { status: 500, ..an_answer() };
    fresh.store.end_request(&row, Some(&late), later(1_000)).await.unwrap();
    assert_eq!(begin(&fresh, &row, 999).await, Begun::Answered(an_answer()));
    assert_eq!(begin(&fresh, &row, 1_000).await, Begun::New, "its time is over");
}

pub async fn a_request_without_an_effect_is_forgotten(fresh: Fresh) {
    let row = a_request("k1");
    assert_eq!(begin(&fresh, &row, 0).await, Begun::New);
    fresh.store.end_request(&row, None, later(9)).await.unwrap();
    assert_eq!(begin(&fresh, &row, 1).await, Begun::New);
    // One whose node died may be begun anew, with another body, too.
    let other = IdempotencyRow { request_hash: [2; 32], ..row.clone() };
    assert_eq!(begin(&fresh, &other, 60).await, Begun::OtherRequest);
    assert_eq!(begin(&fresh, &other, 61).await, Begun::New);
    fresh.store.end_request(&row, Some(&an_answer()), later(1_000)).await.unwrap();
    assert_eq!(begin(&fresh, &other, 62).await, Begun::InFlight, "the one that was given up ends nothing");
}

pub async fn old_requests_are_pruned_by_new_ones(fresh: Fresh) {
    for number in 0..30 {
        begin(&fresh, &a_request(&format!("old_{number}")), 0).await;
    }
    for number in 0..2 {
        begin(&fresh, &a_request(&format!("new_{number}")), 100).await;
    }
    // What nobody asks for is gone: a row of its key can be put in by hand.
    let row = |key: &str| {
        let (hash, at) = if fresh.is_sqlite() {
            ("zeroblob(32)", "0")
        } else {
            ("decode(repeat('00', 32), 'hex')", "now()")
        };
        format!(
            "INSERT INTO idempotency (principal, key, route, request_hash, in_flight_until, keep_until) \
             VALUES ('key_1', '{key}', 'r', {hash}, {at}, {at})"
        )
    };
    for number in 0..30 {
        fresh.run("inbox", &row(&format!("old_{number}"))).await.unwrap();
    }
    assert!(fresh.run("inbox", &row("new_0")).await.is_err(), "one in flight stays");
}

/// A message that is dead, and one that is done.
async fn a_dead_letter(fresh: &Fresh) -> (MessageId, MessageId) {
    let store = fresh.store.as_ref();
    store.append(vec![a_message("evt_dead", now()), a_message("evt_done", now())]).await.unwrap();
    let mut ids = Vec::new();
    while ids.len() < 2 {
        ids.extend(claim_soon(store, now(), 10).await.into_iter().map(|claimed| claimed.message.id));
    }
    let dead = MessageOutcome::Dead { class: "permanent", reason: "no amount".into() };
    let outcomes = vec![
        ObservedMessage { id: ids[0], outcome: dead },
        ObservedMessage { id: ids[1], outcome: MessageOutcome::Done(Vec::new()) },
    ];
    store.finish(outcomes, now()).await.unwrap();
    (ids[0], ids[1])
}

pub async fn a_dead_letter_is_discarded_by_two_persons(fresh: Fresh) {
    let store = &fresh.store;
    let (dead, done) = a_dead_letter(&fresh).await;
    for id in [done, MessageId(99)] {
        assert_eq!(store.propose_discard(id, "ann", "a test", now()).await.unwrap(), Decided::NoSuch);
        assert_eq!(store.approve_discard(id, "ben", false, now()).await.unwrap(), Decided::NoSuch);
    }
    assert_eq!(store.approve_discard(dead, "ben", false, now()).await.unwrap(), Decided::NotProposed);
    assert_eq!(store.propose_discard(dead, "ann", "a test event", later(1)).await.unwrap(), Decided::Done);
    assert_eq!(store.approve_discard(dead, "ann", false, later(2)).await.unwrap(), Decided::SamePerson);
    let open = store.decisions(&[dead, done]).await.unwrap();
    assert_eq!((open.len(), open[0].discard_proposed_by.as_deref()), (1, Some("ann")));
    assert_eq!((open[0].discard_proposed_at, open[0].discarded_at), (Some(later(1)), None));
    assert_eq!(store.approve_discard(dead, "ben", false, later(3)).await.unwrap(), Decided::Done);
    assert_eq!(store.approve_discard(dead, "cat", false, later(4)).await.unwrap(), Decided::Already);
    assert_eq!(store.propose_discard(dead, "cat", "again", later(4)).await.unwrap(), Decided::Already);
    let decided = store.decisions(&[dead]).await.unwrap().remove(0);
    assert_eq!(decided.discard_approved_by.as_deref(), Some("ben"));
    assert_eq!(
        (decided.discarded_at, decided.discard_reason.as_deref()),
        (Some(later(3)), Some("a test event"))
    );
    // It stays a dead letter: the counts must add up.
    let letters = store.dead_letters(None, 9).await.unwrap();
    assert_eq!((letters.len(), letters[0].status), (1, WorkStatus::Dead));
}

pub async fn one_person_discards_what_bears_no_money(fresh: Fresh) {
    let store = &fresh.store;
    let (dead, _) = a_dead_letter(&fresh).await;
    assert_eq!(store.approve_discard(dead, "ann", true, now()).await.unwrap(), Decided::NotProposed);
    store.propose_discard(dead, "ann", "an unknown kind", now()).await.unwrap();
    assert_eq!(store.approve_discard(dead, "ann", true, now()).await.unwrap(), Decided::Done);
    assert_eq!(store.decisions(&[dead]).await.unwrap()[0].discard_approved_by.as_deref(), Some("ann"));
}

pub async fn the_database_itself_asks_for_two_persons(fresh: Fresh) {
    let (money, none) = if fresh.is_sqlite() { ("1", "0") } else { ("TRUE", "FALSE") };
    let at = if fresh.is_sqlite() { "1" } else { "now()" };
    let decision = |id: i64, by: &str, approved_by: &str, bears: &str, discarded_at: &str| {
        format!(
            "INSERT INTO dead_letter_decision (message_id, redrives, discard_proposed_by, discard_approved_by, \
             bears_money, discarded_at) VALUES ({id}, 0, {by}, {approved_by}, {bears}, {discarded_at})"
        )
    };
    for (refused, why) in [
        (decision(1, "'ann'", "'ann'", money, at), "two_persons"),
        (decision(1, "NULL", "'ben'", money, at), "check"),
        (decision(1, "NULL", "'ben'", none, at), "check"),
        (decision(1, "'ann'", "'ben'", money, "NULL"), "check"),
        (decision(1, "'ann'", "NULL", money, at), "check"),
    ] {
        let said = fresh.run("inbox", &refused).await.unwrap_err().to_lowercase();
        assert!(said.contains(why), "{refused}: {said}");
    }
    fresh.run("inbox", &decision(1, "'ann'", "'ben'", money, at)).await.unwrap();
    fresh.run("inbox", &decision(2, "'ann'", "'ann'", none, at)).await.unwrap();
    // Nor can an agreement be moved onto the same person afterwards.
    let moved = "UPDATE dead_letter_decision SET discard_proposed_by = 'ben' WHERE message_id = 1";
    assert!(fresh.run("inbox", moved).await.is_err());
}

pub async fn retries_by_people_are_counted(fresh: Fresh) {
    let store = &fresh.store;
    for before in 0..4 {
        assert_eq!(store.count_redrive(MessageId(7)).await.unwrap(), before);
    }
    let (a, b) = tokio::join!(store.count_redrive(MessageId(8)), store.count_redrive(MessageId(8)));
    let mut counts = [a.unwrap(), b.unwrap()];
    counts.sort_unstable();
    assert_eq!(counts, [0, 1]);
    let decisions = store.decisions(&[MessageId(8), MessageId(7), MessageId(9)]).await.unwrap();
    let redrives: Vec<_> = decisions.iter().map(|row| (row.message.0, row.redrives)).collect();
    assert_eq!(redrives, [(7, 4), (8, 2)]);
}

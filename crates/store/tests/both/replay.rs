use std::sync::Arc;

use chrono::TimeDelta;
use ltv_core::testkit::{a_charge, a_refund, a_settlement, an_invoice, an_invoice_payment};
use ltv_core::{MessageId, Observation};
use store::testkit::{book_all, default_booker, revert_and_run_again, say};
use store::{Booker, Completeness, MessageOutcome, ObservedMessage, Store};

use crate::fresh::{Fresh, now};
use crate::work::claim_soon;

/// Tells a small history, booking now and then; answers what each message showed.
async fn live(store: &dyn Store) -> Vec<(MessageId, Vec<Observation>)> {
    let history = vec![
        vec![a_settlement("txn_2").of_refund("re_1", "-60.00 GBP").on(2).build()],
        vec![a_charge("ch_1").of("120.00 GBP").from("cus_1").intent("pi_1").on(1).build()],
        vec![a_refund("re_1").of("ch_1", "60.00 GBP").on(2).build()],
        vec![an_invoice("in_1", "120.00 GBP", "20.00").to("cus_1").recurring_line("100.00", "20.00").build()],
        vec![an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("120.00 GBP").build()],
        vec![a_charge("ch_2").of("5.00 GBP").from("cus_2").on(4).build()],
        vec![a_settlement("txn_1").of_charge("ch_1", "120.00 GBP").fee("3.78").on(1).build()],
    ];
    let mut said = Vec::new();
    for (number, observations) in history.into_iter().enumerate() {
        let at = now() + TimeDelta::seconds(i64::try_from(number).unwrap());
        let source_id = format!("evt_{number}");
        let id = say(store, &source_id, observations.clone(), at).await.unwrap();
        let observations = observations
            .into_iter()
            .map(|seen| Observation { message: id, source_id: source_id.clone(), ..seen })
            .collect();
        said.push((id, observations));
        if number % 2 == 0 {
            book_all(store, &default_booker(), at).await.unwrap();
            let complete = Completeness { integration: "main".into(), complete_through: at };
            store.record_completeness(complete, at).await.unwrap();
        }
    }
    said
}

/// Builds a scratch ledger of what a store was told.
pub async fn rebuilt(
    store: &dyn Store,
    said: &[(MessageId, Vec<Observation>)],
    booker: &Booker,
) -> Arc<dyn Store> {
    let scratch = store.scratch_ledger().await.unwrap();
    let mut left = said.len();
    while left > 0 {
        let claimed = claim_soon(scratch.as_ref(), now(), 100).await;
        left -= claimed.len();
        let done = claimed
            .into_iter()
            .map(|claimed| {
                let shown = said.iter().find(|(id, _)| *id == claimed.message.id).unwrap().1.clone();
                ObservedMessage { id: claimed.message.id, outcome: MessageOutcome::Done(shown) }
            })
            .collect();
        scratch.finish(done, now()).await.unwrap();
    }
    loop {
        let built = scratch.head().await.unwrap().number;
        let blocks = store.blocks(built, 100).await.unwrap();
        for block in &blocks {
            let (log, completeness) = store.block_log(block.number).await.unwrap();
            scratch.rebook(block, log, completeness, Arc::clone(booker)).await.unwrap();
        }
        if blocks.is_empty() {
            return scratch;
        }
    }
}

pub async fn a_rebuilt_ledger_has_the_same_entries_and_the_same_head(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let said = live(store).await;
    assert!(store.head().await.unwrap().number > 4);
    let scratch = rebuilt(store, &said, &default_booker()).await;
    assert_eq!(scratch.head().await.unwrap(), store.head().await.unwrap());
    assert_eq!(scratch.entries_fingerprint().await.unwrap(), store.entries_fingerprint().await.unwrap());
    assert_eq!(scratch.digest().await.unwrap().finish(), store.digest().await.unwrap().finish());
    assert_eq!(scratch.verify().await.unwrap(), []);
    assert_eq!(scratch.parties(None, None, 9).await.unwrap(), store.parties(None, None, 9).await.unwrap());
    // What has seen everything there is need not be booked once more.
    assert_eq!(scratch.dirty_count().await.unwrap(), 0);
    // A block that does not follow is refused.
    let first = store.blocks(0, 1).await.unwrap().remove(0);
    assert!(scratch.rebook(&first, Vec::new(), Vec::new(), default_booker()).await.is_err());
    store.drop_scratch(scratch).await.unwrap();
}

/// A message shows what is known of a case already together with what is not; booking never sees the one half alone.
pub async fn a_ledger_that_was_booked_while_messages_came_is_rebuilt_the_same(fresh: Fresh) {
    let store = Arc::clone(&fresh.store);
    let (end, mut ended) = tokio::sync::oneshot::channel::<()>();
    let booking = tokio::spawn(async move {
        while ended.try_recv().is_err() {
            book_all(store.as_ref(), &default_booker(), now()).await.unwrap();
        }
    });
    let store = fresh.store.as_ref();
    let mut said = Vec::new();
    for case in 0..60 {
        let (charge, refund) = (format!("ch_{case}"), format!("re_{case}"));
        let paid = a_charge(&charge).of("120.00 GBP").from("cus_1").on(1);
        let returned = vec![
            a_charge(&charge).of("120.00 GBP").from("cus_1").on(2).build(),
            a_refund(&refund).of(&charge, "60.00 GBP").on(2).build(),
            a_settlement(&format!("txn_{case}")).of_refund(&refund, "-60.00 GBP").on(2).build(),
        ];
        for (part, observations) in [vec![paid.build()], returned].into_iter().enumerate() {
            let source_id = format!("evt_{case}_{part}");
            let id = say(store, &source_id, observations.clone(), now()).await.unwrap();
            let told = |seen| Observation { message: id, source_id: source_id.clone(), ..seen };
            said.push((id, observations.into_iter().map(told).collect()));
        }
    }
    end.send(()).unwrap();
    booking.await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let scratch = rebuilt(store, &said, &default_booker()).await;
    assert_eq!(scratch.head().await.unwrap(), store.head().await.unwrap());
    assert_eq!(scratch.entries_fingerprint().await.unwrap(), store.entries_fingerprint().await.unwrap());
    store.drop_scratch(scratch).await.unwrap();
}

pub async fn a_rebuilt_ledger_takes_the_place_of_the_one_that_stands(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let said = live(store).await;
    let before = (store.head().await.unwrap(), store.entries_fingerprint().await.unwrap());
    for _ in 0..2 {
        let scratch = rebuilt(store, &said, &default_booker()).await;
        store.swap_in(scratch).await.unwrap();
        assert_eq!((store.head().await.unwrap(), store.entries_fingerprint().await.unwrap()), before);
    }
    say(store, "evt_after", vec![a_charge("ch_3").of("5.00 GBP").build()], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    assert_eq!(store.head().await.unwrap().number, before.0.number + 1);
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn a_scratch_ledger_leaves_the_other_alone(fresh: Fresh) {
    let store = fresh.store.as_ref();
    live(store).await;
    let before = store.entries_fingerprint().await.unwrap();
    let scratch = store.scratch_ledger().await.unwrap();
    assert_eq!(scratch.head().await.unwrap().number, 0);
    let claimed = claim_soon(scratch.as_ref(), now(), 3).await;
    assert_eq!(claimed.len(), 3, "the inbox is the same");
    say(scratch.as_ref(), "evt_scratch", vec![a_charge("ch_9").of("1.00 GBP").build()], now()).await.unwrap();
    book_all(scratch.as_ref(), &default_booker(), now()).await.unwrap();
    assert_eq!(store.entries_fingerprint().await.unwrap(), before);
    store.drop_scratch(scratch).await.unwrap();
    let again = store.scratch_ledger().await.unwrap();
    assert_eq!(again.head().await.unwrap().number, 0, "a new one is empty");
    store.drop_scratch(again).await.unwrap();
}

pub async fn migrations_run_both_ways(fresh: Fresh) {
    assert_eq!(store::migrate(&fresh.url).await.unwrap(), Vec::<String>::new(), "nothing is pending");
    let done = revert_and_run_again(&fresh.url).await.unwrap();
    assert_eq!(done.len(), 4);
    say(fresh.store.as_ref(), "evt_1", vec![a_charge("ch_1").of("5.00 GBP").build()], now()).await.unwrap();
    assert_eq!(fresh.store.dirty_count().await.unwrap(), 1);
}

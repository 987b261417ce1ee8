use std::sync::Arc;

use chrono::TimeDelta;
use ltv_core::ledger::{Account, Balances};
use ltv_core::testkit::{a_charge, a_settlement, day, key};
use ltv_core::{Currency, Party};
use store::testkit::{book_all, default_booker, say, toy_booker};
use store::{Booker, Completeness, DirtyMark, Store, SumFilter};

use crate::fresh::{Fresh, now};

/// The sum of an account in pounds.
pub fn pounds(balances: &Balances, account: Account) -> i64 {
    balances.sums.get(&(account, Currency::GBP)).map_or(0, |(amount, _)| *amount)
}

async fn all(store: &dyn Store) -> Balances {
    store.sums(&SumFilter::default()).await.unwrap()
}

pub async fn a_payment_is_booked_once(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let charge = a_charge("ch_1").of("120.00 GBP").from("cus_1").build();
    let settled = a_settlement("txn_1").of_charge("ch_1", "120.00 GBP").fee("3.78").build();
    say(store, "evt_1", vec![charge, settled], now()).await.unwrap();
    assert_eq!(store.head().await.unwrap().number, 0);
    let booked = book_all(store, &default_booker(), now()).await.unwrap();
    assert_eq!((booked.len(), booked[0].block, booked[0].entries), (1, Some(1), 1));
    assert_eq!(booked[0].parties, [Party::Customer(key("cus_1"))]);
    let balances = all(store).await;
    assert_eq!(pounds(&balances, Account::RevenueOneOff), -12_000);
    assert_eq!(pounds(&balances, Account::ProcessorFees), 378);
    assert_eq!(pounds(&balances, Account::ProviderBalance), 11_622);
    assert_eq!(store.dirty_count().await.unwrap(), 0);

    // Marked again without news: no entry, no block.
    let mark = DirtyMark { anchor: key("ch_1"), version: 1 };
    let again = store.book(vec![mark], default_booker(), now()).await.unwrap();
    assert_eq!((again.block, again.entries), (None, 0));
    let (_, entries, blocks) = store.entries_fingerprint().await.unwrap();
    assert_eq!((entries, blocks), (1, 1));
    let (log, completeness) = store.block_log(1).await.unwrap();
    assert_eq!((log.len(), log[0].anchor.clone(), completeness.len()), (1, key("ch_1"), 0));
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn a_case_that_fails_is_kept_and_does_not_stop_others(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let good = a_charge("ch_good").of("1.00 GBP").build();
    let stuck = a_charge("ch_stuck").of("2.00 GBP").build();
    say(store, "evt_1", vec![stuck, good], now()).await.unwrap();
    let booked = book_all(store, &toy_booker(), now()).await.unwrap();
    assert_eq!((booked[0].entries, booked[0].stuck.len()), (1, 1));
    let kept = store.stuck_cases(10).await.unwrap();
    assert_eq!(kept, [(key("ch_stuck"), "this case is made to fail".to_owned())]);
    assert_eq!(store.dirty_count().await.unwrap(), 0);

    let panics: Booker = Arc::new(|_, _| panic!("a fault of the mathematics"));
    let mark = DirtyMark { anchor: key("ch_good"), version: 1 };
    let booked = store.book(vec![mark], panics, now()).await.unwrap();
    assert_eq!(booked.stuck.len(), 1);

    // Computed after all: forgotten, and its news are in the log of that block.
    for anchor in ["ch_good", "ch_stuck"] {
        let mark = DirtyMark { anchor: key(anchor), version: 1 };
        store.book(vec![mark], default_booker(), now()).await.unwrap();
    }
    assert_eq!(store.stuck_cases(10).await.unwrap(), []);
    assert_eq!(pounds(&all(store).await, Account::RevenueOneOff), -300);
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn a_mark_that_moved_while_booking_stays(fresh: Fresh) {
    let store = fresh.store.as_ref();
    say(store, "evt_1", vec![a_charge("ch_1").of("1.00 GBP").build()], now()).await.unwrap();
    let marks = store.claim_dirty(now(), 60, 10).await.unwrap();
    assert_eq!(marks[0].version, 1);
    // News between the claim and the booking is seen by the booking, and its mark goes with it.
    let settled = a_settlement("txn_1").of_charge("ch_1", "1.00 GBP").fee("0.10").build();
    say(store, "evt_2", vec![settled], now()).await.unwrap();
    let claimable = store.claim_dirty(now(), 60, 10).await.unwrap();
    assert_eq!(claimable.len(), 1, "news ends the lease of an older mark");
    store.book(marks, default_booker(), now()).await.unwrap();
    assert_eq!(pounds(&all(store).await, Account::ProcessorFees), 10);
    assert_eq!(store.dirty_count().await.unwrap(), 0);

    // Bookers and news at once: whatever overlaps, in the end everything is booked.
    let telling = async {
        for round in 2..40_i64 {
            let id = format!("txn_{round}");
            let settled = a_settlement(&id).of_charge("ch_1", "1.00 GBP").fee("0.10").build();
            say(store, &format!("evt_fee_{round}"), vec![settled], now()).await.unwrap();
        }
    };
    let booker = default_booker();
    let booking = async {
        for _ in 0..60 {
            book_all(store, &booker, now()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(telling, booking);
    until_all_is_said(store).await;
    book_all(store, &booker, now()).await.unwrap();
    assert_eq!(pounds(&all(store).await, Account::ProcessorFees), 390);
    assert_eq!(store.verify().await.unwrap(), []);
}

/// Ends claims that `say` left for others.
async fn until_all_is_said(store: &dyn Store) {
    assert_eq!(store.status().await.unwrap()["main"].dead, 0);
}

pub async fn answers_for_an_old_block_never_change_while_booking_goes_on(fresh: Fresh) {
    let store = Arc::clone(&fresh.store);
    for number in 0..30 {
        let charge = a_charge(&format!("ch_{number}")).of("1.00 GBP").from("cus_1").build();
        say(store.as_ref(), &format!("evt_{number}"), vec![charge], now()).await.unwrap();
    }
    let bookers: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let booker = default_booker();
                loop {
                    let marks = store.claim_dirty(now(), 60, 2).await.unwrap();
                    if marks.is_empty() {
                        return;
                    }
                    store.book(marks, Arc::clone(&booker), now()).await.unwrap();
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    while bookers.iter().any(|booker| !booker.is_finished()) {
        let head = store.head().await.unwrap();
        let filter = SumFilter { block_max: Some(head.number), ..SumFilter::default() };
        answers.push((head.clone(), filter.clone(), store.sums(&filter).await.unwrap()));
        tokio::task::yield_now().await;
    }
    for booker in bookers {
        booker.await.unwrap();
    }
    for (head, filter, answer) in answers {
        assert_eq!(store.sums(&filter).await.unwrap(), answer);
        assert_eq!(store.block_at(head.recorded_at).await.unwrap(), head);
    }
    let blocks = store.blocks(0, 100).await.unwrap();
    assert!(blocks.is_sorted_by(|a, b| a.number + 1 == b.number
        && a.recorded_at < b.recorded_at
        && a.hash == b.previous_hash));
    assert_eq!(pounds(&all(store.as_ref()).await, Account::RevenueOneOff), -3_000);
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn running_totals_are_the_sums_of_postings(fresh: Fresh) {
    let store = fresh.store.as_ref();
    for number in 1..=5_i64 {
        let id = format!("ch_{number}");
        let charge = a_charge(&id).of("10.00 GBP").from(&format!("cus_{}", number % 2)).on(number).build();
        say(store, &format!("evt_{number}"), vec![charge], now()).await.unwrap();
        book_all(store, &default_booker(), now()).await.unwrap();
    }
    let head = store.head().await.unwrap().number;
    for party in [None, Some(Party::Customer(key("cus_0"))), Some(Party::Customer(key("cus_9")))] {
        let present = SumFilter { party: party.clone(), ..SumFilter::default() };
        let known = SumFilter { party, block_max: Some(head), ..SumFilter::default() };
        assert_eq!(store.sums(&present).await.unwrap(), store.sums(&known).await.unwrap());
        assert_eq!(store.party_sums(&present).await.unwrap(), store.party_sums(&known).await.unwrap());
    }
    let of = |filter: SumFilter| async move {
        pounds(&store.sums(&filter).await.unwrap(), Account::RevenueOneOff)
    };
    assert_eq!(of(SumFilter { as_of: Some(day(2)), ..SumFilter::default() }).await, -2_000);
    assert_eq!(of(SumFilter { from: Some(day(2)), to: Some(day(4)), ..SumFilter::default() }).await, -2_000);
    assert_eq!(of(SumFilter { block_max: Some(1), ..SumFilter::default() }).await, -1_000);
    let span = store.effective_span(&SumFilter::default()).await.unwrap();
    assert_eq!(span, Some((day(1), day(5))));
    let none = SumFilter { block_max: Some(0), ..SumFilter::default() };
    assert_eq!(store.effective_span(&none).await.unwrap(), None);
}

pub async fn completeness_never_moves_back(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let through = |hours| Completeness {
        integration: "main".into(),
        complete_through: now() + TimeDelta::hours(hours),
    };
    store.record_completeness(through(2), now()).await.unwrap();
    store.record_completeness(through(1), now()).await.unwrap();
    store.record_completeness(through(2), now()).await.unwrap();
    assert_eq!(store.head().await.unwrap().number, 1);
    store.record_completeness(through(3), now()).await.unwrap();
    assert_eq!(store.completeness(0).await.unwrap(), []);
    assert_eq!(store.completeness(1).await.unwrap(), [through(2)]);
    assert_eq!(store.completeness(i64::MAX).await.unwrap(), [through(3)]);
    assert_eq!(store.block_log(2).await.unwrap(), (Vec::new(), vec![through(3)]));
    assert_eq!(store.verify().await.unwrap(), []);
}

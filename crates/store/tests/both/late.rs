use ltv_core::Observation;
use ltv_core::ledger::Account;
use ltv_core::observation::SettlementKind;
use ltv_core::testkit::{a_charge, a_refund, a_settlement, an_invoice, an_invoice_payment, key};
use store::testkit::{book_all, default_booker, say};
use store::{PostingFilter, Store, SumFilter};

use crate::book::pounds;
use crate::fresh::{self, Fresh, now};

pub async fn a_refund_that_comes_before_its_charge_moves_in_one_block(fresh: Fresh) {
    let store = fresh.store.as_ref();
    // Of the refund only its settlement is known: suspense.
    let settled = a_settlement("txn_re").of(SettlementKind::Refund, Some("re_1"), "-50.00 GBP").on(3).build();
    say(store, "evt_1", vec![settled], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let lines = of_case(store, "re_1").await;
    assert!(!lines.is_empty());
    // Then the refund itself, which names its charge, and the charge.
    say(store, "evt_2", vec![a_refund("re_1").of("ch_1", "50.00 GBP").on(3).build()], now()).await.unwrap();
    say(store, "evt_3", vec![a_charge("ch_1").of("120.00 GBP").from("cus_1").on(1).build()], now())
        .await
        .unwrap();
    let booked = book_all(store, &default_booker(), now()).await.unwrap();
    assert_eq!(booked.iter().filter_map(|booked| booked.block).count(), 1);
    let (own, anchor) = (of_case(store, "re_1").await, of_case(store, "ch_1").await);
    assert_eq!(own.iter().map(|(_, amount)| amount).sum::<i64>(), 0);
    let last = own.iter().map(|(block, _)| *block).max().unwrap();
    assert!(own.len() > lines.len() && anchor.iter().all(|(block, _)| *block == last), "one block for both");
    let balances = store.sums(&SumFilter::default()).await.unwrap();
    assert_eq!(pounds(&balances, Account::Suspense), 0);
    assert_eq!(pounds(&balances, Account::Refunds), 5_000);
    assert_eq!(pounds(&balances, Account::ProviderBalance), 7_000);
    assert_eq!(store.verify().await.unwrap(), []);
}

/// The block and amount of each posting on the provider balance of a case.
async fn of_case(store: &dyn Store, anchor: &str) -> Vec<(i64, i64)> {
    let filter = PostingFilter { anchor: Some(key(anchor)), limit: 100, ..PostingFilter::default() };
    let lines = store.postings(&filter).await.unwrap();
    lines
        .iter()
        .filter(|line| line.posting.key.account == Account::ProviderBalance)
        .map(|line| (line.block, line.posting.line.amount_minor))
        .collect()
}

fn an_invoiced_charge() -> Vec<Observation> {
    vec![
        a_charge("ch_1").of("120.00 GBP").from("cus_1").intent("pi_1").on(1).build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("120.00 GBP").build(),
        an_invoice("in_1", "120.00 GBP", "20.00").to("cus_1").recurring_line("100.00", "20.00").build(),
        a_settlement("txn_1").of_charge("ch_1", "120.00 GBP").fee("3.78").on(1).build(),
        a_refund("re_1").of("ch_1", "60.00 GBP").on(2).build(),
        a_settlement("txn_2").of_refund("re_1", "-60.00 GBP").on(2).build(),
    ]
}

pub async fn an_invoice_that_comes_last_splits_off_the_tax(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let [charge, payment, invoice, ..] = &an_invoiced_charge()[..] else { panic!("as made above") };
    say(store, "evt_1", vec![charge.clone()], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let before = store.sums(&SumFilter::default()).await.unwrap();
    assert_eq!(pounds(&before, Account::RevenueOneOff), -12_000);
    say(store, "evt_2", vec![invoice.clone()], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    say(store, "evt_3", vec![payment.clone()], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let after = store.sums(&SumFilter::default()).await.unwrap();
    assert_eq!(pounds(&after, Account::RevenueOneOff), 0);
    assert_eq!(pounds(&after, Account::RevenueRecurring) + pounds(&after, Account::TaxRecurring), -12_000);
    assert_ne!(pounds(&after, Account::TaxRecurring), 0);
    assert_eq!(store.sums(&SumFilter { block_max: Some(1), ..SumFilter::default() }).await.unwrap(), before);
}

pub async fn the_order_of_telling_has_no_say(fresh: Fresh) {
    let whole = an_invoiced_charge();
    let mut digests = Vec::new();
    for turn in 0..whole.len() {
        let other = if fresh.is_sqlite() {
            fresh::sqlite().await
        } else {
            fresh::postgres(&format!("turned_{turn}")).await
        };
        let store = other.store.as_ref();
        for step in 0..whole.len() {
            // Turned, and every second time the other way round; booked after each message, or after every third.
            let at = (turn + step) % whole.len();
            let at = if turn % 2 == 0 { at } else { whole.len() - 1 - at };
            say(store, &format!("evt_{at}"), vec![whole[at].clone()], now()).await.unwrap();
            if turn % 3 == 0 || step % 3 == 2 {
                book_all(store, &default_booker(), now()).await.unwrap();
            }
        }
        book_all(store, &default_booker(), now()).await.unwrap();
        assert_eq!(store.verify().await.unwrap(), []);
        digests.push(store.digest().await.unwrap().finish());
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "one digest for every order");
}

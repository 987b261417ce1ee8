use ltv_core::observation::SettlementKind;
use ltv_core::testkit::{a_charge, a_settlement, day, key};
use ltv_core::{Party, SupplierId};
use store::PostingFilter;
use store::testkit::{book_all, default_booker, say};

use crate::fresh::{Fresh, now};

pub async fn pages_of_postings_meet_without_gap(fresh: Fresh) {
    let store = fresh.store.as_ref();
    for number in 1..=7_i64 {
        // Two on each day, so that pages end within a day.
        let charge = a_charge(&format!("ch_{number}")).of("1.00 GBP").from("cus_1").on(number / 2).build();
        say(store, &format!("evt_{number}"), vec![charge], now()).await.unwrap();
        book_all(store, &default_booker(), now()).await.unwrap();
    }
    let of =
        PostingFilter { party: Some(Party::Customer(key("cus_1"))), limit: 100, ..PostingFilter::default() };
    let whole = store.postings(&of).await.unwrap();
    assert_eq!(whole.len(), 14);
    assert!(
        whole
            .iter()
            .all(|line| line.integration == "main" && line.sequence == 1 && line.recorded_at >= now())
    );
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = store.postings(&PostingFilter { before, limit: 3, ..of.clone() }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.posting.key.effective_at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, whole);
    let known = store.postings(&PostingFilter { block_max: Some(2), ..of.clone() }).await.unwrap();
    assert_eq!(known.len(), 4);
    let then = store.postings(&PostingFilter { as_of: Some(day(1)), ..of }).await.unwrap();
    assert_eq!(then.len(), 6);
}

pub async fn parties_appear_with_their_first_block(fresh: Fresh) {
    let store = fresh.store.as_ref();
    for (number, customer) in ["cus_a", "cus_b", "cus_a", "cus_c"].into_iter().enumerate() {
        let charge = a_charge(&format!("ch_{number}")).of("1.00 GBP").from(customer).build();
        say(store, &format!("evt_{number}"), vec![charge], now()).await.unwrap();
        book_all(store, &default_booker(), now()).await.unwrap();
    }
    say(store, "evt_nobody", vec![a_charge("ch_9").of("1.00 GBP").build()], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let all = store.parties(None, None, 10).await.unwrap();
    assert_eq!(all.len(), 3, "money of nobody makes no supplier");
    assert!(all.is_sorted_by_key(|row| row.supplier_id.clone()));
    let c = Party::Customer(key("cus_c"));
    let found = store.party_of(SupplierId::of(&c).as_str()).await.unwrap().unwrap();
    assert_eq!((found.party, found.first_block), (c, 4));
    assert_eq!(store.party_of("sup_00000000000000000000000000000000").await.unwrap(), None);
    assert_eq!(store.parties(None, Some(3), 10).await.unwrap().len(), 2);
    let rest = store.parties(Some(&all[0].supplier_id), None, 1).await.unwrap();
    assert_eq!(rest, [all[1].clone()]);
}

pub async fn suspense_names_what_is_unexplained(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let odd =
        a_settlement("txn_odd").of(SettlementKind::Unknown("mystery".into()), None, "-7.00 GBP").build();
    let charge = a_charge("ch_1").of("1.00 GBP").from("cus_1").build();
    say(store, "evt_1", vec![odd, charge], now()).await.unwrap();
    book_all(store, &default_booker(), now()).await.unwrap();
    let found = store.suspense(10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.clone(), found[0].2.minor().abs()), (key("txn_odd"), 700));
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ltv_core::ledger::Target;
use ltv_core::subscription::{Dunning, DunningOutcome, Fact, PartyFact, RateSeen};
use ltv_core::testkit::{a_charge, key, money};
use ltv_core::{Body, ObjectKey, Observation, Party};
use store::testkit::{book_all, say, toy_booker};
use store::{Booker, Booking, CaseFacts, FactFilter, Store};

use crate::fresh::{self, Fresh, now};
use crate::replay::rebuilt;

/// Of each payment: a rate, and from 50.00 on a dunning, too; nothing below 2.00; never a posting.
pub fn fact_booker() -> Booker {
    Arc::new(|anchor: &ObjectKey, observations: &[Observation]| {
        if anchor.id().ends_with("stuck") {
            return Err("this case is made to fail".to_owned());
        }
        let newest =
            observations.iter().filter(|seen| seen.object == *anchor).max_by_key(|seen| seen.order_key());
        let mut facts = Vec::new();
        if let Some((seen, Body::Payment(body))) = newest.map(|seen| (seen, &seen.body))
            && let Some(customer) = &body.customer
        {
            let mut add = |fact| facts.push(PartyFact { party: Party::Customer(customer.clone()), fact });
            if body.amount.minor() >= 200 {
                add(Fact::Rate(RateSeen {
                    presented: body.amount,
                    settled: body.amount,
                    at: body.created_at,
                    settlement: anchor.clone(),
                    source: seen.message,
                }));
            }
            if body.amount.minor() >= 5_000 {
                add(Fact::Dunning(Dunning {
                    invoice: anchor.clone(),
                    subscription: None,
                    amount: body.amount,
                    attempts: Vec::new(),
                    outcome: DunningOutcome::Open,
                }));
            }
        }
        Ok(Booking { target: Target { lines: BTreeMap::new() }, facts })
    })
}

async fn tell(store: &dyn Store, name: &str, seen: Observation) {
    say(store, name, vec![seen], now()).await.unwrap();
    book_all(store, &fact_booker(), now()).await.unwrap();
}

fn charge(id: &str, customer: &str, amount: &str, day: i64) -> Observation {
    a_charge(id).of(amount).from(customer).told_on(day).build()
}

/// What is known, as (party, case, kind, block, amount).
fn shown(facts: &[CaseFacts]) -> Vec<(String, String, &'static str, i64, String)> {
    facts
        .iter()
        .map(|case| {
            let [fact] = &case.facts[..] else { panic!("one fact in {case:?}") };
            assert_eq!(fact.party, case.party);
            let (kind, amount) = match &fact.fact {
                Fact::Rate(rate) => ("rate", rate.presented),
                Fact::Dunning(dunning) => ("dunning", dunning.amount),
                other => panic!("no such fact: {other:?}"),
            };
            (case.party.to_string(), case.anchor.id().to_owned(), kind, case.block, amount.to_string())
        })
        .collect()
}

async fn at(store: &dyn Store, block_max: Option<i64>) -> Vec<(String, String, &'static str, i64, String)> {
    shown(&store.facts(&FactFilter { block_max, ..FactFilter::default() }).await.unwrap())
}

fn line(
    party: &str,
    case: &str,
    kind: &'static str,
    block: i64,
    amount: &str,
) -> (String, String, &'static str, i64, String) {
    (format!("stripe:{party}"), case.to_owned(), kind, block, money(amount).to_string())
}

pub async fn facts_are_kept_in_versions_by_block(fresh: Fresh) {
    let store = fresh.store.as_ref();
    tell(store, "evt_1", charge("ch_1", "cus_1", "60.00 GBP", 1)).await;
    let first =
        [line("cus_1", "ch_1", "dunning", 1, "60.00 GBP"), line("cus_1", "ch_1", "rate", 1, "60.00 GBP")];
    assert_eq!(at(store, None).await, first);
    // A customer with facts alone is a party, too.
    let parties = store.parties(None, None, 9).await.unwrap();
    assert_eq!(parties.len(), 1);
    assert_eq!(parties[0].party, Party::Customer(key("cus_1")));

    // The dunning goes, the rate changes; then the case moves to another customer; then it says nothing more.
    tell(store, "evt_2", charge("ch_1", "cus_1", "10.00 GBP", 2)).await;
    tell(store, "evt_3", charge("ch_1", "cus_2", "10.00 GBP", 3)).await;
    tell(store, "evt_4", charge("ch_1", "cus_2", "1.00 GBP", 4)).await;
    assert_eq!(store.head().await.unwrap().number, 4);
    assert_eq!(at(store, Some(0)).await, []);
    assert_eq!(at(store, Some(1)).await, first);
    assert_eq!(at(store, Some(2)).await, [line("cus_1", "ch_1", "rate", 2, "10.00 GBP")]);
    assert_eq!(at(store, Some(3)).await, [line("cus_2", "ch_1", "rate", 3, "10.00 GBP")]);
    assert_eq!(at(store, Some(4)).await, []);
    assert_eq!(at(store, None).await, []);
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn facts_that_stay_the_same_make_no_version(fresh: Fresh) {
    let store = fresh.store.as_ref();
    tell(store, "evt_1", charge("ch_1", "cus_1", "10.00 GBP", 5)).await;
    // Told late of an earlier time: it is seen, logged and sealed, and says nothing new.
    tell(store, "evt_2", charge("ch_1", "cus_1", "60.00 GBP", 1)).await;
    assert_eq!(store.head().await.unwrap().number, 2);
    assert_eq!(at(store, None).await, [line("cus_1", "ch_1", "rate", 1, "10.00 GBP")]);
    // A case that cannot be computed keeps what it said.
    tell(store, "evt_3", charge("ch_stuck", "cus_1", "10.00 GBP", 1)).await;
    assert_eq!(store.stuck_cases(9).await.unwrap().len(), 1);
    assert_eq!(at(store, None).await.len(), 1);
    // Where a booker says no facts any more, the newest version is empty.
    say(store, "evt_4", vec![charge("ch_1", "cus_1", "10.00 GBP", 6)], now()).await.unwrap();
    book_all(store, &toy_booker(), now()).await.unwrap();
    assert_eq!(at(store, None).await, []);
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn pages_of_facts_meet_without_gap(fresh: Fresh) {
    let store = fresh.store.as_ref();
    for number in 1..=6 {
        let customer = format!("cus_{number}");
        // The third one's facts go again: it must not cut a page short.
        tell(store, &format!("evt_{number}"), charge(&format!("ch_{number}"), &customer, "60.00 GBP", 1))
            .await;
        tell(store, &format!("evt_x{number}"), charge(&format!("ch_x{number}"), &customer, "3.00 GBP", 1))
            .await;
        if number == 3 {
            tell(store, "evt_gone", charge("ch_3", &customer, "1.00 GBP", 2)).await;
            tell(store, "evt_xgone", charge("ch_x3", &customer, "1.00 GBP", 2)).await;
        }
    }
    let all = store.facts(&FactFilter::default()).await.unwrap();
    assert_eq!(all.len(), 15, "five parties with two rates and a dunning each");
    let mut paged = Vec::new();
    let mut sizes = Vec::new();
    let mut after = None;
    loop {
        let filter = FactFilter { after: after.clone(), parties_max: Some(2), ..FactFilter::default() };
        let page = store.facts(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.party.clone());
        sizes.push(page.iter().map(|case| &case.party).collect::<BTreeSet<_>>().len());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(sizes, [2, 2, 1]);

    let parties = BTreeSet::from([Party::Customer(key("cus_2")), Party::Customer(key("cus_3"))]);
    let of_some = FactFilter { parties, ..FactFilter::default() };
    assert_eq!(store.facts(&of_some).await.unwrap(), all[3..6]);
    let rates = FactFilter { kinds: BTreeSet::from(["rate"]), ..of_some.clone() };
    let rates = store.facts(&rates).await.unwrap();
    assert_eq!(rates.len(), 2);
    assert!(rates.iter().all(|case| matches!(case.facts[0].fact, Fact::Rate(_))));
    let first = FactFilter { parties_max: Some(1), after: Some(Party::Customer(key("cus_1"))), ..of_some };
    assert_eq!(store.facts(&first).await.unwrap(), all[3..6]);
}

pub async fn the_digest_of_facts_knows_no_order(fresh: Fresh) {
    let told = [
        charge("ch_1", "cus_1", "60.00 GBP", 1),
        charge("ch_1", "cus_1", "10.00 GBP", 2),
        charge("ch_2", "cus_2", "10.00 GBP", 2),
    ];
    let other = fresh::sqlite().await;
    for (number, seen) in told.iter().enumerate() {
        tell(fresh.store.as_ref(), &format!("evt_{number}"), seen.clone()).await;
    }
    for (number, seen) in told.iter().enumerate().rev() {
        say(other.store.as_ref(), &format!("evt_{number}"), vec![seen.clone()], now()).await.unwrap();
    }
    book_all(other.store.as_ref(), &fact_booker(), now()).await.unwrap();
    let digest = fresh.store.digest().await.unwrap().finish();
    assert_eq!(digest, other.store.digest().await.unwrap().finish());
    tell(other.store.as_ref(), "evt_more", charge("ch_2", "cus_2", "11.00 GBP", 3)).await;
    assert_ne!(digest, other.store.digest().await.unwrap().finish());
}

pub async fn a_rebuilt_ledger_has_the_same_facts(fresh: Fresh) {
    let store = fresh.store.as_ref();
    let mut said = Vec::new();
    for (number, amount) in ["60.00 GBP", "10.00 GBP", "1.00 GBP", "70.00 GBP"].into_iter().enumerate() {
        let source_id = format!("evt_{number}");
        let seen = charge("ch_1", "cus_1", amount, i64::try_from(number).unwrap());
        let id = say(store, &source_id, vec![seen.clone()], now()).await.unwrap();
        said.push((id, vec![Observation { message: id, source_id, ..seen }]));
        book_all(store, &fact_booker(), now()).await.unwrap();
    }
    let scratch = rebuilt(store, &said, &fact_booker()).await;
    assert_eq!(scratch.head().await.unwrap(), store.head().await.unwrap());
    assert_eq!(scratch.entries_fingerprint().await.unwrap(), store.entries_fingerprint().await.unwrap());
    for block in 1..=4 {
        assert_eq!(at(scratch.as_ref(), Some(block)).await, at(store, Some(block)).await);
    }
    store.drop_scratch(scratch).await.unwrap();
}

pub async fn an_edited_fact_is_found(fresh: Fresh) {
    let store = fresh.store.as_ref();
    tell(store, "evt_1", charge("ch_1", "cus_1", "10.00 GBP", 1)).await;
    tell(store, "evt_2", charge("ch_1", "cus_1", "20.00 GBP", 2)).await;
    for change in ["UPDATE fact SET body = '[]'", "DELETE FROM fact"] {
        let refused = fresh.run("ledger", change).await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
    let before = store.entries_fingerprint().await.unwrap();
    let drops = if fresh.is_sqlite() {
        "DROP TRIGGER fact_no_update; DROP TRIGGER fact_no_delete;"
    } else {
        "ALTER TABLE fact DISABLE TRIGGER ALL;"
    };
    fresh.run("ledger", drops).await.unwrap();
    let edits = [
        (
            "UPDATE fact SET body = replace(body, '20.00', '20.01') WHERE block = 2",
            "UPDATE fact SET body = replace(body, '20.01', '20.00') WHERE block = 2",
        ),
        (
            "UPDATE fact SET party = 'stripe:cus_9' WHERE block = 1",
            "UPDATE fact SET party = 'stripe:cus_1' WHERE block = 1",
        ),
        ("UPDATE fact SET block = 9 WHERE block = 2", "UPDATE fact SET block = 2 WHERE block = 9"),
    ];
    for (edit, undo) in edits {
        fresh.run("ledger", edit).await.unwrap();
        let found = store.verify().await.unwrap();
        assert!(found.iter().any(|finding| finding.check == "block_hash"), "{edit}: {found:?}");
        assert_ne!(store.entries_fingerprint().await.unwrap(), before, "{edit}");
        fresh.run("ledger", undo).await.unwrap();
        assert_eq!(store.verify().await.unwrap(), []);
    }
    fresh.run("ledger", "DELETE FROM fact WHERE block = 1").await.unwrap();
    assert_eq!(store.verify().await.unwrap().len(), 1);
}

use std::collections::BTreeSet;

use chrono::TimeDelta;
use ltv_core::Timestamp;
use ltv_core::testkit::a_charge;
use store::testkit::{book_all, default_booker, say};
use store::{AuditFilter, NewAudit};

use crate::fresh::{Fresh, now};

fn later(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

fn a_record(action: &str, actor: &str, seconds: i64) -> NewAudit {
    NewAudit {
        at: later(seconds),
        actor_kind: "key".into(),
        actor_id: actor.into(),
        actor_roles: "operator,viewer".into(),
        action: action.into(),
        object: "integration/main".into(),
        outcome: "done".into(),
        reason: Some("because".into()),
        request_id: None,
        source_ip_hash: Some("ab12".into()),
        before_digest: None,
        after_digest: Some(String::new()),
        code_version: "0.1.0".into(),
    }
}

fn all() -> AuditFilter {
    AuditFilter { limit: 100, ..AuditFilter::default() }
}

/// Five records, over three states of the ledger.
async fn five_records(fresh: &Fresh) {
    let store = &fresh.store;
    let first = vec![a_record("integration.put", "k1", 0), a_record("key.create", "k2", 1)];
    assert_eq!(store.append_audit(first).await.unwrap(), 2);
    for (number, seconds) in [(1, 2), (2, 3)] {
        let seen = a_charge(&format!("ch_{number}")).of("5.00 GBP").build();
        say(store.as_ref(), &format!("evt_{number}"), vec![seen], now()).await.unwrap();
        book_all(store.as_ref(), &default_booker(), now()).await.unwrap();
        store.append_audit(vec![a_record("integration.put", "k1", seconds)]).await.unwrap();
    }
    assert_eq!(store.append_audit(vec![a_record("key.revoke", "k2", 4)]).await.unwrap(), 5);
    assert_eq!(store.append_audit(Vec::new()).await.unwrap(), 5);
}

pub async fn the_audit_log_is_chained_with_itself_and_with_blocks(fresh: Fresh) {
    five_records(&fresh).await;
    let store = &fresh.store;
    let mut rows = store.audit(&all()).await.unwrap();
    rows.reverse();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(rows.iter().map(|row| row.block).collect::<Vec<_>>(), [0, 0, 1, 2, 2]);
    assert_eq!(rows[0].record, a_record("integration.put", "k1", 0));
    assert_eq!((rows[0].previous_hash, rows[0].block_hash), ([0; 32], [0; 32]));
    assert!(rows.windows(2).all(|pair| pair[0].hash == pair[1].previous_hash));
    assert_eq!(rows[4].block_hash, store.head().await.unwrap().hash);
    assert_eq!(store.verify_audit().await.unwrap(), []);
}

pub async fn several_writers_leave_no_gap_in_the_audit_log(fresh: Fresh) {
    let writes = (0..12).map(|number| {
        let store = fresh.store.clone();
        tokio::spawn(async move {
            store.append_audit(vec![a_record("x", "k", number), a_record("y", "k", number)]).await.unwrap()
        })
    });
    let writes: Vec<_> = writes.collect();
    let mut places = Vec::new();
    for write in writes {
        places.push(write.await.unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=12).map(|number| number * 2).collect::<Vec<i64>>());
    assert_eq!(fresh.store.verify_audit().await.unwrap(), []);
}

pub async fn the_audit_log_is_searched(fresh: Fresh) {
    five_records(&fresh).await;
    let found = async |filter: AuditFilter| -> Vec<i64> {
        fresh.store.audit(&filter).await.unwrap().into_iter().map(|row| row.seq).collect()
    };
    assert_eq!(found(AuditFilter { limit: 2, ..all() }).await, [5, 4]);
    assert_eq!(found(AuditFilter { before: Some(4), limit: 2, ..all() }).await, [3, 2]);
    assert_eq!(found(AuditFilter { actor_id: Some("k2".into()), ..all() }).await, [5, 2]);
    assert_eq!(found(AuditFilter { action_prefix: Some("key.".into()), ..all() }).await, [5, 2]);
    assert_eq!(found(AuditFilter { action_prefix: Some("key.c".into()), ..all() }).await, [2]);
    assert_eq!(found(AuditFilter { action_prefix: Some("KEY".into()), ..all() }).await, [0_i64; 0]);
    assert_eq!(found(AuditFilter { from: Some(later(1)), to: Some(later(3)), ..all() }).await, [3, 2]);
}

pub async fn tampering_with_the_audit_log_is_found(fresh: Fresh) {
    five_records(&fresh).await;
    for change in ["UPDATE audit SET outcome = 'denied'", "DELETE FROM audit"] {
        let refused = fresh.run("inbox", change).await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
    let drops = if fresh.is_sqlite() {
        "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;"
    } else {
        "ALTER TABLE audit DISABLE TRIGGER ALL;"
    };
    fresh.run("inbox", drops).await.unwrap();
    // Each edit with its undoing, and a check that must speak.
    let edits = [
        (
            "UPDATE audit SET outcome = 'denied' WHERE seq = 2",
            "UPDATE audit SET outcome = 'done' WHERE seq = 2",
            "audit_hash",
        ),
        (
            "UPDATE audit SET request_id = '' WHERE seq = 5",
            "UPDATE audit SET request_id = NULL WHERE seq = 5",
            "audit_hash",
        ),
        (
            "UPDATE audit SET actor_id = 'k1op', actor_roles = 'erator,viewer' WHERE seq = 1",
            "UPDATE audit SET actor_id = 'k1', actor_roles = 'operator,viewer' WHERE seq = 1",
            "audit_hash",
        ),
        (
            "UPDATE audit SET block = 1 WHERE seq = 5",
            "UPDATE audit SET block = 2 WHERE seq = 5",
            "audit_block",
        ),
        (
            "UPDATE audit SET seq = 9 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 9",
            "UPDATE audit SET seq = 9 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 9",
            "audit_chain",
        ),
        ("UPDATE audit_head SET seq = 6", "UPDATE audit_head SET seq = 5", "audit_chain"),
    ];
    for (edit, undo, check) in edits {
        fresh.run("inbox", edit).await.unwrap();
        let found = fresh.store.verify_audit().await.unwrap();
        let checks: BTreeSet<&str> = found.iter().map(|finding| finding.check).collect();
        assert!(checks.contains(check), "{edit}: {found:?}");
        fresh.run("inbox", undo).await.unwrap();
        assert_eq!(fresh.store.verify_audit().await.unwrap(), [], "after {undo}");
    }
    // What cannot be undone comes last: the end cut off, then the middle.
    for (number, cut) in
        ["DELETE FROM audit WHERE seq = 5", "DELETE FROM audit WHERE seq = 2"].into_iter().enumerate()
    {
        fresh.run("inbox", cut).await.unwrap();
        let found = fresh.store.verify_audit().await.unwrap();
        let chain = found.iter().filter(|finding| finding.check == "audit_chain").count();
        assert!(chain > number, "{cut}: {found:?}");
    }
}

pub async fn a_ledger_of_other_blocks_is_not_the_one_of_the_audit_log(fresh: Fresh) {
    five_records(&fresh).await;
    let empty = fresh.store.scratch_ledger().await.unwrap();
    let found = empty.verify_audit().await.unwrap();
    assert_eq!(found.iter().map(|finding| finding.check).collect::<Vec<_>>(), ["audit_block", "audit_block"]);
    fresh.store.drop_scratch(empty).await.unwrap();
}

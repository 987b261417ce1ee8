use std::collections::BTreeSet;

use ltv_core::testkit::{a_charge, a_settlement};
use store::Completeness;
use store::testkit::{book_all, default_booker, say};

use crate::fresh::{Fresh, now};

async fn three_blocks(fresh: &Fresh) {
    let store = fresh.store.as_ref();
    for number in 1..=3_i64 {
        let id = format!("ch_{number}");
        let charge = a_charge(&id).of("10.00 GBP").from("cus_1").on(number).build();
        let settled =
            a_settlement(&format!("txn_{number}")).of_charge(&id, "10.00 GBP").fee("0.50").on(number).build();
        say(store, &format!("evt_{number}"), vec![charge, settled], now()).await.unwrap();
        book_all(store, &default_booker(), now()).await.unwrap();
    }
    store
        .record_completeness(Completeness { integration: "main".into(), complete_through: now() }, now())
        .await
        .unwrap();
    assert_eq!(store.verify().await.unwrap(), []);
}

pub async fn nothing_sealed_can_be_changed_or_removed(fresh: Fresh) {
    three_blocks(&fresh).await;
    let sealed = [
        ("inbox", "inbox_key", "source_id = 'evt_x'"),
        ("inbox", "inbox_message", "kind = 'x'"),
        ("ledger", "ledger_entry", "block = 9"),
        ("ledger", "posting", "amount_minor = 1"),
        ("ledger", "block", "entries = 9"),
        ("ledger", "block_log", "block = 9"),
        ("ledger", "block_completeness", "block = 9"),
    ];
    for (half, table, change) in sealed {
        let refused = fresh.run(half, &format!("UPDATE {table} SET {change}")).await.unwrap_err();
        assert!(refused.contains("append-only"), "{table}: {refused}");
        let refused = fresh.run(half, &format!("DELETE FROM {table}")).await.unwrap_err();
        assert!(refused.contains("append-only"), "{table}: {refused}");
        if !fresh.is_sqlite() {
            let refused = fresh.run(half, &format!("TRUNCATE {table} CASCADE")).await.unwrap_err();
            assert!(refused.contains("append-only"), "{table}: {refused}");
        }
    }
    assert_eq!(fresh.store.verify().await.unwrap(), []);
}

/// A posting by hand.
fn posting(anchor: &str, sequence: i32, amount_minor: i64) -> String {
    format!(
        "INSERT INTO posting (anchor, sequence, account, party, integration, currency, amount_minor, quantity, \
         effective_at, fact, source_message, block) SELECT '{anchor}', {sequence}, account, party, integration, \
         currency, {amount_minor}, 0, effective_at, fact, source_message, block FROM posting ORDER BY id LIMIT 1;"
    )
}

pub async fn an_entry_that_does_not_balance_is_refused(fresh: Fresh) {
    three_blocks(&fresh).await;
    let entry = "INSERT INTO ledger_entry (anchor, sequence, block) VALUES ('stripe:x', 1, 1);";
    let tries = [
        (entry.to_owned(), "needs postings"),
        (
            format!("BEGIN; {} {} {entry} COMMIT;", posting("stripe:x", 1, 5), posting("stripe:x", 1, -4)),
            "sum to zero",
        ),
        (
            format!("BEGIN; {} {} COMMIT;", posting("stripe:x", 1, 5), posting("stripe:x", 1, -5)),
            "foreign key",
        ),
        (posting("stripe:ch_1", 1, 5), "complete"),
        (posting("stripe:x", 1, 0), "check"),
    ];
    for (statements, why) in tries {
        let refused = fresh.run("ledger", &statements).await.unwrap_err();
        assert!(refused.to_lowercase().contains(why), "{why}: {refused}");
    }
    assert_eq!(fresh.store.verify().await.unwrap(), []);
}

/// Takes away what refuses changes, as who owns the database can.
async fn disarm(fresh: &Fresh) {
    let tables = ["ledger_entry", "posting", "block", "block_log", "block_completeness"];
    for table in tables {
        let drops = if fresh.is_sqlite() {
            format!("DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete;")
        } else {
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL;")
        };
        fresh.run("ledger", &drops).await.unwrap();
    }
}

pub async fn every_edit_of_what_is_sealed_is_found(fresh: Fresh) {
    three_blocks(&fresh).await;
    disarm(&fresh).await;
    let zero = if fresh.is_sqlite() { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let moved = if fresh.is_sqlite() { "recorded_at + 1" } else { "recorded_at + interval '1 microsecond'" };
    // Each edit with its undoing, and a check that must speak.
    let edits = [
        ("UPDATE posting SET amount_minor = amount_minor + 1 WHERE id = 1".to_owned(),
         "UPDATE posting SET amount_minor = amount_minor - 1 WHERE id = 1".to_owned(), "block_hash"),
        ("UPDATE posting SET party = 'stripe:cus_2' WHERE block = 2".to_owned(),
         "UPDATE posting SET party = 'stripe:cus_1' WHERE block = 2".to_owned(), "block_hash"),
        ("UPDATE posting SET source_message = source_message + 10 WHERE block = 2".to_owned(),
         "UPDATE posting SET source_message = source_message - 10 WHERE block = 2".to_owned(), "block_hash"),
        (format!("UPDATE block SET recorded_at = {moved} WHERE number = 2"),
         format!("UPDATE block SET recorded_at = {} WHERE number = 2", moved.replace('+', "-")), "block_hash"),
        ("UPDATE block_log SET message_id = message_id + 10 WHERE block = 1".to_owned(),
         "UPDATE block_log SET message_id = message_id - 10 WHERE block = 1".to_owned(), "block_hash"),
        ("UPDATE block_log SET block = 2 WHERE block = 1".to_owned(),
         "UPDATE block_log SET block = 1 WHERE anchor = 'stripe:ch_1'".to_owned(), "block_hash"),
        ("UPDATE block_completeness SET integration = 'x'".to_owned(),
         "UPDATE block_completeness SET integration = 'main'".to_owned(), "block_hash"),
        ("UPDATE block SET entries = 2 WHERE number = 3".to_owned(),
         "UPDATE block SET entries = 1 WHERE number = 3".to_owned(), "block_entries"),
        ("UPDATE running_total SET amount_minor = amount_minor + 1 WHERE account = 'processor_fees'".to_owned(),
         "UPDATE running_total SET amount_minor = amount_minor - 1 WHERE account = 'processor_fees'".to_owned(), "running_total"),
        ("UPDATE ledger_case SET sequence = 2 WHERE anchor = 'stripe:ch_1'".to_owned(),
         "UPDATE ledger_case SET sequence = 1 WHERE anchor = 'stripe:ch_1'".to_owned(), "entry_sequence"),
        ("UPDATE block SET number = 9 WHERE number = 1; UPDATE block SET number = 1 WHERE number = 2; UPDATE block SET number = 2 WHERE number = 9".to_owned(),
         "UPDATE block SET number = 9 WHERE number = 1; UPDATE block SET number = 1 WHERE number = 2; UPDATE block SET number = 2 WHERE number = 9".to_owned(), "block_chain"),
        ("UPDATE ledger_head SET number = 3".to_owned(), "UPDATE ledger_head SET number = 4".to_owned(), "block_chain"),
    ];
    for (edit, undo, check) in edits {
        fresh.run("ledger", &edit).await.unwrap();
        let found = fresh.store.verify().await.unwrap();
        let checks: BTreeSet<&str> = found.iter().map(|finding| finding.check).collect();
        assert!(checks.contains(check), "{edit}: {found:?}");
        fresh.run("ledger", &undo).await.unwrap();
        assert_eq!(fresh.store.verify().await.unwrap(), [], "after {undo}");
    }
    // What cannot be undone comes last: rows removed, and the newest block with its whole contents.
    let gone = [
        ("DELETE FROM block_log WHERE block = 1".to_owned(), "block_hash"),
        ("DELETE FROM posting WHERE id = 1".to_owned(), "entry_balance"),
        ("DELETE FROM block WHERE number = 4; DELETE FROM block_completeness".to_owned(), "block_chain"),
        (format!("UPDATE block SET hash = {zero} WHERE number = 3"), "block_hash"),
    ];
    for (edit, check) in gone {
        let count =
            |found: &[store::VerifyFinding]| found.iter().filter(|finding| finding.check == check).count();
        let before = count(&fresh.store.verify().await.unwrap());
        fresh.run("ledger", &edit).await.unwrap();
        let found = fresh.store.verify().await.unwrap();
        assert!(count(&found) > before, "{edit}: {found:?}");
    }
}

use ltv_core::MessageId;
use store::testkit::{TestPg, a_message, in_memory_of_a_test};
use store::{Migrate, OpenOptions, StoreError};

use crate::fresh::{client, now, postgres};
use crate::work::claim_soon;

/// Numbers are given out before transactions commit, so a lower number may appear after a higher one.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_commits_late_is_not_passed_over() {
    // A server of its own: on a shared one, others' transactions hold admission up, too.
    let server = TestPg::start(false).unwrap();
    let url = server.database("late_commit").await.unwrap();
    let store = store::open(&url, in_memory_of_a_test()).await.unwrap();
    let slow = client(&url).await;
    slow.batch_execute(
        "SET search_path = inbox; BEGIN; \
         INSERT INTO inbox_key (provider, integration, source_id, substance, lane, received_at) \
         VALUES ('stripe', 'main', 'evt_slow', decode(repeat('07', 32), 'hex'), 'main', now()); \
         INSERT INTO inbox_message (id, uuid, origin, kind, observed_at, received_at, sha256, ciphertext) \
         SELECT id, decode(repeat('07', 16), 'hex'), 'webhook', 'x', now(), now(), substance, substance FROM inbox_key; \
         INSERT INTO message_key (message_id, wrapped_key, key_name) SELECT id, substance, 'k' FROM inbox_key;",
    )
    .await
    .unwrap();
    store.append(vec![a_message("evt_fast", now())]).await.unwrap();
    assert!(store.claim(now(), 30, 10).await.unwrap().is_empty(), "one before it may still appear");
    assert_eq!(store.status().await.unwrap()["main"].pending, 1);
    slow.batch_execute("COMMIT").await.unwrap();
    let names: Vec<String> = claim_soon(store.as_ref(), now(), 10)
        .await
        .into_iter()
        .map(|claimed| claimed.message.source_id)
        .collect();
    assert_eq!(names, ["evt_slow", "evt_fast"]);
    store.append(vec![a_message("evt_next", now())]).await.unwrap();
    assert_eq!(claim_soon(store.as_ref(), now(), 10).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_lose_data_are_each_named() {
    let server = TestPg::start(false).unwrap();
    let url = server.empty_database("unsafe_settings").unwrap();
    let checked = OpenOptions { check_settings: true, ..in_memory_of_a_test() };
    let Err(StoreError::UnsafeSettings { problems }) = store::open(&url, checked.clone()).await else {
        panic!("a server that does not flush is unsafe");
    };
    assert_eq!(problems.len(), 3, "{problems:?}");
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name}: {problems:?}");
    }
    drop(server);
    let server = TestPg::start(true).unwrap();
    let url = server.empty_database("safe_settings").unwrap();
    store::open(&url, checked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_application_can_work_and_cannot_change_what_is_sealed() {
    let fresh = postgres("application_role").await;
    let owner = client(&fresh.url).await;
    owner
        .batch_execute(
            "DO $$ BEGIN CREATE ROLE a_worker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
             GRANT ltv_app TO a_worker",
        )
        .await
        .unwrap();
    let url = fresh.url.replace("user=postgres", "user=a_worker");
    let refused = client(&url).await.batch_execute("DELETE FROM ledger.posting").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    let options = OpenOptions { migrate: Migrate::Refuse, ..in_memory_of_a_test() };
    let store = store::open(&url, options).await.unwrap();
    crate::book::a_payment_is_booked_once(crate::fresh::Fresh { store, ..fresh }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_migrations_are_refused_where_they_may_not_run() {
    let server = TestPg::shared().unwrap();
    let url = server.empty_database("pending").unwrap();
    let refuse = OpenOptions { migrate: Migrate::Refuse, ..in_memory_of_a_test() };
    assert!(matches!(store::open(&url, refuse.clone()).await, Err(StoreError::MigrationsPending)));
    // Several nodes that start at once.
    let (a, b) = tokio::join!(store::migrate(&url), store::migrate(&url));
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 4);
    store::open(&url, refuse).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_month_go_into_its_partition() {
    let fresh = postgres("partitions").await;
    let client = client(&fresh.url).await;
    let count = |table: &'static str| {
        let client = &client;
        async move {
            let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
            row.get::<_, i64>(0)
        }
    };
    let row = client.query_one("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')", &[]).await.unwrap();
    let this_month: String = row.get(0);
    let known = client
        .query_one("SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox.inbox_message'::regclass", &[])
        .await
        .unwrap();
    assert_eq!(known.get::<_, i64>(0), 14, "thirteen months and the rest");
    let at =
        client.query_one("SELECT (extract(epoch FROM now()))::bigint", &[]).await.unwrap().get::<_, i64>(0);
    let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
    fresh
        .store
        .append(vec![a_message("evt_now", at), a_message("evt_then", ltv_core::testkit::day(1))])
        .await
        .unwrap();
    assert_eq!(count("inbox.inbox_message").await, 2);
    assert_eq!(count("inbox.inbox_message_rest").await, 1);
    let table = format!("inbox.inbox_message_{this_month}");
    let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    assert!(client.batch_execute(&format!("TRUNCATE {table}")).await.is_err());
    assert_eq!(fresh.store.messages_after(MessageId(0), 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_and_column_says_what_it_is_for() {
    let fresh = postgres("comments").await;
    let silent = client(&fresh.url)
        .await
        .query(
            "SELECT c.table_schema || '.' || c.table_name || '.' || c.column_name FROM information_schema.columns c \
             WHERE c.table_schema IN ('inbox', 'ledger') AND c.table_name NOT LIKE '\\_\\_%' \
             AND c.table_name NOT LIKE 'inbox_message\\__%' \
             AND col_description((c.table_schema || '.' || c.table_name)::regclass, c.ordinal_position) IS NULL",
            &[],
        )
        .await
        .unwrap();
    let silent: Vec<String> = silent.iter().map(|row| row.get(0)).collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_not_replaced_under_a_server() {
    let fresh = postgres("replaced").await;
    let serve = OpenOptions { exclusive: true, ..in_memory_of_a_test() };
    let server = store::open(&fresh.url, serve.clone()).await.unwrap();
    let scratch = fresh.store.scratch_ledger().await.unwrap();
    assert!(matches!(fresh.store.swap_in(scratch).await, Err(StoreError::Locked { .. })));
    // Its own share of the lock is in nobody's way; that of another server is.
    let scratch = server.scratch_ledger().await.unwrap();
    server.swap_in(scratch).await.unwrap();
    let other = store::open(&fresh.url, serve).await.unwrap();
    let scratch = server.scratch_ledger().await.unwrap();
    assert!(matches!(server.swap_in(scratch).await, Err(StoreError::Locked { .. })));
    other.ping().await.unwrap();
}

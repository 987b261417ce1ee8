//! The audit log keeps its order, and is verified with the ledger.

use pipeline::{AuditQuestion, NewAudit};

use crate::bench::Bench;

fn record(bench: &Bench, action: &str) -> NewAudit {
    NewAudit {
        at: bench.now(),
        actor_kind: "key".to_owned(),
        actor_id: "k1".to_owned(),
        actor_roles: "operator".to_owned(),
        action: action.to_owned(),
        object: "integration:stripe".to_owned(),
        outcome: "done".to_owned(),
        reason: None,
        request_id: None,
        source_ip_hash: None,
        before_digest: None,
        after_digest: None,
        code_version: "0.1.0".to_owned(),
    }
}

#[tokio::test]
async fn records_come_back_in_order_page_by_page() {
    let bench = Bench::new().await;
    for action in ["integration.put", "key.create", "key.revoke"] {
        bench.pipeline.note(record(&bench, action));
    }
    bench.pipeline.note_now(record(&bench, "key.rotate")).await.unwrap();
    let question = AuditQuestion { limit: 3, ..AuditQuestion::default() };
    let page = bench.pipeline.audit(&question).await.unwrap();
    let actions: Vec<&str> = page.records.iter().map(|each| each.record.action.as_str()).collect();
    assert_eq!(actions, ["key.rotate", "key.revoke", "key.create"]);
    let rest = bench.pipeline.audit(&AuditQuestion { before: page.next, ..question }).await.unwrap();
    assert_eq!(rest.records[0].record.action, "integration.put");
    assert_eq!((rest.records[0].seq, rest.next), (1, None));
    let keys =
        AuditQuestion { action_prefix: Some("key.".to_owned()), limit: 10, ..AuditQuestion::default() };
    assert_eq!(bench.pipeline.audit(&keys).await.unwrap().records.len(), 3);
    assert_eq!(bench.pipeline.verify().await.unwrap().findings, []);
}

#[tokio::test]
async fn what_waits_is_written_when_the_workers_stop() {
    let bench = Bench::new().await;
    let workers = bench.pipeline.start();
    bench.pipeline.note(record(&bench, "service.stop"));
    workers.stop().await;
    let rows =
        bench.store.audit(&store::AuditFilter { limit: 10, ..store::AuditFilter::default() }).await.unwrap();
    assert_eq!(rows.len(), 1);
}

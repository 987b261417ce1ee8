//! Keys: limited to suppliers, rotated, and when they were last used.

use std::collections::BTreeSet;

use ltv_core::testkit::key;
use ltv_core::{Party, SupplierId};
use pipeline::access::Role;
use pipeline::{CreatedKey, KeyError, NewKey};
use secrecy::ExposeSecret;

use crate::bench::Bench;

fn new_key(roles: &[Role], suppliers: Option<BTreeSet<SupplierId>>) -> NewKey {
    NewKey { label: "test".to_owned(), roles: roles.iter().copied().collect(), suppliers, ttl_days: 90 }
}

fn supplier(id: &str) -> SupplierId {
    SupplierId::of(&Party::Customer(key(id)))
}

async fn works(bench: &Bench, made: &CreatedKey) -> bool {
    bench.pipeline.authenticate(made.text.expose_secret()).await.unwrap().is_some()
}

#[tokio::test]
async fn a_key_of_one_supplier_sees_that_one_alone() {
    let bench = Bench::new().await;
    let own = BTreeSet::from([supplier("cus_1")]);
    let made = bench.pipeline.create_scoped_key(new_key(&[Role::Analyst], Some(own))).await.unwrap();
    let holder = bench.pipeline.authenticate(made.text.expose_secret()).await.unwrap().unwrap();
    assert!(holder.is_scoped() && holder.may_see(&supplier("cus_1")) && !holder.may_see(&supplier("cus_2")));
    let all = bench.pipeline.create_key("test", [Role::Viewer].into(), 1).await.unwrap();
    let holder = bench.pipeline.authenticate(all.text.expose_secret()).await.unwrap().unwrap();
    assert!(!holder.is_scoped());
}

#[tokio::test]
async fn a_scope_with_roles_of_the_whole_store_or_of_nobody_is_refused() {
    let bench = Bench::new().await;
    let own = BTreeSet::from([supplier("cus_1")]);
    let operator = bench.pipeline.create_scoped_key(new_key(&[Role::Operator], Some(own))).await;
    assert!(matches!(operator, Err(KeyError::BeyondScope(_))));
    let nobody = bench.pipeline.create_scoped_key(new_key(&[Role::Viewer], Some(BTreeSet::new()))).await;
    assert!(matches!(nobody, Err(KeyError::SuppliersOutOfRange)));
    let long = NewKey { ttl_days: 91, ..new_key(&[Role::Viewer], None) };
    assert!(matches!(bench.pipeline.create_scoped_key(long).await, Err(KeyError::TtlOutOfRange { .. })));
}

#[tokio::test]
async fn a_rotated_key_works_until_the_overlap_is_over() {
    let bench = Bench::new().await;
    let old = bench.pipeline.create_key("test", [Role::Viewer].into(), 90).await.unwrap();
    let too_long = bench.pipeline.rotate_key(&old.view.id, 25).await;
    assert!(matches!(too_long, Err(KeyError::OverlapTooLong { .. })));
    let new = bench.pipeline.rotate_key(&old.view.id, 2).await.unwrap().unwrap();
    assert_eq!(new.view.replaces.as_deref(), Some(old.view.id.as_str()));
    assert_eq!(new.view.roles, old.view.roles);
    assert!(works(&bench, &old).await && works(&bench, &new).await);
    bench.pass(2 * 3600).await;
    assert!(!works(&bench, &old).await && works(&bench, &new).await);
    assert!(bench.pipeline.rotate_key(&old.view.id, 0).await.unwrap().is_none(), "it has ended");
    assert!(bench.pipeline.rotate_key("nobody", 0).await.unwrap().is_none());
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute() {
    let bench = Bench::new().await;
    let made = bench.pipeline.create_key("test", [Role::Viewer].into(), 90).await.unwrap();
    let last = || async { bench.pipeline.keys().await.unwrap()[0].last_used_at };
    assert_eq!(last().await, None);
    let first = bench.now();
    assert!(works(&bench, &made).await);
    bench.pass(30).await;
    assert!(works(&bench, &made).await);
    assert_eq!(last().await, Some(first), "written at most once a minute");
    bench.pass(30).await;
    assert!(works(&bench, &made).await);
    assert_eq!(last().await, Some(bench.now()));
}

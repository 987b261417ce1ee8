use chrono::TimeDelta;
use ltv_core::Provider;
use store::{ApiKeyRow, IntegrationRow, ReadCursorRow, SessionRow, Tally, WrappedKeyRow};

use crate::fresh::{Fresh, now};

fn an_integration(version: i64) -> IntegrationRow {
    IntegrationRow {
        id: "main".into(),
        provider: Provider::Stripe,
        account: None,
        livemode: true,
        api_base: None,
        sealed_secrets: vec![1, 2, 3],
        version,
        created_at: now(),
        deleted_at: None,
    }
}

pub async fn an_integration_is_changed_by_one_of_two_at_once(fresh: Fresh) {
    let store = &fresh.store;
    assert!(!store.put_integration(&an_integration(2)).await.unwrap(), "there is nothing to change yet");
    assert!(store.put_integration(&an_integration(1)).await.unwrap());
    assert!(!store.put_integration(&an_integration(1)).await.unwrap(), "it is there already");
    let (left, right) = (
        IntegrationRow { account: Some("acct_l".into()), ..an_integration(2) },
        IntegrationRow { account: Some("acct_r".into()), ..an_integration(2) },
    );
    let (a, b) = tokio::join!(store.put_integration(&left), store.put_integration(&right));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a != b, "one of them wins");
    assert_eq!(store.integrations().await.unwrap(), [if a { left } else { right }]);
    let stopped = IntegrationRow { deleted_at: Some(now()), sealed_secrets: Vec::new(), ..an_integration(3) };
    assert!(store.put_integration(&stopped).await.unwrap());
    assert_eq!(store.integrations().await.unwrap(), [stopped], "what is none now is none in the row");
}

pub async fn a_one_time_link_works_once(fresh: Fresh) {
    let store = &fresh.store;
    let link = SessionRow { token_hash: [1; 32], key_id: "k1".into(), one_time: true, expires_at: now() };
    let session = SessionRow { token_hash: [2; 32], one_time: false, ..link.clone() };
    store.add_session(&link).await.unwrap();
    store.add_session(&session).await.unwrap();
    let before = now() - TimeDelta::seconds(1);
    assert_eq!(store.session(&[1; 32], now()).await.unwrap(), None, "it has ended by then");
    let (a, b) = tokio::join!(store.session(&[1; 32], before), store.session(&[1; 32], before));
    assert_eq!([a.unwrap(), b.unwrap()].into_iter().flatten().collect::<Vec<_>>(), [link]);
    assert_eq!(store.session(&[1; 32], before).await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(store.session(&[2; 32], before).await.unwrap(), Some(session.clone()));
    }
    store.end_session(&[2; 32]).await.unwrap();
    assert_eq!(store.session(&[2; 32], before).await.unwrap(), None);
}

pub async fn counters_cursors_and_keys_are_kept(fresh: Fresh) {
    let store = &fresh.store;
    assert_eq!(store.store_id().await.unwrap(), store.store_id().await.unwrap());
    store.ping().await.unwrap();

    let tally = |scope: &str, count| Tally { scope: scope.into(), name: "drift:x".into(), count };
    store.add_tallies(vec![tally("b", 1), tally("a", 2), tally("b", 3)]).await.unwrap();
    store.add_tallies(vec![tally("b", 4)]).await.unwrap();
    store.add_tallies(Vec::new()).await.unwrap();
    assert_eq!(store.tallies().await.unwrap(), [tally("a", 2), tally("b", 8)]);

    assert_eq!(store.read_cursor("main", "balance_transactions").await.unwrap(), None);
    for cursor in [Some("txn_1".to_owned()), None] {
        let row = ReadCursorRow {
            integration: "main".into(),
            list: "balance_transactions".into(),
            cursor,
            updated_at: now(),
        };
        store.put_read_cursor(&row).await.unwrap();
        assert_eq!(store.read_cursor("main", "balance_transactions").await.unwrap(), Some(row));
    }

    let first = WrappedKeyRow {
        name: "store".into(),
        wrapped_by: "root".into(),
        wrapped: vec![1],
        created_at: now(),
    };
    let second = WrappedKeyRow { wrapped: vec![2], ..first.clone() };
    assert_eq!(store.key("store").await.unwrap(), None);
    assert_eq!(store.put_key(&first).await.unwrap(), first);
    assert_eq!(store.put_key(&second).await.unwrap(), first, "the one that is kept");
    assert_eq!(store.key("store").await.unwrap(), Some(first));

    let key = ApiKeyRow {
        id: "k1".into(),
        label: "ops".into(),
        secret_hash: [3; 32],
        roles: vec!["viewer".into(), "operator".into()],
        created_at: now(),
        expires_at: now() + TimeDelta::days(90),
        revoked_at: None,
        suppliers: Some(vec!["sup_1".into(), "sup_2".into()]),
        last_used_at: None,
        replaces: None,
    };
    store.add_api_key(&key).await.unwrap();
    assert_eq!(store.api_keys().await.unwrap(), std::slice::from_ref(&key));
    assert!(!store.add_api_key(&key).await.unwrap_err().is_retryable());
    assert!(!store.revoke_api_key("k2", now()).await.unwrap());
    assert!(store.revoke_api_key("k1", now()).await.unwrap());
    assert!(store.revoke_api_key("k1", now() + TimeDelta::days(1)).await.unwrap());
    assert_eq!(store.api_keys().await.unwrap(), [ApiKeyRow { revoked_at: Some(now()), ..key }]);
}

pub async fn a_key_ends_and_tells_when_it_was_used(fresh: Fresh) {
    let store = &fresh.store;
    let key = ApiKeyRow {
        id: "k1".into(),
        label: "ops".into(),
        secret_hash: [3; 32],
        roles: vec!["viewer".into()],
        created_at: now(),
        expires_at: now() + TimeDelta::days(90),
        revoked_at: None,
        suppliers: None,
        last_used_at: None,
        replaces: Some("k0".into()),
    };
    store.add_api_key(&key).await.unwrap();
    for minute in [5, 3] {
        store.touch_api_key("k1", now() + TimeDelta::minutes(minute)).await.unwrap();
    }
    store.touch_api_key("nobody", now()).await.unwrap();
    for day in [20, 10, 30] {
        assert!(store.expire_api_key("k1", now() + TimeDelta::days(day)).await.unwrap());
    }
    assert!(!store.expire_api_key("nobody", now()).await.unwrap());
    let now_known = ApiKeyRow {
        expires_at: now() + TimeDelta::days(10),
        last_used_at: Some(now() + TimeDelta::minutes(5)),
        ..key
    };
    assert_eq!(store.api_keys().await.unwrap(), [now_known]);
}

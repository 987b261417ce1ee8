//! Scenario folders.

use std::fs;
use std::path::{Path, PathBuf};

use simulator::{FolderError, World};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn messages_come_in_name_order_with_their_exact_bytes() {
    let (events, world) = World::from_folder(&fixture("small")).unwrap();
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["evt_b", "evt_a", "evt_c", "evt_d", "evt_e"]);
    let file = fs::read(fixture("small").join("01-invoice.paid.json")).unwrap();
    assert_eq!(events.first().unwrap().body, file);
    let thin = events.last().unwrap();
    assert_eq!((thin.kind.as_str(), thin.at.timestamp()), ("v1.charge.succeeded", 1_700_000_300));
    assert_eq!((world.balance_transactions(), world.invoice_payments()), (3, 0));
}

#[test]
fn a_bare_array_is_a_list_too() {
    let (events, world) = World::from_folder(&fixture("bare")).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((world.balance_transactions(), world.invoice_payments()), (0, 1));
}

#[test]
fn what_cannot_be_played_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(World::from_folder(folder.path()), Err(FolderError::Empty { .. })));
    assert!(matches!(World::from_folder(&folder.path().join("none")), Err(FolderError::Read { .. })));
    let message = folder.path().join("01-x.json");
    for (body, wanted) in [
        ("not json", "01-x.json is not a webhook body with id, type and created"),
        (r#"{"id":"evt_1","type":"x"}"#, "01-x.json is not a webhook body with id, type and created"),
        (
            r#"{"id":"evt_1","type":"x","created":"soon"}"#,
            "`created` is neither seconds nor an RFC 3339 time",
        ),
    ] {
        fs::write(&message, body).unwrap();
        let error = World::from_folder(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with(wanted), "{error}");
    }
    fs::write(&message, r#"{"id":"evt_1","type":"x","created":1}"#).unwrap();
    fs::write(folder.path().join("balance_transactions.json"), r#"{"data":[{"id":"txn_1"}]}"#).unwrap();
    assert!(matches!(World::from_folder(folder.path()), Err(FolderError::Json { .. })));
}

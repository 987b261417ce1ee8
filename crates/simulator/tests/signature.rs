//! Signatures as the provider documents them.

use simulator::sign;

#[test]
fn a_fixed_message_has_the_signature_that_another_implementation_gives() {
    let value = sign("whsec_test_secret", 1_773_568_800, br#"{"id":"evt_1","object":"event"}"#);
    assert_eq!(value, "t=1773568800,v1=ca3d24daa534e9f356843eb6aaafb915be934be4412150f5800c80ce03d0a9d8");
}

#[test]
fn another_secret_time_or_body_gives_another_signature() {
    let value = sign("whsec_a", 1, b"{}");
    for other in [sign("whsec_b", 1, b"{}"), sign("whsec_a", 2, b"{}"), sign("whsec_a", 1, b"{ }")] {
        assert_ne!(value.split_once(",v1="), other.split_once(",v1="));
        assert_ne!(value, other);
    }
}

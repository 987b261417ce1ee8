//! What is let in, and what is not.

use connector::signature::hmac_sha256;
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_772_323_300;
const BODY: &str = r#"{"id":"evt_1","object":"event","type":"charge.succeeded","created":1772323260,"livemode":true,
    "pending_webhooks":1,"data":{"object":{"id":"ch_1","object":"charge"}}}"#;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| (*text).into()).collect()
}

fn code(secret: &str, time: i64, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret.as_bytes(), &[time.to_string().as_bytes(), b".", body]))
}

fn header(secret: &str, time: i64, body: &[u8]) -> String {
    format!("t={time},v1={}", code(secret, time, body))
}

fn is_genuine(header: &str, body: &[u8]) -> bool {
    verify(&secrets(&["whsec_a", "whsec_b"]), Some(header), body, at(NOW)).is_ok()
}

fn accepted(body: &str) -> Result<Message, AcceptError> {
    message(VerifiedBody(body.as_bytes()), Bytes::copy_from_slice(body.as_bytes()))
}

fn refusal(body: &str) -> String {
    match accepted(body) {
        Err(AcceptError::Malformed { detail }) => detail,
        other => panic!("{body} gave {other:?}"),
    }
}

/// Computed with OpenSSL: `printf '%s' '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test_secret`.
#[test]
fn a_fixed_vector_is_genuine() {
    let header = "t=1700000000,v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a";
    let body = br#"{"id":"evt_1"}"#;
    let verified = verify(&secrets(&["whsec_test_secret"]), Some(header), body, at(1_700_000_000));
    assert_eq!(verified.unwrap(), VerifiedBody(body));
}

#[test]
fn the_whole_secret_counts_with_its_prefix() {
    let header = header("a", NOW, BODY.as_bytes());
    assert!(!is_genuine(&header, BODY.as_bytes()));
}

#[test]
fn order_and_unknown_schemes_do_not_matter() {
    let code = code("whsec_a", NOW, BODY.as_bytes());
    for header in [
        format!("t={NOW},v1={code}"),
        format!("v1={code},t={NOW}"),
        format!("v0=00,v9=zz,t={NOW},,novelty,v1={code},="),
        format!("t={NOW},v1=zz,v1=,v1=00,v1={code}"),
        format!("t={NOW},v1={},v1={code}", "0".repeat(64)),
    ] {
        assert!(is_genuine(&header, BODY.as_bytes()), "{header}");
    }
}

#[test]
fn headers_that_claim_nothing_usable_are_refused_alike() {
    let code = code("whsec_a", NOW, BODY.as_bytes());
    for header in [
        String::new(),
        "garbage".to_owned(),
        format!("t={NOW}"),
        format!("v1={code}"),
        format!("t={NOW},v0={code}"),
        format!("t={NOW},V1={code}"),
        format!("t={NOW}, v1={code}"),
        format!("t= {NOW},v1={code}"),
        format!("t=+{NOW},v1={code}"),
        format!("t={NOW},t={NOW},v1={code}"),
        format!("t=99999999999999999999,v1={code}"),
        format!("t=,v1={code}"),
        format!("t={NOW},v1={}", code.to_uppercase()),
        format!("t={NOW},v1=0x{code}"),
        format!("t={NOW},v1={}", &code[..62]),
    ] {
        assert!(!is_genuine(&header, BODY.as_bytes()), "{header}");
    }
    assert!(verify(&secrets(&["whsec_a"]), None, BODY.as_bytes(), at(NOW)).is_err());
}

#[test]
fn an_empty_body_is_refused_even_when_signed() {
    assert!(!is_genuine(&header("whsec_a", NOW, b""), b""));
}

#[test]
fn the_time_may_be_three_hundred_seconds_off_and_no_more() {
    for (time, genuine) in [
        (NOW - TOLERANCE_SECONDS, true),
        (NOW + TOLERANCE_SECONDS, true),
        (NOW - TOLERANCE_SECONDS - 1, false),
        (NOW + TOLERANCE_SECONDS + 1, false),
        (0, false),
        (i64::MAX, false),
    ] {
        assert_eq!(is_genuine(&header("whsec_a", time, BODY.as_bytes()), BODY.as_bytes()), genuine, "{time}");
    }
}

#[test]
fn while_a_secret_is_rolled_the_old_and_the_new_one_are_good() {
    let both = format!(
        "t={NOW},v1={},v1={}",
        code("whsec_old", NOW, BODY.as_bytes()),
        code("whsec_new", NOW, BODY.as_bytes())
    );
    let is_good = |known: &[&str], header: &str| {
        verify(&secrets(known), Some(header), BODY.as_bytes(), at(NOW)).is_ok()
    };
    for known in
        [&["whsec_old"][..], &["whsec_new"], &["whsec_old", "whsec_new"], &["whsec_other", "whsec_new"]]
    {
        assert!(is_good(known, &both), "{known:?}");
    }
    assert!(!is_good(&["whsec_other"], &both));
    assert!(!is_good(&[], &both));
}

#[test]
fn more_signatures_than_the_limit_are_not_tried() {
    let noise = format!(",v1={}", "0".repeat(64));
    let code = code("whsec_a", NOW, BODY.as_bytes());
    let within = format!("t={NOW}{},v1={code}", noise.repeat(SIGNATURES_MAX - 1));
    let beyond = format!("t={NOW}{},v1={code}", noise.repeat(SIGNATURES_MAX));
    assert!(is_genuine(&within, BODY.as_bytes()));
    assert!(!is_genuine(&beyond, BODY.as_bytes()));
}

proptest! {
    #[test]
    fn any_changed_byte_of_the_body_is_refused(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let header = header("whsec_b", NOW, BODY.as_bytes());
        let mut body = BODY.as_bytes().to_vec();
        body[at.index(BODY.len())] ^= flip;
        prop_assert!(is_genuine(&header, BODY.as_bytes()));
        prop_assert!(!is_genuine(&header, &body));
    }

    #[test]
    fn any_changed_byte_of_the_header_is_refused(at in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let good = header("whsec_b", NOW, BODY.as_bytes());
        let mut bytes = good.clone().into_bytes();
        bytes[at.index(good.len())] = to;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assume!(changed != good);
        prop_assert!(!is_genuine(&changed, BODY.as_bytes()), "{}", changed);
    }

    #[test]
    fn a_body_cut_or_grown_is_refused(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..9)) {
        let header = header("whsec_b", NOW, BODY.as_bytes());
        prop_assert!(!is_genuine(&header, &BODY.as_bytes()[..cut.index(BODY.len())]));
        prop_assert!(!is_genuine(&header, &[BODY.as_bytes(), &more].concat()));
    }

    #[test]
    fn any_other_time_under_the_same_signature_is_refused(offset in -TOLERANCE_SECONDS..=TOLERANCE_SECONDS) {
        prop_assume!(offset != 0);
        let header = format!("t={},v1={}", NOW + offset, code("whsec_a", NOW, BODY.as_bytes()));
        prop_assert!(!is_genuine(&header, BODY.as_bytes()));
    }

    #[test]
    fn arbitrary_headers_and_bodies_end_in_a_refusal(header in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!is_genuine(&header, &body));
    }

    #[test]
    fn arbitrary_bytes_under_a_good_signature_end_in_a_message_or_in_malformed(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"\{"id":"[a-z]{0,3}","type":"[a-z.]{0,9}","created":-?[0-9]{1,22},"data":[\[{][\]}]\}"#.prop_map(String::into_bytes),
        ],
    ) {
        match message(VerifiedBody(&body), Bytes::copy_from_slice(&body)) {
            Ok(message) => prop_assert!(!message.source_id.is_empty()),
            Err(AcceptError::Malformed { detail }) => prop_assert!(!detail.is_empty()),
            Err(AcceptError::Unauthentic) => prop_assert!(false, "the signature was good"),
        }
    }
}

#[test]
fn the_envelope_is_read() {
    let text = BODY.replace("\"livemode\":true", "\"livemode\":false,\"account\":\"acct_7\"");
    let message = accepted(&text).unwrap();
    assert_eq!((message.source_id.as_str(), message.kind.as_str()), ("evt_1", "charge.succeeded"));
    assert_eq!(message.observed_at, at(1_772_323_260));
    assert_eq!((message.livemode, message.account.as_deref()), (Some(false), Some("acct_7")));
    assert_eq!(message.origin, Origin::Webhook);
    assert_eq!(&message.payload[..], text.as_bytes());
}

#[test]
fn a_thin_event_has_a_written_time_and_no_snapshot() {
    let text = r#"{"id":"evt_t","object":"v2.core.event","type":"v1.charge.succeeded","livemode":true,
        "created":"2026-03-15T10:00:01.234Z","context":"acct_9","related_object":{"id":"ch_1","type":"charge"}}"#;
    let message = accepted(text).unwrap();
    assert_eq!(message.observed_at.timestamp_millis(), 1_773_568_801_234);
    assert_eq!(message.account.as_deref(), Some("acct_9"));
    assert_ne!(message.substance, accepted(&text.replace("ch_1", "ch_2")).unwrap().substance);
}

#[test]
fn the_substance_is_type_time_and_data_alone() {
    let one = accepted(BODY).unwrap().substance;
    let same = |from: &str, to: &str| {
        assert!(BODY.contains(from));
        accepted(&BODY.replace(from, to)).unwrap().substance == one
    };
    assert!(same("\"pending_webhooks\":1", "\"pending_webhooks\":0,\"request\":{\"id\":\"req_1\"}"));
    assert!(same("{\"id\":\"ch_1\",\"object\":\"charge\"}", "{ \"object\":\"charge\", \"id\":\"ch_1\" }"));
    assert!(!same("charge.succeeded", "charge.captured"));
    assert!(!same("1772323260", "1772323261"));
    assert!(!same("\"ch_1\"", "\"ch_2\""));
    assert!(!same("\"object\":\"charge\"}", "\"object\":\"charge\"},\"previous_attributes\":{\"x\":1}"));
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (from, to, place) in [
        ("\"id\":\"evt_1\",", "", "`/id`"),
        ("\"evt_1\"", "7", "`/id`"),
        ("\"evt_1\"", "\"\"", "`/id`"),
        ("\"evt_1\"", "\"evt 1\"", "`/id`"),
        ("\"evt_1\"", "\"evt_é\"", "`/id`"),
        ("\"evt_1\"", "\"api:charge:ch_1\"", "`/id`"),
        ("\"type\":\"charge.succeeded\",", "", "`/type`"),
        ("\"charge.succeeded\"", "null", "`/type`"),
        ("\"created\":1772323260,", "", "`/created`"),
        ("1772323260", "\"soon\"", "`/created`"),
        ("1772323260", "17723232601234567", "`/created`"),
        ("1772323260", "1772323260.5", "`/created`"),
        ("\"data\":", "\"date\":", "`/data`"),
    ] {
        let detail = refusal(&BODY.replace(from, to));
        assert!(detail.contains(place), "{from} → {to}: {detail}");
    }
    assert!(refusal(&BODY.replace("evt_1", &"e".repeat(256))).contains("`/id`"));
    assert!(accepted(&BODY.replace("evt_1", &"e".repeat(255))).is_ok());
}

#[test]
fn what_is_no_json_object_is_malformed() {
    for body in
        ["[]", "null", "\"text\"", "{", "{\"id\":\"evt_1\"", "not json", "{\"id\":\"evt_1\"} trailing"]
    {
        assert_eq!(refusal(body), "the body is not a JSON object", "{body}");
    }
    let bytes = b"{\"id\":\"\xff\"}";
    let error = message(VerifiedBody(bytes), Bytes::from_static(bytes)).unwrap_err();
    assert!(error.to_string().contains("UTF-8 from byte 7"), "{error}");
}

#[test]
fn nesting_at_the_limit_is_read_and_beyond_it_is_malformed() {
    let nested = |levels: usize| {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        BODY.replace("\"object\":\"charge\"}", &format!("\"object\":\"charge\",\"deep\":{deep}}}"))
    };
    // The envelope, `data` and the object are three levels themselves.
    assert!(accepted(&nested(DEPTH_MAX - 3)).is_ok());
    assert!(refusal(&nested(DEPTH_MAX - 2)).contains("deeper than 64"));
    assert!(refusal(&nested(200_000)).contains("deeper than 64"));
}

#[test]
fn a_provider_of_no_account_accepts_nothing() {
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let header = "t=1772323200,v1=0000000000000000000000000000000000000000000000000000000000000000";
    assert!(verify(&[], Some(header), &Bytes::from_static(b"{}"), now).is_err());
}

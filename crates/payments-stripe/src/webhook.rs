//! Webhooks: from untrusted bytes to a message.
//!
//! Nothing looks into the body before its signature is checked: only [`verify`] makes a [`VerifiedBody`], and only a
//! `VerifiedBody` becomes a message. The one exception is what we asked Stripe's API for ourselves, see [`listed`].
//!
//! # Source
//! <https://docs.stripe.com/webhooks/signature>

use bytes::Bytes;
use chrono::DateTime;
use connector::signature::verify_hmac_sha256;
use connector::{AcceptError, Message};
use ltv_core::{Origin, Provider, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use crate::model::{DEPTH_MAX, ID_BYTES_MAX, Node, is_id, is_shallow};
use crate::reader::READ_PREFIX;
use crate::substance::Substance;

/// The header that holds the time and the signatures.
pub const SIGNATURE_HEADER: &str = "stripe-signature";
/// How far the signed time may lie from ours, in either direction.
pub const TOLERANCE_SECONDS: i64 = 300;
/// How many signatures of one header are tried. Stripe sends one for each active secret.
const SIGNATURES_MAX: usize = 32;
/// The `object` word of an event that carries no snapshot.
pub(crate) const THIN_EVENT: &str = "v2.core.event";

/// A body whose signature was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VerifiedBody<'a>(&'a [u8]);

/// Checks the signature. Pure: secrets, header, bytes, now.
///
/// What is wrong is never told; and a header that says nothing usable costs as much time as one that is wrong.
pub(crate) fn verify<'a>(
    secrets: &[SecretString],
    header: Option<&str>,
    body: &'a [u8],
    now: Timestamp,
) -> Result<VerifiedBody<'a>, AcceptError> {
    let claim = Claim::parse(header.unwrap_or_default());
    let signed = [claim.time_text.as_bytes(), b".", body];
    let secrets = secrets.iter().map(|secret| secret.expose_secret().as_bytes());
    let genuine = verify_hmac_sha256(secrets, &signed, claim.signatures.iter().map(Vec::as_slice));
    let timely =
        claim.time.is_some_and(|time| now.timestamp().abs_diff(time) <= TOLERANCE_SECONDS.unsigned_abs());
    if genuine & timely & !body.is_empty() { Ok(VerifiedBody(body)) } else { Err(AcceptError::Unauthentic) }
}

/// What a signature header claims: `t=<seconds>,v1=<hex>[,v1=<hex>…]`, in any order. Other schemes are ignored; `v0` is
/// a decoy of test mode.
struct Claim<'a> {
    time: Option<i64>,
    time_text: &'a str,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Self {
        let pairs = || header.split(',').filter_map(|item| item.split_once('='));
        let mut times = pairs().filter(|(scheme, _)| *scheme == "t").map(|(_, value)| value);
        // Two times would leave open which of them is signed.
        let time_text = match (times.next(), times.next()) {
            (Some(text), None) => text,
            _ => "",
        };
        let digits = time_text.bytes().all(|byte| byte.is_ascii_digit());
        let time = if digits { time_text.parse().ok() } else { None };
        let signatures = pairs()
            .filter(|(scheme, _)| *scheme == "v1")
            .filter_map(|(_, value)| lower_hex(value))
            .take(SIGNATURES_MAX)
            .collect();
        Self { time, time_text, signatures }
    }
}

/// Stripe writes small letters; another spelling of a good signature is not a good signature.
fn lower_hex(text: &str) -> Option<Vec<u8>> {
    let small = text.bytes().all(|byte| !byte.is_ascii_uppercase());
    if small { hex::decode(text).ok() } else { None }
}

/// Reads the envelope.
pub(crate) fn message(VerifiedBody(body): VerifiedBody<'_>, payload: Bytes) -> Result<Message, AcceptError> {
    if !is_shallow(body) {
        return Err(malformed(format!("the body is nested deeper than {DEPTH_MAX} levels")));
    }
    match std::str::from_utf8(body) {
        Ok(text) => envelope(text, payload),
        Err(error) => Err(malformed(format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))),
    }
}

/// Reads the envelope of an event that Stripe's API listed: the same message as its webhook. It needs no signature, as
/// it was asked for over TLS; its depth was checked with the answer.
pub(crate) fn listed(raw: &RawValue) -> Result<Message, AcceptError> {
    envelope(raw.get(), Bytes::copy_from_slice(raw.get().as_bytes()))
}

fn envelope(text: &str, payload: Bytes) -> Result<Message, AcceptError> {
    let event =
        Node::parse(text, "").map_err(|_not_json| malformed("the body is not a JSON object".to_owned()))?;
    let source_id = token(&event, "id")?;
    if source_id.starts_with(READ_PREFIX) {
        return Err(malformed("`/id` looks like that of a read object".to_owned()));
    }
    let kind = token(&event, "type")?;
    let thin = event.text("object").as_deref() == Some(THIN_EVENT);
    let observed_at = created(&event)?;
    let substance = event_substance(&event, &kind, observed_at, thin)?;
    let account =
        event.text("account").or_else(|| event.text("context").filter(|id| thin && id.starts_with("acct_")));
    Ok(Message {
        provider: Provider::Stripe,
        origin: Origin::Webhook,
        source_id,
        kind,
        observed_at,
        livemode: event.boolean("livemode"),
        account: account.filter(|account| is_id(account)).map(|account| account.into_owned()),
        substance,
        payload,
    })
}

/// An id or a type.
fn token(event: &Node<'_>, name: &str) -> Result<String, AcceptError> {
    let text = event.need_text(name).map_err(|error| malformed(error.to_string()))?;
    if is_id(&text) {
        Ok(text.into_owned())
    } else {
        Err(malformed(format!("`/{name}` is empty, longer than {ID_BYTES_MAX} bytes or not visible ASCII")))
    }
}

/// Seconds, or RFC 3339 in a thin event.
fn created(event: &Node<'_>) -> Result<Timestamp, AcceptError> {
    let written = event.text("created").and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    match written.map(|time| time.to_utc()).or_else(|| event.instant("created")) {
        Some(time) => Ok(time),
        None if event.raw("created").is_none() => Err(malformed(event.absent("created").to_string())),
        None => Err(malformed("`/created` is neither a time in seconds nor one of RFC 3339".to_owned())),
    }
}

/// Type, time and data. Left out is the rest of the envelope: `pending_webhooks` changes from delivery to delivery.
fn event_substance(event: &Node<'_>, kind: &str, at: Timestamp, thin: bool) -> Result<[u8; 32], AcceptError> {
    let mut substance = Substance::of(kind);
    substance.text(&at.timestamp_micros().to_string());
    let data = event.node("data");
    let said = match &data {
        Some(data) => {
            substance.json(data.raw("object"), &[]) && substance.json(data.raw("previous_attributes"), &[])
        }
        None if thin => substance.json(event.raw("related_object"), &[]),
        None => return Err(malformed("`/data` is absent or not an object".to_owned())),
    };
    if said { Ok(substance.finish()) } else { Err(malformed("`/data` cannot be read as JSON".to_owned())) }
}

fn malformed(detail: String) -> AcceptError {
    AcceptError::Malformed { detail }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;

//! The suite itself, tried on flawed providers.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::DateTime;
use ltv_core::observation::Customer;
use ltv_core::{Body, ObjectKey, Observation, Provider};

use super::*;
use crate::signature::{hmac_sha256, verify_hmac_sha256};
use crate::{Cursor, Drift, ListName, ObjectRef, Observed, Page, ProviderError};

const SECRET: &[u8] = b"secret";
const NOW: i64 = 1_772_323_300;

/// What a provider may get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    ChecksNothing,
    IgnoresTime,
    TellsWhatIsWrong,
    HashesWholeBody,
    HashesNothing,
    ObservesImpurely,
    FailsOnUnknownKinds,
    AcceptsGarbage,
}

/// A provider whose bodies are `id|kind|data|volatile`, signed with the time in a header.
struct Fake {
    flaw: Flaw,
    calls: AtomicI64,
}

fn raw(body: &str) -> RawMessage {
    let time = NOW.to_string();
    let code = hex::encode(hmac_sha256(SECRET, &[time.as_bytes(), body.as_bytes()]));
    let headers = vec![("time".to_owned(), time), ("code".to_owned(), code)];
    RawMessage { headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

impl Fake {
    fn is_genuine(&self, raw: &RawMessage, now: Timestamp) -> bool {
        let time = raw.header("time").unwrap_or_default();
        let code = raw.header("code").and_then(|code| hex::decode(code).ok()).unwrap_or_default();
        let signed = verify_hmac_sha256([SECRET], &[time.as_bytes(), &raw.body], [&code[..]]);
        let age = now.timestamp() - time.parse().unwrap_or(0);
        let timely = self.flaw == Flaw::IgnoresTime || age.abs() <= 300;
        self.flaw == Flaw::ChecksNothing || (signed && timely)
    }
}

#[async_trait]
impl PaymentProvider for Fake {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn mapping_version(&self) -> i32 {
        1
    }

    async fn accept(&self, raw: &RawMessage, now: Timestamp) -> Result<Message, AcceptError> {
        if !self.is_genuine(raw, now) {
            return match self.flaw {
                Flaw::TellsWhatIsWrong => Err(AcceptError::Malformed { detail: "the signature".to_owned() }),
                _ => Err(AcceptError::Unauthentic),
            };
        }
        let text = String::from_utf8_lossy(&raw.body).into_owned();
        let parts: Vec<&str> = text.split('|').collect();
        let parts = match parts[..] {
            [id, kind, data, _volatile] => [id, kind, data],
            _ if self.flaw == Flaw::AcceptsGarbage => ["id", "kind", "data"],
            _ => return Err(AcceptError::Malformed { detail: "not four parts".to_owned() }),
        };
        let substance = match self.flaw {
            Flaw::HashesWholeBody => hmac_sha256(b"x", &[&raw.body]),
            Flaw::HashesNothing => [0; 32],
            _ => hmac_sha256(b"x", &[parts[1].as_bytes(), parts[2].as_bytes()]),
        };
        Ok(Message {
            provider: Provider::Stripe,
            origin: Origin::Webhook,
            source_id: parts[0].to_owned(),
            kind: parts[1].to_owned(),
            observed_at: at(NOW),
            livemode: None,
            account: None,
            substance,
            payload: raw.body.clone(),
        })
    }

    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError> {
        if message.kind != "known" {
            return match self.flaw {
                Flaw::FailsOnUnknownKinds => {
                    Err(ProviderError::Mapping { kind: message.kind.clone(), detail: "unknown".to_owned() })
                }
                _ => Ok(Observed {
                    observations: vec![],
                    drift: vec![Drift { what: "event type".to_owned() }],
                }),
            };
        }
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let created = if self.flaw == Flaw::ObservesImpurely { calls } else { 0 };
        let body =
            Customer { created_at: Some(at(created)), deleted: false, external_id: None, test_clock: false };
        let observation = Observation {
            object: ObjectKey::new(Provider::Stripe, "cus_1"),
            observed_at: message.observed_at,
            origin: message.origin,
            source_id: message.source_id.clone(),
            message: id,
            mapping_version: 1,
            body: Body::Customer(body),
        };
        Ok(Observed { observations: vec![observation], drift: vec![] })
    }

    fn needs(&self, _message: &Message) -> Vec<ObjectRef> {
        vec![]
    }

    async fn fetch(&self, _object: &ObjectRef) -> Result<Message, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }

    fn lists(&self) -> &'static [ListName] {
        &[]
    }

    fn announces_settlement(&self, _message: &Message) -> bool {
        false
    }

    async fn list_since(&self, _list: ListName, _cursor: &Cursor) -> Result<Page, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }

    fn sweeps(&self) -> bool {
        false
    }

    async fn events_since(&self, _since: Timestamp, _cursor: &Cursor) -> Result<Page, ProviderError> {
        Err(ProviderError::NoApiKey { provider: Provider::Stripe })
    }
}

/// Whether a provider with this flaw passes the suite.
async fn passes(flaw: Flaw) -> bool {
    let specimen = Specimen {
        now: at(NOW),
        genuine: raw("evt_1|known|data|1"),
        redelivered: raw("evt_1|known|data|2"),
        altered: raw("evt_1|known|other|1"),
        unknown_kind: raw("evt_1|unheard|data|1"),
        malformed: raw("garbage"),
        tolerance: Some(Duration::seconds(300)),
    };
    let fake = Arc::new(Fake { flaw, calls: AtomicI64::new(0) });
    tokio::spawn(suite(fake, specimen)).await.is_ok()
}

#[tokio::test]
async fn a_sound_provider_passes() {
    assert!(passes(Flaw::None).await);
}

#[tokio::test]
async fn every_flaw_is_found() {
    for flaw in [
        Flaw::ChecksNothing,
        Flaw::IgnoresTime,
        Flaw::TellsWhatIsWrong,
        Flaw::HashesWholeBody,
        Flaw::HashesNothing,
        Flaw::ObservesImpurely,
        Flaw::FailsOnUnknownKinds,
        Flaw::AcceptsGarbage,
    ] {
        assert!(!passes(flaw).await, "{flaw:?}");
    }
}

//! The outside of a message: made when it is asked for, so that it need not be kept.

use bytes::Bytes;

/// The version of the provider's API in which the bodies are written.
pub(crate) const API_VERSION: &str = "2026-07-29.dahlia";

/// What all messages of a story share.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Envelope {
    pub(crate) seed: u64,
    pub(crate) livemode: bool,
}

impl Envelope {
    /// The id of the message at this place.
    pub(crate) fn id(&self, place: usize) -> String {
        format!("evt_sim{:x}x{:07}", self.seed, place.saturating_add(1))
    }

    /// The place of the message with this id.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        let digits = id.strip_prefix(&format!("evt_sim{:x}x", self.seed))?;
        let place = digits.parse::<usize>().ok()?.checked_sub(1)?;
        (self.id(place) == id).then_some(place)
    }

    /// The whole body. `told` is the object, then what was different before, as JSON or nothing.
    pub(crate) fn close(
        &self,
        place: usize,
        created: i64,
        kind: &str,
        told: &[u8],
        object_length: usize,
    ) -> Bytes {
        let (object, previous) = told.split_at(told.len().min(object_length));
        let mut body = format!(
            r#"{{"id":"{}","object":"event","api_version":"{API_VERSION}","created":{created},"data":{{"object":"#,
            self.id(place)
        )
        .into_bytes();
        body.extend_from_slice(object);
        if !previous.is_empty() {
            body.extend_from_slice(br#","previous_attributes":"#);
            body.extend_from_slice(previous);
        }
        body.extend_from_slice(
            format!(
                r#"}},"livemode":{},"pending_webhooks":1,"request":{{"id":null,"idempotency_key":null}},"type":"{kind}"}}"#,
                self.livemode
            )
            .as_bytes(),
        );
        Bytes::from(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_place_and_another_does_not() {
        let envelope = Envelope { seed: 7, livemode: true };
        assert_eq!(envelope.place(&envelope.id(41)), Some(41));
        for id in ["evt_sim8x0000042", "evt_sim7x42", "evt_sim7x0000000", "evt_sim7x", "ch_1"] {
            assert_eq!(envelope.place(id), None, "{id}");
        }
    }

    #[test]
    fn what_was_different_before_is_told_only_where_something_was() {
        let envelope = Envelope { seed: 7, livemode: false };
        let text = |told: &str, length| {
            String::from_utf8(envelope.close(0, 5, "charge.updated", told.as_bytes(), length).to_vec())
                .unwrap()
        };
        assert!(
            text(r#"{"a":1}{"a":2}"#, 7)
                .contains(r#""data":{"object":{"a":1},"previous_attributes":{"a":2}},"livemode":false"#)
        );
        assert!(text(r#"{"a":1}"#, 7).contains(r#""data":{"object":{"a":1}},"livemode":false"#));
    }
}

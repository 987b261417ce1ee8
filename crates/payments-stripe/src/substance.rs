//! What a message says, as a digest: tells a repetition from a changed message of the same id.

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Links that Stripe signs anew at each rendering, and a time of delivery: they say nothing of the object.
const VOLATILE: &[&str] =
    &["hosted_invoice_url", "invoice_pdf", "pdf", "receipt_url", "webhooks_delivered_at"];

/// Collects what a message says.
pub(crate) struct Substance {
    bytes: Vec<u8>,
}

impl Substance {
    /// Starts with the type.
    pub(crate) fn of(kind: &str) -> Self {
        let mut substance = Self { bytes: Vec::with_capacity(4096) };
        substance.text(kind);
        substance
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, text: &str) {
        write_text(&mut self.bytes, text);
    }

    /// Adds a JSON value without the fields `except` at its top; `None` counts as null. False when it is not JSON.
    #[must_use]
    pub(crate) fn json(&mut self, raw: Option<&RawValue>, except: &[&str]) -> bool {
        let Ok(mut value) = serde_json::from_str::<Value>(raw.map_or("null", RawValue::get)) else {
            return false;
        };
        if let Value::Object(fields) = &mut value {
            fields.retain(|name, _| !VOLATILE.contains(&name.as_str()) && !except.contains(&name.as_str()));
        }
        write_value(&mut self.bytes, &value);
        true
    }

    /// The digest.
    pub(crate) fn finish(self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

/// Names are sorted here, whatever order the map keeps. Depth is bounded by the check before.
fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_value(out, item);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, field) in sorted {
                write_text(out, name);
                write_value(out, field);
                out.push(b',');
            }
            out.push(b'}');
        }
    }
}

/// A text goes with its length, so that no two sequences of texts give the same bytes.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(json: &str, except: &[&str]) -> [u8; 32] {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        let mut substance = Substance::of("charge");
        assert!(substance.json(Some(&raw), except));
        substance.finish()
    }

    #[test]
    fn order_of_names_spacing_and_escapes_say_nothing() {
        let one = digest(r#"{"a":{"x":1,"y":[1,2]},"b":"é"}"#, &[]);
        assert_eq!(one, digest("{ \"b\" : \"\\u00e9\",\n \"a\":{\"y\":[1, 2],\"x\":1}}", &[]));
    }

    #[test]
    fn order_of_items_values_and_types_say_something() {
        let one = digest(r#"{"a":[1,2]}"#, &[]);
        for other in [
            r#"{"a":[2,1]}"#,
            r#"{"a":[1,"2"]}"#,
            r#"{"a":[12]}"#,
            r#"{"b":[1,2]}"#,
            r#"{"a":[1,2],"b":null}"#,
        ] {
            assert_ne!(one, digest(other, &[]), "{other}");
        }
    }

    #[test]
    fn volatile_fields_at_the_top_say_nothing_and_deeper_ones_do() {
        let one = digest(r#"{"a":1,"receipt_url":"x","status":"pending"}"#, &["status"]);
        assert_eq!(one, digest(r#"{"a":1,"receipt_url":"y","status":"available"}"#, &["status"]));
        assert_ne!(
            digest(r#"{"a":{"status":1}}"#, &["status"]),
            digest(r#"{"a":{"status":2}}"#, &["status"])
        );
    }

    #[test]
    fn the_type_is_part_of_it() {
        assert_ne!(Substance::of("a").finish(), Substance::of("b").finish());
        let (mut left, mut right) = (Substance::of("a"), Substance::of("ab"));
        left.text("bc");
        right.text("c");
        assert_ne!(left.finish(), right.finish());
    }
}

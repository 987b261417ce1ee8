//! Stripe's JSON, read lazily: only the fields that are asked for are looked at.
//!
//! Numbers are read from their own text, so that no amount or rate ever is a float. Where a field may be missing, a
//! value of an unexpected type counts as missing: shapes differ between API versions. Amounts are the exception, see
//! [`crate::mapping`].

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use ltv_core::Timestamp;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::MappingError;

/// The deepest nesting that is read.
pub(crate) const DEPTH_MAX: usize = 64;
/// The longest id that is read, in bytes.
pub(crate) const ID_BYTES_MAX: usize = 255;

/// A JSON object and where it stands in its message.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    pointer: String,
}

impl<'a> Node<'a> {
    /// Reads the JSON object `text`, which stands at `pointer`.
    pub(crate) fn parse(text: &'a str, pointer: impl Into<String>) -> Result<Self, MappingError> {
        let pointer = pointer.into();
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(Fields(fields)) => Ok(Self { fields, pointer }),
            Err(_) => Err(MappingError::NotAnObject { pointer }),
        }
    }

    /// The JSON pointer of a field.
    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// A field as it was written; `None` when absent or null. Of a name that stands twice the last counts.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.fields.iter().rev().find(|(key, _)| key == name)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(text_of)
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.raw(name).and_then(parsed)
    }

    /// True or false.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.raw(name).and_then(parsed)
    }

    /// An instant in seconds.
    pub(crate) fn instant(&self, name: &str) -> Option<Timestamp> {
        self.integer(name).and_then(|seconds| DateTime::from_timestamp(seconds, 0))
    }

    /// A number or text, as it was written.
    pub(crate) fn decimal_text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        match text_of(raw) {
            Some(text) => Some(text.into_owned()),
            None => parsed::<serde_json::Number>(raw).map(|_| raw.get().to_owned()),
        }
    }

    /// An object.
    pub(crate) fn node(&self, name: &str) -> Option<Node<'a>> {
        Node::parse(self.raw(name)?.get(), self.pointer(name)).ok()
    }

    /// The objects of an array, or of a list with `data`; `None` when there is neither.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<Node<'a>>> {
        let raw = self.raw(name)?;
        let (items, pointer) = match parsed::<Vec<&'a RawValue>>(raw) {
            Some(items) => (items, self.pointer(name)),
            None => {
                let list = self.node(name)?;
                (list.raw("data").and_then(parsed)?, list.pointer("data"))
            }
        };
        let nodes = items.iter().enumerate();
        Some(nodes.filter_map(|(at, item)| Node::parse(item.get(), format!("{pointer}/{at}")).ok()).collect())
    }

    /// The elements of an array as they were written.
    pub(crate) fn raw_items(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.raw(name).and_then(parsed)
    }

    /// The object as text, with a field replaced by `json`; a field that was absent is added.
    pub(crate) fn with(&self, name: &str, json: &str) -> String {
        let others = self.fields.iter().filter(|(key, _)| key != name);
        let others = others.map(|(key, raw)| (key.as_ref(), raw.get()));
        let fields: Vec<String> = others
            .chain([(name, json)])
            .map(|(key, json)| format!("{}:{json}", serde_json::Value::from(key)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    /// The id of another object, given as such or as the whole object.
    pub(crate) fn reference(&self, name: &str) -> Option<Cow<'a, str>> {
        let id = self.text(name).or_else(|| self.node(name)?.text("id"))?;
        is_id(&id).then_some(id)
    }

    /// This object's own id.
    pub(crate) fn need_id(&self) -> Result<Cow<'a, str>, MappingError> {
        let id = self.need_text("id")?;
        if is_id(&id) { Ok(id) } else { Err(self.wrong_type("id", "an id")) }
    }

    /// The id of another object, without which this one means nothing.
    pub(crate) fn need_reference(&self, name: &str) -> Result<Cow<'a, str>, MappingError> {
        match self.reference(name) {
            Some(id) => Ok(id),
            None if self.raw(name).is_none() => Err(self.absent(name)),
            None => Err(self.wrong_type(name, "an id or an object with one")),
        }
    }

    /// A text that is needed.
    pub(crate) fn need_text(&self, name: &str) -> Result<Cow<'a, str>, MappingError> {
        let raw = self.raw(name).ok_or_else(|| self.absent(name))?;
        text_of(raw).ok_or_else(|| self.wrong_type(name, "a text"))
    }

    /// A whole number that is needed.
    pub(crate) fn need_integer(&self, name: &str) -> Result<i64, MappingError> {
        let raw = self.raw(name).ok_or_else(|| self.absent(name))?;
        parsed(raw).ok_or_else(|| self.wrong_type(name, "a whole number of 64 bits"))
    }

    /// A whole number that may be absent, but must not be anything else.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<Option<i64>, MappingError> {
        self.raw(name).map(|_| self.need_integer(name)).transpose()
    }

    /// True or false, needed.
    pub(crate) fn need_boolean(&self, name: &str) -> Result<bool, MappingError> {
        let raw = self.raw(name).ok_or_else(|| self.absent(name))?;
        parsed(raw).ok_or_else(|| self.wrong_type(name, "true or false"))
    }

    /// An instant that is needed.
    pub(crate) fn need_instant(&self, name: &str) -> Result<Timestamp, MappingError> {
        let seconds = self.need_integer(name)?;
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| self.wrong_type(name, "a time in seconds"))
    }

    /// An object that is needed.
    pub(crate) fn need_node(&self, name: &str) -> Result<Node<'a>, MappingError> {
        let raw = self.raw(name).ok_or_else(|| self.absent(name))?;
        Node::parse(raw.get(), self.pointer(name))
    }

    pub(crate) fn absent(&self, name: &str) -> MappingError {
        MappingError::Absent { pointer: self.pointer(name) }
    }

    pub(crate) fn wrong_type(&self, name: &str, wanted: &'static str) -> MappingError {
        MappingError::WrongType { pointer: self.pointer(name), wanted }
    }
}

/// Whether a text can be an id: short, visible ASCII.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether no value lies deeper than [`DEPTH_MAX`]. Looks at brackets outside of texts only; says nothing on whether
/// the text is JSON.
pub(crate) fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return false;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

fn parsed<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// Borrows the text where it has no escapes.
fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { parsed::<String>(raw).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some((Key(key), raw)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    fields.push((key, raw));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

/// A name, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(KeyVisitor).map(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name_and_the_last_of_two_counts() {
        let node = Node::parse(r#"{"a":1,"b":"x","a":2,"n":null,"e\u0073c":true}"#, "/data").unwrap();
        assert_eq!(node.integer("a"), Some(2));
        assert_eq!(node.text("b").as_deref(), Some("x"));
        assert_eq!(node.boolean("esc"), Some(true));
        assert!(node.raw("n").is_none() && node.raw("absent").is_none());
    }

    #[test]
    fn a_number_keeps_its_own_text() {
        let text = r#"{"rate":1.10000000000000000000001,"same":"0.5","not":true}"#;
        let node = Node::parse(text, "").unwrap();
        assert_eq!(node.decimal_text("rate").as_deref(), Some("1.10000000000000000000001"));
        assert_eq!(node.decimal_text("same").as_deref(), Some("0.5"));
        assert_eq!(node.decimal_text("not"), None);
    }

    #[test]
    fn an_amount_with_a_fraction_or_an_exponent_is_no_whole_number() {
        let node = Node::parse(r#"{"a":1.0,"b":1e3,"c":9223372036854775808,"d":-5,"e":"5"}"#, "").unwrap();
        for name in ["a", "b", "c", "e"] {
            assert!(matches!(node.need_integer(name), Err(MappingError::WrongType { .. })), "{name}");
        }
        assert_eq!(node.need_integer("d"), Ok(-5));
    }

    #[test]
    fn errors_name_the_place() {
        let node = Node::parse(r#"{"in":{"x":1}}"#, "/data/object").unwrap();
        let error = node.need_node("in").unwrap().need_text("y").unwrap_err();
        assert_eq!(error.to_string(), "`/data/object/in/y` is absent or null, but needed");
        assert!(matches!(node.need_text("in"), Err(MappingError::WrongType { .. })));
    }

    #[test]
    fn a_reference_is_an_id_or_an_object_with_one() {
        let node =
            Node::parse(r#"{"a":"cus_1","b":{"id":"cus_2"},"c":{"no":1},"d":"with space","e":""}"#, "")
                .unwrap();
        assert_eq!(node.reference("a").as_deref(), Some("cus_1"));
        assert_eq!(node.reference("b").as_deref(), Some("cus_2"));
        for name in ["c", "d", "e", "f"] {
            assert_eq!(node.reference(name), None, "{name}");
        }
    }

    #[test]
    fn lists_are_arrays_or_objects_with_data() {
        let node = Node::parse(r#"{"a":[{"x":1},2],"b":{"data":[{"x":3}]},"c":{},"d":5}"#, "").unwrap();
        let first =
            |name: &str| node.list(name).and_then(|list| list.first().and_then(|item| item.integer("x")));
        assert_eq!((first("a"), first("b")), (Some(1), Some(3)));
        assert!(node.list("c").is_none() && node.list("d").is_none());
    }

    #[test]
    fn depth_is_counted_outside_of_texts_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_shallow(nested(DEPTH_MAX).as_bytes()));
        assert!(!is_shallow(nested(DEPTH_MAX + 1).as_bytes()));
        let in_text = format!(r#"{{"a":"\"{}","b":"\\"}}"#, "[".repeat(100));
        assert!(is_shallow(in_text.as_bytes()));
        let after_text = format!(r#"{{"a":"\\",{}"#, "[".repeat(100));
        assert!(!is_shallow(after_text.as_bytes()));
    }
}

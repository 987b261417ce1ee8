//! Small words for writing schemas.

use serde_json::{Map, Value, json};

/// A field: its name, its schema, and whether it may be missing.
pub(super) type Field = (&'static str, Value, bool);

/// A field that is always there.
pub(super) fn has(name: &'static str, schema: Value) -> Field {
    (name, schema, false)
}

/// A field that may be missing.
pub(super) fn may_have(name: &'static str, schema: Value) -> Field {
    (name, schema, true)
}

/// An object with these fields and no others.
pub(super) fn object(says: &str, fields: Vec<Field>) -> Value {
    let required: Vec<_> =
        fields.iter().filter(|(_, _, missing)| !missing).map(|(name, _, _)| *name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema, _)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object", "description": says, "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

/// A text.
pub(super) fn text(says: &str) -> Value {
    json!({"type": "string", "description": says})
}

/// A text like this one.
pub(super) fn text_like(says: &str, example: &str) -> Value {
    json!({"type": "string", "description": says, "examples": [example]})
}

/// One of these words.
pub(super) fn word(says: &str, words: &[&str]) -> Value {
    json!({"type": "string", "description": says, "enum": words})
}

/// An instant.
pub(super) fn time(says: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": says, "examples": ["2026-11-23T12:00:00Z"]})
}

/// A count.
pub(super) fn count(says: &str) -> Value {
    json!({"type": "integer", "description": says, "minimum": 0})
}

/// A whole number of any sign.
pub(super) fn integer(says: &str) -> Value {
    json!({"type": "integer", "description": says})
}

/// True or false.
pub(super) fn flag(says: &str) -> Value {
    json!({"type": "boolean", "description": says})
}

/// A share as a decimal text.
pub(super) fn share(says: &str) -> Value {
    json!({"type": ["string", "null"], "description": says, "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": ["0.8750"]})
}

/// Many of one.
pub(super) fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

/// What another schema says.
pub(super) fn other(name: &str) -> Value {
    super::reference(name)
}

/// What may be null.
pub(super) fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// An amount with its currency.
pub(super) fn money() -> Value {
    other("Money")
}

/// From where an answer looked.
pub(super) fn viewed() -> Vec<Field> {
    vec![
        has("currency", text_like("The currency of all amounts.", "GBP")),
        has("asOf", time("What was true then.")),
        has("knownAt", time("As far as was known then.")),
        has("policy", text_like("The rules of counting.", "default")),
        has("timeZone", text_like("Where periods begin.", "Europe/London")),
    ]
}

/// The ends of a page.
pub(super) fn page(of: &str) -> Vec<Field> {
    vec![
        has("data", list(other(of))),
        has("nextCursor", nullable(text("Pass it as `cursor` for the next page."))),
        has("hasMore", flag("Whether there is a next page.")),
    ]
}

/// Several groups of fields as one.
pub(super) fn fields(groups: Vec<Vec<Field>>) -> Vec<Field> {
    groups.into_iter().flatten().collect()
}

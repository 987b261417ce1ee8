//! Parameters that several operations share.

use serde_json::{Value, json};

/// Names of what every figure takes.
pub(super) const VIEW: [&str; 5] = ["asOf", "knownAt", "currency", "policy", "timeZone"];

/// All of them, by name.
pub(super) fn shared() -> Value {
    let time = json!({"type": "string", "format": "date-time"});
    json!({
        "asOf": query("asOf", &time, "Show what was true at this time; default: all.", &json!("2026-11-23T12:00:00Z")),
        "knownAt": query("knownAt", &time, "Show what was known at this time; default: all.", &json!("2026-11-23T12:00:00Z")),
        "currency": query("currency", &json!({"type": "string", "pattern": "^[A-Za-z]{3}$"}), "In which currency, by its ISO 4217 code; default: the only one there is, else the configured one.", &json!("GBP")),
        "policy": query("policy", &json!({"type": "string", "enum": ["default", "stripe", "chartmogul"]}), "By which rules MRR is counted; default: `default`.", &json!("default")),
        "timeZone": query("timeZone", &json!({"type": "string"}), "In which zone periods begin, by IANA name.", &json!("Europe/London")),
        "from": query("from", &time, "At or after this time.", &json!("2026-01-01T00:00:00Z")),
        "to": query("to", &time, "Before this time.", &json!("2027-01-01T00:00:00Z")),
        "interval": query("interval", &json!({"type": "string", "enum": ["day", "week", "month", "quarter", "year"]}), "The length of a period.", &json!("month")),
        "limit": query("limit", &json!({"type": "integer", "minimum": 1, "maximum": 500}), "At most so many rows; default: 50.", &json!(50)),
        "cursor": query("cursor", &json!({"type": "string"}), "`nextCursor` of the page before.", &Value::Null),
        "supplier": query("supplier", &json!({"type": "string", "pattern": "^sup_[0-9a-f]{32}$"}), "Of this supplier alone.", &Value::Null),
        "format": query("format", &json!({"type": "string", "enum": ["json", "csv", "ndjson"]}), "How the list is written; overrules `Accept`, for links.", &json!("json")),
        "idempotencyKey": header("Idempotency-Key", "Repeated under the same key, the request has one effect and gets the first answer again, for seven days.", &json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"})),
        "ifNoneMatch": header("If-None-Match", "The `ETag` that you have.", &json!({"type": "string"})),
        "ifMatch": header("If-Match", "The version that you change, such as `\"3\"`.", &json!({"type": "string"})),
    })
}

/// One of the shared ones.
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// Several of the shared ones.
pub(super) fn several(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| named(name)).collect()
}

/// A query parameter. An example that is null is none.
pub(super) fn query(name: &str, schema: &Value, says: &str, example: &Value) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "schema": schema, "description": says});
    if !example.is_null() {
        super::set(&mut parameter, "example", example.clone());
    }
    parameter
}

/// A query parameter that must be there.
pub(super) fn needed(name: &str, schema: &Value, says: &str, example: &Value) -> Value {
    let mut parameter = query(name, schema, says, example);
    super::set(&mut parameter, "required", json!(true));
    parameter
}

fn header(name: &str, says: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "header", "schema": schema, "description": says})
}

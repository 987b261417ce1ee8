//! Answers against the API's own description.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use actix_web::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(http_api::openapi_document);
static VALIDATORS: Mutex<BTreeMap<String, Validator>> = Mutex::new(BTreeMap::new());

/// The operation of a request; `None`: the description does not speak of it.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let name = if *method == Method::HEAD { "get" } else { &method.as_str().to_ascii_lowercase() };
    let mut fits: Vec<_> = paths.iter().filter(|(pattern, _)| matches(pattern, path)).collect();
    // A fixed path goes before one with names.
    fits.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    fits.into_iter().find_map(|(_, methods)| methods.get(name))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// Panics where an answer is not as described: its status, its type, its body.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else { return };
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    assert!(!response.is_null(), "{method} {path}: {status} is not described; {}", answer.body);
    if *method == Method::HEAD || answer.body.is_empty() {
        return;
    }
    let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
    let content = if response["$ref"].is_string() {
        &DOCUMENT["components"]["responses"]["Problem"]["content"]
    } else {
        &response["content"]
    };
    let schema = &content[media_type]["schema"];
    assert!(!schema.is_null(), "{method} {path}: {status} as `{media_type}` is not described");
    if media_type.ends_with("json") && media_type != "application/x-ndjson" {
        valid(schema, &answer.json(), &format!("{method} {path} {status}"));
    }
}

/// Panics where a value is not as a schema says.
pub fn valid(schema: &Value, value: &Value, what: &str) {
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(schema.to_string()).or_insert_with(|| {
        let mut whole = schema.clone();
        whole["components"] = DOCUMENT["components"].clone();
        jsonschema::validator_for(&whole).unwrap()
    });
    let errors: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?} in {value}");
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let current = format!("{}\n", serde_json::to_string_pretty(&*DOCUMENT).unwrap());
    if std::env::var_os("LTV_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == current,
        "docs/openapi.json is old: LTV_WRITE_OPENAPI=1 cargo test -p http-api --test http committed"
    );
}

#[test]
fn an_answer_that_is_not_as_described_is_found() {
    let schema = json!({"$ref": "#/components/schemas/Money"});
    valid(&schema, &json!({"amount": "1.00", "currency": "GBP"}), "money");
    for wrong in [
        json!({"amount": 1.0, "currency": "GBP"}),
        json!({"amount": "1.00"}),
        json!({"amount": "1.00", "currency": "GBP", "x": 1}),
    ] {
        assert!(std::panic::catch_unwind(|| valid(&schema, &wrong, "money")).is_err(), "{wrong}");
    }
}

#[test]
fn a_fixed_path_goes_before_one_with_names() {
    let id = |method: Method, path: &str| operation(&method, path).map(|found| found["operationId"].clone());
    assert_eq!(id(Method::POST, "/api/dead-letters/retry"), Some(json!("deadLetterRetryMany")));
    assert_eq!(id(Method::GET, "/api/dead-letters/7"), Some(json!("deadLetterRead")));
    assert_eq!(id(Method::GET, "/dashboard/mrr"), None);
}

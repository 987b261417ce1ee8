//! The examples of the API's description, sent as they stand, save for ids that are made at random.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use pipeline::access::Role;
use serde_json::{Value, json};

use crate::contract;
use crate::support::{Bench, with_key};

/// Ids that the examples' own cannot name.
struct Ids {
    job: String,
    key: String,
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(pointer) => document.pointer(pointer.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The request of an operation's examples, and its body.
fn request(document: &Value, path: &str, operation: &Value, ids: &Ids) -> (String, Option<Value>) {
    let mut path = path.to_owned();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in operation["parameters"].as_array().unwrap() {
        let parameter = resolve(document, parameter);
        let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
        if example.is_null() {
            continue;
        }
        contract::valid(&parameter["schema"], example, name);
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &text),
            "query" => {
                query.append_pair(name, &text);
            }
            _ => {}
        }
    }
    let path = path.replace("job_example", &ids.job).replace("key_example", &ids.key);
    let media = &operation["requestBody"]["content"]["application/json"];
    let body = media.get("examples").map(|examples| examples["example"]["value"].clone());
    if let Some(body) = &body {
        contract::valid(&media["schema"], body, &path);
    }
    let query = query.finish();
    (if query.is_empty() { path } else { format!("{path}?{query}") }, body)
}

/// The roles that an operation's permission is given to; enough for one key.
fn role_for(operation: &Value) -> Option<Role> {
    let permission = operation["x-permission"].as_str()?.parse().unwrap();
    Role::ALL.iter().copied().find(|role| role.may(permission))
}

async fn ids(bench: &Bench) -> Ids {
    let operator = bench.key(&[Role::Operator]).await;
    let body = json!({"syncType": "incremental"});
    let sync = bench.tell(&operator, Method::POST, "/api/integrations/payments/sync", &body).await;
    assert_eq!(sync.status.as_u16(), 202, "{}", sync.body);
    let security = bench.key(&[Role::Security]).await;
    let body = json!({"label": "x", "roles": ["viewer"]});
    let key = bench.tell(&security, Method::POST, "/api/keys", &body).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Ids { job: text(&sync.json()["syncId"]), key: text(&key.json()["id"]) }
}

/// What must come after what: a discard is proposed before it is approved, an integration is stopped last.
fn turn(id: &str) -> u8 {
    match id {
        "deadLetterDiscard" => 1,
        "deadLetterDiscardApprove" => 2,
        "deadLetterRetry" | "deadLetterRetryMany" => 3,
        "keyRotate" | "jobCancel" | "integrationPut" => 4,
        "keyRevoke" | "integrationDelete" => 5,
        _ => 0,
    }
}

/// Examples that the world outside must make true: what a provider signed, whose key signs in, what was found dead before.
fn expected(id: &str) -> &'static [u16] {
    match id {
        "sessionStart" => &[401],
        "telemetryRead" => &[404],
        "deadLetterRetry" => &[202, 409],
        _ => &[200, 201, 202, 204],
    }
}

#[actix_web::test]
async fn every_example_is_answered_as_described() {
    let bench = Bench::with_data().await;
    let ids = ids(&bench).await;
    let document = http_api::openapi_document();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((path.as_str(), method.to_ascii_uppercase(), operation));
        }
    }
    all.sort_by_key(|(_, _, operation)| turn(operation["operationId"].as_str().unwrap()));
    assert!(all.len() > 35, "{}", all.len());
    for (path, method, operation) in all {
        let id = operation["operationId"].as_str().unwrap();
        let (target, body) = request(&document, path, operation, &ids);
        let method: Method = method.parse().unwrap();
        let mut request = match role_for(operation) {
            Some(role) => with_key(&bench.key(&[role]).await, method, &target),
            None => TestRequest::with_uri(&target).method(method).insert_header(("stripe-signature", "good")),
        };
        if let Some(body) = body {
            request = request.set_json(body);
        }
        let answer = bench.send(request).await;
        assert!(
            expected(id).contains(&answer.status.as_u16()),
            "{id} {target}: {} {}",
            answer.status,
            answer.body
        );
    }
}

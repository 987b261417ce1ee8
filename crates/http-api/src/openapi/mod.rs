//! The description of the API as an OpenAPI 3.1 document, made from the table of routes: what is not in the table is not
//! described, and what is in it must be.

mod operations;
pub(crate) mod page;
mod parameters;
mod schema;
mod schemas;
mod schemas_business;
mod schemas_integrations;
mod schemas_operations;
mod schemas_suppliers;

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use self::operations::Operation;
use crate::auth::Access;
use crate::problem::Kind;
use crate::route_table::{RouteInfo, route_infos};

/// Where the service's own description ends: pages and their files are no part of the API.
const NOT_THE_API: [&str; 4] = ["/dashboard", "/assets", "/sign-out", "/session/"];

/// The description of the API as an OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in described() {
        let Some(operation) = operations::of(route.name) else { continue };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        set(path, &route.method.as_str().to_ascii_lowercase(), describe(&route, operation));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "WedSync LTV",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document was read."}],
        "tags": operations::TAGS.iter().map(|(name, text)| json!({"name": name, "description": text})).collect::<Vec<_>>(),
        "security": [{"key": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "parameters": parameters::shared(),
            "responses": {"Problem": problem("What went wrong, as RFC 9457 says.")},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "ltv_…", "description": "An API key."},
                "session": {"type": "apiKey", "in": "cookie", "name": "ltv_session", "description": "Whoever signed in to the dashboard."},
                "signature": {"type": "apiKey", "in": "header", "name": "Stripe-Signature", "description": "The provider signs the raw body."},
            },
        },
    })
}

const DESCRIPTION: &str = "Lifetime value of suppliers from what payment providers say. Money is a decimal string beside \
    its currency. Times are RFC 3339; `from` is included, `to` is not. Every figure takes and repeats `asOf`, `knownAt`, \
    `currency`, `policy` and `timeZone`: asked again with these, it is the same for ever. Lists come as JSON, CSV or lines \
    of JSON. A `GET` takes `If-None-Match`; `HEAD` is answered wherever `GET` is.";

/// The routes that the document describes.
pub(crate) fn described() -> Vec<RouteInfo> {
    let mut routes = route_infos();
    routes.retain(|route| {
        let is_page = matches!(route.access, Access::Page(_)) || route.path == "/api/docs";
        !is_page && !NOT_THE_API.iter().any(|start| route.path.starts_with(start))
    });
    routes
}

fn describe(route: &RouteInfo, operation: Operation) -> Value {
    let mut parameters = path_parameters(route.path, &operation);
    parameters.extend(operation.parameters.iter().cloned());
    if operation.table {
        parameters.push(parameters::named("format"));
    }
    if route.takes_idempotency_key {
        parameters.push(parameters::named("idempotencyKey"));
    }
    if is_tagged(route) {
        parameters.push(parameters::named("ifNoneMatch"));
    }
    let mut description = json!({
        "operationId": operation_id(route.name),
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses(route, &operation),
        "security": security(route.access),
    });
    if let Some(permission) = route.access.permission() {
        let detail = format!("{} Needs the permission `{permission}`.", operation.detail);
        set(&mut description, "description", json!(detail.trim()));
        set(&mut description, "x-permission", json!(permission.as_str()));
    } else if !operation.detail.is_empty() {
        set(&mut description, "description", json!(operation.detail));
    }
    if let Some(body) = operation.body {
        let schema = reference(body.schema);
        let example = json!({"example": {"value": body.example}});
        let mut content = json!({"application/json": {"schema": schema, "examples": example}});
        if operation.form {
            set(&mut content, "application/x-www-form-urlencoded", json!({"schema": schema}));
        }
        let body = json!({"required": body.required, "content": content});
        set(&mut description, "requestBody", body);
    }
    description
}

/// Sets a member of an object.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Whether an answer has an `ETag` that may be sent back.
fn is_tagged(route: &RouteInfo) -> bool {
    route.method == Method::GET && matches!(route.access, Access::Needs(_))
}

/// `supplier.ltv` as `supplierLtv`.
fn operation_id(name: &str) -> String {
    let mut id = String::new();
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '.' | '_' => upper = true,
            letter if upper => {
                id.push(letter.to_ascii_uppercase());
                upper = false;
            }
            letter => id.push(letter),
        }
    }
    id
}

fn path_parameters(path: &str, operation: &Operation) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            json!({
                "name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1},
                "description": operation.path_says, "example": operation.path_example,
            })
        })
        .collect()
}

fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Signature => json!([{"signature": []}]),
        Access::Needs(_) | Access::Page(_) | Access::Telemetry => json!([{"key": []}, {"session": []}]),
    }
}

fn responses(route: &RouteInfo, operation: &Operation) -> Value {
    let mut all = Map::new();
    for answer in &operation.answers {
        let mut response = json!({"description": answer.says, "headers": headers(route)});
        if let Some(schema) = answer.schema {
            let mut content = json!({answer.media_type: {"schema": reference(schema)}});
            if operation.table {
                set(&mut content, "text/csv", json!({"schema": {"type": "string"}}));
                set(&mut content, "application/x-ndjson", json!({"schema": {"type": "string"}}));
            }
            set(&mut response, "content", content);
        } else if answer.media_type != "application/json" {
            set(&mut response, "content", json!({answer.media_type: {"schema": {"type": "string"}}}));
        }
        all.insert(answer.status.to_string(), response);
    }
    if is_tagged(route) {
        all.insert("304".to_owned(), json!({"description": "You have it already: see `If-None-Match`."}));
    }
    for status in problem_statuses(route, operation) {
        let mut refusal = problem(&titles(status));
        if operation.form
            && let Some(content) = refusal.get_mut("content")
        {
            set(content, "text/html", json!({"schema": {"type": "string"}}));
        }
        all.insert(status.to_string(), refusal);
    }
    Value::Object(all)
}

fn headers(route: &RouteInfo) -> Value {
    let text = |says: &str| json!({"description": says, "schema": {"type": "string"}});
    let mut headers = json!({"X-Request-Id": text("The request's id, yours where you sent one.")});
    if is_tagged(route) {
        set(&mut headers, "ETag", text("Send it back as `If-None-Match`."));
    }
    if route.access.permission().is_some() {
        set(&mut headers, "RateLimit", text("What is left, and in how many seconds all is back."));
        set(&mut headers, "RateLimit-Policy", text("How many requests a minute there may be."));
    }
    if route.takes_idempotency_key {
        set(&mut headers, "Idempotent-Replayed", text("`true` where this is the first answer again."));
    }
    headers
}

/// Every status that a refusal or failure of this route may have.
fn problem_statuses(route: &RouteInfo, operation: &Operation) -> BTreeSet<u16> {
    let mut all = BTreeSet::from([431, 500]);
    match route.access {
        Access::Needs(_) | Access::Page(_) | Access::Telemetry => all.extend([400, 401, 403, 429, 503]),
        Access::Signature => all.extend([400, 401, 408, 413, 415, 429, 503]),
        Access::Public => {}
    }
    if route.path.contains('{') {
        all.insert(404);
    }
    if operation.table {
        all.insert(406);
    }
    if operation.body.is_some() {
        all.extend([400, 408, 413, 415, 422]);
    }
    if route.takes_idempotency_key {
        all.extend([400, 408, 409, 413, 422]);
    }
    all.extend(operation.refusals.iter().copied());
    all
}

/// What the kinds of problems of a status are called.
fn titles(status: u16) -> String {
    let kinds = Kind::ALL.iter().filter(|kind| kind.status().as_u16() == status);
    let titles: Vec<_> = kinds.map(|kind| format!("`{}`: {}", kind.code(), kind.title())).collect();
    format!("{}.", titles.join("; "))
}

fn problem(says: &str) -> Value {
    json!({"description": says, "content": {"application/problem+json": {"schema": reference("Problem")}}})
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let names: BTreeSet<_> = described().into_iter().map(|route| route.name).collect();
        for name in &names {
            assert!(operations::of(name).is_some(), "{name} has no description");
        }
        assert_eq!(names.len(), described().len(), "each route has a name of its own");
        for name in operations::NAMES {
            assert!(names.contains(name), "{name} is no route");
        }
        assert_eq!(names.len(), operations::NAMES.len());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let mut seen = 0;
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn the_supplier_of_the_examples_is_that_of_the_example_party() {
        let party: ltv_core::Party = "stripe:cus_example".parse().unwrap();
        assert_eq!(operations::SUPPLIER, ltv_core::SupplierId::of(&party).as_str());
    }

    #[test]
    fn names_become_ids_in_one_word() {
        assert_eq!(operation_id("supplier.ltv"), "supplierLtv");
        assert_eq!(operation_id("dead_letter.retry_many"), "deadLetterRetryMany");
    }

    #[test]
    fn a_route_answers_for_its_limits_its_permission_and_its_body() {
        let document = document();
        let responses = &document["paths"]["/api/integrations/payments/config"]["put"]["responses"];
        for status in
            ["200", "201", "400", "401", "403", "408", "409", "412", "413", "415", "422", "429", "503"]
        {
            assert!(responses.get(status).is_some(), "{status}");
        }
        assert!(responses.get("406").is_none());
        assert_eq!(document["paths"]["/health/live"]["get"]["security"], json!([]));
    }
}

//! The document as a page for people, without a script.

use askama::Template;
use serde_json::Value;

use crate::problem::{Kind, Problem};
use crate::routes::assets;

/// The page.
#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage {
    style: &'static str,
    version: String,
    description: String,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

struct Group {
    name: String,
    says: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<Parameter>,
    example: String,
    answers: Vec<Answer>,
}

struct Parameter {
    name: String,
    place: String,
    says: String,
    example: String,
}

struct Answer {
    status: String,
    says: String,
    schema: String,
}

struct Schema {
    name: String,
    says: String,
    text: String,
}

/// Writes the page of a document.
pub(crate) fn write(document: &Value) -> Result<String, Problem> {
    let page = ReferencePage {
        style: assets::style_address(),
        version: text(at(document, "/info"), "version"),
        description: text(at(document, "/info"), "description"),
        groups: groups(document),
        schemas: schemas(document),
    };
    page.render().map_err(|error| {
        tracing::error!(error = %error, "Could not write the page of the API");
        Problem::new(Kind::Internal, "The page could not be written.")
    })
}

/// What a pointer leads to; null where it leads nowhere.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn groups(document: &Value) -> Vec<Group> {
    let tags = at(document, "/tags").as_array().map(Vec::as_slice).unwrap_or_default();
    let group = |tag: &Value| Group {
        name: text(tag, "name"),
        says: text(tag, "description"),
        operations: operations(document, &text(tag, "name")),
    };
    tags.iter().map(group).collect()
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in at(document, "/paths").as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if *at(operation, "/tags/0") == *tag {
                all.push(describe(document, path, method, operation));
            }
        }
    }
    all
}

fn describe(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let listed = at(operation, "/parameters").as_array().map(Vec::as_slice).unwrap_or_default();
    let resolved: Vec<&Value> = listed.iter().map(|parameter| resolve(document, parameter)).collect();
    let method = method.to_ascii_uppercase();
    Operation {
        id: text(operation, "operationId"),
        example: example(path, &method, &resolved, operation),
        method,
        path: path.to_owned(),
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        parameters: resolved.iter().map(|parameter| parameter_of(parameter)).collect(),
        answers: at(operation, "/responses").as_object().into_iter().flatten().map(answer_of).collect(),
    }
}

/// What a reference leads to; anything else is itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn parameter_of(parameter: &Value) -> Parameter {
    Parameter {
        name: text(parameter, "name"),
        place: text(parameter, "in"),
        says: text(parameter, "description"),
        example: text(parameter, "example"),
    }
}

fn answer_of((status, answer): (&String, &Value)) -> Answer {
    let content = at(answer, "/content").as_object().and_then(|content| content.values().next());
    let schema = content.map(|content| text(at(content, "/schema"), "$ref")).unwrap_or_default();
    Answer {
        status: status.clone(),
        says: text(answer, "description"),
        schema: schema.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// A request that a shell can send.
fn example(path: &str, method: &str, parameters: &[&Value], operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in parameters {
        let (name, example) = (text(parameter, "name"), text(parameter, "example"));
        match at(parameter, "/in").as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            Some("query") if *at(parameter, "/required") == true => {
                query.append_pair(&name, &example);
            }
            _ => {}
        }
    }
    let query = query.finish();
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    let mut command = format!("curl -X {method} \"$LTV{target}\"");
    if at(operation, "/security").as_array().is_some_and(|security| !security.is_empty()) {
        command.push_str(" -H \"Authorization: Bearer $LTV_KEY\"");
    }
    let body = at(operation, "/requestBody/content/application~1json/examples/example/value");
    if !body.is_null() {
        command.push_str(&format!(" -H 'Content-Type: application/json' -d '{body}'"));
    }
    command
}

fn schemas(document: &Value) -> Vec<Schema> {
    let all = at(document, "/components/schemas").as_object().into_iter().flatten();
    let schema = |(name, schema): (&String, &Value)| Schema {
        name: name.clone(),
        says: text(schema, "description"),
        text: serde_json::to_string_pretty(schema).unwrap_or_default(),
    };
    all.map(schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_operation_and_every_shape() {
        let document = crate::openapi::document();
        let page = write(&document).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(page.contains(&format!("id=\"{id}\"")), "{method} {path}");
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(!page.contains("<script"));
    }

    #[test]
    fn an_example_can_be_sent_as_it_stands() {
        let document = crate::openapi::document();
        let page = write(&document).unwrap();
        assert!(page.contains("/api/metrics/bridge?policyA=default&#38;policyB=stripe"), "{page}");
    }
}

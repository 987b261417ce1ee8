//! Reading a JSON object field by field: every problem at once, each with its JSON pointer, unknown fields refused.
//!
//! Values are never repeated in a problem, since some of them are secrets.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::problem::{FieldProblem, Kind, Problem};

/// The most characters of an unknown name that are repeated.
const NAME_CHARS_MAX: usize = 60;

/// The fields of an object that have not been read yet, and what was wrong with those that have.
pub(crate) struct Fields {
    left: BTreeMap<String, Box<RawValue>>,
    known: Vec<&'static str>,
    problems: Vec<FieldProblem>,
}

impl Fields {
    /// Reads the object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let left = serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            if error.is_data() {
                let wrong = FieldProblem::at("", "The body must be a JSON object.");
                Problem::with_errors(Kind::Invalid, vec![wrong])
            } else {
                Problem::new(Kind::MalformedJson, format!("The body is no JSON document: see {place}."))
            }
        })?;
        Ok(Self { left, known: Vec::new(), problems: Vec::new() })
    }

    /// Reads a field that may be left out, or be null.
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        self.known.push(name);
        let raw = self.left.remove(name)?;
        match serde_json::from_str::<Option<T>>(raw.get()) {
            Ok(value) => value,
            Err(_repeats_the_value) => {
                self.wrong(name, format!("expected {expected}"));
                None
            }
        }
    }

    /// Reads a field that must be there. `None`: it is missing or wrong, and [`Fields::finish`] will say so.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let problems = self.problems.len();
        let value = self.optional(name, expected);
        if value.is_none() && self.problems.len() == problems {
            self.wrong(name, format!("is missing; expected {expected}"));
        }
        value
    }

    /// Notes that a field is wrong.
    pub(crate) fn wrong(&mut self, path: &str, detail: impl Into<String>) {
        self.problems.push(FieldProblem::at(format!("/{path}"), detail));
    }

    /// Whether something was wrong so far.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Refuses what was wrong, and what nobody asked for.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        let known = self.known.join(", ");
        for name in self.left.keys() {
            let short: String = name.chars().take(NAME_CHARS_MAX).collect();
            let pointer = format!("/{}", short.replace('~', "~0").replace('/', "~1"));
            self.problems.push(FieldProblem::at(pointer, format!("is not known here; known are {known}")));
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Problem::with_errors(Kind::Invalid, self.problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(body: &str) -> Vec<String> {
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        let _label: Option<String> = fields.required("label", "a text");
        let _days: Option<u32> = fields.optional("ttlDays", "a number of days");
        let errors = fields.finish().err().map(|problem| problem.errors).unwrap_or_default();
        errors.into_iter().map(|error| format!("{} {}", error.pointer.unwrap(), error.detail)).collect()
    }

    #[test]
    fn a_whole_object_is_read_and_null_is_as_good_as_nothing() {
        let mut fields = Fields::parse(br#"{"label":"cron","ttlDays":null}"#).unwrap();
        assert_eq!(fields.required::<String>("label", "a text").as_deref(), Some("cron"));
        assert_eq!(fields.optional::<u32>("ttlDays", "days"), None);
        assert_eq!(fields.finish(), Ok(()));
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_pointer() {
        let found = problems(r#"{"ttlDays":"sk_secret","a/b":1}"#);
        let expected = [
            "/label is missing; expected a text",
            "/ttlDays expected a number of days",
            "/a~1b is not known here; known are label, ttlDays",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_object_is_invalid_and_what_is_no_json_is_malformed() {
        assert_eq!(Fields::parse(b"[1]").err().map(|problem| problem.kind), Some(Kind::Invalid));
        for body in ["", "{", "{\"a\":}", "not json", "{} {}"] {
            assert_eq!(
                Fields::parse(body.as_bytes()).err().map(|problem| problem.kind),
                Some(Kind::MalformedJson),
                "{body}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_harm() {
        let body = format!("{{\"label\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(problems(&body), ["/label expected a text"]);
    }
}

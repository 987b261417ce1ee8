//! What a list is asked for: page, bounds and filters. What the stand-in does not filter by is refused, never silently
//! ignored.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::world::From;

/// The page size when none is asked for, and the largest.
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
/// The fields by which rows can be chosen.
const FIELDS: [&str; 6] = ["customer", "status", "type", "source", "invoice", "payout"];

/// A question for a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageQuery {
    pub(crate) from: From,
    pub(crate) limit: usize,
    /// Created at or after, and at or before.
    pub(crate) since: i64,
    pub(crate) until: i64,
    /// A field and the values that are wanted of it.
    wanted: BTreeMap<String, Vec<String>>,
    pub(crate) expand: Vec<String>,
}

/// What is wrong with a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct QueryProblem {
    pub(crate) code: &'static str,
    pub(crate) param: String,
    pub(crate) message: String,
}

/// The fields of a row that can be filtered by.
#[derive(Deserialize)]
struct Row(BTreeMap<String, serde_json::Value>);

impl PageQuery {
    /// Reads the query of a list.
    pub(crate) fn read(text: &str) -> Result<Self, QueryProblem> {
        let mut query = Self {
            from: From::Newest,
            limit: LIMIT_DEFAULT,
            since: i64::MIN,
            until: i64::MAX,
            wanted: BTreeMap::new(),
            expand: Vec::new(),
        };
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            query.take(&name, value.into_owned())?;
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), QueryProblem> {
        match name {
            "limit" => self.limit = limit(&value)?,
            "starting_after" if self.from == From::Newest => self.from = From::StartingAfter(value),
            "ending_before" if self.from == From::Newest => self.from = From::EndingBefore(value),
            "starting_after" | "ending_before" => {
                return Err(problem("parameter_invalid", name, "Give one cursor, not two".to_owned()));
            }
            "created[gte]" => self.since = self.since.max(seconds(name, &value)?),
            "created[gt]" => self.since = self.since.max(seconds(name, &value)?.saturating_add(1)),
            "created[lte]" => self.until = self.until.min(seconds(name, &value)?),
            "created[lt]" => self.until = self.until.min(seconds(name, &value)?.saturating_sub(1)),
            "status" if value == "all" => {}
            "types[]" => self.want("type", value),
            _ if name == "expand[]" || name.starts_with("expand[") => self.expand.push(value),
            _ if FIELDS.contains(&name) => self.want(name, value),
            _ => {
                let message = format!("Received unknown parameter: {name}");
                return Err(problem("parameter_unknown", name, message));
            }
        }
        Ok(())
    }

    fn want(&mut self, field: &str, value: String) {
        self.wanted.entry(field.to_owned()).or_default().push(value);
    }

    /// True when rows are chosen by their fields.
    pub(crate) fn has_filter(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// True when this row is asked for.
    pub(crate) fn wants(&self, body: &[u8]) -> bool {
        let Ok(Row(row)) = serde_json::from_slice(body) else { return false };
        self.wanted.iter().all(|(field, values)| {
            let found = row.get(field).and_then(serde_json::Value::as_str);
            found.is_some_and(|found| values.iter().any(|value| value == found))
        })
    }

    /// The cursor's parameter and value.
    pub(crate) fn cursor(&self) -> (&'static str, &str) {
        match &self.from {
            From::Newest => ("limit", ""),
            From::StartingAfter(id) => ("starting_after", id),
            From::EndingBefore(id) => ("ending_before", id),
        }
    }
}

/// What `expand[]` asks for in the query of a single object.
pub(crate) fn expansions(text: &str) -> Result<Vec<String>, QueryProblem> {
    let mut wanted = Vec::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if !name.starts_with("expand[") {
            return Err(problem("parameter_unknown", &name, format!("Received unknown parameter: {name}")));
        }
        wanted.push(value.into_owned());
    }
    Ok(wanted)
}

fn limit(value: &str) -> Result<usize, QueryProblem> {
    match value.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        _ => Err(problem("parameter_invalid_integer", "limit", format!("Invalid integer: {value}"))),
    }
}

fn seconds(name: &str, value: &str) -> Result<i64, QueryProblem> {
    match value.parse() {
        Ok(seconds) => Ok(seconds),
        Err(_not_a_number) => {
            Err(problem("parameter_invalid_integer", name, format!("Invalid timestamp: {value}")))
        }
    }
}

fn problem(code: &'static str, param: &str, message: String) -> QueryProblem {
    QueryProblem { code, param: param.to_owned(), message }
}

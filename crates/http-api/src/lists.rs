//! Lists as JSON, CSV or lines of JSON, as `Accept` or `format` asks.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::problem::{Kind, Problem};
use crate::query::Query;

/// Where the cursor of the next page stands when the body has no place for it.
pub(crate) const X_NEXT_CURSOR: &str = "x-next-cursor";
/// A cell that begins so would be a formula in a spreadsheet.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What a list is as a table: its name, and where in a row each column is, with dots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON document.
    Json,
    /// A header line and a line a row.
    Csv,
    /// One JSON document a row.
    Ndjson,
}

const WORDS: &[(&str, Form)] = &[("json", Form::Json), ("csv", Form::Csv), ("ndjson", Form::Ndjson)];
/// The media types, in the order of preference where a client does not mind.
const TYPES: &[(&str, Form)] = &[
    ("application/json", Form::Json),
    ("text/csv", Form::Csv),
    ("application/x-ndjson", Form::Ndjson),
    ("application/ndjson", Form::Ndjson),
];

impl Form {
    /// What a request asks for. A link can't set `Accept`, so `format` overrules it.
    pub(crate) fn of(request: &HttpRequest, query: &mut Query) -> Result<Self, Problem> {
        match query.word("format", WORDS) {
            Some(form) => Ok(form),
            None => accepted(request.headers()),
        }
    }

    /// Writes a list: an object with its rows in `data`, and `nextCursor`.
    pub(crate) fn answer<T: Serialize>(self, table: &Table, page: &T) -> Result<HttpResponse, Problem> {
        if self == Self::Json {
            return Ok(HttpResponse::Ok().insert_header((header::VARY, "Accept")).json(page));
        }
        let page = serde_json::to_value(page).map_err(|error| unwritable(&error))?;
        let rows = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut response = HttpResponse::Ok();
        response.insert_header((header::VARY, "Accept"));
        if let Some(cursor) = page.get("nextCursor").and_then(Value::as_str) {
            response.insert_header((X_NEXT_CURSOR, cursor));
        }
        match self {
            Self::Csv => write_csv(response, table, rows),
            Self::Json | Self::Ndjson => Ok(write_lines(response, table, rows)),
        }
    }
}

fn write_csv(
    mut response: HttpResponseBuilder,
    table: &Table,
    rows: &[Value],
) -> Result<HttpResponse, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns).map_err(|error| unwritable(&error))?;
    for row in rows {
        let cells = table.columns.iter().map(|column| cell(row, column));
        writer.write_record(cells).map_err(|error| unwritable(&error))?;
    }
    let body = writer.into_inner().map_err(|error| unwritable(&error))?;
    Ok(response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.csv\"", table.name)))
        .body(body))
}

fn write_lines(mut response: HttpResponseBuilder, table: &Table, rows: &[Value]) -> HttpResponse {
    let mut body = String::new();
    for row in rows {
        body.push_str(&row.to_string());
        body.push('\n');
    }
    let name = format!("attachment; filename=\"{}.ndjson\"", table.name);
    response
        .content_type("application/x-ndjson")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(body)
}

/// A value of a row as the text of a cell.
fn cell(row: &Value, column: &str) -> String {
    let pointer = format!("/{}", column.replace('.', "/"));
    match row.pointer(&pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(Value::Array(values)) => harmless(&values.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Some(other) => harmless(&other.to_string()),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A spreadsheet would run what looks like a formula: such a cell becomes text. A negative number is none.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) && !is_number(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn unwritable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = %error, "Could not write a list: {error}");
    Problem::new(Kind::Internal, "The log has the cause, under the request id.")
}

/// The form that `Accept` prefers; the first of those that are preferred alike.
fn accepted(headers: &HeaderMap) -> Result<Form, Problem> {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return Ok(Form::Json);
    };
    let mut best: Option<(u16, Form)> = None;
    for (media_type, form) in TYPES {
        let quality = quality_of(accept, media_type);
        if quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((quality, *form));
        }
    }
    best.map(|(_, form)| form).ok_or_else(|| {
        let offered = TYPES.iter().take(3).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        Problem::new(Kind::NotAcceptable, format!("There is: {offered}."))
    })
}

/// How much a media type is wanted, in thousandths; the most specific range that fits decides.
fn quality_of(accept: &str, media_type: &str) -> u16 {
    let (main, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    let mut found: Option<(u8, u16)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let specificity = match name.as_str() {
            "*/*" => 1,
            name if name == format!("{main}/*") => 2,
            name if name == media_type => 3,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=").map(thousandths)).unwrap_or(1000);
        if found.is_none_or(|(known, _)| specificity > known) {
            found = Some((specificity, quality));
        }
    }
    found.map_or(0, |(_, quality)| quality)
}

/// `0.85` as 850; what is no weight is not wanted.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = format!("{fraction:0<3}");
    match (whole, digits.get(..3).and_then(|digits| digits.parse::<u16>().ok())) {
        ("1", _) => 1000,
        ("0", Some(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::{MessageBody as _, to_bytes};
    use serde_json::json;

    use super::*;

    const TABLE: Table = Table { name: "things", columns: &["id", "amount.amount", "roles", "sources.0.id"] };

    fn asked(accept: &str) -> Result<Form, Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        accepted(&headers).map_err(|problem| problem.kind)
    }

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        for (accept, expected) in [
            ("*/*", Ok(Form::Json)),
            ("application/json", Ok(Form::Json)),
            ("text/csv", Ok(Form::Csv)),
            ("Text/CSV; charset=utf-8", Ok(Form::Csv)),
            ("application/x-ndjson", Ok(Form::Ndjson)),
            ("application/json;q=0.5, text/csv;q=0.9", Ok(Form::Csv)),
            ("text/*", Ok(Form::Csv)),
            ("text/csv;q=0, */*;q=0.1", Ok(Form::Json)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Ok(Form::Json)),
            ("image/png", Err(Kind::NotAcceptable)),
            ("text/csv;q=0", Err(Kind::NotAcceptable)),
        ] {
            assert_eq!(asked(accept), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Ok(Form::Json));
    }

    async fn body(form: Form, page: Value) -> String {
        let response = form.answer(&TABLE, &page).unwrap();
        assert!(response.body().size().is_eof() || response.status().is_success());
        String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn a_list_without_rows_still_names_its_columns() {
        assert_eq!(body(Form::Csv, json!({"data": []})).await, "id,amount.amount,roles,sources.0.id\n");
        assert_eq!(body(Form::Ndjson, json!({"data": []})).await, "");
    }

    #[actix_web::test]
    async fn a_row_is_a_line_and_what_a_spreadsheet_would_run_becomes_text() {
        let rows = json!({"data": [
            {"id": "=1+1", "amount": {"amount": "-5.00"}, "roles": ["a", "b"], "sources": [{"id": 7}]},
            {"id": "a,\"b\"", "amount": {"amount": "-5.00-1"}, "roles": [], "sources": []},
        ]});
        let expected = "id,amount.amount,roles,sources.0.id\n'=1+1,-5.00,a b,7\n\"a,\"\"b\"\"\",'-5.00-1,,\n";
        assert_eq!(body(Form::Csv, rows).await, expected);
        let lines = body(Form::Ndjson, json!({"data": [{"id": 1}, {"id": 2}]})).await;
        assert_eq!(lines, "{\"id\":1}\n{\"id\":2}\n");
    }

    #[test]
    fn every_start_of_a_formula_is_made_harmless_and_numbers_stay_numbers() {
        for text in ["=A1", "+1", "-A1", "@x", "\tx", "\rx", "-", "-1.", "--1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["-1", "-0.05", "1", "", "a=b"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn the_next_page_is_named_in_a_header_where_the_body_has_no_place() {
        let page = json!({"data": [], "nextCursor": "c1"});
        let header = |form: Form| {
            let response = form.answer(&TABLE, &page).unwrap();
            response.headers().get(X_NEXT_CURSOR).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(Form::Csv).as_deref(), Some("c1"));
        assert_eq!(header(Form::Ndjson).as_deref(), Some("c1"));
        assert_eq!(header(Form::Json), None);
    }
}

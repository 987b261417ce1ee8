//! Reading query parameters: every problem at once, unknown and doubled ones refused.

use std::str::FromStr;

use actix_web::HttpRequest;
use chrono::{DateTime, NaiveDateTime};
use ltv_core::{Currency, Timestamp};
use pipeline::View;

use crate::problem::{FieldProblem, Kind, Problem};

/// The most characters of a parameter's name or value that are repeated in a problem.
const REPEATED_CHARS_MAX: usize = 60;
/// What a time looks like.
const TIME_EXAMPLE: &str = "an RFC 3339 time such as 2026-01-31T00:00:00Z (write + as %2B)";

/// The parameters that have not been read yet, and what was wrong with those that have.
pub(crate) struct Query {
    left: Vec<(String, String)>,
    known: Vec<&'static str>,
    problems: Vec<FieldProblem>,
}

impl Query {
    /// Of a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::parse(request.query_string())
    }

    fn parse(text: &str) -> Self {
        let left = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Self { left, known: Vec::new(), problems: Vec::new() }
    }

    /// Takes a parameter as text; an empty one counts as left out, as forms send it.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let (taken, left) =
            std::mem::take(&mut self.left).into_iter().partition::<Vec<_>, _>(|(key, _)| key == name);
        self.left = left;
        if taken.len() > 1 {
            self.wrong(name, "is given more than once");
        }
        taken.into_iter().next().map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Takes a parameter that must be there.
    pub(crate) fn needed(&mut self, name: &'static str, expected: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.wrong(name, format!("is missing; expected {expected}"));
        }
        text
    }

    /// Takes a parameter that one of `words` names.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(name, format!("`{}` is none of {}", short(&text), known.join(", ")));
        }
        found
    }

    /// Takes a parameter that its type can read.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.wrong(name, format!("`{}` is not {expected}", short(&text)));
        }
        value
    }

    /// Takes a time.
    pub(crate) fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let time = parse_time(&text);
        if time.is_none() {
            self.wrong(name, format!("`{}` is not {TIME_EXAMPLE}", short(&text)));
        }
        time
    }

    /// Takes a time as a form's control writes it, without a zone: it is UTC, as the page says.
    pub(crate) fn form_time(&mut self, name: &'static str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let time = parse_time(&text).or_else(|| parse_local_time(&text));
        if time.is_none() {
            self.wrong(name, format!("`{}` is not {TIME_EXAMPLE}", short(&text)));
        }
        time
    }

    /// Takes `limit`, at most `max`.
    pub(crate) fn limit(&mut self, default: usize, max: usize) -> usize {
        let expected = format!("a number from 1 to {max}");
        let limit = self.parsed("limit", &expected).unwrap_or(default);
        if !(1..=max).contains(&limit) {
            self.wrong("limit", format!("`{limit}` is not {expected}"));
        }
        limit
    }

    /// Takes what every figure takes: `asOf`, `knownAt`, `currency`, `policy`, `timeZone`.
    pub(crate) fn view(&mut self) -> View {
        View {
            as_of: self.time("asOf"),
            known_at: self.time("knownAt"),
            currency: self.parsed::<Currency>("currency", "a currency code of ISO 4217 such as GBP"),
            policy: self.text("policy"),
            time_zone: self.text("timeZone"),
        }
    }

    /// Notes that a parameter is wrong.
    pub(crate) fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        self.problems.push(FieldProblem::of_parameter(name, detail));
    }

    /// Refuses what was wrong, and what nobody asked for.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        for (name, _) in &self.left {
            let name = short(name);
            let detail = format!("`{name}` is not known here; known are {known}");
            self.problems.push(FieldProblem::of_parameter(name, detail));
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Problem::with_errors(Kind::BadQuery, self.problems))
        }
    }
}

/// An RFC 3339 time, cut to whole microseconds, since that is what stores keep.
fn parse_time(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    DateTime::from_timestamp_micros(time.timestamp_micros())
}

fn parse_local_time(text: &str) -> Option<Timestamp> {
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|time| time.and_utc())
}

fn short(text: &str) -> String {
    text.chars().take(REPEATED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(query: Query) -> Vec<String> {
        let errors = query.finish().err().map(|problem| problem.errors).unwrap_or_default();
        errors.into_iter().map(|error| error.detail).collect()
    }

    #[test]
    fn a_view_is_read_whole() {
        let mut query = Query::parse(
            "asOf=2026-01-31T01:00:00%2B01:00&knownAt=&currency=gbp&timeZone=Europe/London&policy=default",
        );
        let view = query.view();
        assert_eq!(view.as_of.unwrap().to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert_eq!(view.known_at, None);
        assert_eq!(view.currency, Some(Currency::GBP));
        assert_eq!(
            (view.policy.as_deref(), view.time_zone.as_deref()),
            (Some("default"), Some("Europe/London"))
        );
        assert_eq!(query.finish(), Ok(()));
    }

    #[test]
    fn every_problem_is_told_at_once_with_what_would_be_right() {
        let mut query = Query::parse("asOf=yesterday&currency=pounds&limit=0&colour=red&cursor=1&cursor=2");
        let _view = query.view();
        let _limit = query.limit(50, 200);
        let _cursor = query.text("cursor");
        let expected = [
            "`yesterday` is not an RFC 3339 time such as 2026-01-31T00:00:00Z (write + as %2B)",
            "`pounds` is not a currency code of ISO 4217 such as GBP",
            "`0` is not a number from 1 to 200",
            "is given more than once",
            "`colour` is not known here; known are asOf, knownAt, currency, policy, timeZone, limit, cursor",
        ];
        assert_eq!(problems(query), expected);
    }

    #[test]
    fn a_time_without_a_zone_is_read_from_forms_alone() {
        let text = "asOf=2026-01-31T12:30";
        let mut form = Query::parse(text);
        assert_eq!(form.form_time("asOf").unwrap().to_rfc3339(), "2026-01-31T12:30:00+00:00");
        let mut api = Query::parse(text);
        assert_eq!(api.time("asOf"), None);
        assert_eq!(problems(api).len(), 1);
    }

    #[test]
    fn a_word_is_one_of_those_known() {
        let words = [("day", 1), ("month", 2)];
        assert_eq!(Query::parse("interval=month").word("interval", &words), Some(2));
        let mut query = Query::parse("interval=Month");
        assert_eq!(query.word("interval", &words), None);
        assert_eq!(problems(query), ["`Month` is none of day, month"]);
    }

    #[test]
    fn times_are_cut_to_microseconds() {
        let mut query = Query::parse("asOf=2026-01-31T00:00:00.123456789Z");
        assert_eq!(query.time("asOf").unwrap().to_rfc3339(), "2026-01-31T00:00:00.123456+00:00");
    }
}

//! From where a page looks, and links that keep it: the whole state of a page is in its address.

use chrono::{Datelike, Days, Months, NaiveDate, SecondsFormat};
use chrono_tz::Tz;
use ltv_core::Timestamp;
use pipeline::{Interval, View};

use super::format;
use crate::query::Query;

/// The presets that the control for the policy offers.
pub(super) const POLICIES: [&str; 3] = ["default", "stripe", "chartmogul"];
/// Lengths of periods, by their names in addresses.
pub(super) const INTERVALS: &[(&str, Interval)] = &[
    ("day", Interval::Day),
    ("week", Interval::Week),
    ("month", Interval::Month),
    ("quarter", Interval::Quarter),
    ("year", Interval::Year),
];

/// An end of the range: a day as people say it, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Day(NaiveDate),
    At(Timestamp),
}

/// The view that the page's address asked for.
pub(super) struct PageView {
    /// What is asked.
    pub(super) view: View,
    /// One point a period.
    pub(super) interval: Option<Interval>,
    /// Whether the period before is shown beside.
    pub(super) compare: bool,
    /// What belongs to this page alone, such as its filter.
    pub(super) own: Vec<(&'static str, String)>,
    from: Option<Bound>,
    to: Option<Bound>,
    zone: Tz,
}

impl PageView {
    /// Reads it; times may come as a form's control writes them. Days are those of the view's zone, else of `zone`.
    pub(super) fn read(query: &mut Query, zone: &str) -> Self {
        let as_of = query.form_time("asOf");
        let known_at = query.form_time("knownAt");
        let currency = query.parsed("currency", "a currency code of ISO 4217 such as GBP");
        let (policy, time_zone) = (query.text("policy"), query.text("timeZone"));
        let (from, to) = (bound(query, "from"), bound(query, "to"));
        let interval = query.word("interval", INTERVALS);
        let compare = query.word("compare", &[("previous", true), ("none", false)]).unwrap_or(false);
        // An unknown zone is refused where the question is answered.
        let zone = time_zone.as_deref().unwrap_or(zone).parse().unwrap_or(Tz::UTC);
        let view = View { as_of, known_at, currency, policy, time_zone };
        let page = Self { view, interval, compare, own: Vec::new(), from, to, zone };
        if let (Some(from), Some(to)) = page.range()
            && from >= to
        {
            query.wrong("to", "is not after `from`");
        }
        page
    }

    /// The range that was asked for: from the beginning of its first day to the end of its last.
    pub(super) fn range(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let start = |bound| match bound {
            Bound::Day(day) => format::midnight(day, self.zone),
            Bound::At(at) => at,
        };
        let end = |bound| match bound {
            Bound::Day(day) => start(Bound::Day(day.succ_opt().unwrap_or(day))),
            Bound::At(at) => at,
        };
        (self.from.map(start), self.to.map(end))
    }

    /// The range before this one, as long as it, where one was chosen: months before months, days before days.
    pub(super) fn previous(&self, seen_until: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = self.range();
        let (from, to) = (from?, to.unwrap_or(seen_until));
        let day = |at: Timestamp| at.with_timezone(&self.zone).date_naive();
        let (first, end) = (day(from), day(to));
        let months = i64::from(end.year())
            .saturating_sub(i64::from(first.year()))
            .saturating_mul(12)
            .saturating_add(i64::from(end.month()))
            .saturating_sub(i64::from(first.month()));
        let earlier = if self.to.is_some() && first.day() == 1 && end.day() == 1 && months > 0 {
            first.checked_sub_months(Months::new(u32::try_from(months).ok()?))?
        } else {
            let days = end.signed_duration_since(first).num_days().max(1);
            first.checked_sub_days(Days::new(u64::try_from(days).ok()?))?
        };
        Some((format::midnight(earlier, self.zone), from))
    }

    /// The length of periods.
    pub(super) fn interval_or_month(&self) -> Interval {
        self.interval.unwrap_or(Interval::Month)
    }

    /// A link to `path` from the same view, with more parameters.
    pub(super) fn link_with(&self, path: &str, more: &[(&str, &str)]) -> String {
        address(path, self.pairs().into_iter(), more)
    }

    /// A link to `path` from the same view.
    pub(super) fn link(&self, path: &str) -> String {
        self.link_with(path, &[])
    }

    /// A link to the same page in the same state, but for `more`; an empty value takes a parameter away.
    pub(super) fn same_with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
        let kept = self.pairs().into_iter().chain(self.own.clone()).filter(|(name, _)| !replaced(name));
        let more: Vec<_> = more.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        address(path, kept, &more)
    }

    /// What a form has to carry along unseen, but for what its controls carry.
    pub(super) fn hidden(&self, controls: &[&str]) -> Vec<(&'static str, String)> {
        let all = self.pairs().into_iter().chain(self.own.clone());
        all.filter(|(name, _)| !controls.contains(name)).collect()
    }

    /// What the control for `asOf` shows.
    pub(super) fn as_of_control(&self) -> String {
        control(self.view.as_of)
    }

    /// What the control for `knownAt` shows.
    pub(super) fn known_at_control(&self) -> String {
        control(self.view.known_at)
    }

    /// What the control for the first day shows.
    pub(super) fn first_day_control(&self) -> String {
        self.from.map(|bound| self.day_of(bound)).unwrap_or_default()
    }

    /// What the control for the last day shows.
    pub(super) fn last_day_control(&self) -> String {
        self.to.map(|bound| self.day_of(bound)).unwrap_or_default()
    }

    /// What the control for the currency shows.
    pub(super) fn currency_control(&self) -> &'static str {
        self.view.currency.map_or("", |currency| currency.code())
    }

    /// The policies, and which of them is chosen.
    pub(super) fn policies(&self) -> Vec<(&'static str, bool)> {
        let chosen = self.view.policy.as_deref().unwrap_or("default");
        POLICIES.iter().map(|name| (*name, *name == chosen)).collect()
    }

    /// The intervals, and which of them is chosen.
    pub(super) fn intervals(&self) -> Vec<(&'static str, bool)> {
        let chosen = self.interval_or_month();
        INTERVALS.iter().map(|(name, interval)| (*name, *interval == chosen)).collect()
    }

    /// Whether a time was asked for.
    pub(super) fn is_pinned(&self) -> bool {
        self.view.as_of.is_some() || self.view.known_at.is_some()
    }

    /// Whether anything was chosen.
    pub(super) fn is_any(&self) -> bool {
        !self.pairs().is_empty()
    }

    fn day_of(&self, bound: Bound) -> String {
        match bound {
            Bound::Day(day) => day.to_string(),
            Bound::At(at) => format::day(at, self.zone),
        }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let view = &self.view;
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let written = |bound: Bound| match bound {
            Bound::Day(day) => day.to_string(),
            Bound::At(at) => time(at),
        };
        let interval =
            self.interval.and_then(|chosen| INTERVALS.iter().find(|(_, interval)| *interval == chosen));
        let pairs = [
            ("from", self.from.map(written)),
            ("to", self.to.map(written)),
            ("interval", interval.map(|(name, _)| (*name).to_owned())),
            ("compare", self.compare.then(|| "previous".to_owned())),
            ("asOf", view.as_of.map(time)),
            ("knownAt", view.known_at.map(time)),
            ("currency", view.currency.map(|currency| currency.code().to_owned())),
            ("policy", view.policy.clone()),
            ("timeZone", view.time_zone.clone()),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn address<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, String)>, more: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        query.append_pair(name, &value);
    }
    let query = query.extend_pairs(more).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// An end of the range, as a form's control or an address writes it.
fn bound(query: &mut Query, name: &'static str) -> Option<Bound> {
    let text = query.text(name)?;
    let day = text.parse().map(Bound::Day);
    let found =
        day.ok().or_else(|| Some(Bound::At(chrono::DateTime::parse_from_rfc3339(&text).ok()?.to_utc())));
    if found.is_none() {
        query.wrong(name, "is neither a day such as 2026-01-31 nor an RFC 3339 time");
    }
    found
}

/// The form that a `datetime-local` control takes; milliseconds are the finest that it knows.
fn control(at: Option<Timestamp>) -> String {
    at.map(|at| at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn view(uri: &str) -> PageView {
        let mut query = Query::of(&TestRequest::with_uri(uri).to_http_request());
        let view = PageView::read(&mut query, "Europe/London");
        query.finish().unwrap();
        view
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn links_keep_the_view_and_its_exact_times() {
        let view = view("/?asOf=2026-01-31T12:30&knownAt=2026-02-01T00:00:00.123456Z&currency=GBP&timeZone=");
        assert_eq!(
            view.link_with("/dashboard/suppliers", &[("cursor", "a b")]),
            "/dashboard/suppliers?asOf=2026-01-31T12%3A30%3A00Z&knownAt=2026-02-01T00%3A00%3A00.123456Z&currency=GBP&cursor=a+b"
        );
        assert_eq!(view.hidden(&["asOf", "knownAt"]), [("currency", "GBP".to_owned())]);
        assert_eq!(view.as_of_control(), "2026-01-31T12:30:00.000");
        assert!(view.is_pinned());
    }

    #[test]
    fn without_a_view_links_are_plain() {
        let view = view("/");
        assert_eq!(view.link("/dashboard/suppliers"), "/dashboard/suppliers");
        assert_eq!(view.known_at_control(), "");
        assert!(!view.is_pinned());
    }

    #[test]
    fn a_range_is_of_whole_days_of_the_zone() {
        let view = view("/?from=2026-06-01&to=2026-06-30&interval=week&compare=previous");
        assert_eq!(view.range(), (Some(at("2026-05-31T23:00:00Z")), Some(at("2026-06-30T23:00:00Z"))));
        assert_eq!(
            view.link("/dashboard/mrr"),
            "/dashboard/mrr?from=2026-06-01&to=2026-06-30&interval=week&compare=previous"
        );
        assert_eq!(view.last_day_control(), "2026-06-30");
    }

    #[test]
    fn months_are_compared_with_months_and_days_with_days() {
        let now = at("2026-11-23T12:00:00Z");
        let quarter = view("/?from=2026-04-01&to=2026-06-30").previous(now).unwrap();
        assert_eq!(quarter, (at("2026-01-01T00:00:00Z"), at("2026-03-31T23:00:00Z")));
        let week = view("/?from=2026-06-08&to=2026-06-14").previous(now).unwrap();
        assert_eq!(week, (at("2026-05-31T23:00:00Z"), at("2026-06-07T23:00:00Z")));
        assert_eq!(view("/?to=2026-06-14").previous(now), None);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_refused() {
        for uri in ["/?from=2026-06-30&to=2026-06-01", "/?from=soon"] {
            let mut query = Query::of(&TestRequest::with_uri(uri).to_http_request());
            let _view = PageView::read(&mut query, "UTC");
            assert!(query.finish().is_err(), "{uri}");
        }
    }

    #[test]
    fn a_page_keeps_its_own_state_and_drops_what_is_replaced() {
        let mut view = view("/?policy=stripe");
        view.own = vec![("kind", "churn".to_owned())];
        assert_eq!(view.same_with("/m", &[("cursor", "7")]), "/m?policy=stripe&kind=churn&cursor=7");
        assert_eq!(view.same_with("/m", &[("kind", "")]), "/m?policy=stripe");
        assert_eq!(view.link("/m"), "/m?policy=stripe");
    }
}

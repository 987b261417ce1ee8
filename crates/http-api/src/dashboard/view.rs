//! From where a page looks, and links that keep it.

use chrono::SecondsFormat;
use ltv_core::Timestamp;
use pipeline::View;

use crate::query::Query;

/// The view that the page's address asked for.
pub(super) struct PageView {
    /// What is asked.
    pub(super) view: View,
}

impl PageView {
    /// Reads it; times may come as a form's control writes them.
    pub(super) fn read(query: &mut Query) -> Self {
        let as_of = query.form_time("asOf");
        let known_at = query.form_time("knownAt");
        let currency = query.parsed("currency", "a currency code of ISO 4217 such as GBP");
        let (policy, time_zone) = (query.text("policy"), query.text("timeZone"));
        Self { view: View { as_of, known_at, currency, policy, time_zone } }
    }

    /// A link to `path` from the same view, with more parameters.
    pub(super) fn link_with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs() {
            pairs.append_pair(name, &value);
        }
        pairs.extend_pairs(more);
        let query = pairs.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// A link to `path` from the same view.
    pub(super) fn link(&self, path: &str) -> String {
        self.link_with(path, &[])
    }

    /// What the control for `asOf` shows.
    pub(super) fn as_of_control(&self) -> String {
        control(self.view.as_of)
    }

    /// What the control for `knownAt` shows.
    pub(super) fn known_at_control(&self) -> String {
        control(self.view.known_at)
    }

    /// What the form has to carry along unseen.
    pub(super) fn hidden(&self) -> Vec<(&'static str, String)> {
        self.pairs().into_iter().filter(|(name, _)| !matches!(*name, "asOf" | "knownAt")).collect()
    }

    /// Whether a time was asked for.
    pub(super) fn is_pinned(&self) -> bool {
        self.view.as_of.is_some() || self.view.known_at.is_some()
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let view = &self.view;
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let pairs = [
            ("asOf", view.as_of.map(time)),
            ("knownAt", view.known_at.map(time)),
            ("currency", view.currency.map(|currency| currency.code().to_owned())),
            ("policy", view.policy.clone()),
            ("timeZone", view.time_zone.clone()),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
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
        let view = PageView::read(&mut query);
        query.finish().unwrap();
        view
    }

    #[test]
    fn links_keep_the_view_and_its_exact_times() {
        let view = view("/?asOf=2026-01-31T12:30&knownAt=2026-02-01T00:00:00.123456Z&currency=GBP&timeZone=");
        assert_eq!(
            view.link_with("/dashboard/suppliers", &[("cursor", "a b")]),
            "/dashboard/suppliers?asOf=2026-01-31T12%3A30%3A00Z&knownAt=2026-02-01T00%3A00%3A00.123456Z&currency=GBP&cursor=a+b"
        );
        assert_eq!(view.hidden(), [("currency", "GBP".to_owned())]);
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
}

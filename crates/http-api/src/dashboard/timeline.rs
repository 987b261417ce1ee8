//! What happened to a supplier, with its MRR step by step.

use chrono_tz::Tz;
use ltv_core::Money;
use pipeline::{MrrNow, TimelineAnswer, TimelineEvent};

use super::chart::{Drawing, steps};
use super::csv::Table;
use super::format;
use super::parts::{SourceLink, Tile, kind_label, sources};
use super::view::PageView;

/// A supplier's timeline.
pub(super) struct Timeline {
    pub(super) course: Option<Drawing>,
    /// The same course as lines of a table.
    pub(super) steps: Vec<(String, String)>,
    pub(super) events: Vec<Event>,
    pub(super) older: Option<String>,
}

/// Something that happened.
pub(super) struct Event {
    pub(super) at: String,
    pub(super) title: String,
    /// For a movement: its kind.
    pub(super) kind: &'static str,
    pub(super) amount: String,
    pub(super) loss: bool,
    pub(super) mrr_after: String,
    pub(super) object: String,
    pub(super) sources: Vec<SourceLink>,
}

impl Timeline {
    /// Of an answer.
    pub(super) fn new(answer: &TimelineAnswer, view: &PageView, path: &str) -> Self {
        let zone: Tz = answer.viewed.time_zone.parse().unwrap_or(Tz::UTC);
        let course = steps(&answer.steps, answer.viewed.as_of, zone, answer.viewed.currency);
        let older = answer.next_cursor.as_deref();
        Self {
            course: course.map(|drawing| drawing.described("course", "course-table")),
            steps: answer
                .steps
                .iter()
                .map(|(at, money)| (format::time(*at), format::amount(*money)))
                .collect(),
            events: answer.events.iter().map(|event| Event::new(event, view)).collect(),
            older: older.map(|next| view.same_with(path, &[("before", next)])),
        }
    }
}

impl Event {
    fn new(event: &TimelineEvent, view: &PageView) -> Self {
        let change = |money: Money| format!("{} {}", format::signed(money), money.currency().code());
        let after = |money: Money| format!("{} {}", format::amount(money), money.currency().code());
        Self {
            at: format::time(event.at),
            title: event.title.clone(),
            kind: event.movement.map_or("", kind_label),
            amount: event.amount.map(change).unwrap_or_default(),
            loss: event.amount.is_some_and(|money| money.minor() < 0),
            mrr_after: event.mrr_after.map(after).unwrap_or_default(),
            object: event.object.clone().unwrap_or_default(),
            sources: sources(&event.sources, view),
        }
    }
}

/// MRR now, and how the supplier stands.
pub(super) fn tiles(mrr: &MrrNow) -> Vec<Tile> {
    let status = Tile {
        label: "Status",
        value: status_words(mrr.status).to_owned(),
        note: "of its subscriptions".to_owned(),
        definition: "status",
    };
    vec![
        Tile::amount("MRR", mrr.current, "mrr"),
        status,
        Tile::amount("At risk", mrr.at_risk, "at-risk"),
        Tile::amount("Known to end", mrr.scheduled_loss, "scheduled-loss"),
    ]
}

fn status_words(status: &'static str) -> &'static str {
    match status {
        "none" => "No subscription",
        "trialing" => "On trial",
        "active" => "Active",
        "pastDue" => "Past due",
        "paused" => "Paused",
        "churned" => "Left",
        other => other,
    }
}

/// Events as a file.
pub(super) fn table(answer: &TimelineAnswer) -> Table {
    let money = |money: Option<Money>| money.map(|money| money.to_decimal_string()).unwrap_or_default();
    let row = |event: &TimelineEvent| {
        vec![
            event.at.to_rfc3339(),
            event.kind.to_owned(),
            event.movement.map_or("", pipeline::MovementKind::as_str).to_owned(),
            event.title.clone(),
            money(event.amount),
            money(event.mrr_after),
            event.amount.or(event.mrr_after).map_or("", |money| money.currency().code()).to_owned(),
            event.object.clone().unwrap_or_default(),
        ]
    };
    let head = vec!["at", "kind", "movement", "title", "amount", "mrrAfter", "currency", "object"];
    Table { name: "timeline", head, rows: answer.events.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use ltv_core::Currency;
    use pipeline::{ExplainSource, MovementKind};

    use super::*;
    use crate::query::Query;

    #[test]
    fn an_event_shows_its_movement_and_links_its_message_with_the_view() {
        let mut query = Query::of(&TestRequest::with_uri("/?policy=stripe").to_http_request());
        let view = PageView::read(&mut query, "UTC");
        let source = ExplainSource {
            inbox_id: 7,
            provider: "stripe".to_owned(),
            event_id: "evt_1".to_owned(),
            sha256: "ab".to_owned(),
        };
        let event = TimelineEvent {
            at: "2026-03-01T00:00:00Z".parse().unwrap(),
            kind: "movement",
            title: "Pays less".to_owned(),
            movement: Some(MovementKind::Contraction),
            amount: Some(Money::from_minor(-500, Currency::GBP)),
            mrr_after: Some(Money::from_minor(1_500, Currency::GBP)),
            object: None,
            sources: vec![source],
        };
        let shown = Event::new(&event, &view);
        assert_eq!((shown.kind, shown.loss), ("Contraction", true));
        assert_eq!((shown.amount.as_str(), shown.mrr_after.as_str()), ("\u{2212}5.00 GBP", "15.00 GBP"));
        assert_eq!(shown.sources[0].link, "/dashboard/messages/7?policy=stripe");
    }

    #[test]
    fn every_status_has_words() {
        for status in ["none", "trialing", "active", "pastDue", "paused", "churned"] {
            assert_ne!(status_words(status), status);
        }
    }
}

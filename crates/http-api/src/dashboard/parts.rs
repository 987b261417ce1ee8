//! Small parts that several pages show.

use ltv_core::Money;
use pipeline::{ExplainSource, MovementKind};

use super::format;
use super::view::PageView;

/// A figure in a box.
pub(super) struct Tile {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// Its unit, or a remark beside it.
    pub(super) note: String,
    /// Which definition explains it.
    pub(super) definition: &'static str,
}

impl Tile {
    /// An amount, with its currency for a unit.
    pub(super) fn amount(label: &'static str, money: Money, definition: &'static str) -> Self {
        Self { label, value: format::amount(money), note: money.currency().code().to_owned(), definition }
    }

    /// A change, with its sign.
    pub(super) fn change(label: &'static str, money: Money, definition: &'static str) -> Self {
        Self { value: format::signed(money), ..Self::amount(label, money, definition) }
    }

    /// A count.
    pub(super) fn count(label: &'static str, number: u64, unit: &str, definition: &'static str) -> Self {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        Self { label, value: format::count(number), note: unit.to_owned(), definition }
    }

    /// The same, with what it was in the period before.
    pub(super) fn with_before(mut self, before: Option<String>) -> Self {
        if let Some(before) = before {
            self.note = format!("{}, before: {before}", self.note);
        }
        self
    }
}

/// A choice among links.
pub(super) struct Choice {
    pub(super) text: &'static str,
    pub(super) link: String,
    pub(super) current: bool,
}

/// A raw message, with a link to what is known of it.
pub(super) struct SourceLink {
    pub(super) link: String,
    pub(super) event_id: String,
}

/// Links to messages.
pub(super) fn sources(sources: &[ExplainSource], view: &PageView) -> Vec<SourceLink> {
    let link = |source: &ExplainSource| SourceLink {
        link: message_link(source.inbox_id, view),
        event_id: source.event_id.clone(),
    };
    sources.iter().map(link).collect()
}

/// Where a message is shown.
pub(super) fn message_link(inbox_id: i64, view: &PageView) -> String {
    view.link(&format!("/dashboard/messages/{inbox_id}"))
}

/// A kind of movement, in words.
pub(super) fn kind_label(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "New",
        MovementKind::Expansion => "Expansion",
        MovementKind::Contraction => "Contraction",
        MovementKind::Churn => "Churn",
        MovementKind::Reactivation => "Reactivation",
        MovementKind::Pause => "Pause",
        MovementKind::Resume => "Resume",
        MovementKind::DiscountEnd => "Discount end",
        MovementKind::Fx => "Exchange rate",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ltv_core::Currency;

    use super::*;

    #[test]
    fn every_kind_has_words_of_its_own() {
        let labels: BTreeSet<_> = MovementKind::ALL.into_iter().map(kind_label).collect();
        assert_eq!(labels.len(), MovementKind::ALL.len());
    }

    #[test]
    fn a_tile_names_its_unit_and_what_was_before() {
        let tile = Tile::change("Net", Money::from_minor(150, Currency::GBP), "mrr");
        assert_eq!((tile.value.as_str(), tile.note.as_str()), ("+1.50", "GBP"));
        let compared = tile.with_before(Some("1.00".to_owned()));
        assert_eq!(compared.note, "GBP, before: 1.00");
    }
}

//! Where a walk through one of Stripe's lists stands.
//!
//! Lists are newest first. The first walk goes from the newest object to the oldest and remembers the newest; later
//! walks go from there towards the head, so that what comes in between is never missed. A walk sees each object once;
//! those that were open then are remembered, to be looked at again.

use chrono::DateTime;
use connector::Cursor;
use ltv_core::Timestamp;
use serde::{Deserialize, Serialize};

/// How many open objects are remembered; the oldest are given up first.
const OPEN_MAX: usize = 200;

/// What a cursor holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Where the walk stands.
    #[serde(flatten)]
    pub(crate) walk: Walk,
    /// Objects that were still open when the walk passed them, from the oldest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) open: Vec<String>,
}

/// The state between two pages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "walk", rename_all = "snake_case")]
pub(crate) enum Walk {
    /// Nothing was read yet.
    #[default]
    Start,
    /// On the first walk: everything from `newest` down to `after` was read.
    Back {
        /// The newest object when the walk began.
        newest: String,
        /// The oldest object so far.
        after: String,
        /// When the walk began, by Stripe's clock.
        through: i64,
    },
    /// Everything up to `newest` was read.
    Rest {
        /// The newest object.
        newest: String,
    },
    /// On the way to the head: everything up to `newest` was read.
    Ahead {
        /// The newest object so far.
        newest: String,
        /// When the walk began, by Stripe's clock.
        through: i64,
    },
}

/// What a page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask<'a> {
    /// The head of the list.
    Head,
    /// What is older than this object.
    StartingAfter(&'a str),
    /// What is newer than this object.
    EndingBefore(&'a str),
}

/// What a page shows, as far as a walk cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// The first and the last object's id; `None` for an empty page.
    pub(crate) ends: Option<(&'a str, &'a str)>,
    /// Whether there is more in this direction.
    pub(crate) has_more: bool,
    /// The answer's time.
    pub(crate) date: Timestamp,
}

/// Where a page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The state after it.
    pub(crate) walk: Walk,
    /// Everything up to here was listed, when the walk has ended.
    pub(crate) complete_through: Option<Timestamp>,
}

impl Position {
    /// Reads a cursor. One that cannot be read starts anew: reading twice is harmless, missing something is not.
    pub(crate) fn of(cursor: &Cursor) -> Self {
        cursor.0.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Writes the cursor.
    pub(crate) fn cursor(&self) -> Cursor {
        match self.walk {
            Walk::Start => Cursor(None),
            _ => Cursor(serde_json::to_string(self).ok()),
        }
    }

    /// Remembers an open object.
    pub(crate) fn remember(&mut self, id: &str) {
        if !self.open.iter().any(|open| open == id) {
            self.open.push(id.to_owned());
        }
        let surplus = self.open.len().saturating_sub(OPEN_MAX);
        self.open.drain(..surplus);
    }
}

impl Walk {
    /// What to ask for next.
    pub(crate) fn ask(&self) -> Ask<'_> {
        match self {
            Self::Start => Ask::Head,
            Self::Back { after, .. } => Ask::StartingAfter(after),
            Self::Rest { newest } | Self::Ahead { newest, .. } => Ask::EndingBefore(newest),
        }
    }

    /// Takes a page in. `None` when the page would make the walk run in circles.
    pub(crate) fn step(&self, shown: Shown<'_>) -> Option<Step> {
        let through = self.through().unwrap_or(shown.date);
        let Some((first, last)) = shown.ends else {
            return (!shown.has_more).then(|| Step { walk: self.at_rest(), complete_through: Some(through) });
        };
        let (newest, advanced) = match self {
            Self::Start => (first, true),
            Self::Back { newest, after, .. } => (newest.as_str(), last != after),
            Self::Rest { newest } | Self::Ahead { newest, .. } => (first, first != newest),
        };
        let newest = newest.to_owned();
        if !shown.has_more {
            return Some(Step { walk: Self::Rest { newest }, complete_through: Some(through) });
        }
        let walk = match self {
            Self::Start | Self::Back { .. } => {
                Self::Back { newest, after: last.to_owned(), through: through.timestamp() }
            }
            Self::Rest { .. } | Self::Ahead { .. } => Self::Ahead { newest, through: through.timestamp() },
        };
        advanced.then_some(Step { walk, complete_through: None })
    }

    /// When this walk began: what came later may be missing from it.
    fn through(&self) -> Option<Timestamp> {
        match self {
            Self::Start | Self::Rest { .. } => None,
            Self::Back { through, .. } | Self::Ahead { through, .. } => DateTime::from_timestamp(*through, 0),
        }
    }

    fn at_rest(&self) -> Self {
        match self {
            Self::Start => Self::Start,
            Self::Back { newest, .. } | Self::Rest { newest } | Self::Ahead { newest, .. } => {
                Self::Rest { newest: newest.clone() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn an_empty_list_leaves_the_cursor_empty_and_is_complete() {
        let step = Walk::Start.step(Shown { ends: None, has_more: false, date: at(5) }).unwrap();
        assert_eq!(step, Step { walk: Walk::Start, complete_through: Some(at(5)) });
        assert_eq!(Position { walk: step.walk, open: vec![] }.cursor(), Cursor(None));
    }

    #[test]
    fn an_unreadable_cursor_starts_anew() {
        for text in ["", "txn_1", "{}", r#"{"walk":"sideways"}"#] {
            assert_eq!(Position::of(&Cursor(Some(text.to_owned()))), Position::default(), "{text}");
        }
    }

    #[test]
    fn open_objects_are_remembered_once_and_the_oldest_are_given_up_first() {
        let mut position = Position { walk: Walk::Rest { newest: "x".to_owned() }, open: vec![] };
        for n in 0..OPEN_MAX + 2 {
            position.remember(&format!("inpay_{n}"));
            position.remember(&format!("inpay_{n}"));
        }
        assert_eq!(position.open.len(), OPEN_MAX);
        assert_eq!(position.open.first().map(String::as_str), Some("inpay_2"));
        assert_eq!(Position::of(&position.cursor()), position);
    }

    #[test]
    fn pages_that_lead_nowhere_are_told_from_progress() {
        let more = |ends| Shown { ends, has_more: true, date: at(1) };
        assert_eq!(Walk::Start.step(more(None)), None);
        let rest = Walk::Rest { newest: "a".to_owned() };
        assert_eq!(rest.step(more(Some(("a", "b")))), None);
        let back = Walk::Back { newest: "z".to_owned(), after: "b".to_owned(), through: 1 };
        assert_eq!(back.step(more(Some(("c", "b")))), None);
    }

    /// Answers as Stripe documents: newest first; `ending_before` gives the page next to the cursor.
    fn answer<'a>(list: &'a [String], ask: &Ask<'_>, limit: usize) -> (&'a [String], bool) {
        let place = |id: &str| list.iter().position(|item| item == id).unwrap();
        match ask {
            Ask::Head => (&list[..limit.min(list.len())], list.len() > limit),
            Ask::StartingAfter(id) => {
                let rest = &list[place(id) + 1..];
                (&rest[..limit.min(rest.len())], rest.len() > limit)
            }
            Ask::EndingBefore(id) => {
                let newer = &list[..place(id)];
                (&newer[newer.len().saturating_sub(limit)..], newer.len() > limit)
            }
        }
    }

    proptest! {
        #[test]
        fn walks_see_every_object_once_while_the_list_grows(
            before in 0_usize..30,
            growth in prop::collection::vec(0_usize..7, 1..20),
            limit in 1_usize..6,
        ) {
            let mut list: Vec<String> = (0..before).rev().map(|n| format!("txn_{n}")).collect();
            let (mut seen, mut cursor) = (Vec::new(), Cursor(None));
            let (mut began, mut clock, mut resting) = (0, 0, true);
            for grown in growth.into_iter().chain(std::iter::repeat_n(0, 200)) {
                for _ in 0..grown {
                    list.insert(0, format!("txn_{}", list.len()));
                }
                clock += 1;
                began = if resting { clock } else { began };
                let walk = Position::of(&cursor).walk;
                let (page, has_more) = answer(&list, &walk.ask(), limit);
                let ends = page.first().map(String::as_str).zip(page.last().map(String::as_str));
                let step = walk.step(Shown { ends, has_more, date: at(clock) }).unwrap();
                seen.extend(page.iter().cloned());
                resting = step.complete_through.is_some();
                prop_assert_eq!(resting, !has_more);
                if let Some(through) = step.complete_through {
                    prop_assert_eq!(through, at(began));
                }
                cursor = Position { walk: step.walk, open: vec![] }.cursor();
            }
            seen.sort();
            list.sort();
            prop_assert_eq!(seen, list);
        }
    }
}

//! Cursors of lists that are ordered by time, newest first: the place of the last row of the page before.

use chrono::DateTime;
use ltv_core::Timestamp;

use super::types::AskError;

/// The place of a row: its time, and what tells it from others of the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: Timestamp,
    pub(super) rest: String,
}

impl Place {
    pub(super) fn write(&self) -> String {
        format!("{}_{}", self.at.timestamp_micros(), self.rest)
    }

    pub(super) fn read(text: &str) -> Result<Self, AskError> {
        let parsed = text.split_once('_').and_then(|(micros, rest)| {
            let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            Some(Self { at, rest: rest.to_owned() })
        });
        parsed.ok_or_else(|| AskError::BadQuestion {
            parameter: "cursor",
            problem: "pass `nextCursor` of the page before".to_owned(),
        })
    }
}

/// Sorts rows newest first, leaves out those up to the cursor, and cuts a page. Answers it with the next cursor.
pub(super) fn page<T>(
    mut rows: Vec<(Place, T)>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), AskError> {
    if let Some(cursor) = cursor {
        let last = Place::read(cursor)?;
        rows.retain(|(place, _)| *place < last);
    }
    rows.sort_by(|a, b| b.0.cmp(&a.0));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|(place, _)| place.write()) } else { None };
    Ok((rows.into_iter().map(|(_, row)| row).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Place, i64)> {
        let place = |second: i64, rest: &str| Place {
            at: DateTime::from_timestamp(second, 0).unwrap(),
            rest: rest.to_owned(),
        };
        vec![(place(1, "a"), 1), (place(3, "a"), 3), (place(3, "b"), 4), (place(2, "a"), 2)]
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_repetition() {
        let (first, next) = page(rows(), None, 3).unwrap();
        assert_eq!(first, [4, 3, 2]);
        let (second, end) = page(rows(), next.as_deref(), 3).unwrap();
        assert_eq!((second, end), (vec![1], None));
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        for text in ["", "x", "x_1", "99999999999999999999_1"] {
            assert!(page(rows(), Some(text), 3).is_err(), "{text}");
        }
    }
}

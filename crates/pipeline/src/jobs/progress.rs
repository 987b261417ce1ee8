//! How far a job got: what is kept between its steps.

use ltv_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is kept of a job's progress for its own use, and not shown.
const HIDDEN: [&str; 3] = ["cursor", "attempts", "place"];

/// How far a job got. Each kind uses the parts that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Progress {
    /// How often it had been begun when it last got on: failures since then count, those before do not.
    pub(super) attempts: i32,
    /// Which part of it is next.
    pub(super) place: usize,
    /// Where the walk through a list stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// From when on is swept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Timestamp>,
    /// Up to when all is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete_through: Option<Timestamp>,
    /// Pages or objects read.
    pub(super) pages: u64,
    /// Messages in them.
    pub(super) seen: u64,
    /// Of these: not known before.
    pub(super) new: u64,
    /// Objects that were known by now.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) skipped: u64,
    /// Objects that the provider does not have, or does not give.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) missing: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Progress {
    pub(super) fn add(&mut self, seen: u64, new: u64) {
        self.pages = self.pages.saturating_add(1);
        self.seen = self.seen.saturating_add(seen);
        self.new = self.new.saturating_add(new);
    }

    pub(super) fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Progress as people see it.
pub(super) fn shown(mut progress: Value) -> Value {
    if let Value::Object(map) = &mut progress {
        for name in HIDDEN {
            map.remove(name);
        }
    }
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_survives_its_json_and_hides_what_is_its_own() {
        let mut progress = Progress { cursor: Some("c".to_owned()), attempts: 2, ..Progress::default() };
        progress.add(5, 1);
        let value = progress.value();
        assert_eq!(serde_json::from_value::<Progress>(value.clone()).unwrap(), progress);
        assert_eq!(shown(value), serde_json::json!({ "pages": 1, "seen": 5, "new": 1 }));
    }

    #[test]
    fn the_first_step_begins_with_nothing() {
        for empty in [serde_json::json!({}), serde_json::json!({ "unknown": 1 })] {
            assert_eq!(serde_json::from_value::<Progress>(empty).unwrap(), Progress::default());
        }
    }
}

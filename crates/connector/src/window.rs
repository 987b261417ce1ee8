//! Counts of the last seconds.

use std::collections::VecDeque;

use ltv_core::Timestamp;

/// How far back counts reach, in seconds; the current second is one of them.
pub(crate) const WINDOW_SECONDS: i64 = 10;

/// Two counts, by second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    seconds: VecDeque<Second>,
}

#[derive(Debug, Clone, Copy)]
struct Second {
    at: i64,
    counts: Counts,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// All of it.
    pub(crate) all: u64,
    /// Those of a special kind: failures, or repeated calls.
    pub(crate) special: u64,
}

impl Window {
    /// Adds to the counts of the current second.
    pub(crate) fn add(&mut self, now: Timestamp, counts: Counts) {
        self.forget(now);
        let at = now.timestamp();
        if self.seconds.back().is_none_or(|second| second.at != at) {
            self.seconds.push_back(Second { at, counts: Counts::default() });
        }
        if let Some(second) = self.seconds.back_mut() {
            second.counts = second.counts.plus(counts);
        }
    }

    /// The counts of the last seconds.
    pub(crate) fn counts(&mut self, now: Timestamp) -> Counts {
        self.forget(now);
        self.seconds.iter().fold(Counts::default(), |sum, second| sum.plus(second.counts))
    }

    /// In how many seconds from now the oldest special count is forgotten; at least one.
    pub(crate) fn special_forgotten_in(&self, now: Timestamp) -> i64 {
        let oldest = self.seconds.iter().find(|second| second.counts.special > 0);
        oldest.map_or(1, |second| (second.at + WINDOW_SECONDS - now.timestamp()).max(1))
    }

    /// Also forgets what lies ahead, where the clock was set back.
    fn forget(&mut self, now: Timestamp) {
        let now = now.timestamp();
        self.seconds.retain(|second| second.at <= now && second.at > now.saturating_sub(WINDOW_SECONDS));
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self { all: self.all.saturating_add(other.all), special: self.special.saturating_add(other.special) }
    }
}

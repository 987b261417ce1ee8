//! Stops calling where calls fail, and finds out by a few probes when they succeed again.

use std::time::Duration;

use ltv_core::Timestamp;

use crate::retry::later;
use crate::window::{Counts, Window};

/// How long to wait while probes are under way.
const PROBES_WAIT: Duration = Duration::from_secs(1);
/// How far the time for which a breaker is open is spread, in percent in either direction.
const SPREAD_PERCENT: u32 = 20;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Below this number of calls in 10 s their share of failures says nothing.
    pub calls_min: u64,
    /// It opens at this share of failures, in percent.
    pub failures_percent: u64,
    /// It opens after this number of timeouts in a row.
    pub timeouts_in_row: u32,
    /// For how long it opens at first.
    pub open_first: Duration,
    /// For how long it opens at most; it doubles each time that a probe fails.
    pub open_max: Duration,
    /// How many probes must succeed before it closes.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            calls_min: 10,
            failures_percent: 50,
            timeouts_in_row: 5,
            open_first: Duration::from_secs(30),
            open_max: Duration::from_secs(600),
            probes: 3,
        }
    }
}

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BreakerState {
    /// Lets all through.
    Closed,
    /// Lets a few through, to see.
    HalfOpen,
    /// Lets none through.
    Open,
}

impl BreakerState {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "halfOpen",
            Self::Open => "open",
        }
    }
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Success,
    /// It failed at the provider or on the way.
    Failure,
    /// It failed since its time was up.
    Timeout,
    /// It says nothing about the provider's health: the request itself was refused.
    Neutral,
}

/// That a call was let through. To be given back with its outcome, or else to [`Breaker::abandon`].
#[derive(Debug, PartialEq, Eq)]
pub struct Admission {
    generation: u64,
}

/// A breaker, for one class of endpoints.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Grows with each change of state, so that an outcome from an earlier state counts no more.
    generation: u64,
}

#[derive(Debug, Clone)]
enum State {
    Closed { window: Window, timeouts: u32 },
    Open { until: Timestamp, times: u32 },
    HalfOpen { under_way: u32, succeeded: u32, times: u32 },
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: closed(), generation: 0 }
    }

    /// Asks to make a call.
    ///
    /// # Errors
    /// The instant from which on to ask again.
    pub fn admit(&mut self, now: Timestamp) -> Result<Admission, Timestamp> {
        if let State::Open { until, times } = self.state {
            if !self.is_over(until, now) {
                return Err(until);
            }
            self.turn(State::HalfOpen { under_way: 0, succeeded: 0, times });
        }
        if let State::HalfOpen { under_way, succeeded, .. } = &mut self.state {
            if under_way.saturating_add(*succeeded) >= self.settings.probes {
                return Err(later(now, PROBES_WAIT));
            }
            *under_way = under_way.saturating_add(1);
        }
        Ok(Admission { generation: self.generation })
    }

    /// Takes the outcome of a call that was let through. `random` spreads the time for which it opens.
    pub fn done(&mut self, admission: Admission, outcome: Outcome, now: Timestamp, random: u64) {
        if admission.generation != self.generation {
            return;
        }
        let opens = match &mut self.state {
            State::Closed { window, timeouts } => {
                count(window, timeouts, outcome, now);
                let counts = window.counts(now);
                let many = counts.all >= self.settings.calls_min;
                let share = counts.special.saturating_mul(100)
                    >= counts.all.saturating_mul(self.settings.failures_percent);
                ((many && share && counts.special > 0) || *timeouts >= self.settings.timeouts_in_row)
                    .then_some(0)
            }
            State::HalfOpen { under_way, succeeded, times } => {
                *under_way = under_way.saturating_sub(1);
                match outcome {
                    Outcome::Success => *succeeded = succeeded.saturating_add(1),
                    Outcome::Failure | Outcome::Timeout | Outcome::Neutral => {}
                }
                let failed = matches!(outcome, Outcome::Failure | Outcome::Timeout);
                failed.then_some(times.saturating_add(1))
            }
            State::Open { .. } => None,
        };
        match (opens, &self.state) {
            (Some(times), _) => {
                let until = later(now, self.open_for(times, random));
                self.turn(State::Open { until, times });
            }
            (None, State::HalfOpen { succeeded, .. }) if *succeeded >= self.settings.probes => {
                self.turn(closed());
            }
            (None, _) => {}
        }
    }

    /// Takes back a call that was let through and has no outcome.
    pub fn abandon(&mut self, admission: Admission) {
        if let State::HalfOpen { under_way, .. } = &mut self.state
            && admission.generation == self.generation
        {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// What it does with calls now. One whose time is up is half open.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
            State::Open { until, .. } if self.is_over(until, now) => BreakerState::HalfOpen,
            State::Open { .. } => BreakerState::Open,
        }
    }

    /// Until when it lets none through; `None` when it does let some through.
    #[must_use]
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Open { until, .. } if !self.is_over(until, now) => Some(until),
            State::Open { .. } | State::Closed { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// Failures and calls of the last 10 s while it was closed.
    #[must_use]
    pub fn failures_and_calls(&self, now: Timestamp) -> (u64, u64) {
        match &self.state {
            State::Closed { window, .. } => {
                let counts = window.clone().counts(now);
                (counts.special, counts.all)
            }
            State::Open { .. } | State::HalfOpen { .. } => (0, 0),
        }
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Also when the clock was set back so far that the end lies beyond any time for which it can be open.
    fn is_over(&self, until: Timestamp, now: Timestamp) -> bool {
        let longest = self.settings.open_max.saturating_mul(100 + SPREAD_PERCENT) / 100;
        now >= until || until > later(now, longest)
    }

    fn open_for(&self, times: u32, random: u64) -> Duration {
        let doubled = self.settings.open_first.saturating_mul(2_u32.saturating_pow(times.min(31)));
        let spread = u64::from(2 * SPREAD_PERCENT + 1);
        let percent = u32::try_from(random % spread).unwrap_or(SPREAD_PERCENT) + 100 - SPREAD_PERCENT;
        doubled.min(self.settings.open_max).saturating_mul(percent) / 100
    }
}

fn closed() -> State {
    State::Closed { window: Window::default(), timeouts: 0 }
}

fn count(window: &mut Window, timeouts: &mut u32, outcome: Outcome, now: Timestamp) {
    match outcome {
        Outcome::Neutral => return,
        Outcome::Timeout => *timeouts = timeouts.saturating_add(1),
        Outcome::Success | Outcome::Failure => *timeouts = 0,
    }
    window.add(now, Counts { all: 1, special: u64::from(outcome != Outcome::Success) });
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;

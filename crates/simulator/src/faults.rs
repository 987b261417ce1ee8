//! What the stand-in does wrong on purpose.

use std::time::Duration;

/// What goes wrong on purpose. None by default. The counts are of all calls since the stand-in started; 0 is never.
///
/// ```
/// let faults = simulator::Faults::default().too_many_every(7).repeated_page_every(5);
/// assert_eq!(faults.error_every, 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// Every so many calls are answered 429 with `Retry-After: 1`.
    pub too_many_every: u64,
    /// Every so many calls are answered 500.
    pub error_every: u64,
    /// The answer to every so many calls breaks off in the middle.
    pub cut_every: u64,
    /// Every so many pages that a walk asks for are the page before once more.
    pub repeated_page_every: u64,
    /// How long each answer takes.
    pub latency: Duration,
}

impl Faults {
    /// A provider on a bad day: all of it, to about one call in twenty, and each works when it is tried again.
    #[must_use]
    pub fn bad_day() -> Self {
        Self::default().too_many_every(83).error_every(97).cut_every(101).repeated_page_every(53)
    }

    /// Answers every `count`th call with 429.
    #[must_use]
    pub fn too_many_every(self, count: u64) -> Self {
        Self { too_many_every: count, ..self }
    }

    /// Answers every `count`th call with 500.
    #[must_use]
    pub fn error_every(self, count: u64) -> Self {
        Self { error_every: count, ..self }
    }

    /// Breaks off every `count`th answer.
    #[must_use]
    pub fn cut_every(self, count: u64) -> Self {
        Self { cut_every: count, ..self }
    }

    /// Repeats every `count`th page.
    #[must_use]
    pub fn repeated_page_every(self, count: u64) -> Self {
        Self { repeated_page_every: count, ..self }
    }

    /// Lets each answer take so long.
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// What becomes of this call.
    pub(crate) fn of_call(&self, number: u64) -> Fate {
        if is_due(number, self.too_many_every) {
            Fate::TooMany
        } else if is_due(number, self.error_every) {
            Fate::Error
        } else if is_due(number, self.cut_every) {
            Fate::Cut
        } else {
            Fate::Fine
        }
    }

    pub(crate) fn repeats_page(&self, number: u64) -> bool {
        is_due(number, self.repeated_page_every)
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    TooMany,
    Error,
    Cut,
}

fn is_due(number: u64, every: u64) -> bool {
    number.checked_rem(every) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_when_it_is_due_and_never_when_it_is_not_asked_for() {
        let faults = Faults::default().too_many_every(3).error_every(2);
        let fates: Vec<Fate> = (1..=6).map(|number| faults.of_call(number)).collect();
        assert_eq!(fates, [Fate::Fine, Fate::Error, Fate::TooMany, Fate::Error, Fate::Fine, Fate::TooMany]);
        assert!((1..100).all(|number| Faults::default().of_call(number) == Fate::Fine));
        assert!((1..100).all(|number| !Faults::default().repeats_page(number)));
    }
}

//! Rates by a clock that only the test moves.

use chrono::DateTime;
use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn limiter(settings: LimiterSettings) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::with_clock(settings, clock.clone()), clock)
}

/// How many calls it lets through within a second, asked every millisecond.
fn in_a_second(limiter: &Limiter<FakeRelativeClock>, clock: &FakeRelativeClock, classes: &[&str]) -> usize {
    let mut taken = 0;
    for _ in 0..1000 {
        for class in classes {
            while limiter.take(class).is_ok() {
                taken += 1;
            }
        }
        clock.advance(Duration::from_millis(1));
    }
    taken
}

#[test]
fn even_the_first_second_stays_below_what_stripe_publishes() {
    let (live, clock) = limiter(LimiterSettings::stripe(true));
    let taken = in_a_second(&live, &clock, &["a", "b", "c", "d", "e", "f"]);
    assert!((80..=100).contains(&taken), "{taken}");
    assert_eq!(in_a_second(&live, &clock, &["a", "b", "c", "d", "e", "f"]), 80);
    let (sandbox, clock) = limiter(LimiterSettings::stripe(false));
    let taken = in_a_second(&sandbox, &clock, &["a", "b", "c"]);
    assert!((20..=25).contains(&taken), "{taken}");
}

#[test]
fn one_class_does_not_use_up_what_is_left_for_the_others() {
    let (live, clock) = limiter(LimiterSettings::stripe(true));
    assert!((20..=25).contains(&in_a_second(&live, &clock, &["a"])));
    assert_eq!(live.take("b"), Ok(()));
}

#[test]
fn the_wait_that_is_named_is_enough() {
    let (live, clock) = limiter(LimiterSettings::stripe(true));
    while live.take("a").is_ok() {}
    let wait = live.take("a").unwrap_err();
    assert!(wait > Duration::ZERO && wait <= Duration::from_millis(50), "{wait:?}");
    clock.advance(wait);
    assert_eq!(live.take("a"), Ok(()));
}

#[test]
fn without_limits_all_pass() {
    let (none, clock) = limiter(LimiterSettings::NONE);
    assert!((0..10_000).all(|_| none.take("a").is_ok()));
    clock.advance(Duration::from_secs(1));
    assert_eq!(none.take("a"), Ok(()));
}

#[test]
fn a_refusal_pauses_and_further_ones_pause_longer() {
    let limiter = Limiter::new(LimiterSettings::stripe(true));
    assert_eq!(limiter.paused_until(at(0)), None);
    limiter.refused(at(0), None, 500_000);
    assert_eq!(limiter.paused_until(at(0)), Some(at(1)));
    assert_eq!(limiter.paused_until(at(1)), None);
    limiter.refused(at(1), None, 1_000_000);
    assert_eq!(limiter.paused_until(at(1)), Some(at(3)));
    limiter.accepted();
    limiter.refused(at(10), None, 500_000);
    assert_eq!(limiter.paused_until(at(10)), Some(at(11)), "a success makes the next pause a first one");
}

#[test]
fn the_providers_own_wish_counts_and_a_shorter_one_later_does_not_end_the_pause() {
    let limiter = Limiter::new(LimiterSettings::stripe(true));
    limiter.refused(at(0), Some(Duration::from_secs(60)), 0);
    limiter.refused(at(1), Some(Duration::from_secs(2)), 0);
    assert_eq!(limiter.paused_until(at(1)), Some(at(60)));
    limiter.refused(at(1), Some(Duration::MAX), 0);
    assert_eq!(limiter.paused_until(at(1)), Some(later(at(1), RETRY_AFTER_MAX)));
    assert_eq!(limiter.paused_until(at(-1_000_000)), None, "the clock was set back");
}

proptest! {
    #[test]
    fn in_no_second_more_passes_than_rate_and_burst(
        rate in 1_u32..50, gaps in prop::collection::vec(0_u64..300, 1..300),
    ) {
        let settings = LimiterSettings { per_second: NonZeroU32::new(rate), per_second_of_class: None };
        let (limiter, clock) = limiter(settings);
        let (mut now, mut taken) = (0_u64, Vec::new());
        for gap in gaps {
            clock.advance(Duration::from_millis(gap));
            now += gap;
            if limiter.take("a").is_ok() {
                taken.push(now);
            }
        }
        let most = usize::try_from(rate + (rate / BURST_DIVISOR).max(1)).unwrap();
        for start in &taken {
            let within = taken.iter().filter(|time| (*start..start + 1000).contains(time)).count();
            prop_assert!(within <= most, "{within} of {most}");
        }
    }
}

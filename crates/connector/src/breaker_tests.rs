//! The breaker as a machine of states.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

/// Chance that leaves the time as it is: 20 % less, and 20 % more.
const UNSPREAD: u64 = 20;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings::default())
}

fn call(breaker: &mut Breaker, outcome: Outcome, now: i64) {
    let admission = breaker.admit(at(now)).unwrap();
    breaker.done(admission, outcome, at(now), UNSPREAD);
}

fn calls(breaker: &mut Breaker, outcome: Outcome, count: usize, now: i64) {
    (0..count).for_each(|_| call(breaker, outcome, now));
}

/// One that opened at 0 for 30 s.
fn opened() -> Breaker {
    let mut breaker = breaker();
    calls(&mut breaker, Outcome::Failure, 10, 0);
    breaker
}

#[test]
fn half_of_ten_calls_failing_opens_it_and_fewer_do_not() {
    let mut most = breaker();
    calls(&mut most, Outcome::Success, 6, 0);
    calls(&mut most, Outcome::Failure, 5, 1);
    assert_eq!(most.state(at(1)), BreakerState::Closed);
    assert_eq!(most.failures_and_calls(at(1)), (5, 11));
    call(&mut most, Outcome::Failure, 1);
    assert_eq!((most.state(at(1)), most.open_until(at(1))), (BreakerState::Open, Some(at(31))));
    assert_eq!(most.admit(at(30)), Err(at(31)));

    let mut few = breaker();
    calls(&mut few, Outcome::Failure, 9, 0);
    assert_eq!((few.state(at(0)), few.open_until(at(0))), (BreakerState::Closed, None));
}

#[test]
fn failures_of_more_than_ten_seconds_ago_are_forgotten() {
    let mut breaker = breaker();
    calls(&mut breaker, Outcome::Failure, 9, 0);
    calls(&mut breaker, Outcome::Failure, 9, 10);
    assert_eq!((breaker.state(at(10)), breaker.failures_and_calls(at(10))), (BreakerState::Closed, (9, 9)));
}

#[test]
fn five_timeouts_in_a_row_open_it_and_an_answer_between_breaks_the_row() {
    let mut row = breaker();
    calls(&mut row, Outcome::Timeout, 4, 0);
    call(&mut row, Outcome::Neutral, 0);
    assert_eq!(row.state(at(0)), BreakerState::Closed);
    call(&mut row, Outcome::Timeout, 0);
    assert_eq!(row.state(at(0)), BreakerState::Open);

    let mut broken = breaker();
    calls(&mut broken, Outcome::Timeout, 4, 0);
    call(&mut broken, Outcome::Success, 0);
    calls(&mut broken, Outcome::Timeout, 4, 0);
    assert_eq!(broken.state(at(0)), BreakerState::Closed);
}

#[test]
fn refusals_of_the_request_itself_say_nothing() {
    let mut breaker = breaker();
    calls(&mut breaker, Outcome::Neutral, 1000, 0);
    assert_eq!((breaker.state(at(0)), breaker.failures_and_calls(at(0))), (BreakerState::Closed, (0, 0)));
}

#[test]
fn three_probes_that_succeed_close_it() {
    let mut breaker = opened();
    assert_eq!(breaker.admit(at(29)), Err(at(30)));
    assert_eq!(breaker.state(at(30)), BreakerState::HalfOpen);
    let probes: Vec<Admission> = (0..3).map(|_| breaker.admit(at(30)).unwrap()).collect();
    assert_eq!(breaker.admit(at(30)), Err(at(31)));
    for probe in probes {
        assert_eq!(breaker.state(at(30)), BreakerState::HalfOpen);
        breaker.done(probe, Outcome::Success, at(30), UNSPREAD);
    }
    assert_eq!(breaker.state(at(30)), BreakerState::Closed);
    calls(&mut breaker, Outcome::Failure, 10, 40);
    assert_eq!(breaker.open_until(at(40)), Some(at(70)), "a success makes the next opening a first one");
}

#[test]
fn each_probe_that_fails_doubles_the_time_up_to_ten_minutes() {
    let mut breaker = opened();
    let mut now = 30;
    for seconds in [60, 120, 240, 480, 600, 600] {
        call(&mut breaker, Outcome::Failure, now);
        assert_eq!(breaker.open_until(at(now)), Some(at(now + seconds)));
        now += seconds;
    }
}

#[test]
fn a_probe_that_was_given_up_or_refused_makes_room_for_another() {
    let mut breaker = opened();
    let probes: Vec<Admission> = (0..3).map(|_| breaker.admit(at(30)).unwrap()).collect();
    for (probe, given_up) in probes.into_iter().zip([true, false, true]) {
        assert!(breaker.admit(at(30)).is_err());
        match given_up {
            true => breaker.abandon(probe),
            false => breaker.done(probe, Outcome::Neutral, at(30), 0),
        }
        assert!(breaker.admit(at(30)).is_ok());
    }
}

#[test]
fn the_outcome_of_a_call_from_before_it_opened_counts_no_more() {
    let mut breaker = breaker();
    let late = breaker.admit(at(0)).unwrap();
    let later = breaker.admit(at(0)).unwrap();
    calls(&mut breaker, Outcome::Failure, 10, 0);
    breaker.done(late, Outcome::Success, at(5), 0);
    assert_eq!(breaker.open_until(at(5)), Some(at(30)));
    call(&mut breaker, Outcome::Success, 30);
    breaker.done(later, Outcome::Failure, at(31), 0);
    assert_eq!(breaker.state(at(31)), BreakerState::HalfOpen);
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_it_open() {
    let mut breaker = Breaker::new(BreakerSettings::default());
    calls(&mut breaker, Outcome::Failure, 10, 1_000_000);
    assert_eq!(breaker.state(at(1_000_000)), BreakerState::Open);
    assert_eq!(breaker.state(at(1_000)), BreakerState::HalfOpen);
    assert!(breaker.admit(at(1_000)).is_ok());
}

/// What may happen to a breaker.
#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Call,
    End(Outcome),
    GiveUp,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let step = prop_oneof![
        2 => (0_i64..40).prop_map(Step::Wait),
        6 => Just(Step::Call),
        2 => Just(Step::End(Outcome::Success)),
        3 => Just(Step::End(Outcome::Failure)),
        2 => Just(Step::End(Outcome::Timeout)),
        1 => Just(Step::End(Outcome::Neutral)),
        1 => Just(Step::GiveUp),
    ];
    prop::collection::vec((step, any::<u64>()), 1..300)
}

proptest! {
    #[test]
    fn whatever_happens_it_keeps_its_promises(steps in steps()) {
        let settings = BreakerSettings::default();
        let (mut breaker, mut now) = (breaker(), 0_i64);
        let mut under_way: Vec<Admission> = Vec::new();
        let mut probes = 0_u32;
        for (step, random) in steps {
            let before = breaker.state(at(now));
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Call => match breaker.admit(at(now)) {
                    Ok(admission) => {
                        prop_assert_ne!(before, BreakerState::Open);
                        probes = if before == BreakerState::HalfOpen { probes + 1 } else { 0 };
                        under_way.push(admission);
                    }
                    Err(until) => {
                        prop_assert_ne!(before, BreakerState::Closed);
                        prop_assert!(until > at(now));
                    }
                },
                Step::End(outcome) => if let Some(admission) = under_way.pop() {
                    breaker.done(admission, outcome, at(now), random);
                    if matches!(outcome, Outcome::Success | Outcome::Neutral) && before == BreakerState::Open {
                        prop_assert_eq!(breaker.state(at(now)), BreakerState::Open);
                    }
                },
                Step::GiveUp => if let Some(admission) = under_way.pop() {
                    breaker.abandon(admission);
                    prop_assert_eq!(breaker.state(at(now)), before);
                },
            }
            // From open no outcome leads to closed: only probes do.
            if before == BreakerState::Open {
                prop_assert_ne!(breaker.state(at(now)), BreakerState::Closed);
            }
            if let Some(until) = breaker.open_until(at(now)) {
                let longest = settings.open_max.as_secs() * 12 / 10;
                prop_assert!(until > at(now) && until <= at(now + i64::try_from(longest).unwrap()));
            }
            if let State::HalfOpen { under_way, succeeded, .. } = &breaker.state {
                prop_assert!(under_way + succeeded <= settings.probes);
            }
        }
    }

    #[test]
    fn the_first_opening_lasts_thirty_seconds_give_or_take_a_fifth(random in any::<u64>()) {
        let mut breaker = breaker();
        for _ in 0..10 {
            let admission = breaker.admit(at(0)).unwrap();
            breaker.done(admission, Outcome::Failure, at(0), random);
        }
        let until = breaker.open_until(at(0)).unwrap();
        prop_assert!(until >= at(24) && until <= at(36), "{until}");
    }
}

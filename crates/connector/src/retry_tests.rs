//! Delays, budgets and their limits.

use chrono::DateTime;
use ltv_core::Provider;
use proptest::prelude::*;

use super::*;

const POLICY: RetryPolicy = RetryPolicy::STRIPE;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn refused(status: u16, retry_after_seconds: Option<u64>) -> ProviderError {
    ProviderError::Refused {
        provider: Provider::Stripe,
        operation: "GET /v1/charges/ch_1".to_owned(),
        status,
        code: None,
        should_retry: None,
        retry_after_seconds,
    }
}

fn open_until(seconds: i64) -> ProviderError {
    ProviderError::BreakerOpen {
        provider: Provider::Stripe,
        class: "read.charge".to_owned(),
        until: at(seconds),
    }
}

#[test]
fn delays_double_up_to_the_cap_and_end_after_the_last_try() {
    let error = refused(503, None);
    let most = |attempts| POLICY.next(attempts, &error, 249_999 + 1);
    assert_eq!(POLICY.next(1, &error, 0), Some(Duration::from_millis(250)));
    assert_eq!(most(1), Some(Duration::from_millis(500)));
    assert_eq!(POLICY.next(2, &error, 0), Some(Duration::from_millis(500)));
    assert_eq!(POLICY.next(7, &error, 0), Some(Duration::from_secs(15)));
    assert_eq!(POLICY.next(8, &error, 0), None);
}

#[test]
fn what_cannot_succeed_is_not_repeated() {
    for status in [400, 401, 403, 404] {
        assert_eq!(POLICY.next(1, &refused(status, Some(5)), 0), None, "{status}");
        assert_eq!(after(&POLICY, 1, &refused(status, None), at(0), 0), None, "{status}");
    }
    assert_eq!(POLICY.next(1, &ProviderError::NoApiKey { provider: Provider::Stripe }, 0), None);
}

#[test]
fn the_providers_own_wish_wins_when_it_is_longer_and_is_cut_down_when_it_is_absurd() {
    assert_eq!(POLICY.next(1, &refused(429, Some(7)), 0), Some(Duration::from_secs(7)));
    assert_eq!(POLICY.next(7, &refused(429, Some(7)), 0), Some(Duration::from_secs(15)));
    assert_eq!(POLICY.next(1, &refused(429, Some(u64::MAX)), 0), Some(RETRY_AFTER_MAX));
}

#[test]
fn a_call_that_was_not_made_is_no_attempt() {
    assert_eq!(after(&POLICY, 1000, &open_until(90), at(10), 0), Some(at(90)));
    assert_eq!(after(&POLICY, 1000, &open_until(5), at(10), 0), Some(at(10)));
    assert_eq!(after(&POLICY, 8, &refused(503, None), at(10), 0), None);
}

#[test]
fn a_lone_call_may_be_repeated_once_in_ten_seconds() {
    let mut budget = RetryBudget::default();
    budget.first(at(100));
    assert_eq!(budget.repeat(at(101)), Ok(()));
    assert_eq!(budget.repeat(at(102)), Err(at(111)));
    assert_eq!(budget.repeat(at(110)), Err(at(111)));
    assert_eq!(budget.repeat(at(111)), Ok(()));
}

#[test]
fn a_clock_that_was_set_back_does_not_use_up_the_budget() {
    let mut budget = RetryBudget::default();
    assert_eq!(budget.repeat(at(1_000_000)), Ok(()));
    assert_eq!(budget.repeat(at(100)), Ok(()));
}

proptest! {
    #[test]
    fn a_delay_lies_between_half_of_the_full_one_and_all_of_it(attempts in 1_u32..8, random in any::<u64>()) {
        let delay = POLICY.next(attempts, &refused(500, None), random).unwrap();
        let full = Duration::from_millis(500 * 2_u64.pow(attempts - 1)).min(Duration::from_secs(30));
        prop_assert!(delay >= full / 2 && delay <= full, "{delay:?} of {full:?}");
    }

    #[test]
    fn the_next_call_is_never_before_now_nor_before_the_instant_in_the_error(
        attempts in any::<u32>(), now in 0_i64..2_000_000_000, until in 0_i64..2_000_000_000, random in any::<u64>(),
    ) {
        let next = after(&POLICY, attempts, &open_until(until), at(now), random).unwrap();
        prop_assert!(next >= at(now) && next >= at(until));
        if let Some(next) = after(&POLICY, attempts, &refused(500, None), at(now), random) {
            prop_assert!(next > at(now));
        }
    }

    /// Whenever a repetition is granted, those of the last 10 s are one, or at most a tenth of the first calls.
    #[test]
    fn repetitions_stay_within_a_tenth_of_the_first_calls(calls in prop::collection::vec((0_i64..4, any::<bool>()), 1..400)) {
        let mut budget = RetryBudget::default();
        let (mut now, mut firsts, mut repeats) = (1_000_i64, Vec::new(), Vec::new());
        for (step, first) in calls {
            now += step;
            let lately = |times: &Vec<i64>| times.iter().filter(|time| **time > now - 10).count();
            if first {
                budget.first(at(now));
                firsts.push(now);
            } else {
                match budget.repeat(at(now)) {
                    Ok(()) => {
                        repeats.push(now);
                        prop_assert!(lately(&repeats) <= (lately(&firsts) / 10).max(1));
                    }
                    Err(until) => {
                        prop_assert!(lately(&repeats) >= (lately(&firsts) / 10).max(1));
                        prop_assert!(until > at(now) && until <= at(now + 10));
                    }
                }
            }
        }
    }
}

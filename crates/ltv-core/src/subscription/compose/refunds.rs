//! Refunds that end revenue.

use super::inputs::starts_at;
use crate::subscription::{Billed, BilledLine, Return};
use crate::{MessageId, Timestamp};

/// True when another invoice had billed the time after `at` before a payment of an older period went back: what is unused
/// then is the newer period.
fn goes_on_as_another(paid: &Return, at: Timestamp, billed: &[&Billed]) -> bool {
    let newer = |line: &BilledLine| {
        line.period_start_at > paid.period_start_at && line.period_start_at <= at && line.period_end_at > at
    };
    billed.iter().flat_map(|billed| &billed.lines).any(newer)
}

/// From a refund that returned at least the unused part of what was paid, by whole days, to the next period that is
/// billed.
pub(super) fn refunded(
    returns: &[&Return],
    billed: &[&Billed],
) -> Vec<(Timestamp, Option<Timestamp>, MessageId)> {
    let mut times = Vec::new();
    for paid in returns {
        let all = paid.period_end_at.signed_duration_since(paid.period_start_at).num_days().max(1);
        let mut back: i64 = 0;
        for refund in &paid.refunds {
            back = back.saturating_add(refund.amount.minor());
            if refund.at >= paid.period_end_at {
                break;
            }
            let unused = paid.period_end_at.signed_duration_since(refund.at).num_days().clamp(1, all);
            let owed = crate::money::share(paid.paid.minor(), unused, all).unwrap_or(i64::MAX);
            if back >= owed && goes_on_as_another(paid, refund.at, billed) {
                break;
            }
            if back >= owed {
                let next =
                    billed.iter().filter_map(|billed| starts_at(billed)).filter(|start| *start > refund.at);
                times.push((refund.at, next.min(), refund.source));
                break;
            }
        }
    }
    times.sort();
    times
}

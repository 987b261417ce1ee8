//! The provider's cumulative counter of refunds, as a check.

use super::Case;
use super::draft::{Draft, Fault, add, share_of, sub};
use super::gather::Known;
use super::pieces::Taken;
use super::returns::{is_capture_remainder, when_ended};
use crate::Money;
use crate::Party;
use crate::observation::{Payment, Refund};

/// Notes by how much the counter exceeds the refunds that are known. A counter below them is only an old one.
pub(super) fn book(
    case: &Case,
    payment: &Known<&Payment>,
    taken: Option<&Taken>,
    party: &Party,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let Some(taken) = taken else { return Ok(()) };
    let body = payment.body;
    let presented = taken.presented;
    if body.amount_refunded.currency() != presented.currency() {
        return Ok(());
    }
    // The counter includes what was authorised and never taken.
    let never_taken = sub(body.amount.minor(), presented.minor())?.max(0);
    let counted = sub(body.amount_refunded.minor(), never_taken)?;
    let mut known = 0;
    for refund in &case.refunds {
        let agrees = refund.body.amount.currency() == presented.currency();
        if agrees && !is_capture_remainder(case, refund) && may_be_counted(case, refund, payment) {
            known = add(known, refund.body.amount.minor())?;
        }
    }
    let gap = sub(counted, known)?;
    let Some(at) = payment.history.counted_at.or(taken.at()).filter(|_| gap > 0) else { return Ok(()) };
    let size = share_of(taken.booked.minor(), gap, presented.minor())?;
    draft.unexplained(&payment.fact(party, at), Money::from_minor(size, taken.booked.currency()))
}

/// True for a refund that stands, or that failed only after the counter was shown.
fn may_be_counted(case: &Case, refund: &Known<Refund>, payment: &Known<&Payment>) -> bool {
    match when_ended(case, refund) {
        None => true,
        Some(ended_at) => ended_at.is_none_or(|ended_at| ended_at >= payment.history.latest_at),
    }
}

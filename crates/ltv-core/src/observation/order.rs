//! The total order of the observations of one object.

use super::{
    Body, CreditNoteStatus, DisputeStatus, InvoicePaymentStatus, InvoiceStatus, Observation, Origin, Payment,
    PaymentStatus, PayoutStatus, RefundStatus, SubscriptionStatus,
};
use crate::Timestamp;

/// Sorts the observations of one object from earliest to latest: observed at, webhook before read, status rank (a
/// status that can only come later wins), progress (counters only grow), source id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    observed_at: Timestamp,
    origin: Origin,
    status_rank: i16,
    progress: (i64, i64),
    source_id: String,
    mapping_version: i32,
}

impl Observation {
    /// This observation's place among those of its object.
    #[must_use]
    pub fn order_key(&self) -> OrderKey {
        OrderKey {
            observed_at: self.observed_at,
            origin: self.origin,
            status_rank: self.body.status_rank(),
            progress: self.body.progress(),
            source_id: self.source_id.clone(),
            mapping_version: self.mapping_version,
        }
    }
}

impl Body {
    /// The rank of the object's status: higher can only come later. A word that is not known ranks lowest; a payment
    /// that was captured ranks above one that was only authorised.
    #[must_use]
    pub fn status_rank(&self) -> i16 {
        match self {
            Self::Customer(body) => i16::from(body.deleted),
            Self::Subscription(body) => subscription_rank(&body.status),
            Self::Invoice(body) => invoice_rank(&body.status),
            Self::InvoicePayment(body) => invoice_payment_rank(&body.status),
            Self::Payment(body) => payment_rank(body),
            Self::Refund(body) => refund_rank(&body.status),
            Self::CreditNote(body) => credit_note_rank(&body.status),
            Self::Dispute(body) => dispute_rank(&body.status),
            Self::Payout(body) => payout_rank(&body.status),
            // One that ended was told of later.
            Self::Discount(body) => i16::from(body.ended_at.is_some()),
            Self::PaymentFailure(_) | Self::Settlement(_) => 0,
        }
    }

    /// Counters that only grow, to tell apart two observations of one second and status.
    fn progress(&self) -> (i64, i64) {
        match self {
            Self::Payment(body) => (body.amount_captured.minor(), body.amount_refunded.minor()),
            Self::Invoice(body) => (body.amount_paid.minor(), body.amount_paid_off_provider.minor()),
            Self::PaymentFailure(body) => (body.attempt.map_or(0, i64::from), 0),
            Self::Customer(_)
            | Self::Subscription(_)
            | Self::Discount(_)
            | Self::InvoicePayment(_)
            | Self::Settlement(_)
            | Self::Refund(_)
            | Self::CreditNote(_)
            | Self::Dispute(_)
            | Self::Payout(_) => (0, 0),
        }
    }
}

fn subscription_rank(status: &SubscriptionStatus) -> i16 {
    match status {
        SubscriptionStatus::Unknown(_) => 0,
        SubscriptionStatus::Incomplete => 1,
        SubscriptionStatus::IncompleteExpired => 2,
        SubscriptionStatus::Trialing => 3,
        SubscriptionStatus::Active => 4,
        SubscriptionStatus::PastDue => 5,
        SubscriptionStatus::Unpaid => 6,
        SubscriptionStatus::Paused => 7,
        SubscriptionStatus::Ended => 8,
    }
}

fn invoice_rank(status: &InvoiceStatus) -> i16 {
    match status {
        InvoiceStatus::Unknown(_) => 0,
        InvoiceStatus::Draft => 1,
        InvoiceStatus::Open => 2,
        InvoiceStatus::Uncollectible => 3,
        InvoiceStatus::Paid => 4,
        InvoiceStatus::Void => 5,
    }
}

fn invoice_payment_rank(status: &InvoicePaymentStatus) -> i16 {
    match status {
        InvoicePaymentStatus::Unknown(_) => 0,
        InvoicePaymentStatus::Open => 1,
        InvoicePaymentStatus::Canceled => 2,
        InvoicePaymentStatus::Paid => 3,
    }
}

fn payment_rank(payment: &Payment) -> i16 {
    match (&payment.status, payment.captured) {
        (PaymentStatus::Unknown(_), false) => 0,
        (PaymentStatus::Unknown(_), true) => 1,
        (PaymentStatus::Pending, false) => 2,
        (PaymentStatus::Pending, true) => 3,
        (PaymentStatus::Failed, false) => 4,
        (PaymentStatus::Failed, true) => 5,
        (PaymentStatus::Succeeded, false) => 6,
        (PaymentStatus::Succeeded, true) => 7,
    }
}

fn refund_rank(status: &RefundStatus) -> i16 {
    match status {
        RefundStatus::Unknown(_) => 0,
        RefundStatus::Pending => 1,
        RefundStatus::RequiresAction => 2,
        RefundStatus::Succeeded => 3,
        RefundStatus::Canceled => 4,
        RefundStatus::Failed => 5,
    }
}

fn credit_note_rank(status: &CreditNoteStatus) -> i16 {
    match status {
        CreditNoteStatus::Unknown(_) => 0,
        CreditNoteStatus::Issued => 1,
        CreditNoteStatus::Void => 2,
    }
}

fn dispute_rank(status: &DisputeStatus) -> i16 {
    match status {
        DisputeStatus::Unknown(_) => 0,
        DisputeStatus::InquiryOpen => 1,
        DisputeStatus::InquiryUnderReview => 2,
        DisputeStatus::InquiryClosed => 3,
        DisputeStatus::Open => 4,
        DisputeStatus::UnderReview => 5,
        DisputeStatus::Won => 6,
        DisputeStatus::Lost => 7,
    }
}

fn payout_rank(status: &PayoutStatus) -> i16 {
    match status {
        PayoutStatus::Unknown(_) => 0,
        PayoutStatus::Pending => 1,
        PayoutStatus::InTransit => 2,
        PayoutStatus::Paid => 3,
        PayoutStatus::Canceled => 4,
        PayoutStatus::Failed => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::SettlementKind;
    use crate::testkit::{a_charge, a_refund, a_settlement, an_invoice};

    fn assert_ascending(observations: &[Observation]) {
        for pair in observations.windows(2) {
            assert!(pair[0].order_key() < pair[1].order_key(), "{:?}\nis not before\n{:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn time_goes_before_origin_and_origin_before_status() {
        assert_ascending(&[
            a_refund("re_1").status(RefundStatus::Failed).told_on(2).build(),
            a_refund("re_1").status(RefundStatus::Pending).told_on(3).build(),
            a_refund("re_1").status(RefundStatus::Succeeded).told_on(3).build(),
            a_refund("re_1").status(RefundStatus::Pending).read_on(3).build(),
        ]);
    }

    #[test]
    fn within_a_second_the_later_status_and_the_larger_counter_win() {
        assert_ascending(&[
            a_charge("ch_1").status(PaymentStatus::Unknown("new".to_owned())).authorised().build(),
            a_charge("ch_1").status(PaymentStatus::Pending).authorised().build(),
            a_charge("ch_1").status(PaymentStatus::Failed).authorised().build(),
            a_charge("ch_1").authorised().build(),
            a_charge("ch_1").captured("40.00 GBP").build(),
            a_charge("ch_1").build(),
            a_charge("ch_1").refunded("5.00 GBP").build(),
        ]);
        assert_ascending(&[
            an_invoice("in_1", "5.00 GBP", "0.00").status(InvoiceStatus::Draft).build(),
            an_invoice("in_1", "5.00 GBP", "0.00").status(InvoiceStatus::Open).build(),
            an_invoice("in_1", "5.00 GBP", "0.00").status(InvoiceStatus::Uncollectible).build(),
            an_invoice("in_1", "5.00 GBP", "0.00").build(),
            an_invoice("in_1", "5.00 GBP", "0.00").status(InvoiceStatus::Void).build(),
        ]);
    }

    #[test]
    fn ranks_go_as_their_statuses_do_with_the_unknown_word_lowest() {
        let statuses = [
            DisputeStatus::Unknown("appeal".to_owned()),
            DisputeStatus::InquiryOpen,
            DisputeStatus::InquiryUnderReview,
            DisputeStatus::InquiryClosed,
            DisputeStatus::Open,
            DisputeStatus::UnderReview,
            DisputeStatus::Won,
            DisputeStatus::Lost,
        ];
        assert!(statuses.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(statuses.windows(2).all(|pair| dispute_rank(&pair[0]) < dispute_rank(&pair[1])));
        let movement = a_settlement("txn_1").of(SettlementKind::Fee, None, "-1.00 GBP").build();
        assert_eq!(movement.body.status_rank(), 0);
    }
}

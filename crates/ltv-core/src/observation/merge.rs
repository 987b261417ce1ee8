//! What all observations of one object say together.

use super::{
    Body, CreditNote, Discount, Dispute, Invoice, InvoicePayment, Observation, Payment, PaymentFailure,
    Payout, Refund, Settlement, SettlementKind, Subscription,
};

/// The merged state of one object. `observations` must be of that object and go from earliest to latest; `None` when
/// there are none.
///
/// The latest observation counts, except: what can only grow (a refund's, dispute's, payment's or payout's status,
/// what was captured) has its highest value, and a link that was once told (settlement, customer, payment intent …)
/// is not lost when a later observation leaves it out.
#[must_use]
pub fn merged(observations: &[&Observation]) -> Option<Body> {
    let (first, rest) = observations.split_first()?;
    Some(rest.iter().fold(first.body.clone(), |earlier, later| join(earlier, &later.body)))
}

fn join(earlier: Body, later: &Body) -> Body {
    match (earlier, later.clone()) {
        (Body::Payment(old), Body::Payment(new)) => Body::Payment(join_payment(old, new)),
        (Body::Refund(old), Body::Refund(new)) => Body::Refund(join_refund(old, new)),
        (Body::Dispute(old), Body::Dispute(new)) => Body::Dispute(join_dispute(old, new)),
        (Body::Payout(old), Body::Payout(new)) => Body::Payout(join_payout(old, new)),
        (Body::Settlement(old), Body::Settlement(new)) => Body::Settlement(join_settlement(old, new)),
        (Body::Invoice(old), Body::Invoice(new)) => Body::Invoice(join_invoice(old, new)),
        (Body::InvoicePayment(old), Body::InvoicePayment(new)) => {
            Body::InvoicePayment(join_invoice_payment(old, new))
        }
        (Body::CreditNote(old), Body::CreditNote(new)) => Body::CreditNote(join_credit_note(old, new)),
        (Body::Subscription(old), Body::Subscription(new)) => Body::Subscription(join_subscription(old, new)),
        (Body::Discount(old), Body::Discount(new)) => Body::Discount(join_discount(old, new)),
        (Body::PaymentFailure(old), Body::PaymentFailure(new)) => {
            Body::PaymentFailure(join_failure(old, new))
        }
        (_, later) => later,
    }
}

fn join_payment(old: Payment, new: Payment) -> Payment {
    let more = new.amount_captured.currency() != old.amount_captured.currency()
        || new.amount_captured.minor() >= old.amount_captured.minor();
    Payment {
        customer: new.customer.or(old.customer),
        amount_captured: if more { new.amount_captured } else { old.amount_captured },
        captured: new.captured || old.captured,
        status: new.status.max(old.status),
        payment_intent: new.payment_intent.or(old.payment_intent),
        settlement: new.settlement.or(old.settlement),
        failure_settlement: new.failure_settlement.or(old.failure_settlement),
        ..new
    }
}

fn join_refund(old: Refund, new: Refund) -> Refund {
    Refund {
        payment: new.payment.or(old.payment),
        status: new.status.max(old.status),
        settlement: new.settlement.or(old.settlement),
        failure_settlement: new.failure_settlement.or(old.failure_settlement),
        ..new
    }
}

fn join_dispute(old: Dispute, new: Dispute) -> Dispute {
    Dispute {
        payment: new.payment.or(old.payment),
        status: new.status.max(old.status),
        reason: new.reason.or(old.reason),
        ..new
    }
}

fn join_payout(old: Payout, new: Payout) -> Payout {
    Payout {
        status: new.status.max(old.status),
        settlement: new.settlement.or(old.settlement),
        failure_settlement: new.failure_settlement.or(old.failure_settlement),
        ..new
    }
}

/// A movement never changes; an older shape of it may only be told in words that are not understood.
fn join_settlement(old: Settlement, new: Settlement) -> Settlement {
    let lost = matches!(new.settlement_kind, SettlementKind::Unknown(_));
    Settlement {
        settlement_kind: if lost { old.settlement_kind } else { new.settlement_kind },
        source: new.source.or(old.source),
        available_at: new.available_at.or(old.available_at),
        ..new
    }
}

fn join_invoice(old: Invoice, new: Invoice) -> Invoice {
    let keeps_lines = old.lines_complete && !new.lines_complete && old.total == new.total;
    let (lines, lines_complete) =
        if keeps_lines { (old.lines, true) } else { (new.lines, new.lines_complete) };
    Invoice {
        customer: new.customer.or(old.customer),
        subscription: new.subscription.or(old.subscription),
        ending_balance: new.ending_balance.or(old.ending_balance),
        finalized_at: new.finalized_at.or(old.finalized_at),
        paid_at: new.paid_at.or(old.paid_at),
        voided_at: new.voided_at.or(old.voided_at),
        lines,
        lines_complete,
        ..new
    }
}

fn join_invoice_payment(old: InvoicePayment, new: InvoicePayment) -> InvoicePayment {
    InvoicePayment {
        payment: new.payment.or(old.payment),
        amount: new.amount.or(old.amount),
        status: new.status.max(old.status),
        created_at: new.created_at.or(old.created_at),
        ..new
    }
}

fn join_credit_note(old: CreditNote, new: CreditNote) -> CreditNote {
    CreditNote {
        customer: new.customer.or(old.customer),
        invoice: new.invoice.or(old.invoice),
        status: new.status.max(old.status),
        voided_at: new.voided_at.or(old.voided_at),
        ..new
    }
}

fn join_subscription(old: Subscription, new: Subscription) -> Subscription {
    Subscription { customer: new.customer.or(old.customer), ..new }
}

/// A later message may name the coupon by its id alone: what it takes off was told before.
fn join_discount(old: Discount, new: Discount) -> Discount {
    let untold = new.percent_off.is_none() && new.amount_off.is_none();
    let limited_to_products = old.limited_to_products || new.limited_to_products;
    let (percent_off, amount_off, duration) = if untold {
        (old.percent_off, old.amount_off, old.duration)
    } else {
        (new.percent_off, new.amount_off, new.duration)
    };
    Discount {
        customer: new.customer.or(old.customer),
        subscription: new.subscription.or(old.subscription),
        item: new.item.or(old.item),
        percent_off,
        amount_off,
        duration,
        started_at: new.started_at.or(old.started_at),
        ended_at: new.ended_at.or(old.ended_at),
        limited_to_products,
    }
}

/// The charge's event tells the cause, the invoice's event the attempt and the next one; both tell of one failure.
fn join_failure(old: PaymentFailure, new: PaymentFailure) -> PaymentFailure {
    PaymentFailure {
        customer: new.customer.or(old.customer),
        payment: new.payment.or(old.payment),
        invoice: new.invoice.or(old.invoice),
        code: new.code.or(old.code),
        attempt: new.attempt.or(old.attempt),
        next_attempt_at: new.next_attempt_at.or(old.next_attempt_at),
        failed_at: new.failed_at.min(old.failed_at),
        ..new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectKey;
    use crate::observation::{PaymentStatus, RefundStatus};
    use crate::testkit::{a_charge, a_refund, a_settlement, an_invoice, key, money};

    fn merge(observations: &[Observation]) -> Body {
        let mut sorted: Vec<&Observation> = observations.iter().collect();
        sorted.sort_by_key(|observation| observation.order_key());
        merged(&sorted).unwrap()
    }

    fn payment(body: Body) -> Payment {
        match body {
            Body::Payment(payment) => payment,
            other => panic!("{} is no payment", other.kind()),
        }
    }

    #[test]
    fn a_late_message_of_an_earlier_state_takes_nothing_back() {
        let told = [
            a_charge("ch_1").from("cus_1").intent("pi_1").build(),
            a_charge("ch_1").status(PaymentStatus::Pending).authorised().told_on(9).build(),
        ];
        let merged = payment(merge(&told));
        assert!(merged.captured);
        assert_eq!((merged.status, merged.amount_captured), (PaymentStatus::Succeeded, money("100.00 GBP")));
        assert_eq!(merged.customer, Some(key("cus_1")));
        assert_eq!(merged.payment_intent.as_ref().map(ObjectKey::id), Some("pi_1"));
    }

    #[test]
    fn the_counter_and_a_changed_customer_come_from_the_latest() {
        let told = [
            a_charge("ch_1").from("cus_1").refunded("30.00 GBP").build(),
            a_charge("ch_1").from("cus_2").refunded("0.00 GBP").told_on(9).build(),
        ];
        let merged = payment(merge(&told));
        assert_eq!((merged.customer, merged.amount_refunded), (Some(key("cus_2")), money("0.00 GBP")));
    }

    #[test]
    fn a_refund_that_failed_stays_failed_and_a_new_word_never_wins() {
        let told = [
            a_refund("re_1").status(RefundStatus::Failed).build(),
            a_refund("re_1").status(RefundStatus::Succeeded).told_on(8).build(),
            a_refund("re_1").status(RefundStatus::Unknown("teleported".to_owned())).told_on(9).build(),
        ];
        assert!(matches!(merge(&told), Body::Refund(refund) if refund.status == RefundStatus::Failed));
    }

    #[test]
    fn a_movement_that_was_once_understood_stays_so() {
        let movement = |kind| a_settlement("txn_1").of(kind, Some("dp_1"), "-80.00 GBP");
        let told = [
            movement(SettlementKind::Unknown("adjustment".to_owned())).told_on(9).build(),
            movement(SettlementKind::Dispute).read_on(5).build(),
            movement(SettlementKind::Unknown("adjustment".to_owned())).told_on(2).build(),
        ];
        for told in [&told[..2], &told[1..], &told[..]] {
            let kind = match merge(told) {
                Body::Settlement(movement) => movement.settlement_kind,
                other => panic!("{} is no settlement", other.kind()),
            };
            assert_eq!(kind, SettlementKind::Dispute);
        }
    }

    #[test]
    fn complete_lines_are_kept_when_a_later_observation_shows_fewer() {
        let full = an_invoice("in_1", "60.00 GBP", "10.00").recurring_line("50.00", "10.00").build();
        let mut short = an_invoice("in_1", "60.00 GBP", "10.00").told_on(9).build();
        if let Body::Invoice(invoice) = &mut short.body {
            invoice.lines_complete = false;
        }
        match merge(&[full, short]) {
            Body::Invoice(invoice) => assert_eq!((invoice.lines.len(), invoice.lines_complete), (1, true)),
            other => panic!("{} is no invoice", other.kind()),
        }
        assert_eq!(merged(&[]), None);
    }
}

//! From observations to what is known of a case.

use super::Case;
use super::draft::Fact;
use crate::observation::{
    Dispute, Invoice, InvoicePayment, PaymentRef, PaymentStatus, Refund, RefundStatus, Settlement, counting,
    merged,
};
use crate::{Body, MessageId, Money, ObjectKey, Observation, Origin, Party, Timestamp};

/// An object's merged state with what its history tells beside.
#[derive(Debug, Clone)]
pub(super) struct Known<T> {
    pub key: ObjectKey,
    pub body: T,
    pub history: History,
}

/// What an object's observations tell that its merged state does not.
///
/// Instants are taken from webhooks alone: when an object was read says nothing about when it changed, and would
/// make the books depend on the hour of a sync.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// The message of the latest observation.
    pub message: MessageId,
    /// When a payment's counter of refunds was first told at the value that it has now.
    pub counted_at: Option<Timestamp>,
    /// When it was latest observed, however.
    pub latest_at: Timestamp,
    /// When a payment that was first shown unpaid or uncaptured was first shown paid.
    pub paid_at: Option<Timestamp>,
    /// True when a payment was ever told as pending. That a read met it in that state is a chance of its hour.
    pub was_pending: bool,
    /// When a payment or refund was first shown as failed or withdrawn.
    pub ended_at: Option<Timestamp>,
}

impl<T> Known<T> {
    /// The same object's history with another view of its body.
    pub fn with<'a, U>(&self, body: &'a U) -> Known<&'a U> {
        Known { key: self.key.clone(), body, history: self.history }
    }

    /// This object as what lines speak of.
    pub fn fact(&self, party: &Party, at: Timestamp) -> Fact {
        Fact { party: party.clone(), object: self.key.clone(), at, source: self.history.message }
    }
}

impl Known<Settlement> {
    /// This movement as what lines speak of.
    pub fn moved(&self, party: &Party) -> Fact {
        self.fact(party, self.body.created_at)
    }
}

/// Chooses what belongs to the case of `anchor`.
pub(super) fn gather(anchor: ObjectKey, observations: &[Observation]) -> Case {
    let objects = Objects::of(observations);
    let own = objects.own(&anchor);
    let refunds: Vec<Known<Refund>> =
        objects.refunds.into_iter().filter(|refund| refund.body.payment.as_ref() == Some(&anchor)).collect();
    let disputes: Vec<Known<Dispute>> = objects
        .disputes
        .into_iter()
        .filter(|dispute| dispute.body.payment.as_ref() == Some(&anchor))
        .collect();
    let is_ours = |key: &ObjectKey| {
        *key == anchor
            || refunds.iter().any(|refund| refund.key == *key)
            || disputes.iter().any(|dispute| dispute.key == *key)
    };
    let settlements = objects
        .settlements
        .into_iter()
        .filter(|known| known.body.of_payments_balance && known.body.source.as_ref().is_some_and(is_ours))
        .collect();
    let own = own.filter(|known| !is_of_another_balance(&known.body));
    Case {
        own,
        settlements,
        refunds,
        disputes,
        invoices: objects.invoices,
        invoice_payments: objects.invoice_payments,
        anchor,
    }
}

fn is_of_another_balance(body: &Body) -> bool {
    matches!(body, Body::Settlement(movement) if !movement.of_payments_balance)
}

/// All objects that were shown, by kind; each list in the order of the objects' keys.
#[derive(Default)]
struct Objects {
    others: Vec<Known<Body>>,
    settlements: Vec<Known<Settlement>>,
    refunds: Vec<Known<Refund>>,
    disputes: Vec<Known<Dispute>>,
    invoices: Vec<Known<Invoice>>,
    invoice_payments: Vec<Known<InvoicePayment>>,
}

impl Objects {
    fn of(observations: &[Observation]) -> Self {
        let mut objects = Self::default();
        for (key, seen) in counting(observations) {
            let Some(history) = history(&seen) else { continue };
            match merged(&seen) {
                Some(Body::Settlement(body)) => objects.settlements.push(Known { key, body, history }),
                Some(Body::Refund(body)) => objects.refunds.push(Known { key, body, history }),
                Some(Body::Dispute(body)) => objects.disputes.push(Known { key, body, history }),
                Some(Body::Invoice(body)) => objects.invoices.push(Known { key, body, history }),
                Some(Body::InvoicePayment(body)) => {
                    objects.invoice_payments.push(Known { key, body, history })
                }
                Some(body) => objects.others.push(Known { key, body, history }),
                None => {}
            }
        }
        objects
    }

    /// The anchor's own state, whatever its kind.
    fn own(&self, anchor: &ObjectKey) -> Option<Known<Body>> {
        fn find<T: Clone>(known: &[Known<T>], key: &ObjectKey, body: fn(T) -> Body) -> Option<Known<Body>> {
            let found = known.iter().find(|known| known.key == *key)?;
            Some(Known { key: found.key.clone(), body: body(found.body.clone()), history: found.history })
        }
        find(&self.others, anchor, |body| body)
            .or_else(|| find(&self.settlements, anchor, Body::Settlement))
            .or_else(|| find(&self.refunds, anchor, Body::Refund))
            .or_else(|| find(&self.disputes, anchor, Body::Dispute))
            .or_else(|| find(&self.invoices, anchor, Body::Invoice))
            .or_else(|| find(&self.invoice_payments, anchor, Body::InvoicePayment))
    }
}

fn history(seen: &[&Observation]) -> Option<History> {
    let (first, latest) = (seen.first()?, seen.last()?);
    let told = |observation: &&&Observation| observation.origin == Origin::Webhook;
    let first_told = |test: &dyn Fn(&Body) -> bool| {
        let telling = seen.iter().filter(told).find(|observation| test(&observation.body));
        telling.map(|observation| observation.observed_at)
    };
    Some(History {
        message: latest.message,
        counted_at: first_told(&|body| counter(body).is_some() && counter(body) == counter(&latest.body)),
        latest_at: latest.observed_at,
        paid_at: if is_paid(&first.body) { None } else { first_told(&is_paid) },
        was_pending: first_told(&is_pending).is_some(),
        ended_at: first_told(&is_ended),
    })
}

fn counter(body: &Body) -> Option<Money> {
    match body {
        Body::Payment(payment) => Some(payment.amount_refunded),
        _ => None,
    }
}

fn is_paid(body: &Body) -> bool {
    matches!(body, Body::Payment(payment) if payment.captured && payment.status == PaymentStatus::Succeeded)
}

fn is_pending(body: &Body) -> bool {
    matches!(body, Body::Payment(payment) if payment.status == PaymentStatus::Pending)
}

fn is_ended(body: &Body) -> bool {
    match body {
        Body::Payment(payment) => payment.status == PaymentStatus::Failed,
        Body::Refund(refund) => matches!(refund.status, RefundStatus::Failed | RefundStatus::Canceled),
        Body::Customer(_)
        | Body::Subscription(_)
        | Body::Discount(_)
        | Body::Invoice(_)
        | Body::InvoicePayment(_)
        | Body::PaymentFailure(_)
        | Body::Settlement(_)
        | Body::CreditNote(_)
        | Body::Dispute(_)
        | Body::Payout(_) => false,
    }
}

impl Case {
    /// Movements whose source is `key`, from earliest to latest.
    pub(super) fn settlements_of<'a>(&'a self, key: &'a ObjectKey) -> Vec<&'a Known<Settlement>> {
        let mut movements: Vec<&Known<Settlement>> =
            self.settlements.iter().filter(|known| known.body.source.as_ref() == Some(key)).collect();
        movements.sort_by(|a, b| (a.body.created_at, &a.key).cmp(&(b.body.created_at, &b.key)));
        movements
    }

    /// The invoice `key`, if it was shown.
    pub(super) fn invoice(&self, key: &ObjectKey) -> Option<&Invoice> {
        self.invoices.iter().find(|known| known.key == *key).map(|known| &known.body)
    }

    /// Whose money it is while nothing better is told.
    pub(super) fn unassigned(&self) -> Party {
        Party::Unassigned(self.anchor.provider())
    }
}

/// The object that an invoice payment names as the payment.
pub(super) fn payment_key(reference: &PaymentRef) -> &ObjectKey {
    match reference {
        PaymentRef::Charge(key) | PaymentRef::Intent(key) => key,
    }
}

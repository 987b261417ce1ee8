//! A case: one anchor with what names it, and what its postings should add up to.

mod account_moves;
mod billing;
mod counter;
mod draft;
mod gather;
mod invoice_share;
mod payment;
mod pieces;
mod returns;

use draft::{Draft, Fault};
use gather::Known;

use super::Target;
use crate::observation::{Dispute, Invoice, InvoicePayment, Refund, Settlement};
use crate::policy::Policy;
use crate::{Body, Currency, ObjectKey, Observation};

/// The observations of one anchor and what names it, with the invoices and invoice payments that it meets.
#[derive(Debug, Clone)]
pub struct Case {
    anchor: ObjectKey,
    /// The anchor's own state, once it was shown.
    own: Option<Known<Body>>,
    /// Balance movements of the anchor and of its refunds and disputes.
    settlements: Vec<Known<Settlement>>,
    refunds: Vec<Known<Refund>>,
    disputes: Vec<Known<Dispute>>,
    /// The invoices that the anchor pays, and all that pays those.
    invoices: Vec<Known<Invoice>>,
    invoice_payments: Vec<Known<InvoicePayment>>,
}

/// Why a case has no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// An amount is too large.
    #[error("an amount of case `{anchor}` is too large")]
    Overflow {
        /// The anchor.
        anchor: ObjectKey,
    },
    /// The rules made lines that do not sum to zero: a defect here, caught before anything is booked.
    #[error("the lines of case `{anchor}` do not sum to zero in {currency}")]
    Unbalanced {
        /// The anchor.
        anchor: ObjectKey,
        /// The currency.
        currency: Currency,
    },
}

impl Case {
    /// Gathers the case of `anchor` from observations of it, of what names it, and of the invoices that it meets.
    /// Observations of other objects are ignored, order and repetition do not matter.
    ///
    /// An `anchor` that names a parent itself (a refund whose charge is known) is no anchor any more: its target is
    /// empty, since its money belongs to the parent's case.
    #[must_use]
    pub fn gather(anchor: ObjectKey, observations: &[Observation]) -> Self {
        gather::gather(anchor, observations)
    }

    /// The object that this case is about.
    #[must_use]
    pub fn anchor(&self) -> &ObjectKey {
        &self.anchor
    }

    /// What the postings of this case should add up to.
    ///
    /// # Errors
    /// [`CaseError::Overflow`], [`CaseError::Unbalanced`].
    pub fn target(&self, policy: &Policy) -> Result<Target, CaseError> {
        let mut draft = Draft::default();
        match self.book(policy, &mut draft) {
            Ok(()) => draft.finish(&self.anchor),
            Err(Fault) => Err(CaseError::Overflow { anchor: self.anchor.clone() }),
        }
    }

    fn book(&self, policy: &Policy, draft: &mut Draft) -> Result<(), Fault> {
        let Some(own) = &self.own else {
            return if payment::is_told_of(self) {
                payment::book(self, None, policy, draft)
            } else {
                account_moves::book_all(self, draft)
            };
        };
        match &own.body {
            Body::Payment(payment) => payment::book(self, Some(&own.with(payment)), policy, draft),
            Body::Invoice(invoice) => {
                billing::book_invoice(self, &own.with(invoice), draft)?;
                account_moves::book_all(self, draft)
            }
            Body::CreditNote(note) => {
                billing::book_credit_note(&own.with(note), draft)?;
                account_moves::book_all(self, draft)
            }
            Body::Payout(payout) => account_moves::book_payout(self, &own.with(payout), draft),
            Body::Settlement(movement) if movement.source.is_none() => {
                account_moves::book(&own.with(movement), draft)
            }
            Body::Refund(refund) if refund.payment.is_none() => {
                account_moves::book_orphan_refund(self, &own.with(refund), draft)
            }
            Body::Dispute(dispute) if dispute.payment.is_none() => account_moves::book_all(self, draft),
            // Its money belongs to its parent's case.
            Body::Settlement(_) | Body::Refund(_) | Body::Dispute(_) => Ok(()),
            // They bear no money, but what moved in the balance under their name did move.
            Body::Customer(_)
            | Body::Subscription(_)
            | Body::Discount(_)
            | Body::InvoicePayment(_)
            | Body::PaymentFailure(_) => account_moves::book_all(self, draft),
        }
    }
}

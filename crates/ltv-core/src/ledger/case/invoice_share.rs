//! How an invoice's tax and one-off part are spread over what pays it.

use super::Case;
use super::draft::{Fault, add, share_of, sub};
use super::gather::{Known, payment_key};
use crate::observation::{Invoice, InvoicePayment, InvoicePaymentStatus, InvoiceStatus, PaymentRef};
use crate::policy::{Policy, WithoutInvoice};
use crate::{Currency, Money, ObjectKey};

/// An amount and what is in it, in minor units of one currency. What is not one-off is recurring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    /// All of it, tax included.
    pub gross: i64,
    /// The one-off part, its tax included.
    pub one_off: i64,
    /// The tax in all of it.
    pub tax: i64,
    /// The tax in the one-off part.
    pub tax_one_off: i64,
}

impl Parts {
    /// An amount without tax, of one sort alone.
    pub fn plain(gross: i64, sort: WithoutInvoice) -> Self {
        let one_off = match sort {
            WithoutInvoice::OneOff => gross,
            WithoutInvoice::Recurring => 0,
        };
        Self { gross, one_off, tax: 0, tax_one_off: 0 }
    }

    pub fn plus(self, other: Self) -> Result<Self, Fault> {
        Ok(Self {
            gross: add(self.gross, other.gross)?,
            one_off: add(self.one_off, other.one_off)?,
            tax: add(self.tax, other.tax)?,
            tax_one_off: add(self.tax_one_off, other.tax_one_off)?,
        })
    }

    pub fn minus(self, other: Self) -> Result<Self, Fault> {
        Ok(Self {
            gross: sub(self.gross, other.gross)?,
            one_off: sub(self.one_off, other.one_off)?,
            tax: sub(self.tax, other.tax)?,
            tax_one_off: sub(self.tax_one_off, other.tax_one_off)?,
        })
    }

    /// The same mix for the amount `gross`: each part half even of its share.
    pub fn scaled_to(self, gross: i64) -> Result<Self, Fault> {
        Ok(Self {
            gross,
            one_off: share_of(self.one_off, gross, self.gross)?,
            tax: share_of(self.tax, gross, self.gross)?,
            tax_one_off: share_of(self.tax_one_off, gross, self.gross)?,
        })
    }

    /// Recurring income without tax.
    pub fn revenue_recurring(self) -> Result<i64, Fault> {
        sub(sub(self.gross, self.one_off)?, self.tax_recurring()?)
    }

    /// One-off income without tax.
    pub fn revenue_one_off(self) -> Result<i64, Fault> {
        sub(self.one_off, self.tax_one_off)
    }

    /// The tax in the recurring part.
    pub fn tax_recurring(self) -> Result<i64, Fault> {
        sub(self.tax, self.tax_one_off)
    }
}

/// What the whole invoice is made of.
pub(super) fn parts_of(invoice: &Invoice) -> Result<Parts, Fault> {
    let (mut one_off, mut tax_one_off, mut tax_of_lines) = (0, 0, 0);
    let (mut has_recurring, mut has_one_off) = (false, false);
    let currency = invoice.total.currency();
    for line in invoice.lines.iter().filter(|line| line.amount.currency() == currency) {
        tax_of_lines = add(tax_of_lines, line.tax.minor())?;
        if line.recurring {
            has_recurring = true;
            continue;
        }
        has_one_off = true;
        let billed = add(sub(line.amount.minor(), line.discount.minor())?, line.tax_exclusive.minor())?;
        one_off = add(one_off, billed)?;
        tax_one_off = add(tax_one_off, line.tax.minor())?;
    }
    let (gross, tax) = (invoice.total.minor(), invoice.tax.minor());
    let all_recurring = !has_one_off && (has_recurring || invoice.subscription.is_some());
    let all_one_off = !has_recurring && (has_one_off || invoice.subscription.is_none());
    Ok(if all_recurring {
        Parts { gross, one_off: 0, tax, tax_one_off: 0 }
    } else if all_one_off && (invoice.lines_complete || invoice.lines.is_empty()) {
        Parts { gross, one_off: gross, tax, tax_one_off: tax }
    } else if tax_of_lines == tax {
        Parts { gross, one_off, tax, tax_one_off }
    } else {
        Parts { gross, one_off, tax, tax_one_off: share_of(tax, tax_one_off, tax_of_lines)? }
    })
}

/// What `amount` pays of an invoice of which `before` is paid already: the running share, so that parts never exceed
/// the whole and a fully paid invoice gives exactly its tax. What goes beyond the total is one-off and untaxed.
pub(super) fn share_of_invoice(whole: Parts, before: i64, amount: i64) -> Result<Parts, Fault> {
    let (low, high) = (whole.gross.min(0), whole.gross.max(0));
    let from = whole.scaled_to(before.clamp(low, high))?;
    let to = whole.scaled_to(add(before, amount)?.clamp(low, high))?;
    let covered = to.minus(from)?;
    covered.plus(Parts::plain(sub(amount, covered.gross)?, WithoutInvoice::OneOff))
}

/// Credit of the customer that the invoice used up (positive) or made (negative).
pub(super) fn credit_used(invoice: &Invoice) -> Result<i64, Fault> {
    match (&invoice.status, invoice.ending_balance) {
        (InvoiceStatus::Open | InvoiceStatus::Uncollectible | InvoiceStatus::Paid, Some(ending))
            if ending.currency() == invoice.starting_balance.currency() =>
        {
            sub(ending.minor(), invoice.starting_balance.minor())
        }
        (
            InvoiceStatus::Open
            | InvoiceStatus::Uncollectible
            | InvoiceStatus::Paid
            | InvoiceStatus::Draft
            | InvoiceStatus::Void
            | InvoiceStatus::Unknown(_),
            _,
        ) => Ok(0),
    }
}

/// What is paid before any payment through the provider: credit, then what came outside.
pub(super) fn paid_without_payment(invoice: &Invoice) -> Result<i64, Fault> {
    add(credit_used(invoice)?.max(0), invoice.amount_paid_off_provider.minor())
}

/// What a payment of `paid` is made of, by the invoices that it pays.
pub(super) fn parts_of_payment(
    case: &Case,
    intent: Option<&ObjectKey>,
    paid: Money,
    policy: &Policy,
) -> Result<Parts, Fault> {
    let mut sum = Parts::default();
    for own in own_invoice_payments(case, intent, paid.currency()) {
        let left = sub(paid.minor(), sum.gross)?;
        sum = sum.plus(own.parts(case, intent, left)?)?;
    }
    if sum.gross > paid.minor() {
        return sum.scaled_to(paid.minor());
    }
    sum.plus(Parts::plain(sub(paid.minor(), sum.gross)?, policy.without_invoice))
}

/// One invoice that the anchor pays, with the invoice payment that says so.
struct OwnPayment<'a> {
    key: &'a ObjectKey,
    told: &'a InvoicePayment,
    invoice: &'a Invoice,
}

/// The invoices that the anchor pays, each once, though an old and a new shape may both tell of it.
fn own_invoice_payments<'a>(
    case: &'a Case,
    intent: Option<&ObjectKey>,
    currency: Currency,
) -> Vec<OwnPayment<'a>> {
    let mut chosen: Vec<OwnPayment<'a>> = Vec::new();
    for known in case.invoice_payments.iter().filter(|known| is_paid(known) && is_own(case, intent, known)) {
        let Some(invoice) = case.invoice(&known.body.invoice) else { continue };
        if invoice.status == InvoiceStatus::Void || invoice.total.currency() != currency {
            continue;
        }
        let new = OwnPayment { key: &known.key, told: &known.body, invoice };
        match chosen.iter_mut().find(|old| old.told.invoice == new.told.invoice) {
            Some(old) if old.told.amount.is_none() && new.told.amount.is_some() => *old = new,
            Some(_) => {}
            None => chosen.push(new),
        }
    }
    chosen
}

fn is_paid(known: &Known<InvoicePayment>) -> bool {
    known.body.status == InvoicePaymentStatus::Paid
}

fn is_own(case: &Case, intent: Option<&ObjectKey>, known: &Known<InvoicePayment>) -> bool {
    match &known.body.payment {
        Some(PaymentRef::Charge(charge)) => *charge == case.anchor,
        Some(PaymentRef::Intent(key)) => intent == Some(key),
        None => false,
    }
}

impl OwnPayment<'_> {
    /// This payment's share of the invoice, after what others paid that go before it.
    fn parts(&self, case: &Case, intent: Option<&ObjectKey>, left: i64) -> Result<Parts, Fault> {
        let whole = parts_of(self.invoice)?;
        let before = add(paid_without_payment(self.invoice)?, self.paid_by_others_before(case, intent)?)?;
        let amount = match self.told.amount {
            Some(amount) => amount.minor(),
            // Not told: what the invoice still needs, at most what the payment has left.
            None => left.min(sub(whole.gross, before)?.max(0)),
        };
        share_of_invoice(whole, before, amount)
    }

    /// Others that pay the invoice and whose key goes before. One of unknown amount is an old shape's repetition.
    fn paid_by_others_before(&self, case: &Case, intent: Option<&ObjectKey>) -> Result<i64, Fault> {
        let mut seen: Vec<&ObjectKey> = Vec::new();
        let mut sum = 0;
        for known in case.invoice_payments.iter().filter(|known| known.body.invoice == self.told.invoice) {
            let (Some(amount), Some(reference)) = (known.body.amount, &known.body.payment) else { continue };
            let payment = payment_key(reference);
            let counts = is_paid(known) && !is_own(case, intent, known) && known.key < *self.key;
            if counts && !seen.contains(&payment) && amount.currency() == self.invoice.total.currency() {
                seen.push(payment);
                sum = add(sum, amount.minor())?;
            }
        }
        Ok(sum)
    }
}

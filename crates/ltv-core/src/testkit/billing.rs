//! Builders of what is billed.

use super::{Told, day, key, money, money_in, tellable};
use crate::observation::{
    CreditNote, CreditNoteStatus, Invoice, InvoiceLine, InvoicePayment, InvoicePaymentStatus, InvoiceStatus,
    PaymentRef,
};
use crate::{Body, Money, Observation, Timestamp};

/// Builds an invoice: paid, of a subscription, unless said otherwise.
#[derive(Debug, Clone)]
pub struct InvoiceBuilder {
    id: String,
    body: Invoice,
    made_at: Timestamp,
    told: Told,
}

/// An invoice with this total and this tax, such as `an_invoice("in_1", "58.80 GBP", "9.80")`, on day 1.
#[must_use]
pub fn an_invoice(id: &str, total: &str, tax: &str) -> InvoiceBuilder {
    let total = money(total);
    let nothing = Money::zero(total.currency());
    let body = Invoice {
        customer: None,
        subscription: Some(key("sub_1")),
        status: InvoiceStatus::Paid,
        total,
        tax: money_in(tax, total.currency()),
        amount_due: total,
        amount_paid: total,
        amount_paid_off_provider: nothing,
        starting_balance: nothing,
        ending_balance: Some(nothing),
        lines: Vec::new(),
        lines_complete: true,
        billing_reason: None,
        created_at: day(1),
        finalized_at: Some(day(1)),
        paid_at: Some(day(1)),
        voided_at: None,
    };
    InvoiceBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl InvoiceBuilder {
    /// Who is billed.
    #[must_use]
    pub fn to(mut self, customer: &str) -> Self {
        self.body.customer = Some(key(customer));
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: InvoiceStatus) -> Self {
        self.body.status = status;
        self
    }

    /// A line of a subscription: its amount before tax, and the tax on top.
    #[must_use]
    pub fn recurring_line(self, amount: &str, tax: &str) -> Self {
        self.line(amount, tax, true)
    }

    /// A line of a subscription for a service from `start` to `end`: what is billed, and the tax in that.
    #[must_use]
    pub fn period_line(mut self, amount: &str, tax_inside: &str, start: &str, end: &str) -> Self {
        self = self.line(amount, tax_inside, true);
        let nothing = Money::zero(self.body.total.currency());
        if let Some(line) = self.body.lines.last_mut() {
            line.tax_exclusive = nothing;
            line.price = Some("price_1".to_owned());
            (line.period_start_at, line.period_end_at) =
                (Some(super::instant(start)), Some(super::instant(end)));
        }
        self
    }

    /// The last line is a proration.
    #[must_use]
    pub fn prorated(mut self) -> Self {
        if let Some(line) = self.body.lines.last_mut() {
            line.proration = true;
        }
        self
    }

    /// Of which subscription.
    #[must_use]
    pub fn of_subscription(mut self, subscription: &str) -> Self {
        self.body.subscription = Some(key(subscription));
        self
    }

    /// A one-off line: its amount before tax, and the tax on top.
    #[must_use]
    pub fn one_off_line(self, amount: &str, tax: &str) -> Self {
        self.line(amount, tax, false)
    }

    /// The customer's balance before and after; negative is credit.
    #[must_use]
    pub fn balance(mut self, starting: &str, ending: &str) -> Self {
        let currency = self.body.total.currency();
        self.body.starting_balance = money_in(starting, currency);
        self.body.ending_balance = Some(money_in(ending, currency));
        self
    }

    /// What was paid outside the provider.
    #[must_use]
    pub fn paid_outside(mut self, amount: &str) -> Self {
        self.body.amount_paid_off_provider = money_in(amount, self.body.total.currency());
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let at = self.made_at;
        let body = Invoice { created_at: at, finalized_at: Some(at), paid_at: Some(at), ..self.body };
        self.told.observe(key(&self.id), at, Body::Invoice(body))
    }

    fn line(mut self, amount: &str, tax: &str, recurring: bool) -> Self {
        let currency = self.body.total.currency();
        let tax = money_in(tax, currency);
        self.body.lines.push(InvoiceLine {
            line: format!("il_{}", self.body.lines.len()),
            amount: money_in(amount, currency),
            discount: Money::zero(currency),
            tax,
            tax_exclusive: tax,
            recurring,
            proration: false,
            subscription: None,
            period_start_at: None,
            period_end_at: None,
            price: None,
            quantity: Some(1),
        });
        self
    }
}
tellable!(InvoiceBuilder);

/// Builds an invoice payment: paid, of unknown amount, unless said otherwise.
#[derive(Debug, Clone)]
pub struct InvoicePaymentBuilder {
    id: String,
    body: InvoicePayment,
    made_at: Timestamp,
    told: Told,
}

/// That `invoice` was paid, by nothing yet.
#[must_use]
pub fn an_invoice_payment(id: &str, invoice: &str) -> InvoicePaymentBuilder {
    let body = InvoicePayment {
        invoice: key(invoice),
        payment: None,
        amount: None,
        status: InvoicePaymentStatus::Paid,
        created_at: Some(day(1)),
    };
    InvoicePaymentBuilder { id: id.to_owned(), body, made_at: day(1), told: Told::default() }
}

impl InvoicePaymentBuilder {
    /// Paid by this charge.
    #[must_use]
    pub fn by_charge(mut self, charge: &str) -> Self {
        self.body.payment = Some(PaymentRef::Charge(key(charge)));
        self
    }

    /// Paid through this payment intent.
    #[must_use]
    pub fn by_intent(mut self, intent: &str) -> Self {
        self.body.payment = Some(PaymentRef::Intent(key(intent)));
        self
    }

    /// How much.
    #[must_use]
    pub fn of(mut self, amount: &str) -> Self {
        self.body.amount = Some(money(amount));
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: InvoicePaymentStatus) -> Self {
        self.body.status = status;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = InvoicePayment { created_at: Some(self.made_at), ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::InvoicePayment(body))
    }
}
tellable!(InvoicePaymentBuilder);

/// Builds a credit note.
#[derive(Debug, Clone)]
pub struct CreditNoteBuilder {
    id: String,
    body: CreditNote,
    made_at: Timestamp,
    told: Told,
}

/// A credit note with this total and tax, all of it refunded elsewhere, on day 3.
#[must_use]
pub fn a_credit_note(id: &str, total: &str, tax: &str) -> CreditNoteBuilder {
    let total = money(total);
    let body = CreditNote {
        customer: None,
        invoice: None,
        status: CreditNoteStatus::Issued,
        total,
        tax: money_in(tax, total.currency()),
        amount_to_customer_balance: Money::zero(total.currency()),
        created_at: day(3),
        voided_at: None,
    };
    CreditNoteBuilder { id: id.to_owned(), body, made_at: day(3), told: Told::default() }
}

impl CreditNoteBuilder {
    /// Whose it is.
    #[must_use]
    pub fn to(mut self, customer: &str) -> Self {
        self.body.customer = Some(key(customer));
        self
    }

    /// What goes to the customer's balance.
    #[must_use]
    pub fn credited(mut self, amount: &str) -> Self {
        self.body.amount_to_customer_balance = money_in(amount, self.body.total.currency());
        self
    }

    /// How far it got.
    #[must_use]
    pub fn status(mut self, status: CreditNoteStatus) -> Self {
        self.body.status = status;
        self
    }

    /// The observation.
    #[must_use]
    pub fn build(self) -> Observation {
        let body = CreditNote { created_at: self.made_at, ..self.body };
        self.told.observe(key(&self.id), self.made_at, Body::CreditNote(body))
    }
}
tellable!(CreditNoteBuilder);

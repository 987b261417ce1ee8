//! Invoices for what no payment pays, and credit notes.

use super::Case;
use super::draft::{Draft, Fact, Fault, share_of, sub};
use super::gather::Known;
use super::invoice_share::{Parts, credit_used, parts_of, share_of_invoice};
use crate::ledger::Account;
use crate::observation::{CreditNote, CreditNoteStatus, Invoice, InvoiceStatus};
use crate::{Currency, Money, ObjectKey, Party, Timestamp};

/// Books what an invoice was paid without a payment: from the customer's credit, and outside the provider.
pub(super) fn book_invoice(case: &Case, invoice: &Known<&Invoice>, draft: &mut Draft) -> Result<(), Fault> {
    let body = invoice.body;
    match body.status {
        InvoiceStatus::Open | InvoiceStatus::Uncollectible | InvoiceStatus::Paid => {}
        InvoiceStatus::Draft | InvoiceStatus::Void | InvoiceStatus::Unknown(_) => return Ok(()),
    }
    let party = party_of(case, body.customer.as_ref());
    let currency = body.total.currency();
    let whole = parts_of(body)?;

    let credit = credit_used(body)?;
    let fact = invoice.fact(&party, body.finalized_at.unwrap_or(body.created_at));
    earn(draft, &fact, Account::CustomerCredit, share_of_invoice(whole, 0, credit)?, currency)?;

    let outside = body.amount_paid_off_provider.minor();
    if outside > 0 {
        let fact = invoice.fact(&party, paid_at(body));
        let parts = share_of_invoice(whole, credit.max(0), outside)?;
        earn(draft, &fact, Account::Bank, parts, currency)?;
        draft.count(&fact, counting_account(parts)?, currency, 1)?;
    }
    Ok(())
}

fn paid_at(invoice: &Invoice) -> Timestamp {
    invoice.paid_at.or(invoice.finalized_at).unwrap_or(invoice.created_at)
}

fn party_of(case: &Case, customer: Option<&ObjectKey>) -> Party {
    customer.map_or_else(|| case.unassigned(), |key| Party::Customer(key.clone()))
}

/// Income of all sorts with its tax, received on `asset`. A negative amount is taken back.
pub(super) fn earn(
    draft: &mut Draft,
    fact: &Fact,
    asset: Account,
    parts: Parts,
    currency: Currency,
) -> Result<(), Fault> {
    draft.add(fact, asset, Money::from_minor(parts.gross, currency), 0)?;
    income(draft, fact, parts, currency)
}

/// The credit side of [`earn`] alone.
pub(super) fn income(draft: &mut Draft, fact: &Fact, parts: Parts, currency: Currency) -> Result<(), Fault> {
    let credits = [
        (Account::RevenueRecurring, parts.revenue_recurring()?),
        (Account::RevenueOneOff, parts.revenue_one_off()?),
        (Account::TaxRecurring, parts.tax_recurring()?),
        (Account::TaxOneOff, parts.tax_one_off),
    ];
    for (account, minor) in credits {
        draft.add(fact, account, Money::from_minor(minor, currency).checked_neg()?, 0)?;
    }
    Ok(())
}

/// The account whose lines count payments made of these parts.
pub(super) fn counting_account(parts: Parts) -> Result<Account, Fault> {
    Ok(if parts.revenue_recurring()? == 0 { Account::RevenueOneOff } else { Account::RevenueRecurring })
}

/// Books what a credit note gave to the customer's balance. What it refunds is the refund's.
pub(super) fn book_credit_note(note: &Known<&CreditNote>, draft: &mut Draft) -> Result<(), Fault> {
    let body = note.body;
    match body.status {
        CreditNoteStatus::Issued => {}
        CreditNoteStatus::Void | CreditNoteStatus::Unknown(_) => return Ok(()),
    }
    let provider = note.key.provider();
    let party =
        body.customer.as_ref().map_or(Party::Unassigned(provider), |key| Party::Customer(key.clone()));
    let fact = note.fact(&party, body.created_at);
    let credited = body.amount_to_customer_balance;
    let tax = share_of(body.tax.minor(), credited.minor(), body.total.minor())?;
    let untaxed = sub(credited.minor(), tax)?;
    let currency = credited.currency();
    draft.pair(
        &fact,
        Account::RevenueRecurring,
        Account::CustomerCredit,
        Money::from_minor(untaxed, currency),
    )?;
    draft.pair(&fact, Account::TaxRecurring, Account::CustomerCredit, Money::from_minor(tax, currency))
}

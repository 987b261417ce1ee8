//! Which anchors observations touch.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::Observation;
use ltv_core::observation::{Body, PaymentRef, Relation};

use super::dialect::Conn;
use super::edges::{ascend, ends, having_case, named_by, naming};
use crate::ROWS_MAX;
use crate::convert::clean;
use crate::fail::Fail;
use crate::schema::observation;

/// What observations speak of, by the way on which it reaches cases.
#[derive(Default)]
struct Spoken {
    /// Reach their anchor through parents.
    upward: BTreeSet<String>,
    payments: BTreeSet<String>,
    invoices: BTreeSet<String>,
    invoice_payments: BTreeSet<String>,
    /// Charges that an invoice payment names outright.
    charges: BTreeSet<String>,
}

/// The anchors whose cases these observations may change.
pub(super) async fn touched(conn: &mut Conn, bearing: &[&Observation]) -> Result<BTreeSet<String>, Fail> {
    let spoken = sort(bearing);
    let mut anchors = spoken.charges.clone();

    let ascent = ascend(conn, spoken.upward.clone()).await?;
    anchors.extend(having_case(conn, &ascent.path).await?);
    anchors.extend(ascent.roots);

    let of_payments = named_by(conn, Relation::OfInvoice, &spoken.invoice_payments).await?;
    anchors.extend(ends(&of_payments));
    let mut invoices = spoken.invoices.clone();
    invoices.extend(ends(&of_payments));
    invoices.extend(invoices_of(conn, &spoken.payments).await?);

    let mut invoice_payments = spoken.invoice_payments;
    invoice_payments.extend(ends(&naming(conn, Relation::OfInvoice, &invoices).await?));
    anchors.extend(charges_of(conn, &invoice_payments).await?);
    Ok(anchors)
}

fn sort(bearing: &[&Observation]) -> Spoken {
    let mut spoken = Spoken::default();
    for seen in bearing {
        let object = clean(&seen.object.to_string()).into_owned();
        match &seen.body {
            Body::InvoicePayment(body) => {
                if let Some(PaymentRef::Charge(charge)) = &body.payment {
                    spoken.charges.insert(clean(&charge.to_string()).into_owned());
                }
                spoken.invoice_payments.insert(object);
            }
            Body::Invoice(_) => {
                spoken.upward.insert(object.clone());
                spoken.invoices.insert(object);
            }
            Body::Payment(_) => {
                spoken.upward.insert(object.clone());
                spoken.payments.insert(object);
            }
            Body::Refund(_)
            | Body::Dispute(_)
            | Body::Settlement(_)
            | Body::CreditNote(_)
            | Body::Payout(_)
            | Body::Customer(_)
            | Body::Subscription(_)
            | Body::Discount(_)
            | Body::PaymentFailure(_) => {
                spoken.upward.insert(object);
            }
        }
    }
    spoken
}

/// The invoices that these payments pay, as far as is known: their shares shift with each other.
async fn invoices_of(conn: &mut Conn, payments: &BTreeSet<String>) -> Result<BTreeSet<String>, Fail> {
    let mut through = ends(&named_by(conn, Relation::Pays, payments).await?);
    through.extend(payments.iter().cloned());
    let payers = ends(&naming(conn, Relation::Pays, &through).await?);
    Ok(ends(&named_by(conn, Relation::OfInvoice, &payers).await?))
}

/// The charges that these invoice payments name, by themselves or through the same intent.
async fn charges_of(conn: &mut Conn, invoice_payments: &BTreeSet<String>) -> Result<BTreeSet<String>, Fail> {
    let named = ends(&named_by(conn, Relation::Pays, invoice_payments).await?);
    let payers = ends(&naming(conn, Relation::Pays, &named).await?);
    let of_invoices = named_by(conn, Relation::OfInvoice, &payers).await?;
    let mut charges: BTreeSet<String> =
        payers.into_iter().filter(|payer| !of_invoices.contains_key(payer)).collect();
    // What is named may be a charge, too, or an intent, which is no anchor.
    charges.extend(having_case(conn, &named).await?);
    charges.extend(observed_payments(conn, &named).await?);
    Ok(charges)
}

async fn observed_payments(conn: &mut Conn, objects: &BTreeSet<String>) -> Result<BTreeSet<String>, Fail> {
    let objects: Vec<String> = objects.iter().cloned().collect();
    let mut found = BTreeSet::new();
    for part in objects.chunks(ROWS_MAX) {
        let rows: Vec<String> = observation::table
            .filter(observation::object.eq_any(part.to_vec()))
            .filter(observation::kind.eq("payment"))
            .select(observation::object)
            .distinct()
            .load(conn)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

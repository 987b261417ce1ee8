//! The observations that cases are made of.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::observation::Relation;

use super::dialect::{Conn, OTHERS_WRITE};
use super::edges::{Links, ascend, descend, ends, having_case, named_by, naming};
use crate::ROWS_MAX;
use crate::convert;
use crate::draft::Seen;
use crate::fail::Fail;
use crate::models::ObservationRow;
use crate::schema::observation;

/// The cases that must be booked together with marked objects: the objects themselves, the anchors above them, and
/// what hangs below and has a case of its own, from when its anchor was not known.
pub(super) async fn expand(conn: &mut Conn, marked: BTreeSet<String>) -> Result<BTreeSet<String>, Fail> {
    let ascent = ascend(conn, marked.clone()).await?;
    let below = ends(&descend(conn, &ascent.roots).await?);
    let mut cases = marked;
    let mut others = ascent.path;
    others.extend(below);
    cases.extend(having_case(conn, &others).await?);
    cases.extend(ascent.roots);
    Ok(cases)
}

/// What objects make up each case, by links.
struct Reach {
    below: Links,
    pays: Links,
    payers: Links,
    invoices_of: Links,
    payments_of: Links,
}

/// The objects of each of some cases.
pub(super) type Members = BTreeMap<String, BTreeSet<String>>;

/// What each of these cases is made of: the anchor, what names it, the invoice payments that name it or its intent, their
/// invoices, and all payments of these invoices.
pub(super) async fn members(conn: &mut Conn, cases: &BTreeSet<String>) -> Result<Members, Fail> {
    let reach = reach(conn, cases).await?;
    Ok(cases.iter().map(|anchor| (anchor.clone(), objects_of(anchor, &reach))).collect())
}

/// The observations of these cases.
pub(super) async fn load(conn: &mut Conn, members: &Members) -> Result<BTreeMap<String, Vec<Seen>>, Fail> {
    let all: BTreeSet<String> = members.values().flatten().cloned().collect();
    let seen = load_observations(conn, all).await?;
    Ok(members
        .iter()
        .map(|(anchor, objects)| {
            let of_case = objects.iter().filter_map(|object| seen.get(object)).flatten().cloned().collect();
            (anchor.clone(), of_case)
        })
        .collect())
}

async fn reach(conn: &mut Conn, cases: &BTreeSet<String>) -> Result<Reach, Fail> {
    let below = descend(conn, cases).await?;
    let pays = named_by(conn, Relation::Pays, cases).await?;
    let mut through = ends(&pays);
    through.extend(cases.iter().cloned());
    let payers = naming(conn, Relation::Pays, &through).await?;
    let invoices_of = named_by(conn, Relation::OfInvoice, &ends(&payers)).await?;
    let mut invoices = ends(&invoices_of);
    invoices.extend(cases.iter().cloned());
    let payments_of = naming(conn, Relation::OfInvoice, &invoices).await?;
    Ok(Reach { below, pays, payers, invoices_of, payments_of })
}

fn objects_of(anchor: &str, reach: &Reach) -> BTreeSet<String> {
    let mut objects = BTreeSet::from([anchor.to_owned()]);
    let mut front = vec![anchor.to_owned()];
    while let Some(object) = front.pop() {
        for child in linked(&reach.below, &object) {
            if objects.insert(child.clone()) {
                front.push(child.clone());
            }
        }
    }
    let through: Vec<&str> =
        linked(&reach.pays, anchor).map(String::as_str).chain(std::iter::once(anchor)).collect();
    let payers = through.iter().flat_map(|object| linked(&reach.payers, object));
    let mut invoices: BTreeSet<&str> = BTreeSet::from([anchor]);
    for payer in payers {
        let of_invoice: Vec<&String> = linked(&reach.invoices_of, payer).collect();
        if !of_invoice.is_empty() {
            objects.insert(payer.clone());
        }
        invoices.extend(of_invoice.into_iter().map(String::as_str));
    }
    for invoice in invoices {
        objects.insert(invoice.to_owned());
        objects.extend(linked(&reach.payments_of, invoice).cloned());
    }
    objects
}

fn linked<'a>(links: &'a Links, object: &str) -> impl Iterator<Item = &'a String> {
    links.get(object).into_iter().flatten()
}

async fn load_observations(
    conn: &mut Conn,
    objects: BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<Seen>>, Fail> {
    let objects: Vec<String> = objects.into_iter().collect();
    let mut found: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    // By one statement where others write meanwhile: of a message that comes, all is seen, or nothing.
    let most = if OTHERS_WRITE { objects.len().max(1) } else { ROWS_MAX };
    for part in objects.chunks(most) {
        let rows: Vec<ObservationRow> = observation::table
            .filter(observation::object.eq_any(part.to_vec()))
            .order((
                observation::object,
                observation::observed_at,
                observation::source_id,
                observation::message_id,
            ))
            .select(ObservationRow::as_select())
            .load(conn)
            .await?;
        for row in rows {
            let (object, integration) = (row.object.clone(), row.integration.clone());
            let seen = Seen { observation: convert::observation(row)?, integration };
            found.entry(object).or_default().push(seen);
        }
    }
    Ok(found)
}

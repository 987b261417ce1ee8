//! Walks along the edges between objects, for many objects at once.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::observation::Relation;

use super::dialect::Conn;
use crate::ROWS_MAX;
use crate::fail::Fail;
use crate::schema::{edge, ledger_case};

/// Objects by the object that they were found from.
pub(super) type Links = BTreeMap<String, BTreeSet<String>>;

/// How many steps lead from an object to its anchor at most: settlement, refund, charge, and one to spare.
const STEPS_MAX: usize = 4;

/// What each of these objects names.
pub(super) async fn named_by(
    conn: &mut Conn,
    relation: Relation,
    children: &BTreeSet<String>,
) -> Result<Links, Fail> {
    let children: Vec<String> = children.iter().cloned().collect();
    let mut found = Links::new();
    for part in children.chunks(ROWS_MAX) {
        let rows: Vec<(String, String)> = edge::table
            .filter(edge::child.eq_any(part.to_vec()))
            .filter(edge::relation.eq(relation.as_str()))
            .select((edge::child, edge::parent))
            .load(conn)
            .await?;
        for (child, parent) in rows {
            found.entry(child).or_default().insert(parent);
        }
    }
    Ok(found)
}

/// What names each of these objects.
pub(super) async fn naming(
    conn: &mut Conn,
    relation: Relation,
    parents: &BTreeSet<String>,
) -> Result<Links, Fail> {
    let parents: Vec<String> = parents.iter().cloned().collect();
    let mut found = Links::new();
    for part in parents.chunks(ROWS_MAX) {
        let rows: Vec<(String, String)> = edge::table
            .filter(edge::parent.eq_any(part.to_vec()))
            .filter(edge::relation.eq(relation.as_str()))
            .select((edge::parent, edge::child))
            .load(conn)
            .await?;
        for (parent, child) in rows {
            found.entry(parent).or_default().insert(child);
        }
    }
    Ok(found)
}

/// All objects that links lead to.
pub(super) fn ends(links: &Links) -> BTreeSet<String> {
    links.values().flatten().cloned().collect()
}

/// Which of these objects have a case of their own.
pub(super) async fn having_case(
    conn: &mut Conn,
    objects: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Fail> {
    let objects: Vec<String> = objects.iter().cloned().collect();
    let mut found = BTreeSet::new();
    for part in objects.chunks(ROWS_MAX) {
        let rows: Vec<String> = ledger_case::table
            .filter(ledger_case::anchor.eq_any(part.to_vec()))
            .select(ledger_case::anchor)
            .load(conn)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The way from objects up to their anchors.
pub(super) struct Ascent {
    /// Everything on the way, the objects themselves included.
    pub(super) path: BTreeSet<String>,
    /// Those that name no parent.
    pub(super) roots: BTreeSet<String>,
}

/// Follows parents upwards.
pub(super) async fn ascend(conn: &mut Conn, objects: BTreeSet<String>) -> Result<Ascent, Fail> {
    let mut path = objects.clone();
    let mut roots = BTreeSet::new();
    let mut front = objects;
    for _ in 0..STEPS_MAX {
        if front.is_empty() {
            break;
        }
        let parents = named_by(conn, Relation::Parent, &front).await?;
        roots.extend(front.into_iter().filter(|object| !parents.contains_key(object)));
        front = ends(&parents).into_iter().filter(|parent| path.insert(parent.clone())).collect();
    }
    roots.extend(front);
    Ok(Ascent { path, roots })
}

/// Follows parents downwards: each of the anchors with all that names it, directly or not.
pub(super) async fn descend(conn: &mut Conn, anchors: &BTreeSet<String>) -> Result<Links, Fail> {
    let mut below = Links::new();
    let mut seen = anchors.clone();
    let mut front = anchors.clone();
    for _ in 0..STEPS_MAX {
        if front.is_empty() {
            break;
        }
        let children = naming(conn, Relation::Parent, &front).await?;
        front = ends(&children).into_iter().filter(|child| seen.insert(child.clone())).collect();
        below.extend(children);
    }
    Ok(below)
}

//! Why a figure is what it is: trees that sum, down to the raw messages, and the ledger page by page.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use e2e::{Backend, TestApp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use simulator::{Faults, History, StripeStandIn, TruthFigures};

use crate::check::{list, number, pence, text};
use crate::load::business;
use crate::macros::on_both_stores;

on_both_stores!(every_figure_sums_from_raw_messages_and_the_ledger_comes_in_pages);

/// A page so small that there are several.
const PAGE: usize = 7;
/// A page that holds all of a supplier's postings.
const WHOLE: usize = 200;

/// What the leaves of a tree name.
#[derive(Default)]
struct Leaves {
    told: usize,
    read: usize,
}

async fn every_figure_sums_from_raw_messages_and_the_ledger_comes_in_pages(
    backend: Backend,
) -> anyhow::Result<()> {
    let history = business(6, 4, 5)?;
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    // First only what is told is known, then what can be read, too: so leaves name messages of both kinds.
    stand_in.reveal_until(history.events.first().map(|event| event.at - TimeDelta::days(1)));
    app.configure(&stand_in, true).await?;
    let (last, others) = history.events.split_last().context("no messages")?;
    app.send_all(others).await?;
    app.until_idle().await?;
    stand_in.reveal_until(None);
    app.send_all([last]).await?;
    app.until_idle().await?;

    let digests = digests(&history);
    let mut leaves = Leaves::default();
    for (customer, truth) in &history.truth.by_customer {
        let found =
            app.get_json(&format!("/api/suppliers?externalRef=stripe:{customer}&currency=GBP")).await?;
        let Some(supplier) = list(&found, "data")?.first() else {
            ensure!(*truth == TruthFigures::default(), "{customer} moved money and is no supplier");
            continue;
        };
        let realised = supplier.get("realised").context("no figures")?;
        ensure!(*realised == truth.to_json(), "{customer}: {realised} is not {}", truth.to_json());
        let id = text(supplier, "supplierId")?;

        let tree = app.get_json(&format!("/api/suppliers/{id}/ltv/explain?currency=GBP")).await?;
        ensure!(tree.get("value") == realised.get("netRevenue"), "{id} explains another figure: {tree}");
        check_node(&tree, &digests, &mut leaves)?;
        check_ledger(&app, id).await?;
    }
    ensure!(
        leaves.told > 0 && leaves.read > 0,
        "leaves name {} webhooks and {} reads",
        leaves.told,
        leaves.read
    );
    app.finish().await
}

/// SHA-256 of each message as sent, by the provider's event id.
fn digests(history: &History) -> BTreeMap<&str, String> {
    history.events.iter().map(|event| (event.id.as_str(), hex::encode(Sha256::digest(&event.body)))).collect()
}

fn check_node(node: &Value, digests: &BTreeMap<&str, String>, leaves: &mut Leaves) -> anyhow::Result<()> {
    let value = pence(node.get("value").context("a node without a value")?)?;
    let children = list(node, "children")?;
    if node.get("eventId").is_some() {
        ensure!(children.is_empty(), "a leaf has children: {node}");
        return check_leaf(node, digests, leaves);
    }
    let mut sum = 0;
    for child in children {
        sum += pence(child.get("value").context("a node without a value")?)?;
        check_node(child, digests, leaves)?;
    }
    ensure!(sum == value, "children sum to {sum}, not {value}: {node}");
    Ok(())
}

fn check_leaf(leaf: &Value, digests: &BTreeMap<&str, String>, leaves: &mut Leaves) -> anyhow::Result<()> {
    let (event, sha256) = (text(leaf, "eventId")?, text(leaf, "sha256")?);
    ensure!(
        number(leaf, "inboxId")? > 0 && text(leaf, "provider")? == "stripe",
        "a leaf names no message: {leaf}"
    );
    ensure!(sha256.len() == 64, "no SHA-256: {leaf}");
    if event.starts_with("api:") {
        leaves.read += 1;
    } else {
        ensure!(digests.get(event).is_some_and(|digest| digest == sha256), "not what was sent: {leaf}");
        leaves.told += 1;
    }
    Ok(())
}

/// Small pages hold the same postings as a large one, each once, newest first.
async fn check_ledger(app: &TestApp, id: &str) -> anyhow::Result<()> {
    let whole = app.get_json(&format!("/api/suppliers/{id}/ledger?limit={WHOLE}")).await?;
    let expected: Vec<i64> =
        list(&whole, "data")?.iter().map(|row| number(row, "id")).collect::<anyhow::Result<_>>()?;
    ensure!(whole.get("hasMore") == Some(&Value::Bool(false)), "more than {WHOLE} postings");
    let mut found = Vec::new();
    let mut times = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get_json(&format!("/api/suppliers/{id}/ledger?limit={PAGE}{cursor}")).await?;
        for row in list(&page, "data")? {
            found.push(number(row, "id")?);
            times.push(text(row, "effectiveAt")?.to_owned());
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        ensure!(found.len() <= expected.len(), "pages without end");
    }
    ensure!(found == expected, "pages hold {found:?}, the whole is {expected:?}");
    ensure!(found.iter().collect::<BTreeSet<_>>().len() == found.len(), "a posting is on two pages");
    ensure!(times.iter().rev().is_sorted(), "not newest first: {times:?}");
    Ok(())
}

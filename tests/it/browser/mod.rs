//! The pages in a real browser: all of them load and are well made, controls change figures, figures lead to the raw
//! message, and roles hold.

mod driver;
mod pictures;

use anyhow::{Context, ensure};
use e2e::{Backend, Story, TestApp};
use serde_json::Value;
use simulator::{Faults, StripeStandIn};

use crate::check::{list, number, text};
use crate::load::business;
use driver::Browser;

/// Accessibility rules, unchanged as they are published.
const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");
/// What it finds that people would stumble over.
const AXE_RUN: &str = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations \
    .filter(rule => ['serious', 'critical'].includes(rule.impact)) \
    .map(rule => rule.id + ': ' + rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')))";
/// When a page showed its first content, in milliseconds after it was asked for.
const FIRST_PAINT: &str = "new Promise(tell => new PerformanceObserver(list => { \
    const paint = list.getEntriesByName('first-contentful-paint')[0]; if (paint) tell(paint.startTime); \
    }).observe({type: 'paint', buffered: true}))";
/// Opens the tree to its leaves, as somebody would who clicks on each branch.
const UNFOLD: &str =
    "document.querySelectorAll('.tree details:not([open]) > summary').forEach(s => s.click())";
/// Whether the page itself is wider than its window.
const OVERFLOW: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
/// The target for the first paint.
const FIRST_PAINT_MS_MAX: f64 = 1_000.0;
/// The narrowest phone.
const PHONE: (u32, u32) = (375, 800);

/// A service with a made-up business, and the stand-in that it was read from.
async fn busy_service() -> anyhow::Result<(TestApp, StripeStandIn)> {
    let history = business(12, 10, 7)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    let app = TestApp::start(Backend::Sqlite).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(&history.events).await?;
    app.until_idle().await?;
    Ok((app, stand_in))
}

async fn sign_in(browser: &mut Browser, app: &TestApp, key: &str) -> anyhow::Result<()> {
    browser.open(app.url()).await?;
    browser.fill("#key", key).await?;
    browser.follow("form button[type=submit]").await?;
    // The sign-in page is answered 401, which the browser counts as trouble.
    browser.take_troubles();
    Ok(())
}

async fn open(browser: &mut Browser, app: &TestApp, path: &str) -> anyhow::Result<()> {
    browser.open(&format!("{}{path}", app.url())).await?;
    let troubles = browser.take_troubles();
    ensure!(troubles.is_empty(), "{path} is not without trouble: {troubles:?}");
    Ok(())
}

/// Addresses of one page of each kind, as its links give them.
async fn pages(browser: &mut Browser, app: &TestApp) -> anyhow::Result<Vec<String>> {
    let suppliers = app.get_json("/api/suppliers").await?;
    let id = text(list(&suppliers, "data")?.first().context("no supplier")?, "supplierId")?.to_owned();
    let mut found: Vec<String> = [
        "/",
        "/?from=2025-02-01&to=2025-04-30&interval=week&compare=previous",
        "/dashboard/mrr",
        "/dashboard/mrr?from=2025-04-01&to=2025-06-30&compare=previous&against=chartmogul&kind=new",
        "/dashboard/cohorts",
        "/dashboard/cohorts?metric=netRetention",
        "/dashboard/suppliers",
        "/dashboard/operations",
        "/dashboard/definitions",
    ]
    .map(str::to_owned)
    .into();
    let supplier = format!("/dashboard/suppliers/{id}");
    open(browser, app, &supplier).await?;
    let message = "document.querySelector('.tree a, #ledger ~ .scroll a').getAttribute('href')";
    let message = browser.evaluate(message).await?.as_str().context("no message is named")?.to_owned();
    found.extend([supplier, message]);
    Ok(found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_loads_without_trouble_fits_a_phone_and_can_be_used_by_everybody() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;
    for path in pages(&mut browser, &app).await? {
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await?;
            open(&mut browser, &app, &path).await?;
            ensure!(browser.count("main h1").await? == 1, "{path} has no heading");
            browser.evaluate(AXE).await?;
            let found = browser.evaluate(AXE_RUN).await?;
            ensure!(found.as_array().is_some_and(Vec::is_empty), "{path}, {scheme}: {found:#}");
        }
        browser.resize(PHONE.0, PHONE.1).await?;
        open(&mut browser, &app, &path).await?;
        let wider = browser.evaluate(OVERFLOW).await?;
        ensure!(wider == 0, "{path} is wider than a phone by {wider}");
        browser.at_a_desk().await?;
    }
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_paint_comes_within_a_second() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;
    for path in ["/", "/dashboard/mrr", "/dashboard/cohorts", "/dashboard/suppliers"] {
        let mut paints = Vec::new();
        for _ in 0..3 {
            open(&mut browser, &app, path).await?;
            paints.push(browser.evaluate(FIRST_PAINT).await?.as_f64().context("no time")?);
        }
        paints.sort_by(f64::total_cmp);
        ensure!(
            paints.get(1).is_some_and(|median| *median <= FIRST_PAINT_MS_MAX),
            "{path} paints after {paints:?} ms"
        );
    }
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn controls_change_figures_and_keep_their_state_in_the_address() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;

    open(&mut browser, &app, "/").await?;
    let net = browser.text(".tile.hero .value").await?;
    browser.fill("input[name=to]", "2025-03-31").await?;
    browser.follow("form.view button[type=submit]").await?;
    ensure!(browser.address().await?.contains("to=2025-03-31"), "{}", browser.address().await?);
    ensure!(browser.text(".tile.hero .value").await? != net, "net revenue until March is that of all time");

    browser.follow("nav a[href^='/dashboard/mrr']").await?;
    ensure!(browser.address().await?.contains("to=2025-03-31"), "a link loses the range");
    let march = browser.text(".tile.hero .value").await?;
    browser.fill("input[name=to]", "2025-08-31").await?;
    browser.follow("form.view button[type=submit]").await?;
    ensure!(browser.text(".tile.hero .value").await? != march, "MRR of August is that of March");
    let months = browser.count("#course-table tbody tr").await?;
    browser.fill("select[name=interval]", "quarter").await?;
    browser.follow("form.view button[type=submit]").await?;
    let quarters = browser.count("#course-table tbody tr").await?;
    ensure!(quarters > 0 && quarters < months, "{quarters} quarters, {months} months");
    browser.fill("input[name=asOf]", "2025-02-15T00:00").await?;
    browser.follow("form.view button[type=submit]").await?;
    ensure!(
        browser.text(".pinned").await?.contains("2025-02-15"),
        "the page does not say that it looks at the past"
    );

    let all = browser.count("#movements ~ .scroll tbody tr").await?;
    browser.follow(".choices a[href*='kind=new']").await?;
    let new = browser.count("#movements ~ .scroll tbody tr").await?;
    ensure!(new > 0 && new <= all, "{new} of {all} movements are new");
    ensure!(browser.take_troubles().is_empty(), "using controls is not without trouble");
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_movement_leads_to_its_supplier_its_timeline_and_the_raw_message() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;
    open(&mut browser, &app, "/dashboard/mrr").await?;
    browser.follow("#movements ~ .scroll a[href^='/dashboard/suppliers/']").await?;
    ensure!(browser.count("#course ~ .chart svg").await? == 1, "no course of MRR is drawn");
    ensure!(!browser.text("#why ~ .tree").await?.contains("SHA-256"), "the tree is not folded");
    browser.evaluate(UNFOLD).await?;
    ensure!(browser.text("#why ~ .tree").await?.contains("SHA-256"), "no message is named");
    let event = browser.text("#timeline ~ .scroll a").await?;
    browser.follow("#timeline ~ .scroll a").await?;
    let page = browser.text("main").await?;
    ensure!(page.contains(&event) && page.contains("SHA-256"), "not the message {event}: {page}");
    let digest = browser.evaluate("[...document.querySelectorAll('dd')].map(d => d.innerText.trim()).find(t => /^[0-9a-f]{64}$/.test(t))");
    ensure!(digest.await?.is_string(), "no SHA-256 is shown");
    ensure!(browser.take_troubles().is_empty(), "the way is not without trouble");
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_download_as_csv() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;
    for (path, table, first) in [
        ("/", "revenue", "at,payments,gross"),
        ("/dashboard/mrr", "periods", "at,start,new,expansion"),
        ("/dashboard/mrr", "movements", "at,kind,why,supplierId"),
        ("/dashboard/cohorts", "cohorts", "cohort,month,suppliers"),
        ("/dashboard/suppliers", "suppliers", "supplierId,party"),
    ] {
        open(&mut browser, &app, path).await?;
        let (name, content) = browser.download(&format!("a[href*='csv={table}']")).await?;
        ensure!(name.ends_with(".csv"), "{path} gives a file {name}");
        let mut lines = content.lines();
        ensure!(lines.next().is_some_and(|head| head.starts_with(first)), "{path}, {table}: {content}");
        ensure!(lines.next().is_some(), "{path}, {table} is empty");
    }
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_figures_alone_and_an_operator_retries_a_dead_letter() -> anyhow::Result<()> {
    let mut broken = Story::of("Browsed");
    let mut charge = broken.charge(1_000, 1, &Value::Null);
    charge.as_object_mut().and_then(|fields| fields.remove("amount"));
    broken.tell("charge.succeeded", 1, charge);
    let (told, world) = Story::play(&[broken])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(Backend::Sqlite).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(told.iter().flatten()).await?;
    app.until_idle().await?;
    let mut browser = Browser::start().await?;

    sign_in(&mut browser, &app, "ltv_live_wrong").await?;
    ensure!(browser.text("[role=alert]").await?.contains("unknown"), "a wrong key is not refused");
    let (viewer, _) = app.new_key(&["viewer"]).await?;
    sign_in(&mut browser, &app, &viewer).await?;
    open(&mut browser, &app, "/dashboard/operations").await?;
    ensure!(browser.text("main").await?.contains("ledger:read"), "a viewer is not told what is missing");
    ensure!(browser.count("main button").await? == 0, "a viewer has buttons");
    browser.open(&format!("{}/dashboard/messages/1", app.url())).await?;
    ensure!(browser.text("main").await?.contains("ledger:read"), "a viewer is shown messages");
    browser.follow("form[action='/sign-out'] button").await?;

    sign_in(&mut browser, &app, app.key()).await?;
    open(&mut browser, &app, "/dashboard/operations").await?;
    ensure!(browser.text("#dead-letters ~ .scroll").await?.contains("amount"), "the reason is not shown");
    browser.follow("form[action$='/retry'] button").await?;
    ensure!(
        browser.text("[role=status]").await?.contains("tried again"),
        "nothing says that it is tried again"
    );
    app.until_idle().await?;
    let letters = app.get_json("/api/dead-letters").await?;
    let letter = list(&letters, "data")?.first().context("the dead letter is gone")?;
    ensure!(number(letter, "redrives")? == 1, "the retry was not counted: {letter}");
    app.finish().await
}

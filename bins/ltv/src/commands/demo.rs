//! `ltv demo`: the whole product on made-up data, through the real routes.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use ltv_core::{ObjectKey, Party, Provider, SupplierId};
use pipeline::{Clock, SystemClock};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::{
    BusinessConfig, DeliveryOrder, Faults, Mix, SimEvent, Story, StripeStandIn, delivery_plan, invent_packed,
};

use super::WrongUse;
use super::demo_mrr::{self, ComparedMrr};
use super::play::{Stage, until_idle};
use crate::app::App;
use crate::cli::{DeliveryArg, DemoArgs};
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::telemetry::start_metrics;

/// How many webhooks are on their way at a time.
const CONCURRENCY: usize = 64;
/// How many webhooks come after everything has become visible at the provider, so that what they announce is complete.
const LAST: usize = 20;
/// In how many parts the history is sent at least; what the provider's lists show moves on from part to part.
const PARTS: usize = 50;
/// How many webhooks a part has at most, so that few are unpacked at a time.
const PART_MAX: usize = 1_000;
/// With faults, every so many webhooks never come.
const LOSE_EVERY: usize = 40;

/// What a demo showed.
struct Shown {
    summary: Value,
    equal: bool,
    lines: Vec<String>,
}

/// Plays the demo, prints the summary, and serves on unless told to end.
pub async fn run(config: &Config, args: &DemoArgs, output: Output) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir().context("could not make a folder for the demo")?;
    let config = demo_config(config, folder.path());
    let started = Instant::now();
    let app =
        App::start(&config, args.listen.or_else(|| args.exit.then_some(any_port())), start_metrics()).await?;
    refuse_a_used_store(&app).await?;
    let story = invent_packed(&business(args));
    output.tell(&format!(
        "{} suppliers over {} months: {} messages",
        args.suppliers,
        args.months,
        story.world.events()
    ));
    let faults = if args.faults { Faults::bad_day() } else { Faults::default() };
    let stand_in = StripeStandIn::start(story.world.clone(), faults).await?;
    stand_in.compress_time(SystemClock.now());
    let stage = Stage::set(&app, &stand_in, true).await?;
    let lost = deliver(&story, args, &stage, &stand_in, output).await?;
    until_idle(&app.pipeline).await?;
    if lost > 0 {
        output.tell(&format!("{lost} webhooks were lost on purpose: sweeping for them"));
        sweep(&app).await?;
    }
    let shown = show(&app, &stage, &story, args, Told { started, lost }).await?;
    if args.exit {
        output.print(&shown.summary, &shown.lines)?;
    } else {
        serve_on(&app, &stage, &shown, output).await?;
    }
    app.stop().await?;
    stand_in.stop().await;
    Ok(if shown.equal { Outcome::Fine } else { Outcome::FoundWrong })
}

/// A folder of its own, unless a store is named: made-up money must not land among real money.
fn demo_config(config: &Config, folder: &Path) -> Config {
    if config.store_named { config.clone() } else { config.on_folder(&folder.join("store")) }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn refuse_a_used_store(app: &App) -> anyhow::Result<()> {
    let used = !app.pipeline.integrations().await?.is_empty();
    if used {
        return Err(WrongUse(
            "the demo wants an empty store; leave --store out to use a folder of its own".to_owned(),
        )
        .into());
    }
    Ok(())
}

fn business(args: &DemoArgs) -> BusinessConfig {
    BusinessConfig {
        suppliers: args.suppliers,
        months: args.months,
        seed: args.seed,
        start: start(args),
        livemode: true,
        mix: Mix::Believable,
    }
}

/// The history ends before the current month. With a seed and a number of months it is the same all month long.
fn start(args: &DemoArgs) -> DateTime<Utc> {
    let today = SystemClock.now().date_naive();
    let month = NaiveDate::from_ymd_opt(today.year(), today.month(), 1).unwrap_or(today);
    let first = month.checked_sub_months(Months::new(args.months)).unwrap_or(month);
    first.and_time(NaiveTime::MIN).and_utc()
}

/// Sends the history in parts; between two parts the provider's lists move on. Answers how many webhooks were lost.
async fn deliver(
    story: &Story,
    args: &DemoArgs,
    stage: &Stage,
    stand_in: &StripeStandIn,
    output: Output,
) -> anyhow::Result<usize> {
    let plan = delivery_plan(story.world.events(), order(args), if args.faults { LOSE_EVERY } else { 0 });
    let (most, last) = plan.places.split_at(plan.places.len().saturating_sub(LAST));
    let bar = progress(plan.places.len(), output);
    for part in most.chunks(most.len().div_ceil(PARTS).clamp(1, PART_MAX)) {
        let events = unpacked(story, part);
        stand_in.reveal_until(events.iter().map(|event| event.at).max());
        send(&events, stage, &bar).await?;
    }
    stand_in.reveal_until(None);
    send(&unpacked(story, last), stage, &bar).await?;
    bar.finish_and_clear();
    Ok(plan.lost.len())
}

fn unpacked(story: &Story, places: &[usize]) -> Vec<SimEvent> {
    places.iter().filter_map(|place| story.world.event(*place)).collect()
}

/// Has all that the provider sent looked through again. In the demo, where years pass in minutes, the last thirty days
/// that it still tells are the whole history.
async fn sweep(app: &App) -> anyhow::Result<()> {
    for status in app.pipeline.integration_status().await? {
        app.pipeline.start_sync(&status.id, true, "demo").await?;
    }
    until_idle(&app.pipeline).await
}

async fn send(events: &[SimEvent], stage: &Stage, bar: &ProgressBar) -> anyhow::Result<()> {
    let before = bar.position();
    let report = stage
        .sender
        .send_all(
            events,
            CONCURRENCY,
            || SystemClock.now(),
            |done| {
                bar.set_position(before.saturating_add(u64::try_from(done).unwrap_or(0)));
            },
        )
        .await?;
    match report.refused.first() {
        None => Ok(()),
        Some(refused) => anyhow::bail!(
            "event {} was refused with {}: {}",
            refused.event,
            refused.sent.status,
            refused.sent.body
        ),
    }
}

fn order(args: &DemoArgs) -> DeliveryOrder {
    match args.delivery {
        DeliveryArg::Messy => DeliveryOrder::Messy { seed: args.seed },
        DeliveryArg::InOrder => DeliveryOrder::InOrder,
        DeliveryArg::Reversed => DeliveryOrder::Reversed,
        DeliveryArg::Shuffled => DeliveryOrder::Shuffled { seed: args.seed },
    }
}

fn progress(length: usize, output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(0));
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} signed webhooks · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

/// What happened until the figures were asked for.
struct Told {
    started: Instant,
    lost: usize,
}

async fn show(app: &App, stage: &Stage, story: &Story, args: &DemoArgs, told: Told) -> anyhow::Result<Shown> {
    let books = stage.figures("GBP", None).await?;
    let truth = story.truth.total.to_json();
    let suppliers = supplier_differences(stage, story).await?;
    let mrr = demo_mrr::compare(app, stage, &story.truth, business(args).start).await?;
    let digest = app.pipeline.digest().await?;
    let replay = app.pipeline.replay_verify().await?;
    let same_books = truth == books && suppliers == 0 && replay.equal && replay.digest == digest;
    let equal = same_books && mrr.is_equal();
    let (messages, seconds) = (story.world.events(), told.started.elapsed().as_secs());
    let summary = json!({
        "suppliers": args.suppliers, "messages": messages, "lost": told.lost, "truth": truth, "books": books,
        "mrr": {"truth": mrr.truth, "books": mrr.books}, "suppliersDiffering": suppliers,
        "mrrDifferences": mrr.differences, "equal": equal, "digest": digest, "replayDigest": replay.digest,
        "seconds": seconds,
    });
    let mut lines = vec![
        format!(
            "{messages} messages of {} suppliers, worked off in {seconds} s; {} lost and found again",
            args.suppliers, told.lost
        ),
        format!(
            "net revenue {}   gross {}   processor fees {}",
            amount(&books, "netRevenue"),
            amount(&books, "gross"),
            amount(&books, "processorFees")
        ),
        format!(
            "refunds {}   chargebacks {}   left at the provider {}",
            amount(&books, "refunds"),
            amount(&books, "chargebacks"),
            amount(&books, "providerBalance")
        ),
        mrr_line(&mrr),
        if equal {
            "the books and MRR equal the truth to the cent, in total and for each supplier".to_owned()
        } else {
            "the books or MRR DIFFER from the truth".to_owned()
        },
        format!("digest {digest}"),
    ];
    lines.extend(replay.differences.iter().map(|difference| format!("replay differs: {difference}")));
    lines.extend(mrr.differences.iter().map(|difference| format!("MRR differs: {difference}")));
    if truth != books {
        lines.push(format!("truth {truth}"));
        lines.push(format!("books {books}"));
    }
    Ok(Shown { summary, equal, lines })
}

fn mrr_line(mrr: &ComparedMrr) -> String {
    let part = |side: &Value| side.get("total").and_then(Value::as_str).unwrap_or("?").to_owned();
    format!("MRR {} GBP (truth {})", part(&mrr.books), part(&mrr.truth))
}

fn amount(figures: &Value, name: &str) -> String {
    let part =
        |key| figures.get(name).and_then(|money| money.get(key)).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", part("amount"), part("currency"))
}

/// How many suppliers' realised figures are not the truth's.
async fn supplier_differences(stage: &Stage, story: &Story) -> anyhow::Result<usize> {
    let answer = stage.get("/api/metrics/revenue?currency=GBP&groupBy=supplier").await?;
    let groups = answer.get("groups").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut differing = 0_usize;
    for (customer, truth) in &story.truth.by_customer {
        let id = supplier_id(customer).to_string();
        let group = groups.iter().find(|group| group.get("key").and_then(Value::as_str) == Some(&id));
        let figures = group.and_then(|group| group.get("figures"));
        let same = figures.map_or_else(|| truth.payments == 0, |figures| *figures == truth.to_json());
        differing = differing.saturating_add(usize::from(!same));
    }
    Ok(differing)
}

/// Under which id a customer of the made-up business is kept.
pub fn supplier_id(customer: &str) -> SupplierId {
    SupplierId::of(&Party::Customer(ObjectKey::new(Provider::Stripe, customer)))
}

async fn serve_on(app: &App, stage: &Stage, shown: &Shown, output: Output) -> anyhow::Result<()> {
    let link = app.pipeline.one_time_link(&stage.key_id).await?.context("the demo's key is gone")?;
    let mut lines = shown.lines.clone();
    lines.push(String::new());
    lines.push(format!("look around:  {}/session/{}", app.url(), link.token.expose_secret()));
    lines.push("the link signs in once; Ctrl-C ends the demo and removes its data".to_owned());
    output.print(&shown.summary, &lines)?;
    app.until_asked_to_stop().await
}

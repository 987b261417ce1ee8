//! `ltv conformance`: plays scenario folders against fresh instances, in several orders, each message once and twice.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::{Clock, SystemClock};
use serde_json::{Map, Value, json};
use simulator::{DeliveryOrder, Faults, SimEvent, StripeStandIn, World, deliveries};

use super::WrongUse;
use super::play::{Stage, until_idle};
use crate::app::App;
use crate::cli::ConformanceArgs;
use crate::config::Config;
use crate::output::{Outcome, Output};

/// The orders in which each folder is played.
const ORDERS: [(&str, DeliveryOrder); 3] = [
    ("given", DeliveryOrder::InOrder),
    ("reversed", DeliveryOrder::Reversed),
    ("shuffled", DeliveryOrder::Shuffled { seed: 183 }),
];
/// How soon lists are read, since nobody waits for more messages here.
const READ_DELAY: Duration = Duration::from_millis(20);
/// The figures are asked for this long after the newest message.
const LATER: TimeDelta = TimeDelta::days(1);

/// A figure that is not as it should be.
struct Mismatch {
    run: String,
    figure: String,
    expected: String,
    found: String,
}

/// What a folder gave.
struct Played {
    folder: String,
    runs: usize,
    checked: usize,
    not_checked: Vec<&'static str>,
    mismatches: Vec<Mismatch>,
}

/// Plays the folders.
pub async fn run(config: &Config, args: &ConformanceArgs, output: Output) -> anyhow::Result<Outcome> {
    if config.store_named {
        return Err(
            WrongUse("conformance makes a fresh store for each run; leave --store out".to_owned()).into()
        );
    }
    let mut all = Vec::new();
    for folder in &args.folders {
        let played =
            play_folder(config, folder).await.with_context(|| format!("folder {}", folder.display()))?;
        output.tell(&line(&played));
        all.push(played);
    }
    let failed: usize = all.iter().map(|played| played.mismatches.len()).sum();
    let checked: usize = all.iter().map(|played| played.checked).sum();
    let document = json!({
        "folders": all.iter().map(document).collect::<Vec<_>>(), "checked": checked, "mismatches": failed, "ok": failed == 0,
    });
    output.print(
        &document,
        &[format!("{checked} figures checked in {} folders, {failed} not met", all.len())],
    )?;
    Ok(if failed == 0 { Outcome::Fine } else { Outcome::FoundWrong })
}

async fn play_folder(config: &Config, folder: &Path) -> anyhow::Result<Played> {
    let name = folder
        .file_name()
        .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut played =
        Played { folder: name, runs: 0, checked: 0, not_checked: Vec::new(), mismatches: Vec::new() };
    // Before anything else: a folder that is not there, or holds no messages, must not pass for one without figures.
    let (events, world) = World::from_folder(folder)?;
    let Some(expected) = read_expected(&folder.join("figures.json"))? else {
        played.not_checked.push("no figures.json");
        return Ok(played);
    };
    for (order_name, order) in ORDERS {
        for times in 1..=2_usize {
            let run = format!("{order_name}, each message {}", if times == 1 { "once" } else { "twice" });
            let found = play_once(config, &events, world.clone(), order, times, &expected)
                .await
                .context(run.clone())?;
            played.runs = played.runs.saturating_add(1);
            compare(&expected, &found, &run, &mut played);
        }
    }
    Ok(played)
}

fn read_expected(path: &Path) -> anyhow::Result<Option<Value>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(
            serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))?,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

/// One fresh instance, from its first message to its figures.
async fn play_once(
    config: &Config,
    events: &[SimEvent],
    world: World,
    order: DeliveryOrder,
    times: usize,
    expected: &Value,
) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let mut config = config.on_folder(&folder.path().join("store"));
    config.pipeline.read_delay = READ_DELAY;
    let app = App::start(&config, Some(([127, 0, 0, 1], 0).into()), None).await?;
    let as_of = as_of(events, &world);
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    stand_in.reveal_until(None);
    let stage = Stage::set(&app, &stand_in, livemode(events)).await?;
    for event in deliveries(events, order) {
        for _ in 0..times {
            let sent = stage.sender.send(&event.body, SystemClock.now()).await?;
            anyhow::ensure!(
                sent.is_accepted(),
                "event {} was answered with {}: {}",
                event.id,
                sent.status,
                sent.body
            );
        }
    }
    until_idle(&app.pipeline).await?;
    let currency =
        expected.get("currency").and_then(Value::as_str).context("figures.json names no currency")?;
    let figures = stage.figures(currency, as_of).await;
    let mrr = match expected.get("mrr") {
        Some(_) => Some(stage.mrr(currency, None, as_of).await.context("MRR")?),
        None => None,
    };
    app.stop().await?;
    stand_in.stop().await;
    Ok(json!({"figures": figures?, "mrr": mrr.as_ref().map(mrr_at_the_end)}))
}

/// MRR after the last movement; nothing where there has been none.
fn mrr_at_the_end(answer: &Value) -> Value {
    let end = answer
        .pointer("/whole/end/amount")
        .or_else(|| answer.get("points").and_then(Value::as_array)?.last()?.pointer("/end/amount"));
    end.cloned().unwrap_or_else(|| json!("0.00"))
}

/// The mode of the folder's messages.
fn livemode(events: &[SimEvent]) -> bool {
    let of = |event: &SimEvent| serde_json::from_slice::<Value>(&event.body).ok()?.get("livemode")?.as_bool();
    events.iter().find_map(of).unwrap_or(true)
}

fn as_of(events: &[SimEvent], world: &World) -> Option<DateTime<Utc>> {
    let newest = events.iter().map(|event| event.at).max().max(world.newest())?;
    newest.checked_add_signed(LATER)
}

fn compare(expected: &Value, found: &Value, run: &str, played: &mut Played) {
    let empty = Map::new();
    let figures = expected.get("figures").and_then(Value::as_object).unwrap_or(&empty);
    let mrr = expected.get("mrr").map(|wanted| ("mrr".to_owned(), wanted));
    let named = figures.iter().map(|(figure, wanted)| (figure.clone(), wanted)).chain(mrr);
    for (figure, wanted) in named {
        played.checked = played.checked.saturating_add(1);
        let got = match figure.as_str() {
            "mrr" => found.get("mrr").cloned(),
            name => found.pointer(&format!("/figures/{name}")).map(amount_or_count),
        };
        let got = got.unwrap_or_default();
        if got != *wanted {
            played.mismatches.push(Mismatch {
                run: run.to_owned(),
                figure,
                expected: plain(wanted),
                found: plain(&got),
            });
        }
    }
}

fn amount_or_count(value: &Value) -> Value {
    value.get("amount").unwrap_or(value).clone()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn document(played: &Played) -> Value {
    let mismatches: Vec<Value> = played
        .mismatches
        .iter()
        .map(|m| json!({"run": m.run, "figure": m.figure, "expected": m.expected, "found": m.found}))
        .collect();
    json!({
        "folder": played.folder, "runs": played.runs, "checked": played.checked, "notChecked": played.not_checked,
        "mismatches": mismatches, "ok": mismatches.is_empty(),
    })
}

fn line(played: &Played) -> String {
    let mut text = format!("{}: {} figures in {} runs", played.folder, played.checked, played.runs);
    if !played.not_checked.is_empty() {
        text.push_str(&format!(", not checked: {}", played.not_checked.join(", ")));
    }
    for m in &played.mismatches {
        text.push_str(&format!(
            "\n  NOT MET {} ({}): expected {}, found {}",
            m.figure, m.run, m.expected, m.found
        ));
    }
    text
}

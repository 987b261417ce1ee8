//! Plays scenarios of subscriptions: each is told in the given, the reversed and a shuffled order, once and twice, every
//! telling about customers of its own. What is expected of one telling is asked of each supplier; the whole store's MRR
//! is so many times that of one telling.

use anyhow::{Context, ensure};
use e2e::{Backend, Story, TestApp};
use serde_json::Value;
use simulator::{DeliveryOrder, Faults, SimEvent, StripeStandIn, deliveries};

use crate::check::{figure, figures_are, list, number, pence, text};

const SHUFFLED: DeliveryOrder = DeliveryOrder::Shuffled { seed: 71 };
/// The name of a telling, its order, and how often each message comes.
const TELLINGS: [(&str, DeliveryOrder, usize); 6] = [
    ("Given", DeliveryOrder::InOrder, 1),
    ("GivenTwice", DeliveryOrder::InOrder, 2),
    ("Reversed", DeliveryOrder::Reversed, 1),
    ("ReversedTwice", DeliveryOrder::Reversed, 2),
    ("Shuffled", SHUFFLED, 1),
    ("ShuffledTwice", SHUFFLED, 2),
];
/// Pages of movements are this short, so that there are several.
const PAGE: usize = 7;
/// More pages than any scenario has.
const PAGES_MAX: usize = 50;

/// What is expected of a supplier at a time.
pub struct Look {
    /// Which of the telling's suppliers.
    pub supplier: usize,
    /// When.
    pub as_of: &'static str,
    /// Of the `mrr` part.
    pub mrr: &'static [(&'static str, &'static str)],
    /// Of the realised figures.
    pub figures: &'static [(&'static str, &'static str)],
}

/// A movement that is expected: which of the telling's suppliers, the day, the kind, the amount.
pub type Moved = (usize, &'static str, &'static str, &'static str);

/// A period that is expected of one telling, in pence.
#[derive(Default)]
pub struct Point {
    /// When it begins.
    pub at: &'static str,
    /// MRR at its end.
    pub end: i64,
    /// Movements by kind; 0 where none is named.
    pub moved: &'static [(&'static str, i64)],
    /// What is late at its end.
    pub at_risk: i64,
    /// Suppliers with MRR at its end.
    pub suppliers: i64,
    /// Trials that began in it.
    pub trials: i64,
}

/// What happens, and what is expected.
pub struct Scenario<'a> {
    /// The suppliers' stories; their ids hold the tag.
    pub tell: fn(&str) -> Vec<Story>,
    /// Of suppliers.
    pub looks: &'a [Look],
    /// Of suppliers, all of them, from earliest to latest.
    pub moves: &'a [Moved],
    /// From when the whole is asked.
    pub from: &'static str,
    /// Until when the whole is asked.
    pub to: &'static str,
    /// By month.
    pub points: &'a [Point],
}

/// A scenario that was played.
pub struct Played {
    /// The service.
    pub app: TestApp,
    /// The suppliers' ids, by telling.
    pub suppliers: Vec<Vec<String>>,
    /// What the provider's lists answer for as long as the service runs.
    _stand_in: StripeStandIn,
}

impl Played {
    /// How many times the scenario was told.
    pub fn tellings() -> i64 {
        i64::try_from(TELLINGS.len()).unwrap_or(i64::MAX)
    }
}

/// Plays it, and checks everything that is expected.
pub async fn play(backend: Backend, scenario: &Scenario<'_>) -> anyhow::Result<Played> {
    let stories: Vec<Vec<Story>> = TELLINGS.iter().map(|(name, ..)| (scenario.tell)(name)).collect();
    let customers: Vec<Vec<String>> =
        stories.iter().map(|telling| telling.iter().map(Story::customer).collect()).collect();
    let whole: Vec<Story> = stories.into_iter().flatten().collect();
    let (told, world) = Story::play(&whole)?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    let mut told = told.into_iter();
    for ((_, order, times), customers) in TELLINGS.iter().zip(&customers) {
        let events: Vec<SimEvent> = told.by_ref().take(customers.len()).flatten().collect();
        for _ in 0..*times {
            app.send_all(&deliveries(&events, *order)).await?;
        }
    }
    app.until_idle().await?;
    let mut suppliers = Vec::new();
    for customers in &customers {
        let mut ids = Vec::new();
        for customer in customers {
            ids.push(supplier_of(&app, customer).await?);
        }
        suppliers.push(ids);
    }
    let played = Played { app, suppliers, _stand_in: stand_in };
    check(&played, scenario).await?;
    Ok(played)
}

async fn check(played: &Played, scenario: &Scenario<'_>) -> anyhow::Result<()> {
    for ((name, ..), suppliers) in TELLINGS.iter().zip(&played.suppliers) {
        for look in scenario.looks {
            check_look(&played.app, suppliers, look).await.with_context(|| format!("telling {name}"))?;
        }
    }
    check_movements(played, scenario).await?;
    check_timelines(played, scenario).await?;
    check_points(&played.app, scenario).await
}

async fn supplier_of(app: &TestApp, customer: &str) -> anyhow::Result<String> {
    let found = app.get_json(&format!("/api/suppliers?externalRef=stripe:{customer}")).await?;
    let [supplier] = list(&found, "data")? else { anyhow::bail!("not one supplier for {customer}: {found}") };
    Ok(text(supplier, "supplierId")?.to_owned())
}

async fn check_look(app: &TestApp, suppliers: &[String], look: &Look) -> anyhow::Result<()> {
    let supplier = suppliers.get(look.supplier).context("no such supplier")?;
    let path = format!("/api/suppliers/{supplier}/ltv?currency=GBP&asOf={}", look.as_of);
    let answer = app.get_json(&path).await?;
    let what = format!("supplier {} as of {}", look.supplier, look.as_of);
    let mrr = answer.get("mrr").filter(|mrr| !mrr.is_null()).with_context(|| format!("{what}: {answer}"))?;
    figures_are(mrr, look.mrr, &format!("mrr of {what}"))?;
    let realised = answer.get("realised").context("no realised figures")?;
    figures_are(realised, look.figures, &format!("figures of {what}"))
}

/// Every movement as (day, kind, amount) of a supplier, from earliest to latest.
type Rows = Vec<(String, String, String)>;

/// All movements of the store until the scenario's end, page by page.
pub async fn movements(app: &TestApp, to: &str) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let path = format!("/api/metrics/mrr/movements?currency=GBP&asOf={to}&limit={PAGE}{cursor}");
        let page = app.get_json(&path).await?;
        rows.extend(list(&page, "data")?.iter().cloned());
        let next = page.get("nextCursor").and_then(Value::as_str);
        ensure!(
            page.get("hasMore") == Some(&Value::Bool(next.is_some())),
            "`hasMore` and `nextCursor` differ: {page}"
        );
        let Some(next) = next else { return Ok(rows) };
        cursor = format!("&cursor={next}");
    }
    anyhow::bail!("movements do not end after {PAGES_MAX} pages")
}

fn row(movement: &Value, kind: &str) -> anyhow::Result<(String, String, String)> {
    let day = text(movement, "at")?.get(..10).context("no day")?.to_owned();
    let names_a_message = !list(movement, "sources")?.is_empty();
    ensure!(names_a_message, "a movement names no message: {movement}");
    Ok((day, text(movement, kind)?.to_owned(), figure(movement, "amount")))
}

fn expected(scenario: &Scenario<'_>, supplier: usize) -> Rows {
    let rows = scenario.moves.iter().filter(|moved| moved.0 == supplier);
    rows.map(|(_, day, kind, amount)| ((*day).to_owned(), (*kind).to_owned(), (*amount).to_owned())).collect()
}

async fn check_movements(played: &Played, scenario: &Scenario<'_>) -> anyhow::Result<()> {
    let all = movements(&played.app, scenario.to).await?;
    let ours: usize = scenario.moves.len() * TELLINGS.len();
    ensure!(all.len() == ours, "{} movements where {ours} are right: {all:?}", all.len());
    for ((name, ..), suppliers) in TELLINGS.iter().zip(&played.suppliers) {
        for (number, supplier) in suppliers.iter().enumerate() {
            let of_supplier = all.iter().filter(|row| text(row, "supplierId").ok() == Some(supplier));
            let mut found: Rows =
                of_supplier.map(|moved| row(moved, "kind")).collect::<anyhow::Result<_>>()?;
            found.sort();
            let mut wanted = expected(scenario, number);
            wanted.sort();
            ensure!(found == wanted, "{name}, supplier {number}: {found:?} is not {wanted:?}");
        }
    }
    Ok(())
}

/// A supplier's timeline tells the same movements, and ends with the MRR that the supplier has.
async fn check_timelines(played: &Played, scenario: &Scenario<'_>) -> anyhow::Result<()> {
    for ((name, ..), suppliers) in TELLINGS.iter().zip(&played.suppliers) {
        for (number, supplier) in suppliers.iter().enumerate() {
            let what = format!("timeline of {name}, supplier {number}");
            let path = format!("/api/suppliers/{supplier}/timeline?currency=GBP&asOf={}", scenario.to);
            let answer = played.app.get_json(&path).await?;
            let events = list(&answer, "data")?;
            let moved = events.iter().filter(|event| event.get("movement").is_some_and(Value::is_string));
            let mut found: Rows = moved.map(|event| row(event, "movement")).collect::<anyhow::Result<_>>()?;
            found.sort();
            let mut wanted = expected(scenario, number);
            wanted.sort();
            ensure!(found == wanted, "{what}: {found:?} is not {wanted:?}");
            let now = answer.get("mrr").map(|mrr| figure(mrr, "current")).unwrap_or_default();
            let last = list(&answer, "steps")?.last().map_or("0.00".to_owned(), |step| figure(step, "mrr"));
            ensure!(now == last, "{what}: {now} now, but {last} after the last step");
        }
    }
    Ok(())
}

async fn check_points(app: &TestApp, scenario: &Scenario<'_>) -> anyhow::Result<()> {
    let (from, to) = (scenario.from, scenario.to);
    let path = format!("/api/metrics/mrr?currency=GBP&interval=month&asOf={to}&from={from}&to={to}");
    let answer = app.get_json(&path).await?;
    ensure!(answer.get("policy").is_some_and(|policy| !policy.is_null()), "no policy is named: {answer}");
    let points = list(&answer, "points")?;
    for wanted in scenario.points {
        let point = points.iter().find(|point| text(point, "at").ok() == Some(wanted.at));
        let point = point.with_context(|| format!("no point at {} in {answer}", wanted.at))?;
        check_point(point, wanted).with_context(|| format!("the month from {}: {point}", wanted.at))?;
    }
    points.iter().try_for_each(adds_up)?;
    points.windows(2).try_for_each(|pair| match pair {
        [before, after] => {
            let (end, start) = (before.get("end"), after.get("start"));
            ensure!(end == start, "a month begins with {start:?} after one that ended with {end:?}");
            Ok(())
        }
        _ => Ok(()),
    })
}

fn check_point(point: &Value, wanted: &Point) -> anyhow::Result<()> {
    let times = Played::tellings();
    let amount = |name: &str| pence(point.get(name).with_context(|| format!("no `{name}`"))?);
    ensure!(amount("end")? == wanted.end * times, "`end` is not {} × {times} pence", wanted.end);
    ensure!(amount("atRisk")? == wanted.at_risk * times, "`atRisk` is not {} × {times}", wanted.at_risk);
    let counts = [("suppliers", wanted.suppliers), ("trials", wanted.trials)];
    for (name, count) in counts {
        ensure!(number(point, name)? == count * times, "`{name}` is not {count} × {times}");
    }
    let movements = point.get("movements").and_then(Value::as_object).context("no movements")?;
    ensure!(movements.len() == 9, "not nine kinds of movement");
    for (kind, amount) in movements {
        let right = wanted.moved.iter().find(|(name, _)| name == kind).map_or(0, |(_, amount)| *amount);
        ensure!(
            pence(amount)? == right * times,
            "`{kind}` is {amount} and should be {right} × {times} pence"
        );
    }
    Ok(())
}

/// All kinds together are the change.
fn adds_up(point: &Value) -> anyhow::Result<()> {
    let amount = |name: &str| pence(point.get(name).with_context(|| format!("no `{name}`"))?);
    let movements = point.get("movements").and_then(Value::as_object).context("no movements")?;
    let sum: i64 = movements.values().map(pence).sum::<anyhow::Result<i64>>()?;
    ensure!(amount("end")? - amount("start")? == sum, "movements do not sum to the change: {point}");
    Ok(())
}

//! MRR: over time, from start to end by kind of movement, movement by movement, and what failed payments do to it.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono_tz::Tz;
use ltv_core::Money;
use pipeline::access::Permission;
use pipeline::{
    BridgeAnswer, Interval, MovementKind, MovementsPage, MovementsQuestion, MrrAnswer, MrrPoint, MrrQuestion,
    View,
};

use super::chart::{Change, Drawing, line, waterfall};
use super::csv::Table;
use super::failures::{self, Failures};
use super::page::{Controls, Frame, PageProblem, Seen, asked, if_there, show};
use super::parts::{Choice, Tile, kind_label};
use super::view::{POLICIES, PageView};
use super::{format, movements};
use crate::auth::Caller;
use crate::query::Query;
use crate::state::State;

const PATH: &str = "/dashboard/mrr";
/// Movements a page.
const ROWS: usize = 50;
/// Movements a question, for a file.
const FILE_ROWS: usize = 1_000;
/// The most questions for one file.
const FILE_PAGES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "mrr.html")]
struct MrrPage {
    frame: Frame,
    tiles: Vec<Tile>,
    course: Option<Drawing>,
    bridge: Option<Drawing>,
    /// From start to end, kind by kind.
    statement: Vec<(&'static str, String)>,
    kinds: Vec<&'static str>,
    periods: Vec<Period>,
    compared: Option<String>,
    choices: Vec<Choice>,
    movements: Vec<movements::Row>,
    first: Option<String>,
    next: Option<String>,
    failures: Option<Failures>,
    policies: Vec<Choice>,
    difference: Option<Difference>,
}

/// A line of the table of periods.
struct Period {
    name: String,
    start: String,
    movements: Vec<String>,
    end: String,
    at_risk: String,
    suppliers: String,
}

/// Why MRR under another policy is another.
struct Difference {
    policy_a: String,
    policy_b: String,
    from: String,
    to: String,
    lines: Vec<(String, String, String)>,
}

/// What the address asks for beyond the view.
struct Asked {
    kind: Option<MovementKind>,
    cursor: Option<String>,
    against: Option<&'static str>,
    file: Option<File>,
}

#[derive(Clone, Copy)]
enum File {
    Periods,
    Movements,
    Failures,
}

/// Shows the page.
pub(crate) async fn page(
    request: HttpRequest,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let mut view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let wanted = Asked::read(&mut query, &mut view);
    query.finish()?;
    let Some(answer) = if_there(state.pipeline.mrr(&question(&view, view.range())).await)? else {
        return nothing_yet(&state, view).await;
    };
    let same = View { known_at: Some(answer.viewed.known_at), ..view.view.clone() };
    if let Some(file) = wanted.file {
        return download(&state, file, &view, &wanted, &answer, &same).await;
    }
    let before = earlier(&state, &view, &answer).await?;
    let inside = caller.0.may(Permission::ReadLedger);
    let moved = if_there(state.pipeline.movements(&moves(&view, &wanted, &same, ROWS)).await)?;
    let (from, to) = view.range();
    let failures = if_there(state.pipeline.payment_failures(&same, from, to, None).await)?;
    let difference = match wanted.against {
        Some(policy) => {
            let own = view.view.policy.as_deref().unwrap_or("default");
            if_there(state.pipeline.bridge(&same, own, policy).await)?
        }
        None => None,
    };
    let zone: Tz = answer.viewed.time_zone.parse().unwrap_or(Tz::UTC);
    let interval = view.interval_or_month();
    let page = MrrPage {
        tiles: answer.whole.as_ref().map(|whole| tiles(whole, before.as_ref())).unwrap_or_default(),
        course: course(&answer, before.as_ref(), interval, zone),
        bridge: answer.whole.as_ref().and_then(bridge),
        statement: answer.whole.as_ref().map(statement).unwrap_or_default(),
        kinds: MovementKind::ALL.into_iter().map(kind_label).collect(),
        periods: answer.points.iter().map(|point| Period::new(point, interval, zone)).collect(),
        compared: before.as_ref().map(|before| range_text(before, &view, zone)),
        choices: kind_choices(&view, wanted.kind),
        movements: rows(moved.as_ref(), &view, inside),
        first: wanted.cursor.as_ref().map(|_| view.same_with(PATH, &[("cursor", "")])),
        next: moved.and_then(|page| page.next_cursor).map(|next| view.same_with(PATH, &[("cursor", &next)])),
        failures: failures.as_ref().and_then(|answer| Failures::new(answer, &view)),
        policies: policy_choices(&view, wanted.against),
        difference: difference.map(Difference::from),
        frame: Frame::new("mrr", PATH, view, Seen::new(&answer.viewed, &answer.meta), Controls::Series),
    };
    show(&page)
}

impl Asked {
    fn read(query: &mut Query, view: &mut PageView) -> Self {
        let kind = query.word("kind", &movements::kind_words());
        let against = query.word("against", &POLICIES.map(|name| (name, name)));
        let cursor = query.text("cursor");
        let files =
            [("periods", File::Periods), ("movements", File::Movements), ("failures", File::Failures)];
        let file = query.word("csv", &files);
        view.own.extend(kind.map(|kind| ("kind", kind.as_str().to_owned())));
        view.own.extend(against.map(|policy| ("against", policy.to_owned())));
        Self { kind, cursor, against, file }
    }
}

fn question(
    view: &PageView,
    range: (Option<ltv_core::Timestamp>, Option<ltv_core::Timestamp>),
) -> MrrQuestion {
    MrrQuestion {
        view: view.view.clone(),
        from: range.0,
        to: range.1,
        interval: Some(view.interval_or_month()),
    }
}

fn moves(view: &PageView, wanted: &Asked, same: &View, limit: usize) -> MovementsQuestion {
    let (from, to) = view.range();
    let cursor = wanted.cursor.clone();
    MovementsQuestion { view: same.clone(), from, to, kind: wanted.kind, supplier: None, limit, cursor }
}

/// The period before, where it is to be compared and there is one.
async fn earlier(
    state: &State,
    view: &PageView,
    answer: &MrrAnswer,
) -> Result<Option<MrrAnswer>, PageProblem> {
    let Some((from, to)) = view.previous(answer.viewed.as_of).filter(|_| view.compare) else {
        return Ok(None);
    };
    let mut question = question(view, (Some(from), Some(to)));
    question.view.known_at = Some(answer.viewed.known_at);
    if_there(state.pipeline.mrr(&question).await)
}

/// A page that says what is missing, with all its controls.
async fn nothing_yet(state: &State, view: PageView) -> Result<HttpResponse, PageProblem> {
    let revenue =
        pipeline::RevenueQuestion { view: view.view.clone(), ..pipeline::RevenueQuestion::default() };
    let revenue = asked(state.pipeline.revenue(&revenue).await)?;
    show(&MrrPage {
        frame: Frame::new("mrr", PATH, view, Seen::new(&revenue.viewed, &revenue.meta), Controls::Series),
        tiles: Vec::new(),
        course: None,
        bridge: None,
        statement: Vec::new(),
        kinds: Vec::new(),
        periods: Vec::new(),
        compared: None,
        choices: Vec::new(),
        movements: Vec::new(),
        first: None,
        next: None,
        failures: None,
        policies: Vec::new(),
        difference: None,
    })
}

async fn download(
    state: &State,
    file: File,
    view: &PageView,
    wanted: &Asked,
    answer: &MrrAnswer,
    same: &View,
) -> Result<HttpResponse, PageProblem> {
    let (from, to) = view.range();
    let table = match file {
        File::Periods => periods_table(answer),
        File::Movements => {
            let mut question = MovementsQuestion { cursor: None, ..moves(view, wanted, same, FILE_ROWS) };
            let mut pages = Vec::new();
            while pages.len() < FILE_PAGES_MAX {
                let page = asked(state.pipeline.movements(&question).await)?;
                question.cursor.clone_from(&page.next_cursor);
                pages.push(page);
                if question.cursor.is_none() {
                    break;
                }
            }
            movements::table(&pages)
        }
        File::Failures => {
            failures::table(&asked(state.pipeline.payment_failures(same, from, to, None).await)?)
        }
    };
    table.download()
}

/// The figures at the head, for this page and the first one.
pub(super) fn tiles(whole: &MrrPoint, before: Option<&MrrAnswer>) -> Vec<Tile> {
    let before = before.and_then(|answer| answer.whole.as_ref());
    let was = |of: fn(&MrrPoint) -> Money| before.map(|point| format::amount(of(point)));
    let change = |point: &MrrPoint| point.end.checked_sub(point.start).ok();
    let mut tiles = vec![
        Tile::amount("MRR", whole.end, "mrr").with_before(was(|point| point.end)),
        Tile::count("Suppliers with MRR", whole.suppliers, "at the end", "mrr"),
        Tile::amount("At risk", whole.at_risk, "at-risk").with_before(was(|point| point.at_risk)),
        Tile::amount("Known to end", whole.scheduled_loss, "scheduled-loss"),
        Tile::count("Trials begun", whole.trials, &format!("{} turned into MRR", whole.converted), "trials"),
    ];
    if let Some(net) = change(whole) {
        let was = before.and_then(change).map(format::signed);
        tiles.insert(1, Tile::change("Net movement", net, "movements").with_before(was));
    }
    tiles
}

/// MRR at the end of each period.
pub(super) fn course(
    answer: &MrrAnswer,
    before: Option<&MrrAnswer>,
    interval: Interval,
    zone: Tz,
) -> Option<Drawing> {
    let named = |point: &MrrPoint| (format::period(point.at, interval, zone), point.end);
    let points: Vec<_> = answer.points.iter().map(named).collect();
    let before: Vec<Money> =
        before.map(|before| before.points.iter().map(|point| point.end).collect()).unwrap_or_default();
    line(&points, &before, answer.viewed.currency).map(|drawing| drawing.described("course", "course-table"))
}

/// From start to end; kinds that moved nothing are left out of the drawing, not of the table.
fn bridge(whole: &MrrPoint) -> Option<Drawing> {
    let change = |(kind, amount): (MovementKind, &Money)| Change { name: kind_label(kind), amount: *amount };
    let all = MovementKind::ALL.into_iter().zip(&whole.movements);
    let changes: Vec<_> = all.filter(|(_, amount)| !amount.is_zero()).map(change).collect();
    waterfall(whole.start, &changes).map(|drawing| drawing.described("bridge", "bridge-table"))
}

fn statement(whole: &MrrPoint) -> Vec<(&'static str, String)> {
    let mut lines = vec![("MRR at the start", format::amount(whole.start))];
    let kinds = MovementKind::ALL.into_iter().zip(&whole.movements);
    lines.extend(kinds.map(|(kind, amount)| (kind_label(kind), format::signed(*amount))));
    lines.push(("MRR at the end", format::amount(whole.end)));
    lines
}

fn rows(page: Option<&MovementsPage>, view: &PageView, inside: bool) -> Vec<movements::Row> {
    page.map(|page| page.rows.iter().map(|row| movements::Row::new(row, view, inside)).collect())
        .unwrap_or_default()
}

fn kind_choices(view: &PageView, current: Option<MovementKind>) -> Vec<Choice> {
    let choice =
        |text, word: &str, current| Choice { text, link: view.same_with(PATH, &[("kind", word)]), current };
    let mut choices = vec![choice("All kinds", "", current.is_none())];
    let kinds = MovementKind::ALL.into_iter();
    choices.extend(kinds.map(|kind| choice(kind_label(kind), kind.as_str(), current == Some(kind))));
    choices
}

fn policy_choices(view: &PageView, against: Option<&str>) -> Vec<Choice> {
    let own = view.view.policy.as_deref().unwrap_or("default");
    let choice = |text: &'static str| Choice {
        text,
        link: view.same_with(PATH, &[("against", text)]),
        current: against == Some(text),
    };
    POLICIES.into_iter().filter(|policy| *policy != own).map(choice).collect()
}

fn range_text(before: &MrrAnswer, view: &PageView, zone: Tz) -> String {
    let (from, to) = view.previous(before.viewed.as_of).unzip();
    let day = |at: Option<ltv_core::Timestamp>| at.map(|at| format::day(at, zone)).unwrap_or_default();
    format!("{} until {}", day(from), day(to))
}

impl Period {
    fn new(point: &MrrPoint, interval: Interval, zone: Tz) -> Self {
        Self {
            name: format::period(point.at, interval, zone),
            start: format::amount(point.start),
            movements: point.movements.iter().map(|money| format::signed(*money)).collect(),
            end: format::amount(point.end),
            at_risk: format::amount(point.at_risk),
            suppliers: format::count(i64::try_from(point.suppliers).unwrap_or(i64::MAX)),
        }
    }
}

/// Periods as a file.
fn periods_table(answer: &MrrAnswer) -> Table {
    let row = |point: &MrrPoint| {
        let mut row = vec![point.at.to_rfc3339(), point.start.to_decimal_string()];
        row.extend(point.movements.iter().map(|money| money.to_decimal_string()));
        row.extend([point.end, point.at_risk, point.scheduled_loss].map(|money| money.to_decimal_string()));
        row.extend([point.suppliers, point.trials, point.converted].map(|number| number.to_string()));
        row.push(answer.viewed.currency.code().to_owned());
        row
    };
    let mut head = vec!["at", "start"];
    head.extend(MovementKind::ALL.into_iter().map(MovementKind::as_str));
    head.extend(["end", "atRisk", "scheduledLoss", "suppliers", "trials", "converted", "currency"]);
    Table { name: "mrr", head, rows: answer.points.iter().map(row).collect() }
}

impl From<BridgeAnswer> for Difference {
    fn from(answer: BridgeAnswer) -> Self {
        let count = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
        let lines = answer.lines.into_iter();
        Self {
            policy_a: answer.policy_a,
            policy_b: answer.policy_b,
            from: format::amount(answer.from),
            to: format::amount(answer.to),
            lines: lines
                .map(|line| (line.reason, format::signed(line.amount), count(line.suppliers)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ltv_core::Currency;

    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::from_minor(minor, Currency::GBP)
    }

    fn point(start: i64, movements: [i64; 9]) -> MrrPoint {
        MrrPoint {
            at: "2026-03-01T00:00:00Z".parse().unwrap(),
            start: gbp(start),
            end: gbp(start + movements.iter().sum::<i64>()),
            movements: movements.map(gbp),
            at_risk: gbp(100),
            scheduled_loss: gbp(0),
            suppliers: 3,
            trials: 2,
            converted: 1,
        }
    }

    #[test]
    fn the_bridge_draws_only_kinds_that_moved_and_the_statement_has_all() {
        let whole = point(10_000, [5_000, 0, 0, -3_000, 0, 0, 0, 0, 0]);
        let drawn: Vec<_> = bridge(&whole).unwrap().blocks.into_iter().map(|block| block.title).collect();
        assert_eq!(
            drawn,
            ["Start: 100.00 GBP", "New: +50.00 GBP", "Churn: \u{2212}30.00 GBP", "End: 120.00 GBP"]
        );
        assert_eq!(statement(&whole).len(), 11);
        assert!(bridge(&point(0, [0; 9])).is_none());
    }

    #[test]
    fn the_net_movement_is_what_the_kinds_add_up_to() {
        let tiles = tiles(&point(10_000, [5_000, 0, 0, -3_000, 0, 0, 0, 0, 0]), None);
        let net = tiles.iter().find(|tile| tile.label == "Net movement").unwrap();
        assert_eq!(net.value, "+20.00");
    }
}

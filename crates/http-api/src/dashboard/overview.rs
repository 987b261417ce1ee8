//! The first page: MRR and realised figures, net revenue over time, suppliers by value, health of sources.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono_tz::Tz;
use ltv_core::Money;
use pipeline::{Interval, MrrQuestion, Point, RevenueAnswer, RevenueQuestion, SupplierSort, View};

use super::chart::{Drawing, bars};
use super::csv::Table;
use super::failures::Failures;
use super::figures::Block;
use super::format;
use super::mrr;
use super::operations::Source;
use super::page::{Controls, Frame, PageProblem, Seen, asked, if_there, show};
use super::parts::Tile;
use super::suppliers::Row;
use super::view::PageView;
use crate::query::Query;
use crate::state::State;

/// How many suppliers are shown.
const TOP: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    block: Block,
    /// What net revenue was in the period before.
    net_before: Option<String>,
    mrr: Vec<Tile>,
    failures: Vec<Tile>,
    chart: Option<Drawing>,
    interval: &'static str,
    periods: Vec<Period>,
    suppliers: Vec<Row>,
    supplier_count: String,
    sources: Vec<Source>,
    /// Nothing has been paid yet.
    empty: bool,
    webhook_address: String,
}

/// A line of the table beside the chart.
struct Period {
    name: String,
    payments: String,
    gross: String,
    refunds: String,
    fees: String,
    net: String,
}

/// Shows the page.
pub(crate) async fn page(request: HttpRequest, state: State) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let csv = query.word("csv", &[("revenue", ())]);
    query.finish()?;
    let revenue = asked(state.pipeline.revenue(&question(&view, &view.view, view.range())).await)?;
    if csv.is_some() {
        return table(&revenue).download();
    }
    // The rest of the page knows what its first part knew, though booking goes on meanwhile.
    let same = View { known_at: Some(revenue.viewed.known_at), ..view.view.clone() };
    let before = match view.previous(revenue.viewed.as_of).filter(|_| view.compare) {
        Some((from, to)) => {
            let question = question(&view, &same, (Some(from), Some(to)));
            Some(asked(state.pipeline.revenue(&question).await)?)
        }
        None => None,
    };
    let suppliers = asked(state.pipeline.suppliers(&same, SupplierSort::LtvDescending, None, TOP).await)?;
    let statuses = asked(state.pipeline.integration_status().await)?;
    let (mrr, failures) = business(&state, &view, &same).await?;
    let zone: Tz = revenue.viewed.time_zone.parse().unwrap_or(Tz::UTC);
    let interval = view.interval_or_month();
    let points = revenue.points.as_deref().unwrap_or_default();
    let named = |point: &Point| (format::period(point.at, interval, zone), point.figures.net_revenue);
    let net: Vec<(String, Money)> = points.iter().map(named).collect();
    let page = OverviewPage {
        block: Block::new(&revenue.figures),
        net_before: before.map(|before| format::amount(before.figures.net_revenue)),
        mrr,
        failures,
        chart: bars(&net, revenue.viewed.currency).map(|drawing| drawing.described("chart", "chart-table")),
        interval: interval_word(interval),
        periods: points.iter().map(|point| Period::new(point, interval, zone)).collect(),
        suppliers: suppliers.suppliers.iter().map(|supplier| Row::new(supplier, &view)).collect(),
        supplier_count: format::count(i64::try_from(suppliers.total).unwrap_or(i64::MAX)),
        empty: revenue.figures.payments == 0 && suppliers.total == 0,
        sources: statuses.into_iter().map(Source::from).collect(),
        webhook_address: webhook_address(&request),
        frame: Frame::new("overview", "/", view, Seen::new(&revenue.viewed, &revenue.meta), Controls::Series),
    };
    show(&page)
}

fn question(
    view: &PageView,
    looked: &View,
    (from, to): (Option<ltv_core::Timestamp>, Option<ltv_core::Timestamp>),
) -> RevenueQuestion {
    let interval = Some(view.interval_or_month());
    RevenueQuestion { view: looked.clone(), from, to, interval, group_by: None }
}

/// MRR and failed payments in a few figures, where there are any.
async fn business(
    state: &State,
    view: &PageView,
    same: &View,
) -> Result<(Vec<Tile>, Vec<Tile>), PageProblem> {
    let (from, to) = view.range();
    let question = MrrQuestion { view: same.clone(), from, to, interval: Some(view.interval_or_month()) };
    let mrr = if_there(state.pipeline.mrr(&question).await)?;
    let failures = if_there(state.pipeline.payment_failures(same, from, to, None).await)?;
    let whole = mrr.and_then(|answer| answer.whole);
    let failures = failures.and_then(|answer| Failures::new(&answer, view));
    Ok((
        whole.map(|whole| mrr::tiles(&whole, None)).unwrap_or_default(),
        failures.map(|failures| failures.tiles).unwrap_or_default(),
    ))
}

/// Where Stripe has to send its messages, as far as this request can tell.
fn webhook_address(request: &HttpRequest) -> String {
    let info = request.connection_info();
    format!("{}://{}/api/webhooks/ltv/payments/stripe", info.scheme(), info.host())
}

fn interval_word(interval: Interval) -> &'static str {
    match interval {
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Quarter => "quarter",
        Interval::Year => "year",
    }
}

impl Period {
    fn new(point: &Point, interval: Interval, zone: Tz) -> Self {
        let figures = &point.figures;
        Self {
            name: format::period(point.at, interval, zone),
            payments: format::count(figures.payments),
            gross: format::amount(figures.gross),
            refunds: format::amount(figures.refunds),
            fees: format::amount(figures.processor_fees),
            net: format::amount(figures.net_revenue),
        }
    }
}

/// Revenue by period as a file.
fn table(answer: &RevenueAnswer) -> Table {
    let row = |point: &Point| {
        let figures = &point.figures;
        let amounts = [
            figures.gross,
            figures.tax,
            figures.refunds,
            figures.chargebacks,
            figures.processor_fees,
            figures.dispute_fees,
            figures.net_revenue,
        ];
        let mut row = vec![point.at.to_rfc3339(), figures.payments.to_string()];
        row.extend(amounts.map(|money| money.to_decimal_string()));
        row.push(answer.viewed.currency.code().to_owned());
        row
    };
    let head = vec![
        "at",
        "payments",
        "gross",
        "tax",
        "refunds",
        "chargebacks",
        "processorFees",
        "disputeFees",
        "netRevenue",
        "currency",
    ];
    Table {
        name: "revenue",
        head,
        rows: answer.points.as_deref().unwrap_or_default().iter().map(row).collect(),
    }
}

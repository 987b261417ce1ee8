//! The first page: realised figures, net revenue over time, suppliers by value, health of integrations.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono_tz::Tz;
use ltv_core::Money;
use pipeline::{IntegrationStatus, Interval, Point, RevenueQuestion, SupplierSort, View};

use super::chart::{Chart, HEIGHT, WIDTH};
use super::figures::Block;
use super::format;
use super::page::{Frame, PageProblem, Seen, asked, show};
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
    chart: Option<Chart>,
    width: i64,
    height: i64,
    months: Vec<Month>,
    suppliers: Vec<Row>,
    supplier_count: String,
    integrations: Vec<Health>,
    /// Nothing has been paid yet.
    empty: bool,
    webhook_address: String,
}

/// A line of the table beside the chart.
struct Month {
    name: String,
    payments: String,
    gross: String,
    refunds: String,
    fees: String,
    net: String,
}

/// How an integration stands.
struct Health {
    id: String,
    mode: &'static str,
    state: &'static str,
    well: bool,
    counts: Vec<(&'static str, String)>,
    last_message: String,
    lag: String,
    complete_through: String,
    drift: Vec<(String, String)>,
    reading: bool,
}

/// Shows the page.
pub(crate) async fn page(request: HttpRequest, state: State) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query);
    query.finish()?;
    let question = RevenueQuestion {
        view: view.view.clone(),
        interval: Some(Interval::Month),
        ..RevenueQuestion::default()
    };
    let revenue = asked(state.pipeline.revenue(&question).await)?;
    // The rest of the page knows what its first part knew, though booking goes on meanwhile.
    let same = View { known_at: Some(revenue.viewed.known_at), ..view.view.clone() };
    let suppliers = asked(state.pipeline.suppliers(&same, SupplierSort::LtvDescending, None, TOP).await)?;
    let statuses = asked(state.pipeline.integration_status().await)?;
    let zone: Tz = revenue.viewed.time_zone.parse().unwrap_or(Tz::UTC);
    let points = revenue.points.unwrap_or_default();
    let bars: Vec<(String, Money)> =
        points.iter().map(|point| (format::month(point.at, zone), point.figures.net_revenue)).collect();
    let page = OverviewPage {
        block: Block::new(&revenue.figures),
        chart: Chart::new(&bars, revenue.viewed.currency),
        width: WIDTH,
        height: HEIGHT,
        months: points.iter().map(|point| Month::new(point, zone)).collect(),
        suppliers: suppliers.suppliers.iter().map(|supplier| Row::new(supplier, &view)).collect(),
        supplier_count: format::count(i64::try_from(suppliers.total).unwrap_or(i64::MAX)),
        empty: revenue.figures.payments == 0 && suppliers.total == 0,
        integrations: statuses.into_iter().map(Health::from).collect(),
        webhook_address: webhook_address(&request),
        frame: Frame::new("overview", "/", view, Seen::new(&revenue.viewed, &revenue.meta)),
    };
    show(&page)
}

/// Where Stripe has to send its messages, as far as this request can tell.
fn webhook_address(request: &HttpRequest) -> String {
    let info = request.connection_info();
    format!("{}://{}/api/webhooks/ltv/payments/stripe", info.scheme(), info.host())
}

impl Month {
    fn new(point: &Point, zone: Tz) -> Self {
        let figures = &point.figures;
        Self {
            name: format::month(point.at, zone),
            payments: format::count(figures.payments),
            gross: format::amount(figures.gross),
            refunds: format::amount(figures.refunds),
            fees: format::amount(figures.processor_fees),
            net: format::amount(figures.net_revenue),
        }
    }
}

impl From<IntegrationStatus> for Health {
    fn from(status: IntegrationStatus) -> Self {
        let stuck = status.dead.saturating_add(status.quarantined);
        let (well, state) = match (status.active, stuck) {
            (false, _) => (true, "Stopped"),
            (true, 0) => (true, "Working"),
            (true, _) => (false, "Needs attention"),
        };
        let counts = [
            ("Accepted", status.accepted),
            ("Done", status.done),
            ("Pending", status.pending),
            ("Dead", status.dead),
            ("Quarantined", status.quarantined),
            ("Duplicates", status.duplicates),
            ("Rejected", status.rejected),
            ("Other mode", status.test_mode),
            ("To be booked", status.unbooked),
        ];
        Self {
            id: status.id,
            mode: if status.livemode { "live" } else { "test" },
            state,
            well,
            counts: counts.into_iter().map(|(name, number)| (name, format::count(number))).collect(),
            last_message: format::time_or_dash(status.last_message_at),
            lag: format::duration(status.lag_seconds),
            complete_through: format::time_or_dash(status.complete_through),
            drift: status.drift.into_iter().map(|drift| (drift.what, format::count(drift.count))).collect(),
            reading: status.reading,
        }
    }
}

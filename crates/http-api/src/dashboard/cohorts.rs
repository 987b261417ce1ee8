//! Suppliers by the month of their first MRR, and what is left of them: a heat map with a number in each cell.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use pipeline::{Cohort, CohortPeriod, CohortsAnswer, RevenueQuestion};

use super::csv::Table;
use super::format;
use super::page::{Controls, Frame, PageProblem, Seen, asked, if_there, show};
use super::parts::Choice;
use super::view::PageView;
use crate::query::Query;
use crate::state::State;

const PATH: &str = "/dashboard/cohorts";
/// Shades of the heat map, from the faintest.
const SHADES: [&str; 11] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10"];
const METRICS: &[(&str, Metric)] =
    &[("suppliers", Metric::Suppliers), ("revenue", Metric::Revenue), ("netRetention", Metric::NetRetention)];

/// What is shown of each cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Suppliers,
    Revenue,
    NetRetention,
}

impl Metric {
    fn label(self) -> &'static str {
        match self {
            Self::Suppliers => "Suppliers",
            Self::Revenue => "Revenue",
            Self::NetRetention => "Net retention",
        }
    }

    /// What the number in a cell is.
    fn meaning(self) -> &'static str {
        match self {
            Self::Suppliers => "Share of the first month's suppliers that still pay",
            Self::Revenue => {
                "MRR at the end of the month; the shade is the share of the first month's MRR, without expansion"
            }
            Self::NetRetention => "MRR as a share of the first month's, with expansion",
        }
    }
}

#[derive(Template)]
#[template(path = "cohorts.html")]
struct CohortsPage {
    frame: Frame,
    metrics: Vec<Choice>,
    label: &'static str,
    meaning: &'static str,
    months: Vec<u32>,
    rows: Vec<Row>,
}

struct Row {
    key: String,
    suppliers: String,
    cells: Vec<Cell>,
}

/// A cohort in one month of its life; without words where the month has not ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cell {
    shade: &'static str,
    text: String,
    title: String,
}

/// Shows the page.
pub(crate) async fn page(request: HttpRequest, state: State) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let mut view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let metric = query.word("metric", METRICS).unwrap_or(Metric::Suppliers);
    let csv = query.word("csv", &[("cohorts", ())]);
    query.finish()?;
    let answer = if_there(state.pipeline.cohorts(&view.view).await)?;
    if csv.is_some() {
        return table(answer.as_ref()).download();
    }
    let word = METRICS.iter().find(|(_, known)| *known == metric).map_or("", |(word, _)| word);
    view.own = vec![("metric", word.to_owned())];
    let choice = |(word, known): &(&'static str, Metric)| Choice {
        text: known.label(),
        link: view.same_with(PATH, &[("metric", word)]),
        current: *known == metric,
    };
    let seen = match &answer {
        Some(answer) => Seen::new(&answer.viewed, &answer.meta),
        None => {
            let question = RevenueQuestion { view: view.view.clone(), ..RevenueQuestion::default() };
            let revenue = asked(state.pipeline.revenue(&question).await)?;
            Seen::new(&revenue.viewed, &revenue.meta)
        }
    };
    let cohorts = answer.map(|answer| answer.cohorts).unwrap_or_default();
    let longest = cohorts.iter().filter_map(|cohort| cohort.periods.last()).map(|period| period.n).max();
    let months: Vec<u32> = longest.map(|last| (0..=last).collect()).unwrap_or_default();
    show(&CohortsPage {
        metrics: METRICS.iter().map(choice).collect(),
        label: metric.label(),
        meaning: metric.meaning(),
        rows: cohorts.iter().map(|cohort| Row::new(cohort, &months, metric)).collect(),
        months,
        frame: Frame::new("cohorts", PATH, view, seen, Controls::Look),
    })
}

impl Row {
    fn new(cohort: &Cohort, months: &[u32], metric: Metric) -> Self {
        let period = |n: &u32| cohort.periods.iter().find(|period| period.n == *n);
        Self {
            key: cohort.key.clone(),
            suppliers: count(cohort.suppliers),
            cells: months
                .iter()
                .map(|n| period(n).map(|p| cell(cohort, p, metric)).unwrap_or_default())
                .collect(),
        }
    }
}

fn cell(cohort: &Cohort, period: &CohortPeriod, metric: Metric) -> Cell {
    let percent =
        |share: &Option<String>| share.as_deref().map_or_else(|| "\u{2013}".to_owned(), format::percent);
    let share = match metric {
        Metric::Suppliers => &period.supplier_retention,
        Metric::Revenue => &period.revenue_retention,
        Metric::NetRetention => &period.net_retention,
    };
    let text = match metric {
        Metric::Revenue => format::short(period.revenue),
        Metric::Suppliers | Metric::NetRetention => percent(share),
    };
    let title = format!(
        "{}, month {}: {} of {} suppliers, {} {}; revenue retention {}, net {}, net at constant rates {}",
        cohort.key,
        period.n,
        count(period.suppliers),
        count(cohort.suppliers),
        format::amount(period.revenue),
        period.revenue.currency().code(),
        percent(&period.revenue_retention),
        percent(&period.net_retention),
        percent(&period.net_retention_constant_rates),
    );
    Cell { shade: shade(share.as_deref()), text, title }
}

/// The darker, the more is left; more than all is as dark as all.
fn shade(share: Option<&str>) -> &'static str {
    let Some(tenths) = share.and_then(format::tenths_of_percent) else { return "" };
    let step = usize::try_from(tenths.clamp(0, 1_000).div_euclid(100)).unwrap_or(0);
    SHADES.get(step).copied().unwrap_or("")
}

fn count(number: u64) -> String {
    format::count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Cohorts and months as a file, one line each.
fn table(answer: Option<&CohortsAnswer>) -> Table {
    let share = |share: &Option<String>| share.clone().unwrap_or_default();
    let mut rows = Vec::new();
    for cohort in answer.map(|answer| answer.cohorts.as_slice()).unwrap_or_default() {
        rows.extend(cohort.periods.iter().map(|period| {
            vec![
                cohort.key.clone(),
                period.n.to_string(),
                period.suppliers.to_string(),
                period.revenue.to_decimal_string(),
                period.revenue.currency().code().to_owned(),
                share(&period.supplier_retention),
                share(&period.revenue_retention),
                share(&period.net_retention),
                share(&period.net_retention_constant_rates),
            ]
        }));
    }
    let head = vec![
        "cohort",
        "month",
        "suppliers",
        "revenue",
        "currency",
        "supplierRetention",
        "revenueRetention",
        "netRetention",
        "netRetentionConstantRates",
    ];
    Table { name: "cohorts", head, rows }
}

#[cfg(test)]
mod tests {
    use ltv_core::{Currency, Money};

    use super::*;

    fn cohort() -> Cohort {
        let period = |n, suppliers, retention: &str| CohortPeriod {
            n,
            suppliers,
            revenue: Money::from_minor(12_345, Currency::GBP),
            supplier_retention: Some(retention.to_owned()),
            revenue_retention: Some("0.5".to_owned()),
            net_retention: Some("1.25".to_owned()),
            net_retention_constant_rates: None,
        };
        Cohort {
            key: "2026-03".to_owned(),
            suppliers: 8,
            periods: vec![period(0, 8, "1.0000"), period(1, 7, "0.8750")],
        }
    }

    #[test]
    fn a_cell_has_a_shade_and_a_number_and_months_to_come_have_neither() {
        let row = Row::new(&cohort(), &[0, 1, 2], Metric::Suppliers);
        let texts: Vec<_> = row.cells.iter().map(|cell| (cell.shade, cell.text.as_str())).collect();
        assert_eq!(texts, [("h10", "100.0 %"), ("h8", "87.5 %"), ("", "")]);
        assert!(row.cells[1].title.contains("7 of 8 suppliers"), "{}", row.cells[1].title);
    }

    #[test]
    fn the_metric_chooses_number_and_shade() {
        let shown = |metric| {
            let cell = cell(&cohort(), &cohort().periods[1], metric);
            (cell.shade, cell.text)
        };
        assert_eq!(shown(Metric::Revenue), ("h5", "123.45".to_owned()));
        assert_eq!(shown(Metric::NetRetention), ("h10", "125.0 %".to_owned()));
    }

    #[test]
    fn an_unknown_share_has_no_shade() {
        assert_eq!([shade(None), shade(Some("?")), shade(Some("0"))], ["", "", "h0"]);
    }
}

//! The list of suppliers.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use pipeline::{SupplierPage, SupplierSort, SupplierSummary};

use super::csv::Table;
use super::format;
use super::page::{Controls, Frame, PageProblem, Seen, asked, show};
use super::view::PageView;
use crate::query::Query;
use crate::state::State;

const PATH: &str = "/dashboard/suppliers";
/// Suppliers a page.
const ROWS: usize = 50;
const SORTS: &[(&str, SupplierSort)] =
    &[("-ltv", SupplierSort::LtvDescending), ("ltv", SupplierSort::LtvAscending)];

#[derive(Template)]
#[template(path = "suppliers.html")]
struct ListPage {
    frame: Frame,
    suppliers: Vec<Row>,
    total: String,
    sorts: Vec<SortLink>,
    first: Option<String>,
    next: Option<String>,
}

struct SortLink {
    text: &'static str,
    link: String,
    current: bool,
}

/// A supplier in a table.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) payments: String,
    pub(super) gross: String,
    pub(super) refunds: String,
    pub(super) net: String,
}

impl Row {
    /// Its link keeps the view.
    pub(super) fn new(supplier: &SupplierSummary, view: &PageView) -> Self {
        let figures = &supplier.figures;
        Self {
            name: supplier.party.to_string(),
            link: view.link(&format!("{PATH}/{}", supplier.supplier_id)),
            payments: format::count(figures.payments),
            gross: format::amount(figures.gross),
            refunds: format::amount(figures.refunds),
            net: format::amount(figures.net_revenue),
        }
    }
}

/// Shows the page.
pub(crate) async fn page(request: HttpRequest, state: State) -> Result<HttpResponse, PageProblem> {
    let mut query = Query::of(&request);
    let mut view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let sort = query.word("sort", SORTS).unwrap_or_default();
    let cursor = query.text("cursor");
    let csv = query.word("csv", &[("suppliers", ())]);
    query.finish()?;
    if csv.is_some() {
        let answer = asked(state.pipeline.suppliers(&view.view, sort, None, usize::MAX).await)?;
        return table(&answer).download();
    }
    let answer = asked(state.pipeline.suppliers(&view.view, sort, cursor.as_deref(), ROWS).await)?;
    let sort_word = SORTS.iter().find(|(_, known)| *known == sort).map_or("-ltv", |(word, _)| *word);
    view.own = vec![("sort", sort_word.to_owned())];
    let sort_link = |text, word| SortLink {
        text,
        link: view.link_with(PATH, &[("sort", word)]),
        current: word == sort_word,
    };
    let page = ListPage {
        suppliers: answer.suppliers.iter().map(|supplier| Row::new(supplier, &view)).collect(),
        total: format::count(i64::try_from(answer.total).unwrap_or(i64::MAX)),
        sorts: vec![sort_link("Highest first", "-ltv"), sort_link("Lowest first", "ltv")],
        first: cursor.map(|_| view.link_with(PATH, &[("sort", sort_word)])),
        next: answer.next_cursor.map(|next| view.link_with(PATH, &[("sort", sort_word), ("cursor", &next)])),
        frame: Frame::new("suppliers", PATH, view, Seen::new(&answer.viewed, &answer.meta), Controls::Look),
    };
    show(&page)
}

/// The whole list.
fn table(answer: &SupplierPage) -> Table {
    let row = |supplier: &SupplierSummary| {
        let figures = &supplier.figures;
        let mut row =
            vec![supplier.supplier_id.to_string(), supplier.party.to_string(), figures.payments.to_string()];
        row.extend(
            [figures.gross, figures.refunds, figures.net_revenue].map(|money| money.to_decimal_string()),
        );
        row.push(answer.viewed.currency.code().to_owned());
        row
    };
    let head = vec!["supplierId", "party", "payments", "gross", "refunds", "netRevenue", "currency"];
    Table { name: "suppliers", head, rows: answer.suppliers.iter().map(row).collect() }
}

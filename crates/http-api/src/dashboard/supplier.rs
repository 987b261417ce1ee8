//! One supplier: its figures, why they are so, and its ledger.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use pipeline::access::Permission;
use pipeline::{LedgerRow, View};

use super::explain_tree::TreeNode;
use super::figures::Block;
use super::format;
use super::page::{Frame, PageProblem, Seen, asked, show};
use super::view::PageView;
use crate::auth::Caller;
use crate::query::Query;
use crate::routes::suppliers::supplier_id;
use crate::state::State;

/// Postings a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "supplier.html")]
struct SupplierPage {
    frame: Frame,
    id: String,
    party: String,
    block: Block,
    /// `None`: the key may not look into figures.
    inside: Option<Inside>,
}

struct Inside {
    tree: TreeNode,
    rows: Vec<PostingRow>,
    newest: Option<String>,
    older: Option<String>,
}

struct PostingRow {
    effective: String,
    recorded: String,
    account: &'static str,
    case: String,
    fact: String,
    amount: String,
    negative: bool,
    block: i64,
    inbox_id: i64,
}

/// Shows the page.
pub(crate) async fn page(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    caller: Caller,
) -> Result<HttpResponse, PageProblem> {
    let id = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = PageView::read(&mut query);
    let cursor = query.text("cursor");
    query.finish()?;
    let answer = asked(state.pipeline.supplier(&id, &view.view).await)?;
    let own_path = format!("/dashboard/suppliers/{id}");
    let mut inside = None;
    if caller.0.may(Permission::ReadLedger) {
        // All parts of the page know the same, though booking goes on meanwhile.
        let same = View { known_at: Some(answer.viewed.known_at), ..view.view.clone() };
        let (_, tree, _) = asked(state.pipeline.explain(&id, &same).await)?;
        let ledger = asked(state.pipeline.ledger(&id, &same, cursor.as_deref(), ROWS).await)?;
        inside = Some(Inside {
            tree: TreeNode::root(tree),
            rows: ledger.rows.into_iter().map(PostingRow::from).collect(),
            newest: cursor.map(|_| view.link(&own_path)),
            older: ledger.next_cursor.map(|next| view.link_with(&own_path, &[("cursor", &next)])),
        });
    }
    let page = SupplierPage {
        id: id.to_string(),
        party: answer.party.to_string(),
        block: Block::new(&answer.realised),
        inside,
        frame: Frame::new("supplier", own_path, view, Seen::new(&answer.viewed, &answer.meta)),
    };
    show(&page)
}

impl From<LedgerRow> for PostingRow {
    fn from(row: LedgerRow) -> Self {
        Self {
            effective: format::time(row.effective_at),
            recorded: format::time(row.recorded_at),
            account: row.account,
            case: row.anchor,
            fact: row.fact,
            amount: format!("{} {}", format::amount(row.amount), row.amount.currency().code()),
            negative: row.amount.minor() < 0,
            block: row.block,
            inbox_id: row.inbox_id,
        }
    }
}

//! One supplier: what it pays, what happened to it, its figures, why they are so, and its ledger.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use ltv_core::SupplierId;
use pipeline::View;
use pipeline::access::Permission;

use super::explain_tree::TreeNode;
use super::failures::Failures;
use super::figures::Block;
use super::ledger::{Ledger, LedgerPart};
use super::page::{Controls, Frame, PageProblem, Seen, asked, if_there, show};
use super::parts::Tile;
use super::timeline::{self, Timeline};
use super::view::PageView;
use crate::auth::Caller;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::routes::suppliers::supplier_id;
use crate::state::State;

/// Events a page.
const EVENTS: usize = 50;
/// Events in a file.
const FILE_EVENTS: usize = 5_000;

#[derive(Template)]
#[template(path = "supplier.html")]
struct SupplierPage {
    frame: Frame,
    id: String,
    party: String,
    block: Block,
    tiles: Vec<Tile>,
    failures: Option<Failures>,
    /// `None`: the key may not look into figures.
    inside: Option<Inside>,
}

struct Inside {
    timeline: Option<Timeline>,
    tree: TreeNode,
    ledger: LedgerPart,
}

/// What the address asks for beyond the view.
struct Asked {
    after: Option<i64>,
    before: Option<String>,
    file: Option<File>,
}

#[derive(Clone, Copy)]
enum File {
    Timeline,
    Ledger,
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
    let mut view = PageView::read(&mut query, &state.pipeline.settings().time_zone);
    let wanted = Asked::read(&mut query, &mut view);
    query.finish()?;
    let answer = asked(state.pipeline.supplier(&id, &view.view).await)?;
    let own_path = format!("/dashboard/suppliers/{id}");
    // All parts of the page know the same, though booking goes on meanwhile.
    let same = View { known_at: Some(answer.viewed.known_at), ..view.view.clone() };
    let may_look_inside = caller.0.may(Permission::ReadLedger);
    if let Some(file) = wanted.file {
        return if may_look_inside { download(&state, file, &id, &same).await } else { Err(forbidden()) };
    }
    let (from, to) = view.range();
    let failures = if_there(state.pipeline.payment_failures(&same, from, to, Some(&id)).await)?;
    let inside = if may_look_inside {
        Some(look_inside(&state, &id, &same, &view, &wanted, &own_path).await?)
    } else {
        None
    };
    let page = SupplierPage {
        id: id.to_string(),
        party: answer.party.to_string(),
        block: Block::new(&answer.realised),
        tiles: answer.mrr.as_ref().map(timeline::tiles).unwrap_or_default(),
        failures: failures.as_ref().and_then(|answer| Failures::new(answer, &view)),
        inside,
        frame: Frame::new(
            "supplier",
            own_path,
            view,
            Seen::new(&answer.viewed, &answer.meta),
            Controls::Range,
        ),
    };
    show(&page)
}

impl Asked {
    fn read(query: &mut Query, view: &mut PageView) -> Self {
        let after = query.parsed("after", "the number of a posting");
        let before = query.text("before");
        let file = query.word("csv", &[("timeline", File::Timeline), ("ledger", File::Ledger)]);
        view.own.extend(after.map(|id: i64| ("after", id.to_string())));
        view.own.extend(before.clone().map(|cursor| ("before", cursor)));
        Self { after, before, file }
    }
}

async fn look_inside(
    state: &State,
    id: &SupplierId,
    same: &View,
    view: &PageView,
    wanted: &Asked,
    path: &str,
) -> Result<Inside, PageProblem> {
    let before = wanted.before.as_deref();
    let timeline = if_there(state.pipeline.timeline(id, same, EVENTS, before).await)?;
    let (_, tree, _) = asked(state.pipeline.explain(id, same).await)?;
    let ledger = asked(Ledger::read(&state.pipeline, id, same).await)?;
    Ok(Inside {
        timeline: timeline.map(|answer| Timeline::new(&answer, view, path)),
        tree: TreeNode::root(tree, view),
        ledger: ledger.part(wanted.after, view, path),
    })
}

async fn download(
    state: &State,
    file: File,
    id: &SupplierId,
    view: &View,
) -> Result<HttpResponse, PageProblem> {
    match file {
        File::Timeline => {
            timeline::table(&asked(state.pipeline.timeline(id, view, FILE_EVENTS, None).await)?).download()
        }
        File::Ledger => asked(Ledger::read(&state.pipeline, id, view).await)?.table().download(),
    }
}

fn forbidden() -> PageProblem {
    Problem::new(Kind::PermissionMissing, "Your key lacks the permission `ledger:read`.").into()
}

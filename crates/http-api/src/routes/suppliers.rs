//! Suppliers, their lifetime value, why it is so, and their ledger.

use std::collections::BTreeSet;
use std::ops::Bound;

use actix_web::{HttpRequest, HttpResponse, web};
use ltv_core::{Currency, Money, Party, SupplierId};
use pipeline::{AskError, LtvAnswer, Meta, SupplierSort, View};

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::auth::Caller;
use crate::lists::{Form, Table};
use crate::problem::{FieldProblem, Kind, Problem};
use crate::query::Query;
use crate::request_id::RequestId;
use crate::shapes::{ExplainShape, LedgerShape, LtvShape, SupplierShape, SuppliersShape, TimelineShape};
use crate::state::{AppState, State};

const SORTS: &[(&str, SupplierSort)] =
    &[("-ltv", SupplierSort::LtvDescending), ("ltv", SupplierSort::LtvAscending), ("id", SupplierSort::Id)];

/// What a list of suppliers is as a table.
const SUPPLIERS: Table = Table {
    name: "suppliers",
    columns: &[
        "supplierId",
        "externalRefs",
        "realised.netRevenue.currency",
        "realised.payments",
        "realised.gross.amount",
        "realised.tax.amount",
        "realised.refunds.amount",
        "realised.refundCount",
        "realised.chargebacks.amount",
        "realised.disputes",
        "realised.inquiries",
        "realised.processorFees.amount",
        "realised.disputeFees.amount",
        "realised.netRevenue.amount",
        "realised.fxDifference.amount",
        "realised.pending.amount",
        "realised.customerCredit.amount",
        "realised.recurring.amount",
        "realised.oneOff.amount",
        "realised.providerBalance.amount",
        "realised.unexplained.amount",
    ],
};
/// What a supplier's ledger is as a table.
const LEDGER: Table = Table {
    name: "ledger",
    columns: &[
        "id",
        "anchor",
        "sequence",
        "account",
        "fact",
        "amount.amount",
        "amount.currency",
        "quantity",
        "effectiveAt",
        "recordedAt",
        "block",
        "integration",
        "inboxId",
    ],
};
/// What a timeline is as a table.
const TIMELINE: Table = Table {
    name: "timeline",
    columns: &[
        "at",
        "kind",
        "title",
        "movement",
        "amount.amount",
        "mrrAfter.amount",
        "mrrAfter.currency",
        "object",
        "sources.0.eventId",
        "sources.0.inboxId",
    ],
};

/// Lists suppliers, or the one that `externalRef` names; a key that is limited to some sees these alone.
pub(crate) async fn list(
    request: HttpRequest,
    state: State,
    id: RequestId,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let view = query.view();
    let party = query.parsed::<Party>("externalRef", "a provider and its customer such as stripe:cus_123");
    let sort = query.word("sort", SORTS).unwrap_or_default();
    let cursor = query.text("cursor");
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    let shape = match (party, &caller.0.suppliers) {
        (Some(party), _) => {
            let supplier = SupplierId::of(&party);
            let wanted: Vec<_> = Some(supplier).filter(|id| caller.0.may_see(id)).into_iter().collect();
            some(&state, &view, &wanted, (None, caller.0.is_scoped()), &id).await?
        }
        (None, Some(own)) => {
            let (wanted, next) = own_page(own, cursor.as_deref(), limit)?;
            some(&state, &view, &wanted, (next, true), &id).await?
        }
        (None, None) => {
            SuppliersShape::new(state.pipeline.suppliers(&view, sort, cursor.as_deref(), limit).await?, &id)
        }
    };
    form.answer(&SUPPLIERS, &shape)
}

/// A page of the suppliers that a key is limited to, by id.
fn own_page(
    own: &BTreeSet<SupplierId>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<(Vec<SupplierId>, Option<String>), Problem> {
    let after = match cursor.map(str::parse::<SupplierId>) {
        None => Bound::Unbounded,
        Some(Ok(after)) => Bound::Excluded(after),
        Some(Err(_no_id)) => {
            let wrong = FieldProblem::of_parameter("cursor", "pass `nextCursor` of the page before");
            return Err(Problem::with_errors(Kind::BadQuery, vec![wrong]));
        }
    };
    let mut rest = own.range((after, Bound::Unbounded)).cloned();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = rest.next().and(page.last()).map(ToString::to_string);
    Ok((page, next))
}

/// Suppliers one by one; those without money yet are left out. For a key that is `scoped` to some suppliers nothing
/// speaks of others, neither what cannot be explained nor what is missing.
async fn some(
    state: &AppState,
    view: &View,
    wanted: &[SupplierId],
    (next, scoped): (Option<String>, bool),
    id: &RequestId,
) -> Result<SuppliersShape, Problem> {
    let mut frame = state.pipeline.suppliers(view, SupplierSort::Id, None, 1).await?;
    let mut answers = Vec::new();
    for supplier in wanted {
        match state.pipeline.supplier(supplier, view).await {
            Ok(answer) => answers.push(answer),
            Err(AskError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if scoped {
        frame.meta = meta_of(frame.meta, frame.viewed.currency, &answers)?;
    }
    let total = answers.len();
    Ok(SuppliersShape::of_some(frame, answers, (next, total), id))
}

/// How complete an answer is that speaks of these suppliers alone.
fn meta_of(store: Meta, currency: Currency, answers: &[LtvAnswer]) -> Result<Meta, Problem> {
    let gaps: BTreeSet<&String> = answers.iter().flat_map(|answer| &answer.meta.gaps).collect();
    let amounts = answers.iter().map(|answer| answer.meta.unexplained);
    let unexplained = Money::try_sum(amounts.filter(|money| money.currency() == currency), currency);
    let unexplained = unexplained.map_err(|error| {
        tracing::error!(%error, "Could not add what is unexplained: {error}");
        Problem::new(Kind::Internal, "The log has the cause, under the request id.")
    })?;
    Ok(Meta { gaps: gaps.into_iter().cloned().collect(), unexplained, ..store })
}

/// One supplier.
pub(crate) async fn one(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let supplier = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = query.view();
    query.finish()?;
    let answer = state.pipeline.supplier(&supplier, &view).await?;
    Ok(HttpResponse::Ok().json(SupplierShape::new(answer, &id)))
}

/// Its lifetime value.
pub(crate) async fn ltv(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let supplier = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = query.view();
    query.finish()?;
    let answer = state.pipeline.supplier(&supplier, &view).await?;
    Ok(HttpResponse::Ok().json(LtvShape::new(answer, &id)))
}

/// Why it is so: down to the raw messages.
pub(crate) async fn explain(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let supplier = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = query.view();
    query.finish()?;
    let answer = state.pipeline.explain(&supplier, &view).await?;
    Ok(HttpResponse::Ok().json(ExplainShape::new(&supplier, answer, &id)))
}

/// Its postings, newest first.
pub(crate) async fn ledger(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let supplier = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = query.view();
    let cursor = query.text("cursor");
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    let answer = state.pipeline.ledger(&supplier, &view, cursor.as_deref(), limit).await?;
    form.answer(&LEDGER, &LedgerShape::new(&supplier, answer, &id))
}

/// What happened to it, newest first.
pub(crate) async fn timeline(
    path: web::Path<String>,
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let supplier = supplier_id(&path)?;
    let mut query = Query::of(&request);
    let view = query.view();
    let cursor = query.text("cursor");
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    let answer = state.pipeline.timeline(&supplier, &view, limit, cursor.as_deref()).await?;
    form.answer(&TIMELINE, &TimelineShape::new(answer, &id))
}

/// What is no id names no supplier.
pub(crate) fn supplier_id(text: &str) -> Result<SupplierId, Problem> {
    text.parse().map_err(|error| Problem::not_found(format!("supplier: {error}")))
}

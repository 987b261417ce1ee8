//! Suppliers, their lifetime value, why it is so, and their ledger.

use actix_web::{HttpRequest, HttpResponse, web};
use ltv_core::{Party, SupplierId};
use pipeline::{AskError, SupplierSort};

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::shapes::{ExplainShape, LedgerShape, LtvShape, SupplierShape, SuppliersShape};
use crate::state::State;

const SORTS: &[(&str, SupplierSort)] =
    &[("-ltv", SupplierSort::LtvDescending), ("ltv", SupplierSort::LtvAscending), ("id", SupplierSort::Id)];

/// Lists suppliers, or the one that `externalRef` names.
pub(crate) async fn list(request: HttpRequest, state: State, id: RequestId) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let view = query.view();
    let party = query.parsed::<Party>("externalRef", "a provider and its customer such as stripe:cus_123");
    let sort = query.word("sort", SORTS).unwrap_or_default();
    let cursor = query.text("cursor");
    let limit = query.limit(LIMIT_DEFAULT, LIMIT_MAX);
    query.finish()?;
    let shape = match party {
        Some(party) => match state.pipeline.supplier_by_external_ref(&party, &view).await {
            Ok(answer) => SuppliersShape::of_one(answer, &id),
            // A filter that fits nobody is an empty page.
            Err(AskError::NotFound { .. }) => {
                let mut page = state.pipeline.suppliers(&view, SupplierSort::Id, None, 1).await?;
                (page.suppliers, page.next_cursor, page.total) = (Vec::new(), None, 0);
                SuppliersShape::new(page, &id)
            }
            Err(error) => return Err(error.into()),
        },
        None => {
            SuppliersShape::new(state.pipeline.suppliers(&view, sort, cursor.as_deref(), limit).await?, &id)
        }
    };
    Ok(HttpResponse::Ok().json(shape))
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
    query.finish()?;
    let answer = state.pipeline.ledger(&supplier, &view, cursor.as_deref(), limit).await?;
    Ok(HttpResponse::Ok().json(LedgerShape::new(&supplier, answer, &id)))
}

/// What is no id names no supplier.
pub(crate) fn supplier_id(text: &str) -> Result<SupplierId, Problem> {
    text.parse().map_err(|error| Problem::not_found(format!("supplier: {error}")))
}

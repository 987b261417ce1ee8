//! MRR of the whole store: over time, by movement, by cohort, by policy; and failed payments.

use actix_web::{HttpRequest, HttpResponse};
use ltv_core::SupplierId;
use pipeline::{MovementKind, MovementsQuestion, MrrQuestion};

use super::revenue::INTERVALS;
use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::lists::{Form, Table};
use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::shapes::{BridgeShape, CohortMetric, CohortsShape, FailuresShape, MovementsShape, MrrShape};
use crate::state::State;

/// What a list of movements is as a table.
const MOVEMENTS: Table = Table {
    name: "movements",
    columns: &[
        "at",
        "supplierId",
        "kind",
        "amount.amount",
        "amount.currency",
        "voluntary",
        "subscription",
        "sources.0.eventId",
        "sources.0.inboxId",
    ],
};

/// MRR by period.
pub(crate) async fn mrr(request: HttpRequest, state: State, id: RequestId) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let question = MrrQuestion {
        view: query.view(),
        from: query.time("from"),
        to: query.time("to"),
        interval: query.word("interval", INTERVALS),
    };
    query.finish()?;
    let answer = state.pipeline.mrr(&question).await?;
    Ok(HttpResponse::Ok().json(MrrShape::new(answer, &id)))
}

/// Movements, newest first.
pub(crate) async fn movements(
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let question = MovementsQuestion {
        view: query.view(),
        from: query.time("from"),
        to: query.time("to"),
        kind: query.word("kind", &MovementKind::ALL.map(|kind| (kind.as_str(), kind))),
        supplier: supplier(&mut query),
        limit: query.limit(LIMIT_DEFAULT, LIMIT_MAX),
        cursor: query.text("cursor"),
    };
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    let answer = state.pipeline.movements(&question).await?;
    form.answer(&MOVEMENTS, &MovementsShape::new(answer, &id))
}

/// Suppliers by the month of their first MRR.
pub(crate) async fn cohorts(
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let view = query.view();
    let _only_month = query.word("by", &[("month", ())]);
    let metric = query.word("metric", CohortMetric::WORDS);
    query.finish()?;
    let answer = state.pipeline.cohorts(&view).await?;
    Ok(HttpResponse::Ok().json(CohortsShape::new(answer, metric, &id)))
}

/// Why MRR under one policy is not that under another.
pub(crate) async fn bridge(
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let view = query.view();
    let policy_a = query.needed("policyA", "the name of a policy such as default");
    let policy_b = query.needed("policyB", "the name of a policy such as stripe");
    query.finish()?;
    let answer =
        state.pipeline.bridge(&view, &policy_a.unwrap_or_default(), &policy_b.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(BridgeShape::new(answer, &id)))
}

/// Failed payments, of all suppliers or of one.
pub(crate) async fn payment_failures(
    request: HttpRequest,
    state: State,
    id: RequestId,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let view = query.view();
    let (from, to) = (query.time("from"), query.time("to"));
    let supplier = supplier(&mut query);
    query.finish()?;
    let answer = state.pipeline.payment_failures(&view, from, to, supplier.as_ref()).await?;
    Ok(HttpResponse::Ok().json(FailuresShape::new(answer, (from, to), &id)))
}

fn supplier(query: &mut Query) -> Option<SupplierId> {
    query.parsed("supplier", "a supplier's id such as sup_0123…")
}

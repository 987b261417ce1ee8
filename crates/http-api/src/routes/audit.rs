//! The audit log.

use actix_web::{HttpRequest, HttpResponse};
use pipeline::AuditQuestion;

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::lists::{Form, Table};
use crate::problem::Problem;
use crate::query::Query;
use crate::shapes::{AuditShape, PageShape};
use crate::state::State;

/// What the log is as a table.
const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        "seq",
        "at",
        "actor.kind",
        "actor.id",
        "actor.roles",
        "action",
        "object",
        "outcome",
        "reason",
        "requestId",
        "sourceIpHash",
        "beforeDigest",
        "afterDigest",
        "codeVersion",
        "block",
        "hash",
    ],
};

/// Who did what, newest first.
pub(crate) async fn list(request: HttpRequest, state: State) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request);
    let question = AuditQuestion {
        before: query.parsed("cursor", "`nextCursor` of the page before"),
        actor_id: query.text("actor"),
        action_prefix: query.text("action"),
        from: query.time("from"),
        to: query.time("to"),
        limit: query.limit(LIMIT_DEFAULT, LIMIT_MAX),
    };
    let form = Form::of(&request, &mut query);
    query.finish()?;
    let form = form?;
    let page = state.pipeline.audit(&question).await?;
    let rows: Vec<_> = page.records.into_iter().map(AuditShape::from).collect();
    form.answer(&AUDIT, &PageShape::new(rows, page.next.map(|next| next.to_string())))
}

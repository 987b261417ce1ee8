//! Requests with one effect; and the way to the audit log and to decisions.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ltv_core::{MessageId, Timestamp};

use super::dialect::{Conn, in_tx, locked, locked_free};
use super::{Handle, audit, decisions};
use crate::StoreError;
use crate::convert_admin as convert;
use crate::fail::Fail;
use crate::models_admin::RequestRecord;
use crate::rows::VerifyFinding;
use crate::rows_admin::{
    AuditFilter, AuditRow, Begun, Decided, DecisionRow, IdempotencyRow, NewAudit, StoredAnswer,
};
use crate::schema::idempotency;
use crate::sql::Ts;
use crate::traits::Records;
use crate::tx::write_tx;

/// How many requests are forgotten with each new one.
const FORGOTTEN_MAX: i64 = 20;

#[async_trait]
impl Records for Handle {
    async fn begin_request(
        &self,
        row: &IdempotencyRow,
        now: Timestamp,
        in_flight_until: Timestamp,
    ) -> Result<Begun, StoreError> {
        let record = convert::request(row, in_flight_until);
        write_tx!(self, inbox_write, "begin a request", begin, record, now)
    }

    async fn end_request(
        &self,
        row: &IdempotencyRow,
        answer: Option<&StoredAnswer>,
        keep_until: Timestamp,
    ) -> Result<(), StoreError> {
        let (record, answer) = (convert::request(row, keep_until), answer.cloned());
        write_tx!(self, inbox_write, "end a request", end, record, answer)
    }

    async fn append_audit(&self, records: Vec<NewAudit>) -> Result<i64, StoreError> {
        audit::append(self, &records).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        audit::read(self, filter).await
    }

    async fn verify_audit(&self) -> Result<Vec<VerifyFinding>, StoreError> {
        audit::verify(self).await
    }

    async fn decisions(&self, messages: &[MessageId]) -> Result<Vec<DecisionRow>, StoreError> {
        decisions::read(self, messages).await
    }

    async fn count_redrive(&self, message: MessageId) -> Result<i32, StoreError> {
        decisions::count_redrive(self, message).await
    }

    async fn propose_discard(
        &self,
        message: MessageId,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        decisions::propose(self, message, by, reason, now).await
    }

    async fn approve_discard(
        &self,
        message: MessageId,
        by: &str,
        alone: bool,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        decisions::approve(self, message, by, alone, now).await
    }
}

async fn begin(conn: &mut Conn, new: &RequestRecord, now: &Timestamp) -> Result<Begun, Fail> {
    forget(conn, now).await?;
    let added =
        diesel::insert_into(idempotency::table).values(new).on_conflict_do_nothing().execute(conn).await?;
    if added == 1 {
        return Ok(Begun::New);
    }
    let first: Option<RequestRecord> = locked!(
        idempotency::table
            .filter(idempotency::principal.eq(&new.principal).and(idempotency::key.eq(&new.key)))
            .select(RequestRecord::as_select())
    )
    .get_result(conn)
    .await
    .optional()?;
    // None: it was forgotten just now.
    let Some(first) = first else { return Err(Fail::Again) };
    if first.keep_until <= Ts(*now) {
        diesel::update(idempotency::table)
            .filter(idempotency::principal.eq(&new.principal).and(idempotency::key.eq(&new.key)))
            .set(new)
            .execute(conn)
            .await?;
        return Ok(Begun::New);
    }
    if first.route != new.route || first.request_hash != new.request_hash {
        return Ok(Begun::OtherRequest);
    }
    Ok(convert::stored_answer(first)?.map_or(Begun::InFlight, Begun::Answered))
}

/// Forgets some of the requests whose time is over, those that nobody is at.
async fn forget(conn: &mut Conn, now: &Timestamp) -> Result<(), Fail> {
    let over: Vec<(String, String)> = locked_free!(
        idempotency::table
            .filter(idempotency::keep_until.le(Ts(*now)))
            .order(idempotency::keep_until)
            .limit(FORGOTTEN_MAX)
            .select((idempotency::principal, idempotency::key))
    )
    .load(conn)
    .await?;
    for (principal, key) in over {
        diesel::delete(
            idempotency::table.filter(idempotency::principal.eq(principal).and(idempotency::key.eq(key))),
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Ends the request that is in flight; one that somebody else began anew in between, with another body, stays.
async fn end(conn: &mut Conn, row: &RequestRecord, answer: &Option<StoredAnswer>) -> Result<(), Fail> {
    let mine = idempotency::principal
        .eq(row.principal.clone())
        .and(idempotency::key.eq(row.key.clone()))
        .and(idempotency::route.eq(row.route.clone()))
        .and(idempotency::request_hash.eq(row.request_hash.clone()));
    let Some(answer) = answer else {
        let unanswered = idempotency::table.filter(mine).filter(idempotency::status.is_null());
        diesel::delete(unanswered).execute(conn).await?;
        return Ok(());
    };
    diesel::update(idempotency::table)
        .filter(mine)
        .filter(idempotency::status.is_null())
        .set((
            idempotency::status.eq(Some(i32::from(answer.status))),
            idempotency::content_type.eq(Some(crate::convert::clean(&answer.content_type).into_owned())),
            idempotency::location
                .eq(answer.location.as_ref().map(|location| crate::convert::clean(location).into_owned())),
            idempotency::body.eq(Some(answer.body.clone())),
            idempotency::keep_until.eq(row.keep_until),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

//! Long work, with leases.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use ltv_core::Timestamp;

use super::Handle;
use super::dialect::{Conn, Db, in_tx, locked, locked_free};
use crate::StoreError;
use crate::convert_admin as convert;
use crate::fail::Fail;
use crate::models_admin::JobRecord;
use crate::rows_admin::{JobEnd, JobRow, JobStatus, NewJob};
use crate::schema::{job, schedule};
use crate::sql::Ts;
use crate::traits::Jobs;
use crate::tx::{at, write_tx};

/// The predicate of the partial indexes, with literals: bound values would not count.
const ACTIVE: &str = "job.status IN ('queued', 'running')";

#[async_trait]
impl Jobs for Handle {
    async fn add_job(&self, job: &NewJob, now: Timestamp) -> Result<JobRow, StoreError> {
        let record = convert::new_job(job, now)?;
        convert::job(write_tx!(self, inbox_write, "add a job", add, record)?)
    }

    async fn claim_job(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<JobRow>, StoreError> {
        let claimed = write_tx!(self, inbox_write, "claim a job", claim, now, lease_until)?;
        claimed.map(convert::job).transpose()
    }

    async fn end_job_step(
        &self,
        id: &str,
        token: i64,
        end: &JobEnd,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let (id, end) = (id.to_owned(), end.clone());
        let ended = write_tx!(self, inbox_write, "end a step of a job", end_step, id, token, end, now)?;
        ended.map(convert::job).transpose()
    }

    async fn cancel_job(&self, id: &str, now: Timestamp) -> Result<Option<JobRow>, StoreError> {
        let id = id.to_owned();
        let cancelled = write_tx!(self, inbox_write, "call off a job", cancel, id, now)?;
        cancelled.map(convert::job).transpose()
    }

    async fn job(&self, id: &str) -> Result<Option<JobRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let row: Option<JobRecord> = job::table
            .filter(job::id.eq(id))
            .select(JobRecord::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("read a job"))?;
        row.map(convert::job).transpose()
    }

    async fn jobs(
        &self,
        after: Option<&str>,
        kind: Option<&str>,
        status: Option<JobStatus>,
        limit: i64,
    ) -> Result<Vec<JobRow>, StoreError> {
        let after = match after {
            Some(id) => match self.job(id).await? {
                Some(row) => Some((Ts(row.created_at), row.id)),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut conn = self.inbox_read().await?;
        let mut query = job::table
            .order((job::created_at.desc(), job::id.desc()))
            .limit(limit)
            .select(JobRecord::as_select())
            .into_boxed::<Db>();
        if let Some((made, id)) = after {
            query = query.filter(job::created_at.lt(made).or(job::created_at.eq(made).and(job::id.lt(id))));
        }
        if let Some(kind) = kind {
            query = query.filter(job::kind.eq(kind));
        }
        if let Some(status) = status {
            query = query.filter(job::status.eq(convert::job_status_text(status)));
        }
        let rows: Vec<JobRecord> = query.load(&mut *conn).await.map_err(at("read jobs"))?;
        rows.into_iter().map(convert::job).collect()
    }

    async fn prune_jobs(&self, ended_before: Timestamp) -> Result<i64, StoreError> {
        write_tx!(self, inbox_write, "delete old jobs", prune, ended_before)
    }

    async fn fire_schedule(
        &self,
        name: &str,
        expected: Option<Timestamp>,
        fired_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        write_tx!(self, inbox_write, "fire a schedule", fire, name, expected, fired_at)
    }

    async fn schedules(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let rows: Vec<(String, Ts)> = schedule::table
            .order(schedule::name)
            .select((schedule::name, schedule::fired_at))
            .load(&mut *conn)
            .await
            .map_err(at("read schedules"))?;
        Ok(rows.into_iter().map(|(name, fired_at)| (name, fired_at.0)).collect())
    }
}

async fn add(conn: &mut Conn, record: &JobRecord) -> Result<JobRecord, Fail> {
    let added = diesel::insert_into(job::table).values(record).on_conflict_do_nothing().execute(conn).await?;
    if added == 1 {
        return Ok(record.clone());
    }
    let mut there = None;
    if let Some(key) = &record.key {
        there = job::table
            .filter(diesel::dsl::sql::<Bool>(ACTIVE))
            .filter(job::key.eq(Some(key.clone())))
            .select(JobRecord::as_select())
            .get_result(conn)
            .await
            .optional()?;
    }
    if there.is_none() {
        there = find(conn, &record.id).await?;
    }
    // Neither: the one that was in the way ended just now.
    there.ok_or(Fail::Again)
}

/// A job, locked.
async fn find(conn: &mut Conn, id: &str) -> Result<Option<JobRecord>, Fail> {
    let row = locked!(job::table.filter(job::id.eq(id)).select(JobRecord::as_select()))
        .get_result(conn)
        .await
        .optional()?;
    Ok(row)
}

async fn claim(conn: &mut Conn, now: &Timestamp, lease_until: &Timestamp) -> Result<Option<JobRecord>, Fail> {
    let waits = job::status.eq("queued").and(job::run_at.le(Ts(*now)));
    let lost = job::status.eq("running").and(job::lease_until.le(Ts(*now)).assume_not_null());
    let due: Option<JobRecord> = locked_free!(
        job::table
            .filter(diesel::dsl::sql::<Bool>(ACTIVE))
            .filter(waits.or(lost))
            .order((job::priority.desc(), job::run_at, job::id))
            .limit(1)
            .select(JobRecord::as_select())
    )
    .get_result(conn)
    .await
    .optional()?;
    let Some(due) = due else { return Ok(None) };
    let overflow = || StoreError::Overflow { operation: "the attempts at a job" };
    let claimed = JobRecord {
        status: "running".to_owned(),
        attempts: due.attempts.checked_add(1).ok_or_else(overflow)?,
        lease_token: due.lease_token.checked_add(1).ok_or_else(overflow)?,
        lease_until: Some(Ts(*lease_until)),
        updated_at: Ts(*now),
        ..due
    };
    diesel::update(job::table.filter(job::id.eq(&claimed.id)))
        .set((
            job::status.eq(&claimed.status),
            job::attempts.eq(claimed.attempts),
            job::lease_token.eq(claimed.lease_token),
            job::lease_until.eq(claimed.lease_until),
            job::updated_at.eq(claimed.updated_at),
        ))
        .execute(conn)
        .await?;
    Ok(Some(claimed))
}

async fn end_step(
    conn: &mut Conn,
    id: &str,
    token: &i64,
    end: &JobEnd,
    now: &Timestamp,
) -> Result<Option<JobRecord>, Fail> {
    let Some(row) = find(conn, id).await? else { return Ok(None) };
    if row.lease_token != *token || row.status != "running" {
        return Ok(None);
    }
    let step = convert::job_step(&row, end, *now)?;
    diesel::update(job::table.filter(job::id.eq(id))).set(&step).execute(conn).await?;
    find(conn, id).await
}

async fn cancel(conn: &mut Conn, id: &str, now: &Timestamp) -> Result<Option<JobRecord>, Fail> {
    let Some(row) = find(conn, id).await? else { return Ok(None) };
    match row.status.as_str() {
        "queued" => {
            let step = convert::job_step(&row, &JobEnd::Cancelled, *now)?;
            diesel::update(job::table.filter(job::id.eq(id)))
                .set((&step, job::cancel_asked.eq(true)))
                .execute(conn)
                .await?;
        }
        "running" => {
            diesel::update(job::table.filter(job::id.eq(id)))
                .set((job::cancel_asked.eq(true), job::updated_at.eq(Ts(*now))))
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    find(conn, id).await
}

async fn prune(conn: &mut Conn, ended_before: &Timestamp) -> Result<i64, Fail> {
    let old = job::table.filter(job::ended_at.lt(Ts(*ended_before)).assume_not_null());
    let gone = diesel::delete(old).execute(conn).await?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

async fn fire(
    conn: &mut Conn,
    name: &str,
    expected: &Option<Timestamp>,
    fired_at: &Timestamp,
) -> Result<bool, Fail> {
    let changed = match expected {
        None => {
            diesel::insert_into(schedule::table)
                .values((schedule::name.eq(name), schedule::fired_at.eq(Ts(*fired_at))))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?
        }
        Some(expected) => {
            diesel::update(schedule::table)
                .filter(schedule::name.eq(name))
                .filter(schedule::fired_at.eq(Ts(*expected)))
                .set(schedule::fired_at.eq(Ts(*fired_at)))
                .execute(conn)
                .await?
        }
    };
    Ok(changed == 1)
}

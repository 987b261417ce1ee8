//! What is neither said nor derived.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use ltv_core::Timestamp;
use uuid::Uuid;

use super::Handle;
use super::dialect::{Conn, in_tx, insert_rows, locked};
use crate::convert;
use crate::fail::Fail;
use crate::models::{
    ApiKeyRecord, CursorRecord, IntegrationRecord, SessionRecord, TallyRecord, WrappedKeyRecord,
};
use crate::rows::{ApiKeyRow, IntegrationRow, ReadCursorRow, SessionRow, Tally, WrappedKeyRow};
use crate::schema::{api_key, integration, read_cursor, session, store_meta, tally, wrapped_key};
use crate::sql::Ts;
use crate::traits::Admin;
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

#[async_trait]
impl Admin for Handle {
    async fn store_id(&self) -> Result<Uuid, StoreError> {
        let mut conn = self.inbox_read().await?;
        let text: String = store_meta::table
            .select(store_meta::store_id)
            .get_result(&mut *conn)
            .await
            .map_err(at("read the store's id"))?;
        convert::parse("store_meta", &text)
    }

    async fn integrations(&self) -> Result<Vec<IntegrationRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let rows: Vec<IntegrationRecord> = integration::table
            .order(integration::id)
            .select(IntegrationRecord::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read integrations"))?;
        rows.into_iter().map(convert::integration).collect()
    }

    async fn put_integration(&self, row: &IntegrationRow) -> Result<bool, StoreError> {
        let record = convert::integration_record(row);
        write_tx!(self, inbox_write, "store an integration", put_integration, record)
    }

    async fn key(&self, name: &str) -> Result<Option<WrappedKeyRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let row: Option<WrappedKeyRecord> = wrapped_key::table
            .filter(wrapped_key::name.eq(name))
            .select(WrappedKeyRecord::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("read a key"))?;
        Ok(row.map(convert::wrapped_key))
    }

    async fn put_key(&self, row: &WrappedKeyRow) -> Result<WrappedKeyRow, StoreError> {
        let record = convert::wrapped_key_record(row);
        write_tx!(self, inbox_write, "store a key", put_key, record)
    }

    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let rows: Vec<ApiKeyRecord> = api_key::table
            .order(api_key::id)
            .select(ApiKeyRecord::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read API keys"))?;
        rows.into_iter().map(convert::api_key).collect()
    }

    async fn add_api_key(&self, row: &ApiKeyRow) -> Result<(), StoreError> {
        let record = convert::api_key_record(row);
        write_tx!(self, inbox_write, "store an API key", add_api_key, record)
    }

    async fn revoke_api_key(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let id = id.to_owned();
        write_tx!(self, inbox_write, "revoke an API key", revoke_api_key, id, now)
    }

    async fn touch_api_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        write_tx!(self, inbox_write, "note the use of an API key", touch_api_key, id, now)
    }

    async fn expire_api_key(&self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let id = id.to_owned();
        write_tx!(self, inbox_write, "have an API key end", expire_api_key, id, at)
    }

    async fn add_session(&self, row: &SessionRow) -> Result<(), StoreError> {
        let record = convert::session_record(row);
        write_tx!(self, inbox_write, "store a session", add_session, record)
    }

    async fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let found: Option<SessionRecord> = session::table
            .filter(session::token_hash.eq(token_hash.to_vec()))
            .filter(session::expires_at.gt(Ts(now)))
            .select(SessionRecord::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("read a session"))?;
        drop(conn);
        match found {
            Some(row) if row.one_time => {
                let token = *token_hash;
                let used: bool = write_tx!(self, inbox_write, "use up a link", use_up, token)?;
                if used { convert::session(row).map(Some) } else { Ok(None) }
            }
            Some(row) => convert::session(row).map(Some),
            None => Ok(None),
        }
    }

    async fn end_session(&self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        let token = *token_hash;
        let _: bool = write_tx!(self, inbox_write, "end a session", use_up, token)?;
        Ok(())
    }

    async fn read_cursor(&self, integration: &str, list: &str) -> Result<Option<ReadCursorRow>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let row: Option<CursorRecord> = read_cursor::table
            .find((integration, list))
            .select(CursorRecord::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("read a cursor"))?;
        Ok(row.map(convert::cursor))
    }

    async fn put_read_cursor(&self, row: &ReadCursorRow) -> Result<(), StoreError> {
        let record = convert::cursor_record(row);
        write_tx!(self, inbox_write, "store a cursor", put_read_cursor, record)
    }

    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError> {
        write_tx!(self, inbox_write, "count", count_up, tallies)
    }

    async fn tallies(&self) -> Result<Vec<Tally>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let rows: Vec<TallyRecord> = tally::table
            .order((tally::scope, tally::name))
            .select(TallyRecord::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read counters"))?;
        Ok(rows.into_iter().map(convert::tally).collect())
    }
}

async fn put_integration(conn: &mut Conn, record: &IntegrationRecord) -> Result<bool, Fail> {
    let changed = if record.version == 1 {
        diesel::insert_into(integration::table).values(record).on_conflict_do_nothing().execute(conn).await?
    } else {
        diesel::update(integration::table)
            .filter(integration::id.eq(&record.id))
            .filter(integration::version.eq(record.version.saturating_sub(1)))
            .set(record)
            .execute(conn)
            .await?
    };
    Ok(changed == 1)
}

async fn put_key(conn: &mut Conn, record: &WrappedKeyRecord) -> Result<WrappedKeyRow, Fail> {
    diesel::insert_into(wrapped_key::table).values(record).on_conflict_do_nothing().execute(conn).await?;
    let kept: WrappedKeyRecord = wrapped_key::table
        .filter(wrapped_key::name.eq(&record.name))
        .select(WrappedKeyRecord::as_select())
        .get_result(conn)
        .await?;
    Ok(convert::wrapped_key(kept))
}

async fn add_api_key(conn: &mut Conn, record: &ApiKeyRecord) -> Result<(), Fail> {
    diesel::insert_into(api_key::table).values(record).execute(conn).await?;
    Ok(())
}

async fn revoke_api_key(conn: &mut Conn, id: &str, now: &Timestamp) -> Result<bool, Fail> {
    let known: Option<ApiKeyRecord> =
        locked!(api_key::table.filter(api_key::id.eq(id)).select(ApiKeyRecord::as_select()))
            .get_result(conn)
            .await
            .optional()?;
    if known.is_none() {
        return Ok(false);
    }
    // The first revocation stands.
    diesel::update(api_key::table)
        .filter(api_key::id.eq(id))
        .filter(api_key::revoked_at.is_null())
        .set(api_key::revoked_at.eq(Some(Ts(*now))))
        .execute(conn)
        .await?;
    diesel::delete(session::table.filter(session::key_id.eq(id))).execute(conn).await?;
    Ok(true)
}

async fn touch_api_key(conn: &mut Conn, id: &str, now: &Timestamp) -> Result<(), Fail> {
    // Of two nodes that note it at once the later time stands.
    let earlier = api_key::last_used_at.is_null().or(api_key::last_used_at.lt(Ts(*now)).assume_not_null());
    diesel::update(api_key::table)
        .filter(api_key::id.eq(id))
        .filter(earlier)
        .set(api_key::last_used_at.eq(Some(Ts(*now))))
        .execute(conn)
        .await?;
    Ok(())
}

async fn expire_api_key(conn: &mut Conn, id: &str, at: &Timestamp) -> Result<bool, Fail> {
    let known: Option<Ts> = locked!(api_key::table.filter(api_key::id.eq(id)).select(api_key::expires_at))
        .get_result(conn)
        .await
        .optional()?;
    let Some(known) = known else { return Ok(false) };
    // Never later than before.
    diesel::update(api_key::table)
        .filter(api_key::id.eq(id))
        .set(api_key::expires_at.eq(known.min(Ts(*at))))
        .execute(conn)
        .await?;
    Ok(true)
}

async fn add_session(conn: &mut Conn, record: &SessionRecord) -> Result<(), Fail> {
    diesel::insert_into(session::table).values(record).execute(conn).await?;
    Ok(())
}

/// Removes a session or link; of those who ask at once one is told that it was there.
async fn use_up(conn: &mut Conn, token: &[u8; 32]) -> Result<bool, Fail> {
    let gone =
        diesel::delete(session::table.filter(session::token_hash.eq(token.to_vec()))).execute(conn).await?;
    Ok(gone == 1)
}

async fn put_read_cursor(conn: &mut Conn, record: &CursorRecord) -> Result<(), Fail> {
    diesel::insert_into(read_cursor::table)
        .values(record)
        .on_conflict((read_cursor::integration, read_cursor::list))
        .do_update()
        .set((
            read_cursor::cursor.eq(excluded(read_cursor::cursor)),
            read_cursor::updated_at.eq(excluded(read_cursor::updated_at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds to counters, within the transaction of the caller.
pub(super) async fn count_up(conn: &mut Conn, tallies: &[Tally]) -> Result<(), Fail> {
    let mut sums = std::collections::BTreeMap::<(String, String), i64>::new();
    for tally in tallies {
        let key = (convert::clean(&tally.scope).into_owned(), convert::clean(&tally.name).into_owned());
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(tally.count);
    }
    let rows: Vec<TallyRecord> =
        sums.into_iter().map(|((scope, name), count)| TallyRecord { scope, name, count }).collect();
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        insert_rows!(
            conn,
            diesel::insert_into(tally::table)
                .values(part)
                .on_conflict((tally::scope, tally::name))
                .do_update()
                .set(tally::count.eq(tally::count + excluded(tally::count)))
        )?;
    }
    Ok(())
}

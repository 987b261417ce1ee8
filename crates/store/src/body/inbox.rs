//! The inbox.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use ltv_core::MessageId;

use super::Handle;
use super::admin::count_up;
use super::dialect::{Conn, in_tx, insert_returning, insert_rows};
use crate::convert::{self, clean, lane_text, origin_text};
use crate::fail::Fail;
use crate::models::{BodyRow, KeyRow, MessageKeyRow, NewBody, NewKey, NewMessageKey};
use crate::rows::{Appended, InboxMessage, NewMessage, Tally};
use crate::schema::{inbox_key, inbox_message, message_key};
use crate::sql::Ts;
use crate::traits::Inbox;
use crate::tx::{at, write_tx};
use crate::{ROWS_MAX, StoreError};

/// What makes two messages the same: provider, integration, source id, substance.
type Key = (&'static str, String, String, Vec<u8>);

#[async_trait]
impl Inbox for Handle {
    async fn append(&self, messages: Vec<NewMessage>) -> Result<Vec<Appended>, StoreError> {
        write_tx!(self, inbox_write, "append messages", append, messages)
    }

    async fn messages(&self, ids: &[MessageId]) -> Result<Vec<InboxMessage>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        ids.sort_unstable();
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(ROWS_MAX) {
            let rows: Vec<(KeyRow, BodyRow, MessageKeyRow)> = inbox_key::table
                .inner_join(inbox_message::table.on(inbox_message::id.eq(inbox_key::id)))
                .inner_join(message_key::table.on(message_key::message_id.eq(inbox_key::id)))
                .filter(inbox_key::id.eq_any(part.to_vec()))
                .order(inbox_key::id)
                .select((KeyRow::as_select(), BodyRow::as_select(), MessageKeyRow::as_select()))
                .load(&mut *conn)
                .await
                .map_err(at("read messages"))?;
            for row in rows {
                found.push(convert::message(row)?);
            }
        }
        Ok(found)
    }

    async fn messages_after(&self, after: MessageId, limit: i64) -> Result<Vec<InboxMessage>, StoreError> {
        let mut conn = self.inbox_read().await?;
        let rows: Vec<(KeyRow, BodyRow, MessageKeyRow)> = inbox_key::table
            .inner_join(inbox_message::table.on(inbox_message::id.eq(inbox_key::id)))
            .inner_join(message_key::table.on(message_key::message_id.eq(inbox_key::id)))
            .filter(inbox_key::id.gt(after.0))
            .filter(inbox_key::lane.eq("main"))
            .order(inbox_key::id)
            .limit(limit)
            .select((KeyRow::as_select(), BodyRow::as_select(), MessageKeyRow::as_select()))
            .load(&mut *conn)
            .await
            .map_err(at("read messages in order"))?;
        rows.into_iter().map(convert::message).collect()
    }

    async fn rewrap(&self, keys: Vec<(MessageId, Vec<u8>, String)>) -> Result<(), StoreError> {
        write_tx!(self, inbox_write, "wrap message keys", rewrap, keys)
    }

    async fn wrapped_by(&self, prefix: &str, limit: i64) -> Result<Vec<MessageId>, StoreError> {
        let mut conn = self.inbox_read().await?;
        // A range rather than LIKE: it uses the index, and nothing in the prefix is a wildcard. Names of keys carry
        // dates, so their order is oldest first.
        let end = format!("{prefix}\u{10FFFF}");
        let ids: Vec<i64> = message_key::table
            .inner_join(inbox_key::table.on(inbox_key::id.eq(message_key::message_id)))
            .filter(message_key::key_name.ge(prefix))
            .filter(message_key::key_name.lt(end))
            .filter(inbox_key::lane.eq("main"))
            .order((message_key::key_name, message_key::message_id))
            .limit(limit)
            .select(message_key::message_id)
            .load(&mut *conn)
            .await
            .map_err(at("find message keys"))?;
        Ok(ids.into_iter().map(MessageId).collect())
    }
}

/// One transaction for all of them.
async fn append(conn: &mut Conn, messages: &[NewMessage]) -> Result<Vec<Appended>, Fail> {
    // Sorted by key, or groups in flight at once would wait for each other in a circle.
    let mut sorted: BTreeMap<Key, &NewMessage> = BTreeMap::new();
    let keys: Vec<Key> = messages.iter().map(key_of).collect();
    for (key, message) in keys.iter().zip(messages) {
        sorted.entry(key.clone()).or_insert(message);
    }
    let mut new = insert_keys(conn, &sorted).await?;
    insert_bodies(conn, &sorted, &new).await?;
    let known = find_known(conn, sorted.keys().filter(|key| !new.contains_key(*key))).await?;

    let mut answers = Vec::with_capacity(keys.len());
    let mut duplicates: BTreeMap<String, i64> = BTreeMap::new();
    let mut given: HashMap<Key, i64> = known;
    for key in keys {
        // Taken out: of two in one call the first is new, the second a duplicate.
        if let Some(id) = new.remove(&key) {
            answers.push(Appended::New(MessageId(id)));
            given.insert(key, id);
        } else {
            let Some(id) = given.get(&key) else { return Err(Fail::Again) };
            answers.push(Appended::Duplicate(MessageId(*id)));
            let count = duplicates.entry(key.1).or_default();
            *count = count.saturating_add(1);
        }
    }
    let tallies: Vec<Tally> = duplicates
        .into_iter()
        .map(|(scope, count)| Tally { scope, name: "duplicate".to_owned(), count })
        .collect();
    count_up(conn, &tallies).await?;
    Ok(answers)
}

fn key_of(message: &NewMessage) -> Key {
    (
        message.provider.as_str(),
        clean(&message.integration).into_owned(),
        clean(&message.source_id).into_owned(),
        message.substance.to_vec(),
    )
}

/// Inserts the keys that are not there; answers those, with their numbers.
async fn insert_keys(
    conn: &mut Conn,
    sorted: &BTreeMap<Key, &NewMessage>,
) -> Result<HashMap<Key, i64>, Fail> {
    let rows: Vec<NewKey> = sorted
        .iter()
        .map(|((provider, integration, source_id, substance), message)| NewKey {
            provider,
            integration: integration.clone(),
            source_id: source_id.clone(),
            substance: substance.clone(),
            lane: lane_text(message.lane),
            received_at: Ts(message.received_at),
        })
        .collect();
    let mut new = HashMap::with_capacity(rows.len());
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        let inserted: Vec<(i64, String, String, Vec<u8>)> = insert_returning!(
            conn,
            diesel::insert_into(inbox_key::table)
                .values(part)
                .on_conflict((
                    inbox_key::provider,
                    inbox_key::integration,
                    inbox_key::source_id,
                    inbox_key::substance
                ))
                .do_nothing()
                .returning((
                    inbox_key::id,
                    inbox_key::integration,
                    inbox_key::source_id,
                    inbox_key::substance
                ))
        )?;
        // The provider is left out of the answer: an integration has one.
        let by_rest: HashMap<(String, String, Vec<u8>), i64> = inserted
            .into_iter()
            .map(|(id, integration, source, substance)| ((integration, source, substance), id))
            .collect();
        for key in sorted.keys() {
            if let Some(id) = by_rest.get(&(key.1.clone(), key.2.clone(), key.3.clone())) {
                new.insert(key.clone(), *id);
            }
        }
    }
    Ok(new)
}

async fn insert_bodies(
    conn: &mut Conn,
    sorted: &BTreeMap<Key, &NewMessage>,
    new: &HashMap<Key, i64>,
) -> Result<(), Fail> {
    let mut bodies = Vec::with_capacity(new.len());
    let mut keys = Vec::with_capacity(new.len());
    for (key, message) in sorted {
        let Some(id) = new.get(key).copied() else { continue };
        bodies.push(NewBody {
            id,
            uuid: message.uuid.as_bytes().to_vec(),
            origin: origin_text(message.origin),
            kind: clean(&message.kind).into_owned(),
            observed_at: Ts(message.observed_at),
            received_at: Ts(message.received_at),
            account: message.account.as_deref().map(|account| clean(account).into_owned()),
            sha256: message.sha256.to_vec(),
            ciphertext: message.ciphertext.clone(),
        });
        keys.push(NewMessageKey {
            message_id: id,
            wrapped_key: message.wrapped_key.clone(),
            key_name: message.key_name.clone(),
        });
    }
    for part in bodies.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(inbox_message::table).values(part.to_vec()))?;
    }
    for part in keys.chunks(ROWS_MAX) {
        insert_rows!(conn, diesel::insert_into(message_key::table).values(part.to_vec()))?;
    }
    Ok(())
}

/// The numbers of messages that were stored before.
async fn find_known(
    conn: &mut Conn,
    keys: impl Iterator<Item = &Key> + Send,
) -> Result<HashMap<Key, i64>, Fail> {
    let mut groups: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
    for (provider, integration, source_id, _) in keys {
        groups.entry((provider, integration.clone())).or_default().push(source_id.clone());
    }
    let mut known = HashMap::new();
    for ((provider, integration), source_ids) in groups {
        for part in source_ids.chunks(ROWS_MAX) {
            let rows: Vec<(i64, String, Vec<u8>)> = inbox_key::table
                .filter(inbox_key::provider.eq(provider))
                .filter(inbox_key::integration.eq(&integration))
                .filter(inbox_key::source_id.eq_any(part.to_vec()))
                .select((inbox_key::id, inbox_key::source_id, inbox_key::substance))
                .load(conn)
                .await?;
            known.extend(
                rows.into_iter()
                    .map(|(id, source, substance)| ((provider, integration.clone(), source, substance), id)),
            );
        }
    }
    Ok(known)
}

async fn rewrap(conn: &mut Conn, keys: &[(MessageId, Vec<u8>, String)]) -> Result<(), Fail> {
    let mut rows: Vec<NewMessageKey> = keys
        .iter()
        .map(|(id, wrapped_key, key_name)| NewMessageKey {
            message_id: id.0,
            wrapped_key: wrapped_key.clone(),
            key_name: key_name.clone(),
        })
        .collect();
    rows.sort_by_key(|row| row.message_id);
    for part in rows.chunks(ROWS_MAX) {
        let part = part.to_vec();
        insert_rows!(
            conn,
            diesel::insert_into(message_key::table)
                .values(part)
                .on_conflict(message_key::message_id)
                .do_update()
                .set((
                    message_key::wrapped_key.eq(excluded(message_key::wrapped_key)),
                    message_key::key_name.eq(excluded(message_key::key_name)),
                ))
        )?;
    }
    Ok(())
}

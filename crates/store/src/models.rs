//! Rows as they stand in the tables.

use diesel::prelude::*;

use crate::schema;
use crate::sql::{JsonDoc, Ts};

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::inbox_key, treat_none_as_default_value = false)]
pub(crate) struct NewKey {
    pub provider: &'static str,
    pub integration: String,
    pub source_id: String,
    pub substance: Vec<u8>,
    pub lane: &'static str,
    pub received_at: Ts,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::inbox_message, treat_none_as_default_value = false)]
pub(crate) struct NewBody {
    pub id: i64,
    pub uuid: Vec<u8>,
    pub origin: &'static str,
    pub kind: String,
    pub observed_at: Ts,
    pub received_at: Ts,
    pub account: Option<String>,
    pub sha256: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::message_key, treat_none_as_default_value = false)]
pub(crate) struct NewMessageKey {
    pub message_id: i64,
    pub wrapped_key: Vec<u8>,
    pub key_name: String,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::inbox_key)]
pub(crate) struct KeyRow {
    pub id: i64,
    pub provider: String,
    pub integration: String,
    pub source_id: String,
    pub substance: Vec<u8>,
    pub lane: String,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::inbox_message)]
pub(crate) struct BodyRow {
    pub uuid: Vec<u8>,
    pub origin: String,
    pub kind: String,
    pub observed_at: Ts,
    pub received_at: Ts,
    pub account: Option<String>,
    pub sha256: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::message_key)]
pub(crate) struct MessageKeyRow {
    pub wrapped_key: Vec<u8>,
    pub key_name: String,
}

/// A message that may be admitted to the queue: its transaction, number, integration, time and lane.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::inbox_key)]
pub(crate) struct Arrival {
    pub id: i64,
    pub xid: i64,
    pub integration: String,
    pub received_at: Ts,
    pub lane: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::work, treat_none_as_default_value = false)]
pub(crate) struct NewWork {
    pub message_id: i64,
    pub integration: String,
    pub received_at: Ts,
    pub status: &'static str,
    pub attempts: i32,
    pub retries: i32,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::work)]
pub(crate) struct WorkRow {
    pub message_id: i64,
    pub integration: String,
    pub attempts: i32,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::work)]
pub(crate) struct FailedRow {
    pub message_id: i64,
    pub integration: String,
    pub received_at: Ts,
    pub status: String,
    pub attempts: i32,
    pub class: Option<String>,
    pub reason: Option<String>,
    pub failed_at: Option<Ts>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::observation, treat_none_as_default_value = false)]
pub(crate) struct NewObservation {
    pub object: String,
    pub observed_at: Ts,
    pub source_id: String,
    pub mapping_version: i32,
    pub origin: &'static str,
    pub message_id: i64,
    pub integration: String,
    pub kind: &'static str,
    pub body: JsonDoc,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = schema::observation)]
pub(crate) struct ObservationRow {
    pub object: String,
    pub observed_at: Ts,
    pub source_id: String,
    pub mapping_version: i32,
    pub origin: String,
    pub message_id: i64,
    pub integration: String,
    pub body: JsonDoc,
}

#[derive(Debug, Clone, Insertable, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(table_name = schema::edge, treat_none_as_default_value = false)]
pub(crate) struct NewEdge {
    pub child: String,
    pub relation: &'static str,
    pub parent: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::dirty, treat_none_as_default_value = false)]
pub(crate) struct NewDirty {
    pub anchor: String,
    pub version: i64,
    pub marked_at: Ts,
    pub lease_until: Option<Ts>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::ledger_case, treat_none_as_default_value = false)]
pub(crate) struct NewCase {
    pub anchor: String,
    pub sequence: i32,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = schema::stuck_case, treat_none_as_default_value = false)]
pub(crate) struct NewStuck {
    pub anchor: String,
    pub reason: String,
    pub since: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::ledger_entry, treat_none_as_default_value = false)]
pub(crate) struct EntryRow {
    pub anchor: String,
    pub sequence: i32,
    pub block: i64,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::posting, treat_none_as_default_value = false)]
pub(crate) struct PostingRow {
    pub anchor: String,
    pub sequence: i32,
    pub account: String,
    pub party: String,
    pub integration: String,
    pub currency: String,
    pub amount_minor: i64,
    pub quantity: i64,
    pub effective_at: Ts,
    pub fact: String,
    pub source_message: i64,
    pub block: i64,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::block, treat_none_as_default_value = false)]
pub(crate) struct BlockRow {
    pub number: i64,
    pub recorded_at: Ts,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub entries: i32,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(table_name = schema::block_log, treat_none_as_default_value = false)]
pub(crate) struct LogRow {
    pub anchor: String,
    pub message_id: i64,
    pub mapping_version: i32,
    pub block: i64,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(table_name = schema::block_completeness, treat_none_as_default_value = false)]
pub(crate) struct CompletenessRow {
    pub block: i64,
    pub integration: String,
    pub complete_through: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(table_name = schema::fact, treat_none_as_default_value = false)]
pub(crate) struct FactRow {
    pub anchor: String,
    pub kind: String,
    pub party: String,
    pub block: i64,
    pub body: String,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::running_total, treat_none_as_default_value = false)]
pub(crate) struct TotalRow {
    pub party: String,
    pub account: String,
    pub currency: String,
    pub amount_minor: i64,
    pub quantity: i64,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::party, treat_none_as_default_value = false)]
pub(crate) struct PartyRecord {
    pub key: String,
    pub supplier_id: String,
    pub first_block: i64,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = schema::integration, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct IntegrationRecord {
    pub id: String,
    pub provider: String,
    pub account: Option<String>,
    pub livemode: bool,
    pub api_base: Option<String>,
    pub sealed_secrets: Vec<u8>,
    pub version: i64,
    pub created_at: Ts,
    pub deleted_at: Option<Ts>,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::api_key, treat_none_as_default_value = false)]
pub(crate) struct ApiKeyRecord {
    pub id: String,
    pub label: String,
    pub secret_hash: Vec<u8>,
    pub roles: String,
    pub created_at: Ts,
    pub expires_at: Ts,
    pub revoked_at: Option<Ts>,
    pub suppliers: Option<String>,
    pub last_used_at: Option<Ts>,
    pub replaces: Option<String>,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::session, treat_none_as_default_value = false)]
pub(crate) struct SessionRecord {
    pub token_hash: Vec<u8>,
    pub key_id: String,
    pub one_time: bool,
    pub expires_at: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::wrapped_key, treat_none_as_default_value = false)]
pub(crate) struct WrappedKeyRecord {
    pub name: String,
    pub wrapped_by: String,
    pub wrapped: Vec<u8>,
    pub created_at: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::read_cursor, treat_none_as_default_value = false)]
pub(crate) struct CursorRecord {
    pub integration: String,
    pub list: String,
    pub cursor: Option<String>,
    pub updated_at: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::tally, treat_none_as_default_value = false)]
pub(crate) struct TallyRecord {
    pub scope: String,
    pub name: String,
    pub count: i64,
}

//! Rows of jobs, requests, the audit log and decisions as they stand in the tables.

use diesel::prelude::*;

use crate::schema;
use crate::sql::{JsonDoc, Ts};

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::job, treat_none_as_default_value = false)]
pub(crate) struct JobRecord {
    pub id: String,
    pub kind: String,
    pub key: Option<String>,
    pub input: JsonDoc,
    pub status: String,
    pub priority: i32,
    pub run_at: Ts,
    pub attempts: i32,
    pub lease_until: Option<Ts>,
    pub lease_token: i64,
    pub progress: JsonDoc,
    pub result: Option<JsonDoc>,
    pub error: Option<String>,
    pub cancel_asked: bool,
    pub requested_by: String,
    pub created_at: Ts,
    pub updated_at: Ts,
    pub ended_at: Option<Ts>,
}

/// What changes in a job when a step of it ends.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = schema::job, treat_none_as_null = true)]
pub(crate) struct JobStep {
    pub status: String,
    pub run_at: Ts,
    pub lease_until: Option<Ts>,
    pub progress: JsonDoc,
    pub result: Option<JsonDoc>,
    pub error: Option<String>,
    pub updated_at: Ts,
    pub ended_at: Option<Ts>,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = schema::idempotency, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct RequestRecord {
    pub principal: String,
    pub key: String,
    pub route: String,
    pub request_hash: Vec<u8>,
    pub status: Option<i32>,
    pub content_type: Option<String>,
    pub location: Option<String>,
    pub body: Option<Vec<u8>>,
    pub in_flight_until: Ts,
    pub keep_until: Ts,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::audit, treat_none_as_default_value = false)]
pub(crate) struct AuditRecord {
    pub seq: i64,
    pub at: Ts,
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_roles: String,
    pub action: String,
    pub object: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub request_id: Option<String>,
    pub source_ip_hash: Option<String>,
    pub before_digest: Option<String>,
    pub after_digest: Option<String>,
    pub code_version: String,
    pub block: i64,
    pub block_hash: Vec<u8>,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::dead_letter_decision, treat_none_as_default_value = false)]
pub(crate) struct DecisionRecord {
    pub message_id: i64,
    pub redrives: i32,
    pub discard_proposed_by: Option<String>,
    pub discard_reason: Option<String>,
    pub discard_proposed_at: Option<Ts>,
    pub discard_approved_by: Option<String>,
    pub bears_money: bool,
    pub discarded_at: Option<Ts>,
}

//! Rows to values and back. What is read back is checked as if it came from outside.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use ltv_core::ledger::{Line, LineKey, Posting};
use ltv_core::{MessageId, ObjectKey, Observation, Origin};
use uuid::Uuid;

use crate::StoreError;
use crate::models::{
    ApiKeyRecord, BlockRow, BodyRow, CompletenessRow, CursorRecord, IntegrationRecord, KeyRow, LogRow,
    MessageKeyRow, NewObservation, ObservationRow, PartyRecord, PostingRow, SessionRecord, TallyRecord,
    WrappedKeyRecord,
};
use crate::rows::{
    ApiKeyRow, BlockHeader, BlockLogLine, Completeness, InboxMessage, IntegrationRow, Lane, PartyRow,
    ReadCursorRow, SessionRow, Tally, WorkStatus, WrappedKeyRow,
};
use crate::sql::{JsonDoc, Ts};

pub(crate) fn damaged(table: &'static str, detail: impl Display) -> StoreError {
    StoreError::Damaged { table, detail: detail.to_string() }
}

/// Reads a text that we wrote ourselves.
pub(crate) fn parse<T>(table: &'static str, text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| damaged(table, error))
}

/// Reads a hash.
pub(crate) fn hash32(table: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|bytes: Vec<u8>| damaged(table, format!("a hash has {} bytes", bytes.len())))
}

/// A text without NUL, which PostgreSQL cannot store. One such text must not fail the group that it comes in.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

pub(crate) fn lane_text(lane: Lane) -> &'static str {
    match lane {
        Lane::Main => "main",
        Lane::OtherMode => "other_mode",
    }
}

fn lane(text: &str) -> Result<Lane, StoreError> {
    match text {
        "main" => Ok(Lane::Main),
        "other_mode" => Ok(Lane::OtherMode),
        _ => Err(damaged("inbox_key", format!("lane `{text}`"))),
    }
}

pub(crate) fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Webhook => "webhook",
        Origin::Read => "read",
    }
}

fn origin(table: &'static str, text: &str) -> Result<Origin, StoreError> {
    match text {
        "webhook" => Ok(Origin::Webhook),
        "read" => Ok(Origin::Read),
        _ => Err(damaged(table, format!("origin `{text}`"))),
    }
}

pub(crate) fn status(text: &str) -> Result<WorkStatus, StoreError> {
    match text {
        "pending" => Ok(WorkStatus::Pending),
        "done" => Ok(WorkStatus::Done),
        "dead" => Ok(WorkStatus::Dead),
        "quarantined" => Ok(WorkStatus::Quarantined),
        _ => Err(damaged("work", format!("status `{text}`"))),
    }
}

pub(crate) fn message(row: (KeyRow, BodyRow, MessageKeyRow)) -> Result<InboxMessage, StoreError> {
    let (key, body, wrapped) = row;
    Ok(InboxMessage {
        id: MessageId(key.id),
        uuid: Uuid::from_slice(&body.uuid).map_err(|error| damaged("inbox_message", error))?,
        provider: parse("inbox_key", &key.provider)?,
        integration: key.integration,
        source_id: key.source_id,
        substance: hash32("inbox_key", key.substance)?,
        lane: lane(&key.lane)?,
        origin: origin("inbox_message", &body.origin)?,
        kind: body.kind,
        observed_at: body.observed_at.0,
        received_at: body.received_at.0,
        account: body.account,
        sha256: hash32("inbox_message", body.sha256)?,
        ciphertext: body.ciphertext,
        wrapped_key: wrapped.wrapped_key,
        key_name: wrapped.key_name,
    })
}

pub(crate) fn new_observation(seen: &Observation, integration: &str) -> Result<NewObservation, StoreError> {
    let text = serde_json::to_string(&seen.body).map_err(|error| damaged("observation", error))?;
    // JSONB knows no NUL either.
    let text = if text.contains("\\u0000") { text.replace("\\u0000", "\\ufffd") } else { text };
    let body = serde_json::from_str(&text).map_err(|error| damaged("observation", error))?;
    Ok(NewObservation {
        object: clean(&seen.object.to_string()).into_owned(),
        observed_at: Ts(seen.observed_at),
        source_id: clean(&seen.source_id).into_owned(),
        mapping_version: seen.mapping_version,
        origin: origin_text(seen.origin),
        message_id: seen.message.0,
        integration: integration.to_owned(),
        kind: seen.body.kind(),
        body: JsonDoc(body),
    })
}

pub(crate) fn observation(row: ObservationRow) -> Result<Observation, StoreError> {
    let body = serde_json::from_value(row.body.0)
        .map_err(|error| damaged("observation", format!("object {}: {error}", row.object)))?;
    Ok(Observation {
        object: parse("observation", &row.object)?,
        observed_at: row.observed_at.0,
        origin: origin("observation", &row.origin)?,
        source_id: row.source_id,
        message: MessageId(row.message_id),
        mapping_version: row.mapping_version,
        body,
    })
}

pub(crate) fn posting(row: &PostingRow) -> Result<Posting, StoreError> {
    Ok(Posting {
        key: LineKey {
            account: parse("posting", &row.account)?,
            party: parse("posting", &row.party)?,
            currency: parse("posting", &row.currency)?,
            effective_at: row.effective_at.0,
            fact: parse("posting", &row.fact)?,
        },
        line: Line {
            amount_minor: row.amount_minor,
            quantity: row.quantity,
            source: MessageId(row.source_message),
        },
    })
}

pub(crate) fn new_posting(
    anchor: &ObjectKey,
    sequence: i32,
    block: i64,
    integration: String,
    posting: &Posting,
) -> PostingRow {
    PostingRow {
        anchor: anchor.to_string(),
        sequence,
        account: posting.key.account.to_string(),
        party: posting.key.party.to_string(),
        integration,
        currency: posting.key.currency.code().to_owned(),
        amount_minor: posting.line.amount_minor,
        quantity: posting.line.quantity,
        effective_at: Ts(posting.key.effective_at),
        fact: posting.key.fact.to_string(),
        source_message: posting.line.source.0,
        block,
    }
}

pub(crate) fn header(row: BlockRow) -> Result<BlockHeader, StoreError> {
    Ok(BlockHeader {
        number: row.number,
        recorded_at: row.recorded_at.0,
        previous_hash: hash32("block", row.previous_hash)?,
        hash: hash32("block", row.hash)?,
        entries: row.entries,
    })
}

pub(crate) fn log_line(row: LogRow) -> Result<BlockLogLine, StoreError> {
    Ok(BlockLogLine {
        block: row.block,
        anchor: parse("block_log", &row.anchor)?,
        message: MessageId(row.message_id),
        mapping_version: row.mapping_version,
    })
}

pub(crate) fn completeness(row: CompletenessRow) -> Completeness {
    Completeness { integration: row.integration, complete_through: row.complete_through.0 }
}

pub(crate) fn party(row: PartyRecord) -> Result<PartyRow, StoreError> {
    Ok(PartyRow {
        party: parse("party", &row.key)?,
        supplier_id: row.supplier_id,
        first_block: row.first_block,
    })
}

pub(crate) fn integration(row: IntegrationRecord) -> Result<IntegrationRow, StoreError> {
    Ok(IntegrationRow {
        id: row.id,
        provider: parse("integration", &row.provider)?,
        account: row.account,
        livemode: row.livemode,
        api_base: row.api_base,
        sealed_secrets: row.sealed_secrets,
        version: row.version,
        created_at: row.created_at.0,
        deleted_at: row.deleted_at.map(|at| at.0),
    })
}

pub(crate) fn integration_record(row: &IntegrationRow) -> IntegrationRecord {
    IntegrationRecord {
        id: row.id.clone(),
        provider: row.provider.as_str().to_owned(),
        account: row.account.clone(),
        livemode: row.livemode,
        api_base: row.api_base.clone(),
        sealed_secrets: row.sealed_secrets.clone(),
        version: row.version,
        created_at: Ts(row.created_at),
        deleted_at: row.deleted_at.map(Ts),
    }
}

/// Names with commas between.
fn names(text: &str) -> Vec<String> {
    text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(crate) fn api_key(row: ApiKeyRecord) -> Result<ApiKeyRow, StoreError> {
    Ok(ApiKeyRow {
        id: row.id,
        label: row.label,
        secret_hash: hash32("api_key", row.secret_hash)?,
        roles: names(&row.roles),
        created_at: row.created_at.0,
        expires_at: row.expires_at.0,
        revoked_at: row.revoked_at.map(|at| at.0),
        suppliers: row.suppliers.map(|ids| names(&ids)),
        last_used_at: row.last_used_at.map(|at| at.0),
        replaces: row.replaces,
    })
}

pub(crate) fn api_key_record(row: &ApiKeyRow) -> ApiKeyRecord {
    ApiKeyRecord {
        id: row.id.clone(),
        label: row.label.clone(),
        secret_hash: row.secret_hash.to_vec(),
        roles: row.roles.join(","),
        created_at: Ts(row.created_at),
        expires_at: Ts(row.expires_at),
        revoked_at: row.revoked_at.map(Ts),
        suppliers: row.suppliers.as_ref().map(|ids| ids.join(",")),
        last_used_at: row.last_used_at.map(Ts),
        replaces: row.replaces.clone(),
    }
}

pub(crate) fn session(row: SessionRecord) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        token_hash: hash32("session", row.token_hash)?,
        key_id: row.key_id,
        one_time: row.one_time,
        expires_at: row.expires_at.0,
    })
}

pub(crate) fn session_record(row: &SessionRow) -> SessionRecord {
    SessionRecord {
        token_hash: row.token_hash.to_vec(),
        key_id: row.key_id.clone(),
        one_time: row.one_time,
        expires_at: Ts(row.expires_at),
    }
}

pub(crate) fn wrapped_key(row: WrappedKeyRecord) -> WrappedKeyRow {
    WrappedKeyRow {
        name: row.name,
        wrapped_by: row.wrapped_by,
        wrapped: row.wrapped,
        created_at: row.created_at.0,
    }
}

pub(crate) fn wrapped_key_record(row: &WrappedKeyRow) -> WrappedKeyRecord {
    WrappedKeyRecord {
        name: row.name.clone(),
        wrapped_by: row.wrapped_by.clone(),
        wrapped: row.wrapped.clone(),
        created_at: Ts(row.created_at),
    }
}

pub(crate) fn cursor(row: CursorRecord) -> ReadCursorRow {
    ReadCursorRow {
        integration: row.integration,
        list: row.list,
        cursor: row.cursor,
        updated_at: row.updated_at.0,
    }
}

pub(crate) fn cursor_record(row: &ReadCursorRow) -> CursorRecord {
    CursorRecord {
        integration: row.integration.clone(),
        list: row.list.clone(),
        cursor: row.cursor.clone(),
        updated_at: Ts(row.updated_at),
    }
}

pub(crate) fn tally(row: TallyRecord) -> Tally {
    Tally { scope: row.scope, name: row.name, count: row.count }
}

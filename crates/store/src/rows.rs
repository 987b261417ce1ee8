//! What goes in and comes out of the store.

use chrono::{DateTime, Utc};
use ltv_core::ledger::Posting;
use ltv_core::{Currency, MessageId, ObjectKey, Observation, Origin, Party, Provider, Timestamp};
use uuid::Uuid;

/// Where a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// To be booked.
    Main,
    /// Genuine, of the other mode (test on live, or live on test): kept apart, never booked.
    OtherMode,
}

/// A message to be stored.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// UUIDv7; binds the ciphertext to its row.
    pub uuid: Uuid,
    /// Who said it.
    pub provider: Provider,
    /// The integration whose secret verified it.
    pub integration: String,
    /// Event id, or `api:<type>:<object id>`.
    pub source_id: String,
    /// Digest without volatile fields.
    pub substance: [u8; 32],
    /// Where it belongs.
    pub lane: Lane,
    /// How it came.
    pub origin: Origin,
    /// Event or object type.
    pub kind: String,
    /// The event's or answer's time.
    pub observed_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The account that it names.
    pub account: Option<String>,
    /// SHA-256 of the payload as received.
    pub sha256: [u8; 32],
    /// Compressed, then encrypted payload.
    pub ciphertext: Vec<u8>,
    /// The message key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The name of the key that wraps it.
    pub key_name: String,
}

/// What became of a message that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Stored, durable.
    New(MessageId),
    /// Stored before; counted.
    Duplicate(MessageId),
}

/// A stored message.
#[derive(Debug, Clone)]
pub struct InboxMessage {
    /// Its number.
    pub id: MessageId,
    /// Binds the ciphertext to its row.
    pub uuid: Uuid,
    /// Who said it.
    pub provider: Provider,
    /// The integration.
    pub integration: String,
    /// Event id, or `api:<type>:<object id>`.
    pub source_id: String,
    /// Digest without volatile fields.
    pub substance: [u8; 32],
    /// Where it belongs.
    pub lane: Lane,
    /// How it came.
    pub origin: Origin,
    /// Event or object type.
    pub kind: String,
    /// The event's or answer's time.
    pub observed_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The account that it names.
    pub account: Option<String>,
    /// SHA-256 of the payload as received.
    pub sha256: [u8; 32],
    /// Compressed, then encrypted payload.
    pub ciphertext: Vec<u8>,
    /// The message key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The name of the key that wraps it.
    pub key_name: String,
}

/// How far the work on a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkStatus {
    /// Waits, or is being worked on.
    Pending,
    /// Observed.
    Done,
    /// Cannot be observed; kept with its reason.
    Dead,
    /// Kept from the line: it killed the process three times, or is of another account.
    Quarantined,
}

/// A message claimed for work; its attempt counter has been raised already.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The message.
    pub message: InboxMessage,
    /// Which attempt this is, from 1.
    pub attempts: i32,
}

/// What became of a claimed message.
#[derive(Debug, Clone)]
pub enum MessageOutcome {
    /// It shows these observations (perhaps none).
    Done(Vec<Observation>),
    /// It cannot be observed.
    Dead {
        /// Cause class: `permanent`, `poison`, `exhausted`.
        class: &'static str,
        /// What is wrong, redacted.
        reason: String,
    },
    /// It is kept from the line.
    Quarantined {
        /// What is wrong, redacted.
        reason: String,
    },
    /// It may work later.
    Retry {
        /// What is wrong, redacted.
        reason: String,
        /// Not before.
        not_before: Timestamp,
    },
}

/// A claimed message with what became of it.
#[derive(Debug, Clone)]
pub struct ObservedMessage {
    /// The message.
    pub id: MessageId,
    /// What became of it.
    pub outcome: MessageOutcome,
}

/// An anchor that must be booked, at a version of its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyMark {
    /// The anchor.
    pub anchor: ObjectKey,
    /// The mark's version when it was claimed.
    pub version: i64,
}

/// The newest block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHead {
    /// Its number; 0 before the first.
    pub number: i64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its hash, chained over all before it.
    pub hash: [u8; 32],
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHeader {
    /// Its number.
    pub number: i64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The hash of the one before.
    pub previous_hash: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
    /// How many entries it holds.
    pub entries: i32,
}

/// That a message (under a version of the mapping) was first seen by a case in a block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockLogLine {
    /// The block.
    pub block: i64,
    /// The case.
    pub anchor: ObjectKey,
    /// The message.
    pub message: MessageId,
    /// The mapping.
    pub mapping_version: i32,
}

/// That a source has told everything up to an instant; recorded in a block, so that it is part of `knownAt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// The integration.
    pub integration: String,
    /// Up to when.
    pub complete_through: Timestamp,
}

/// What a booking did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booked {
    /// The block, where anything was booked.
    pub block: Option<i64>,
    /// How many entries.
    pub entries: usize,
    /// The parties whose balances or facts changed.
    pub parties: Vec<Party>,
    /// Cases that could not be computed, with the reason.
    pub stuck: Vec<(ObjectKey, String)>,
}

/// Which postings to sum. Everything that is `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SumFilter {
    /// Of this party.
    pub party: Option<Party>,
    /// Effective at or after.
    pub from: Option<DateTime<Utc>>,
    /// Effective before.
    pub to: Option<DateTime<Utc>>,
    /// Effective at or before (`asOf`).
    pub as_of: Option<DateTime<Utc>>,
    /// In this block or an earlier one (`knownAt`).
    pub block_max: Option<i64>,
}

/// A page of postings of a party, newest effective first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostingFilter {
    /// Of this party.
    pub party: Option<Party>,
    /// Of this case.
    pub anchor: Option<ObjectKey>,
    /// Effective at or before (`asOf`).
    pub as_of: Option<DateTime<Utc>>,
    /// In this block or an earlier one (`knownAt`).
    pub block_max: Option<i64>,
    /// After this posting in the order (effective at, id) descending.
    pub before: Option<(DateTime<Utc>, i64)>,
    /// At most this many.
    pub limit: i64,
}

/// A posting as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The posting's number.
    pub id: i64,
    /// Its case.
    pub anchor: ObjectKey,
    /// The entry's sequence within the case, from 1.
    pub sequence: i32,
    /// Its block.
    pub block: i64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The integration.
    pub integration: String,
    /// The posting.
    pub posting: Posting,
}

/// A party that has postings, or was observed as a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRow {
    /// The party.
    pub party: Party,
    /// Its supplier id.
    pub supplier_id: String,
    /// The block in which it first appeared.
    pub first_block: i64,
}

/// How the messages of an integration stand. Read in one view, so that they add up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusCounts {
    /// Messages in the inbox, main lane.
    pub accepted: i64,
    /// Observed.
    pub done: i64,
    /// Waiting, those not admitted to the queue yet included.
    pub pending: i64,
    /// Dead.
    pub dead: i64,
    /// Quarantined.
    pub quarantined: i64,
    /// Genuine messages of the other mode.
    pub other_mode: i64,
    /// When the newest message came.
    pub last_message_at: Option<Timestamp>,
    /// When the oldest pending message came.
    pub oldest_pending_at: Option<Timestamp>,
}

/// A counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Integration id, or the provider's name where no integration is known.
    pub scope: String,
    /// What is counted: `duplicate`, `rejected`, `drift:<what>` …
    pub name: String,
    /// How often.
    pub count: i64,
}

/// A message that could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message.
    pub id: MessageId,
    /// The integration.
    pub integration: String,
    /// Event or object type.
    pub kind: String,
    /// Event id.
    pub source_id: String,
    /// Dead or quarantined.
    pub status: WorkStatus,
    /// Cause class.
    pub class: String,
    /// What is wrong.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was given up.
    pub failed_at: Timestamp,
}

/// A configured integration. Secrets are sealed by the vault before they come here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationRow {
    /// Its id.
    pub id: String,
    /// The provider.
    pub provider: Provider,
    /// The provider's id of the account.
    pub account: Option<String>,
    /// Live or test.
    pub livemode: bool,
    /// Where the provider's API is, when not at its published address.
    pub api_base: Option<String>,
    /// The sealed secrets.
    pub sealed_secrets: Vec<u8>,
    /// Raised with each change; the ETag.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was stopped and its credentials destroyed.
    pub deleted_at: Option<Timestamp>,
}

/// An API key; the secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id, part of the key's text.
    pub id: String,
    /// A name for people.
    pub label: String,
    /// HMAC-SHA-256 of the secret under the pepper.
    pub secret_hash: [u8; 32],
    /// Names of its roles.
    pub roles: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The suppliers that it is limited to; `None`: all.
    pub suppliers: Option<Vec<String>>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// The id of the key that it takes the place of.
    pub replaces: Option<String>,
}

/// A dashboard session or one-time sign-in link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The API key that it stands for.
    pub key_id: String,
    /// True for a link that works once.
    pub one_time: bool,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A key wrapped by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKeyRow {
    /// Its name, such as `store`, `epoch:2026-11-23`, `subject:stripe:cus_1`, `pepper`.
    pub name: String,
    /// The name of the key that wraps it.
    pub wrapped_by: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where the walk through a provider's list stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCursorRow {
    /// The integration.
    pub integration: String,
    /// The list.
    pub list: String,
    /// The provider's cursor; `None`: from the beginning.
    pub cursor: Option<String>,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// Something that `verify` found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyFinding {
    /// Which check: `block_hash`, `block_chain`, `entry_balance`, `running_total`, `block_log` …
    pub check: &'static str,
    /// Where and what.
    pub detail: String,
}

/// The currency and sums of one party, as `party_sums` gives them.
pub type PartySum = (Party, ltv_core::ledger::Account, Currency, i64, i64);

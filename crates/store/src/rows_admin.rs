//! What goes in and comes out of the changeable tables: jobs, idempotency, audit, decisions on dead letters.

use std::collections::BTreeSet;

use ltv_core::subscription::PartyFact;
use ltv_core::{MessageId, ObjectKey, Party, Timestamp};
use serde_json::Value;

/// Which facts are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactFilter {
    /// Of these parties alone, where not empty.
    pub parties: BTreeSet<Party>,
    /// Of these kinds alone, where not empty; see `Fact::kind`.
    pub kinds: BTreeSet<&'static str>,
    /// As they were at this block; `None`: at the newest.
    pub block_max: Option<i64>,
    /// Only parties whose names come after this one, in the order of names; for paging through all.
    pub after: Option<Party>,
    /// At most so many parties; `None`: all.
    pub parties_max: Option<i64>,
}

/// The facts of one case and kind, as they were at a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// Whose they are.
    pub party: Party,
    /// The case.
    pub anchor: ObjectKey,
    /// The block that wrote this version.
    pub block: i64,
    /// The facts.
    pub facts: Vec<PartyFact>,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobStatus {
    /// Waits for its time, or for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Ended well.
    Done,
    /// Given up.
    Failed,
    /// Called off.
    Cancelled,
}

/// A job that is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: String,
    /// What is to be done, such as `sweep.events`.
    pub kind: String,
    /// At most one job of a key is queued or running; `None`: any number.
    pub key: Option<String>,
    /// What it is about.
    pub input: Value,
    /// A higher one goes first.
    pub priority: i32,
    /// Not before.
    pub run_at: Timestamp,
    /// Who asked for it: an API key's id, or `schedule`, or `system`.
    pub requested_by: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// At most one job of a key is queued or running.
    pub key: Option<String>,
    /// What it is about.
    pub input: Value,
    /// How it stands.
    pub status: JobStatus,
    /// A higher one goes first.
    pub priority: i32,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: i32,
    /// Until when a worker has it.
    pub lease_until: Option<Timestamp>,
    /// Told to each worker that claims it, so that one who lost it can't write any more.
    pub lease_token: i64,
    /// How far it got; a worker goes on from here.
    pub progress: Value,
    /// What it gave.
    pub result: Option<Value>,
    /// What went wrong last, redacted.
    pub error: Option<String>,
    /// Whether it is to be called off at the next step.
    pub cancel_asked: bool,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How a step of a job ends.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// It goes on: progress is kept, the lease prolonged to this time.
    GoOn {
        /// How far it got.
        progress: Value,
        /// Until when the worker has it.
        lease_until: Timestamp,
    },
    /// It ended well.
    Done {
        /// How far it got.
        progress: Value,
        /// What it gave.
        result: Value,
    },
    /// It may work later.
    Retry {
        /// What went wrong, redacted.
        error: String,
        /// Not before.
        run_at: Timestamp,
    },
    /// It is given up.
    Failed {
        /// What went wrong, redacted.
        error: String,
    },
    /// It was called off.
    Cancelled,
}

/// A request that must have one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// The caller's key.
    pub key: String,
    /// Who asks.
    pub principal: String,
    /// Method and path.
    pub route: String,
    /// SHA-256 of the request's body and query.
    pub request_hash: [u8; 32],
}

/// What is known of such a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is new: go on, and then say how it ended.
    New,
    /// The first one is still under way.
    InFlight,
    /// The key was used for another request.
    OtherRequest,
    /// It was answered before, so.
    Answered(StoredAnswer),
}

/// The answer to a request, kept for repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body. Sealed by the caller where it holds secrets.
    pub body: Vec<u8>,
}

/// A record of the audit log before it is chained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// When.
    pub at: Timestamp,
    /// `key`, `session`, `command`, `system` or `nobody`.
    pub actor_kind: String,
    /// The key's id; never the key.
    pub actor_id: String,
    /// The roles, with commas between.
    pub actor_roles: String,
    /// What was done, such as `integration.put`.
    pub action: String,
    /// On what; never values of personal data.
    pub object: String,
    /// `done`, `denied`, `failed`.
    pub outcome: String,
    /// Why, as given by the person.
    pub reason: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// Keyed hash of the address.
    pub source_ip_hash: Option<String>,
    /// Digest of the object before.
    pub before_digest: Option<String>,
    /// Digest of the object after.
    pub after_digest: Option<String>,
    /// The version of this code.
    pub code_version: String,
}

/// A record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// What was recorded.
    pub record: NewAudit,
    /// The newest block of the ledger when it was recorded, and that block's hash: chains the log with the blocks.
    pub block: i64,
    /// The hash of that block.
    pub block_hash: [u8; 32],
    /// The hash of the record before.
    pub previous_hash: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
}

/// Which audit records are asked for; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only with places below this one.
    pub before: Option<i64>,
    /// Only of this actor.
    pub actor_id: Option<String>,
    /// Only actions that begin so.
    pub action_prefix: Option<String>,
    /// Only at or after.
    pub from: Option<Timestamp>,
    /// Only before.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: i64,
}

/// What people decided on a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// The message.
    pub message: MessageId,
    /// How often it was retried by people.
    pub redrives: i32,
    /// Who proposes to discard it.
    pub discard_proposed_by: Option<String>,
    /// Why.
    pub discard_reason: Option<String>,
    /// When it was proposed.
    pub discard_proposed_at: Option<Timestamp>,
    /// Who agreed; never who proposed: the database checks it.
    pub discard_approved_by: Option<String>,
    /// When it was discarded.
    pub discarded_at: Option<Timestamp>,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is as was wished.
    Done,
    /// There is no such dead letter.
    NoSuch,
    /// It was proposed by the same person.
    SamePerson,
    /// Nothing was proposed.
    NotProposed,
    /// It is discarded already.
    Already,
}

//! The store, as the pipeline sees it. Each method is one transaction, all or none.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ltv_core::digest::Digest;
use ltv_core::ledger::{Balances, Target};
use ltv_core::subscription::PartyFact;
use ltv_core::{MessageId, ObjectKey, Observation, Party, Timestamp};

use crate::StoreError;
use crate::rows::{
    ApiKeyRow, Appended, BlockHead, BlockHeader, BlockLogLine, Booked, Claimed, Completeness, DeadLetter,
    DirtyMark, InboxMessage, IntegrationRow, LedgerLine, NewMessage, ObservedMessage, PartyRow, PartySum,
    PostingFilter, ReadCursorRow, SessionRow, StatusCounts, SumFilter, Tally, VerifyFinding, WrappedKeyRow,
};
use crate::rows_admin::{
    AuditFilter, AuditRow, Begun, CaseFacts, Decided, DecisionRow, FactFilter, IdempotencyRow, JobEnd,
    JobRow, JobStatus, NewAudit, NewJob, StoredAnswer,
};

/// What a case should be booked as.
#[derive(Debug, Clone)]
pub struct Booking {
    /// What its postings should add up to.
    pub target: Target,
    /// What it says beside its postings.
    pub facts: Vec<PartyFact>,
}

/// Computes what a case should be booked as. Pure; called inside the booking transaction.
pub type Booker = Arc<dyn Fn(&ObjectKey, &[Observation]) -> Result<Booking, String> + Send + Sync>;

/// The inbox: append-only.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores messages and answers once they are on disk; the answers are in the order of `messages`. Duplicates
    /// within one call are recognised, too, and counted.
    async fn append(&self, messages: Vec<NewMessage>) -> Result<Vec<Appended>, StoreError>;

    /// Messages by number, in the order of their numbers; those that do not exist are left out.
    async fn messages(&self, ids: &[MessageId]) -> Result<Vec<InboxMessage>, StoreError>;

    /// Messages of the main lane with numbers above `after`, in order, at most `limit`.
    async fn messages_after(&self, after: MessageId, limit: i64) -> Result<Vec<InboxMessage>, StoreError>;

    /// Replaces wrapped message keys: (message, wrapped key, name of the wrapping key).
    async fn rewrap(&self, keys: Vec<(MessageId, Vec<u8>, String)>) -> Result<(), StoreError>;

    /// Messages of the main lane whose key is still wrapped by a key whose name starts with `prefix`, oldest first.
    async fn wrapped_by(&self, prefix: &str, limit: i64) -> Result<Vec<MessageId>, StoreError>;
}

/// The queue of messages to observe. Part of the ledger: derived, rebuilt by replay.
#[async_trait]
pub trait Work: Send + Sync {
    /// Admits new inbox messages to the queue, then claims up to `limit` that are due, raising their attempt counters.
    /// A message tried before is claimed alone; one that was tried three times without an end is quarantined.
    async fn claim(&self, now: Timestamp, lease_seconds: i64, limit: i64)
    -> Result<Vec<Claimed>, StoreError>;

    /// Ends claimed messages: observations (set inserts), edges, dirty marks and done marks, in one transaction.
    /// Answers how many anchors were marked dirty.
    async fn finish(&self, messages: Vec<ObservedMessage>, now: Timestamp) -> Result<usize, StoreError>;

    /// How the messages stand, per integration.
    async fn status(&self) -> Result<BTreeMap<String, StatusCounts>, StoreError>;

    /// Dead and quarantined messages, newest first, with numbers below `before`.
    async fn dead_letters(
        &self,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// Puts a dead or quarantined message back into the queue; false when it is neither.
    async fn retry_dead_letter(&self, id: MessageId, now: Timestamp) -> Result<bool, StoreError>;
}

/// The journal.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Claims dirty anchors.
    async fn claim_dirty(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: i64,
    ) -> Result<Vec<DirtyMark>, StoreError>;

    /// How many anchors are dirty.
    async fn dirty_count(&self) -> Result<i64, StoreError>;

    /// Books the cases of these marks in one transaction and at most one block: locks the cases in order, loads their
    /// observations, asks `booker` for the targets, appends the differences, the block log and running totals, seals
    /// the block, deletes the marks whose version has not moved. Where a marked object has a parent, or has children
    /// with cases of their own, these cases are booked in the same transaction.
    async fn book(&self, marks: Vec<DirtyMark>, booker: Booker, now: Timestamp)
    -> Result<Booked, StoreError>;

    /// Books a block again: exactly these cases, each seeing only the messages logged for it in this block and
    /// before, recorded at the given instant. For replay into an empty ledger.
    async fn rebook(
        &self,
        block: &BlockHeader,
        log: Vec<BlockLogLine>,
        completeness: Vec<Completeness>,
        booker: Booker,
    ) -> Result<Booked, StoreError>;

    /// Records that a source is complete up to an instant, in a block of its own. Never moves back.
    async fn record_completeness(&self, completeness: Completeness, now: Timestamp)
    -> Result<(), StoreError>;

    /// The newest block.
    async fn head(&self) -> Result<BlockHead, StoreError>;

    /// The newest block recorded at or before an instant.
    async fn block_at(&self, known_at: Timestamp) -> Result<BlockHead, StoreError>;

    /// Blocks after `after`, in order.
    async fn blocks(&self, after: i64, limit: i64) -> Result<Vec<BlockHeader>, StoreError>;

    /// The log and completeness of one block.
    async fn block_log(&self, block: i64) -> Result<(Vec<BlockLogLine>, Vec<Completeness>), StoreError>;

    /// The order-free digest of everything booked.
    async fn digest(&self) -> Result<Digest, StoreError>;

    /// A hash over all entries in the order of (case, sequence), with block and time of recording, but without
    /// posting numbers; and how many entries and blocks there are.
    async fn entries_fingerprint(&self) -> Result<([u8; 32], i64, i64), StoreError>;

    /// Checks seals, chain, balance of every entry, running totals against postings.
    async fn verify(&self) -> Result<Vec<VerifyFinding>, StoreError>;
}

/// Questions.
#[async_trait]
pub trait Query: Send + Sync {
    /// Sums per account and currency.
    async fn sums(&self, filter: &SumFilter) -> Result<Balances, StoreError>;

    /// The earliest and latest effective time among the postings of a filter; `None`: there are none.
    async fn effective_span(&self, filter: &SumFilter) -> Result<Option<(Timestamp, Timestamp)>, StoreError>;

    /// Sums per party, account and currency.
    async fn party_sums(&self, filter: &SumFilter) -> Result<Vec<PartySum>, StoreError>;

    /// Postings, by (effective at, id) descending.
    async fn postings(&self, filter: &PostingFilter) -> Result<Vec<LedgerLine>, StoreError>;

    /// The party of a supplier id.
    async fn party_of(&self, supplier_id: &str) -> Result<Option<PartyRow>, StoreError>;

    /// Parties that are customers and appeared in `block_max` or before, by supplier id above `after`.
    async fn parties(
        &self,
        after: Option<&str>,
        block_max: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PartyRow>, StoreError>;

    /// How complete each source was known to be at a block.
    async fn completeness(&self, block_max: i64) -> Result<Vec<Completeness>, StoreError>;

    /// Observations of an object, earliest first.
    async fn observations(&self, object: &ObjectKey) -> Result<Vec<Observation>, StoreError>;

    /// Cases that could not be computed, with the reason.
    async fn stuck_cases(&self, limit: i64) -> Result<Vec<(ObjectKey, String)>, StoreError>;

    /// Facts of cases, by (party, anchor): of each case and kind the newest version that the filter lets see. Versions
    /// that hold no facts are left out.
    async fn facts(&self, filter: &FactFilter) -> Result<Vec<CaseFacts>, StoreError>;

    /// Suspense per party and currency that is not zero, for people to look into.
    async fn suspense(&self, limit: i64) -> Result<Vec<(ObjectKey, Party, ltv_core::Money)>, StoreError>;
}

/// What is neither said nor derived. Lives beside the inbox; replay leaves it alone.
#[async_trait]
pub trait Admin: Send + Sync {
    /// A random id made with the store; goes into the additional data of every encryption.
    async fn store_id(&self) -> Result<uuid::Uuid, StoreError>;

    /// All integrations, stopped ones included.
    async fn integrations(&self) -> Result<Vec<IntegrationRow>, StoreError>;

    /// Makes or replaces an integration; false when `version` is not the stored one plus one (or 1 for a new one).
    async fn put_integration(&self, row: &IntegrationRow) -> Result<bool, StoreError>;

    /// A wrapped key by name.
    async fn key(&self, name: &str) -> Result<Option<WrappedKeyRow>, StoreError>;

    /// Keeps a key unless one of this name exists; answers the one that is kept.
    async fn put_key(&self, row: &WrappedKeyRow) -> Result<WrappedKeyRow, StoreError>;

    /// All API keys.
    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// Adds an API key.
    async fn add_api_key(&self, row: &ApiKeyRow) -> Result<(), StoreError>;

    /// Revokes an API key; false when there is none.
    async fn revoke_api_key(&self, id: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes that a key was used. How often is the caller's matter: once a minute tells enough.
    async fn touch_api_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Has a key end at `at`, unless it ends before that already; false when there is none.
    async fn expire_api_key(&self, id: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Adds a session or link.
    async fn add_session(&self, row: &SessionRow) -> Result<(), StoreError>;

    /// The session of a token that has not ended by `now`; a one-time link is used up by asking.
    async fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRow>, StoreError>;

    /// Ends a session.
    async fn end_session(&self, token_hash: &[u8; 32]) -> Result<(), StoreError>;

    /// Where the walk through a list stands.
    async fn read_cursor(&self, integration: &str, list: &str) -> Result<Option<ReadCursorRow>, StoreError>;

    /// Moves the walk.
    async fn put_read_cursor(&self, row: &ReadCursorRow) -> Result<(), StoreError>;

    /// Adds to counters.
    async fn add_tallies(&self, tallies: Vec<Tally>) -> Result<(), StoreError>;

    /// All counters.
    async fn tallies(&self) -> Result<Vec<Tally>, StoreError>;
}

/// Long work, with leases: at any time at most one worker has a job, and one that died loses it.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Adds a job; when one of its key is queued or running, answers that one instead.
    async fn add_job(&self, job: &NewJob, now: Timestamp) -> Result<JobRow, StoreError>;

    /// Claims the due job of highest priority, then of earliest time, that is queued or whose worker lost it; raises
    /// its attempts and its token.
    async fn claim_job(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<JobRow>, StoreError>;

    /// Ends a step; answers the job as it stands now, `None` when the token is not the newest: the lease was lost.
    async fn end_job_step(
        &self,
        id: &str,
        token: i64,
        end: &JobEnd,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError>;

    /// Asks for a job to be called off; one that is queued is called off at once. `None`: there is none.
    async fn cancel_job(&self, id: &str, now: Timestamp) -> Result<Option<JobRow>, StoreError>;

    /// A job.
    async fn job(&self, id: &str) -> Result<Option<JobRow>, StoreError>;

    /// Jobs, newest first by (created at, id), after the one named; `kind` and `status` narrow.
    async fn jobs(
        &self,
        after: Option<&str>,
        kind: Option<&str>,
        status: Option<JobStatus>,
        limit: i64,
    ) -> Result<Vec<JobRow>, StoreError>;

    /// Deletes jobs that ended before; answers how many.
    async fn prune_jobs(&self, ended_before: Timestamp) -> Result<i64, StoreError>;

    /// When a schedule last fired: moves it from `expected` to `fired_at` and answers true, or answers false because
    /// another node did. `None` expected: it never fired.
    async fn fire_schedule(
        &self,
        name: &str,
        expected: Option<Timestamp>,
        fired_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// When each schedule last fired.
    async fn schedules(&self) -> Result<BTreeMap<String, Timestamp>, StoreError>;
}

/// Requests with one effect, the audit log, and decisions of people.
#[async_trait]
pub trait Records: Send + Sync {
    /// Begins a request: `New` makes it in flight until `in_flight_until`, after which it may be begun anew.
    async fn begin_request(
        &self,
        row: &IdempotencyRow,
        now: Timestamp,
        in_flight_until: Timestamp,
    ) -> Result<Begun, StoreError>;

    /// Keeps the answer to a request until `keep_until`; `None`: it had no effect, forget it.
    async fn end_request(
        &self,
        row: &IdempotencyRow,
        answer: Option<&StoredAnswer>,
        keep_until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Appends records in one transaction, chained; answers the newest place.
    async fn append_audit(&self, records: Vec<NewAudit>) -> Result<i64, StoreError>;

    /// Records, newest first.
    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError>;

    /// Checks the chain of the audit log, and that the blocks that it names are those of the ledger.
    async fn verify_audit(&self) -> Result<Vec<VerifyFinding>, StoreError>;

    /// What people decided on dead letters.
    async fn decisions(&self, messages: &[MessageId]) -> Result<Vec<DecisionRow>, StoreError>;

    /// Counts a retry of a dead letter by a person; answers how often that happened before.
    async fn count_redrive(&self, message: MessageId) -> Result<i32, StoreError>;

    /// Proposes to discard a dead letter.
    async fn propose_discard(
        &self,
        message: MessageId,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Decided, StoreError>;

    /// Agrees to a discard that somebody else proposed. Where `alone`, it needs nobody else: it bears no money.
    async fn approve_discard(
        &self,
        message: MessageId,
        by: &str,
        alone: bool,
        now: Timestamp,
    ) -> Result<Decided, StoreError>;
}

/// A whole store.
#[async_trait]
pub trait Store: Inbox + Work + Ledger + Query + Admin + Jobs + Records {
    /// `sqlite` or `postgres`.
    fn backend(&self) -> &'static str;

    /// One cheap round trip to each half.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The settings that the start check looks at, each with whether it is safe and how to mend it.
    async fn settings(&self) -> Result<Vec<(String, String, Result<(), String>)>, StoreError>;

    /// An empty ledger beside the same inbox, for replay.
    async fn scratch_ledger(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// Drops the scratch ledger that `scratch_ledger` made.
    async fn drop_scratch(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError>;

    /// Puts the scratch ledger in the place of this store's ledger. No server may be running.
    async fn swap_in(&self, scratch: Arc<dyn Store>) -> Result<(), StoreError>;
}

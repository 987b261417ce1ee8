#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![expect(clippy::duplicate_mod, reason = "the bodies of the queries are compiled once for each backend")]

mod canonical;
mod convert;
mod convert_admin;
mod draft;
mod error;
mod fail;
mod group_commit;
mod migrations;
mod models;
mod models_admin;
mod open;
mod postgres;
mod rows;
mod rows_admin;
mod schema;
mod sql;
mod sqlite;
mod traits;
mod tx;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::StoreError;
pub use group_commit::{GroupCommit, GroupError};
pub use open::{Migrate, OpenOptions, migrate, open};
pub use rows::{
    ApiKeyRow, Appended, BlockHead, BlockHeader, BlockLogLine, Booked, Claimed, Completeness, DeadLetter,
    DirtyMark, InboxMessage, IntegrationRow, Lane, LedgerLine, MessageOutcome, NewMessage, ObservedMessage,
    PartyRow, PartySum, PostingFilter, ReadCursorRow, SessionRow, StatusCounts, SumFilter, Tally,
    VerifyFinding, WorkStatus, WrappedKeyRow,
};
pub use rows_admin::{
    AuditFilter, AuditRow, Begun, CaseFacts, Decided, DecisionRow, FactFilter, IdempotencyRow, JobEnd,
    JobRow, JobStatus, NewAudit, NewJob, StoredAnswer,
};
pub use traits::{Admin, Booker, Booking, Inbox, Jobs, Ledger, Query, Records, Store, Work};

/// How many rows one statement takes.
pub(crate) const ROWS_MAX: usize = 500;

//! Questions and answers.

use ltv_core::ledger::Figures;
use ltv_core::{Currency, Money, Party, SupplierId, Timestamp};

/// From where a question looks. What is `None` is chosen by the house.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// What was true at this time; default: all.
    pub as_of: Option<Timestamp>,
    /// What we knew at this time; default: all.
    pub known_at: Option<Timestamp>,
    /// In which currency; default: the only one there is, else the configured one.
    pub currency: Option<Currency>,
    /// Under which policy; default: `default`.
    pub policy: Option<String>,
    /// In which time zone periods begin, by IANA name; default: the configured one.
    pub time_zone: Option<String>,
}

/// From where an answer looked: what to ask again for the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// What was true at this time.
    pub as_of: Timestamp,
    /// What we knew at this time.
    pub known_at: Timestamp,
    /// The currency.
    pub currency: Currency,
    /// The policy, with its version.
    pub policy: String,
    /// The time zone.
    pub time_zone: String,
}

/// How complete an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The instant up to which every source is sure to have told everything; `None`: no source has been read yet.
    pub complete_through: Option<Timestamp>,
    /// What is missing, in words.
    pub gaps: Vec<String>,
    /// The size of what cannot be explained yet.
    pub unexplained: Money,
    /// Block number and hash of the ledger: `17-9f86d081884c7d65`.
    pub data_version: String,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The question itself is wrong.
    #[error("{parameter}: {problem}")]
    BadQuestion {
        /// Which parameter.
        parameter: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The figures do not fit.
    #[error(transparent)]
    Figures(#[from] ltv_core::ledger::FiguresError),
    /// MRR cannot be computed.
    #[error(transparent)]
    Mrr(#[from] ltv_core::subscription::MrrError),
    /// The computation was interrupted: the process is ending, or the code is wrong.
    #[error("the computation was interrupted")]
    Interrupted {
        /// The cause.
        #[source]
        source: tokio::task::JoinError,
    },
    /// The store failed.
    #[error("the store could not answer")]
    Store(#[from] store::StoreError),
    /// The vault failed.
    #[error("a message could not be opened")]
    Vault(#[from] vault::VaultError),
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
}

/// By what an answer is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// One group a supplier.
    Supplier,
    /// One group a currency; each group's figures are in its own.
    Currency,
}

/// Asks for revenue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevenueQuestion {
    /// From where.
    pub view: View,
    /// Effective at or after.
    pub from: Option<Timestamp>,
    /// Effective before.
    pub to: Option<Timestamp>,
    /// One point a period.
    pub interval: Option<Interval>,
    /// One group a key.
    pub group_by: Option<GroupBy>,
}

/// The figures of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When the period begins.
    pub at: Timestamp,
    /// The figures of what became true in it.
    pub figures: Figures,
}

/// The figures of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub key: String,
    /// Its figures.
    pub figures: Figures,
}

/// Revenue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueAnswer {
    /// From where.
    pub viewed: Viewed,
    /// All of it.
    pub figures: Figures,
    /// By period, where asked.
    pub points: Option<Vec<Point>>,
    /// By group, where asked.
    pub groups: Option<Vec<Group>>,
    /// How complete.
    pub meta: Meta,
}

/// A supplier with its realised figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierSummary {
    /// Its id.
    pub supplier_id: SupplierId,
    /// The party that it is made of.
    pub party: Party,
    /// When its first money became true; `None`: none yet.
    pub first_block: i64,
    /// Its figures.
    pub figures: Figures,
}

/// In which order suppliers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SupplierSort {
    /// By realised LTV, greatest first.
    #[default]
    LtvDescending,
    /// By realised LTV, least first.
    LtvAscending,
    /// By id.
    Id,
}

/// Some suppliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierPage {
    /// From where.
    pub viewed: Viewed,
    /// The suppliers.
    pub suppliers: Vec<SupplierSummary>,
    /// How many there are in all.
    pub total: usize,
    /// Pass as `cursor` for the next page.
    pub next_cursor: Option<String>,
    /// How complete.
    pub meta: Meta,
}

/// A supplier's lifetime value: realised, for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LtvAnswer {
    /// The supplier.
    pub supplier_id: SupplierId,
    /// The party that it is made of.
    pub party: Party,
    /// From where.
    pub viewed: Viewed,
    /// Its realised figures.
    pub realised: Figures,
    /// Its MRR; `None`: it cannot be told in this currency, see `meta.gaps`.
    pub mrr: Option<super::business::MrrNow>,
    /// How complete.
    pub meta: Meta,
}

/// Names the raw message behind a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainSource {
    /// Its number in the inbox.
    pub inbox_id: i64,
    /// Who said it.
    pub provider: String,
    /// The provider's event id, or `api:…` for an object that was read.
    pub event_id: String,
    /// SHA-256 of its bytes as received, in hexadecimal.
    pub sha256: String,
}

/// A figure, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainNode {
    /// What it is.
    pub label: String,
    /// With the sign with which it goes into its parent.
    pub value: Money,
    /// Its parts; they sum to it.
    pub children: Vec<ExplainNode>,
    /// The message behind a leaf.
    pub source: Option<ExplainSource>,
}

/// A posting, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its number.
    pub id: i64,
    /// The case.
    pub anchor: String,
    /// The entry's sequence within the case.
    pub sequence: i32,
    /// The account.
    pub account: &'static str,
    /// The object that it speaks of.
    pub fact: String,
    /// Signed, debit positive.
    pub amount: Money,
    /// What it counts.
    pub quantity: i64,
    /// When it became true.
    pub effective_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The block.
    pub block: i64,
    /// The integration.
    pub integration: String,
    /// The message's number in the inbox.
    pub inbox_id: i64,
}

/// Some postings, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPage {
    /// From where.
    pub viewed: Viewed,
    /// The postings.
    pub rows: Vec<LedgerRow>,
    /// Pass as `cursor` for the next page.
    pub next_cursor: Option<String>,
    /// How complete.
    pub meta: Meta,
}

/// How often something was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftCount {
    /// What.
    pub what: String,
    /// How often.
    pub count: i64,
}

/// How the calls to one class of a provider's endpoints are doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// Which, such as `list.balance_transactions`.
    pub class: String,
    /// `closed`, `open` or `halfOpen`.
    pub state: &'static str,
    /// Until when no call is made.
    pub open_until: Option<Timestamp>,
    /// Calls that failed in the last 10 seconds.
    pub failures: u64,
    /// Calls of the last 10 seconds.
    pub calls: u64,
}

/// How an integration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationStatus {
    /// Its id.
    pub id: String,
    /// The provider.
    pub platform: String,
    /// Live or test.
    pub livemode: bool,
    /// False once it is stopped.
    pub active: bool,
    /// Messages accepted.
    pub accepted: i64,
    /// Of these: observed.
    pub done: i64,
    /// Of these: waiting.
    pub pending: i64,
    /// Of these: dead.
    pub dead: i64,
    /// Of these: kept from the line.
    pub quarantined: i64,
    /// Told again.
    pub duplicates: i64,
    /// Refused at the door.
    pub rejected: i64,
    /// Genuine, of the other mode.
    pub test_mode: i64,
    /// When the newest came.
    pub last_message_at: Option<Timestamp>,
    /// How long the oldest pending message has waited.
    pub lag_seconds: i64,
    /// Up to when the source has told everything.
    pub complete_through: Option<Timestamp>,
    /// The worst of `breakers`. `closed`: calls go through; `open`: none do; `halfOpen`: a few do, as a try.
    pub breaker: &'static str,
    /// By class of the provider's endpoints; those that have been called since the start.
    pub breakers: Vec<EndpointStatus>,
    /// When the last sweep of what the provider sent ended.
    pub last_sweep_at: Option<Timestamp>,
    /// What was not understood.
    pub drift: Vec<DriftCount>,
    /// Cases that wait to be booked, in the whole store.
    pub unbooked: i64,
    /// True while a read of the provider's lists is due or under way.
    pub reading: bool,
}

/// One check of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityCheck {
    /// Its name.
    pub name: &'static str,
    /// Whether all is well.
    pub passed: bool,
    /// How many findings.
    pub found: i64,
    /// What, in words.
    pub detail: String,
}

/// How good the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataQuality {
    /// `basic` or `comprehensive`.
    pub level: &'static str,
    /// When it was checked.
    pub checked_at: Timestamp,
    /// Passed checks per hundred.
    pub score: u8,
    /// The checks.
    pub checks: Vec<QualityCheck>,
    /// Messages told again.
    pub duplicates: i64,
    /// Messages refused at the door.
    pub rejected: i64,
    /// Genuine messages of the other mode.
    pub test_mode: i64,
    /// What was not understood.
    pub drift: Vec<DriftCount>,
    /// Money in suspense.
    pub suspense: Money,
    /// What is missing, in words.
    pub gaps: Vec<String>,
}

/// A message that could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterView {
    /// The message's number in the inbox.
    pub id: i64,
    /// The integration.
    pub integration: String,
    /// Event or object type.
    pub kind: String,
    /// The provider's event id.
    pub event_id: String,
    /// `dead` or `quarantined`.
    pub status: &'static str,
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
    /// How often people had it tried again.
    pub redrives: i32,
    /// Who proposes to discard it.
    pub discard_proposed_by: Option<String>,
    /// Why.
    pub discard_reason: Option<String>,
    /// When it was discarded.
    pub discarded_at: Option<Timestamp>,
}

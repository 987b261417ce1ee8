#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod access;
mod ask;
mod audit;
mod book;
mod clock;
mod error;
mod gauges;
mod guard;
mod ingest;
mod integrations;
mod jobs;
mod keys;
mod observe;
mod pipeline;
mod reader;
mod replay;
mod requests;
mod settings;
mod shelf;
mod tallies;
mod workers;

pub use ask::{
    AskError, BridgeAnswer, BridgeLine, Cohort, CohortPeriod, CohortsAnswer, DataQuality, DeadLetterDetail,
    DeadLetterFilter, DeadLetterView, DriftCount, EndpointStatus, ExplainNode, ExplainSource, FailedInvoice,
    FailuresAnswer, Group, GroupBy, IntegrationStatus, Interval, LedgerPage, LedgerRow, LtvAnswer,
    MessageView, Meta, MovementKind, MovementRow, MovementsPage, MovementsQuestion, MrrAnswer, MrrNow,
    MrrPoint, MrrQuestion, Point, QualityCheck, Redriven, RevenueAnswer, RevenueQuestion, SupplierPage,
    SupplierSort, SupplierSummary, TimelineAnswer, TimelineEvent, View, Viewed,
};
pub use audit::{AuditPage, AuditQuestion, AuditRecord};
pub use book::BookReport;
pub use clock::{Clock, FixedClock, SystemClock};
pub use error::PipelineError;
pub use ingest::{ReceiveError, Received};
pub use integrations::{ConfigError, IntegrationView, NewIntegration};
pub use jobs::{JobView, JobsQuestion};
pub use keys::{CreatedKey, KeyError, KeyView, NewKey, SignIn};
pub use pipeline::{Dependency, LtvDataPipeline, Parts};
pub use replay::{ReplayReport, VerifyReport};
pub use settings::{JobSettings, Settings};
pub use store::{Begun, Decided, IdempotencyRow, NewAudit, StoredAnswer};
pub use workers::Workers;

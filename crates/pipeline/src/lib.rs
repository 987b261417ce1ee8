#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod access;
mod ask;
mod book;
mod clock;
mod error;
mod ingest;
mod integrations;
mod keys;
mod observe;
mod pipeline;
mod reader;
mod replay;
mod settings;
mod shelf;
mod tallies;
mod workers;

pub use ask::{
    AskError, DataQuality, DeadLetterView, DriftCount, ExplainNode, ExplainSource, Group, GroupBy,
    IntegrationStatus, Interval, LedgerPage, LedgerRow, LtvAnswer, Meta, Point, QualityCheck, RevenueAnswer,
    RevenueQuestion, SupplierPage, SupplierSort, SupplierSummary, View, Viewed,
};
pub use book::BookReport;
pub use clock::{Clock, FixedClock, SystemClock};
pub use error::PipelineError;
pub use ingest::{ReceiveError, Received};
pub use integrations::{ConfigError, IntegrationView, NewIntegration};
pub use keys::{CreatedKey, KeyError, KeyView, SignIn};
pub use pipeline::{Dependency, LtvDataPipeline, Parts};
pub use replay::{ReplayReport, VerifyReport};
pub use settings::Settings;
pub use workers::Workers;

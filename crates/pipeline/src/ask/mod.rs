//! The questions people ask, and their answers. Every answer is computed at one block, so that the same question with
//! the same `knownAt` gives the same answer for ever.

mod business;
mod dead_letters;
mod explain;
mod ledger;
mod mrr;
mod period;
mod quality;
mod revenue;
mod status;
mod suppliers;
mod types;
mod view;

pub use business::{
    BridgeAnswer, BridgeLine, Cohort, CohortPeriod, CohortsAnswer, FailedInvoice, FailuresAnswer,
    MovementKind, MovementRow, MovementsPage, MovementsQuestion, MrrAnswer, MrrNow, MrrPoint, MrrQuestion,
    TimelineAnswer, TimelineEvent,
};
pub use types::{
    AskError, DataQuality, DeadLetterView, DriftCount, ExplainNode, ExplainSource, Group, GroupBy,
    IntegrationStatus, Interval, LedgerPage, LedgerRow, LtvAnswer, Meta, Point, QualityCheck, RevenueAnswer,
    RevenueQuestion, SupplierPage, SupplierSort, SupplierSummary, View, Viewed,
};

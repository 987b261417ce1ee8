//! The questions people ask, and their answers. Every answer is computed at one block, so that the same question with
//! the same `knownAt` gives the same answer for ever.

mod book_of_business;
mod bridge;
mod business;
mod cohorts;
mod cursor;
mod dead_letters;
mod explain;
mod failures;
mod ledger;
mod message;
mod movements;
mod mrr;
mod period;
mod quality;
mod revenue;
mod status;
mod suppliers;
mod timeline;
mod types;
mod view;

pub(crate) use book_of_business::Books;
pub use business::{
    BridgeAnswer, BridgeLine, Cohort, CohortPeriod, CohortsAnswer, FailedInvoice, FailuresAnswer,
    MovementKind, MovementRow, MovementsPage, MovementsQuestion, MrrAnswer, MrrNow, MrrPoint, MrrQuestion,
    TimelineAnswer, TimelineEvent,
};
pub use dead_letters::{DeadLetterDetail, DeadLetterFilter, Redriven};
pub use message::MessageView;
pub use types::{
    AskError, DataQuality, DeadLetterView, DriftCount, EndpointStatus, ExplainNode, ExplainSource, Group,
    GroupBy, IntegrationStatus, Interval, LedgerPage, LedgerRow, LtvAnswer, Meta, Point, QualityCheck,
    RevenueAnswer, RevenueQuestion, SupplierPage, SupplierSort, SupplierSummary, View, Viewed,
};

//! What answers look like, apart from what the pipeline's types look like: a change there must not change these.

mod figures;
mod integrations;
mod jobs;
mod keys;
mod ltv;
mod mrr;
mod quality;
mod suppliers;
mod timeline;

pub(crate) use figures::{PageShape, RevenueShape};
pub(crate) use integrations::{IntegrationShape, IntegrationsShape, StatusesShape};
pub(crate) use jobs::{AuditShape, JobShape, SyncShape};
pub(crate) use keys::{CreatedKeyShape, KeyShape};
pub(crate) use ltv::{ExplainShape, LtvShape};
pub(crate) use mrr::{BridgeShape, CohortMetric, CohortsShape, MovementsShape, MrrShape};
pub(crate) use quality::{DataQualityShape, DeadLetterDetailShape, DeadLetterShape};
pub(crate) use suppliers::{LedgerShape, SupplierShape, SuppliersShape};
pub(crate) use timeline::{FailuresShape, TimelineShape};

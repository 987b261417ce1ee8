//! What answers look like, apart from what the pipeline's types look like: a change there must not change these.

mod figures;
mod integrations;
mod keys;
mod ltv;
mod quality;
mod suppliers;

pub(crate) use figures::{PageShape, RevenueShape};
pub(crate) use integrations::{IntegrationShape, IntegrationsShape, StatusesShape};
pub(crate) use keys::{CreatedKeyShape, KeyShape};
pub(crate) use ltv::{ExplainShape, LtvShape};
pub(crate) use quality::{DataQualityShape, DeadLetterShape};
pub(crate) use suppliers::{LedgerShape, SupplierShape, SuppliersShape};

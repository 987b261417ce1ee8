//! The handlers, one file per resource: read the request, ask the pipeline once, write the answer.

pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod data_quality;
pub(crate) mod dead_letters;
pub(crate) mod health;
pub(crate) mod integrations;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod mrr;
pub(crate) mod reference;
pub(crate) mod revenue;
pub(crate) mod session;
pub(crate) mod suppliers;
pub(crate) mod sync;
pub(crate) mod telemetry;
pub(crate) mod webhooks;

/// Rows of a page, where nobody says how many.
const LIMIT_DEFAULT: usize = 50;
/// The most rows of a page.
const LIMIT_MAX: usize = 500;

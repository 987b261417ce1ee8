//! The dashboard: pages written on the server, without scripts.
//!
//! Every page looks from a view (`asOf`, `knownAt` …) that its links carry on, so that an address names a figure for ever.

mod chart;
pub(crate) mod cohorts;
mod csv;
pub(crate) mod definitions;
mod explain_tree;
mod failures;
mod figures;
mod format;
mod ledger;
mod movements;
pub(crate) mod mrr;
pub(crate) mod operations;
pub(crate) mod overview;
mod page;
mod parts;
pub(crate) mod raw_message;
pub(crate) mod supplier;
pub(crate) mod suppliers;
mod timeline;
mod view;

pub(crate) use page::{refusal, sign_in_again};

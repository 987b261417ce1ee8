//! The dashboard: pages written on the server, without scripts.
//!
//! Every page looks from a view (`asOf`, `knownAt` …) that its links carry on, so that an address names a figure for ever.

mod chart;
mod explain_tree;
mod figures;
mod format;
pub(crate) mod overview;
mod page;
pub(crate) mod supplier;
pub(crate) mod suppliers;
mod view;

pub(crate) use page::{refusal, sign_in_again};

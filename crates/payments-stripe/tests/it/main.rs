//! Through the public traits alone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "in a test, a panic is the answer")]

mod common;
mod fixtures;
mod suite;

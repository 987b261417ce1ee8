//! The pipeline over a real store and a provider in memory, on a clock that stands until it is moved.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that is wrong must fail")]

mod audit;
mod bench;
mod dead_letters;
mod jobs;
mod keys;
mod mrr;
mod requests;
mod sweeps;

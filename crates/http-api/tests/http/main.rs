//! The routes over a pipeline on a store of its own, without a network except where a test says so.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod access;
mod answers;
mod audit;
mod contract;
mod conventions;
mod examples;
mod pages;
mod problems;
mod sessions;
mod sockets;
mod support;
mod syncs;
mod webhooks;

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod client;
mod config;
mod cursor;
mod error;
mod events;
mod kinds;
mod lists;
mod mapping;
mod model;
mod needs;
mod provider;
mod reader;
mod substance;
mod webhook;
mod whole;

pub use mapping::MAPPING_VERSION;
pub use provider::StripeFactory;
pub use webhook::{SIGNATURE_HEADER, TOLERANCE_SECONDS};

/// The API version that requests ask for, and that the webhook endpoint should be created with.
pub const API_VERSION: &str = "2026-07-29.dahlia";

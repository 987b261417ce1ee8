#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod http;
pub mod signature;
mod traits;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use traits::{
    AcceptError, Cursor, Drift, IntegrationConfig, IntegrationConfigError, ListName, Message, ObjectRef,
    Observed, Page, PaymentProvider, ProviderError, ProviderFactory, RawMessage,
};

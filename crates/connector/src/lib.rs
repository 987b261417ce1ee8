#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod breaker;
mod guard;
pub mod http;
pub mod limiter;
pub mod retry;
pub mod signature;
mod traits;
mod window;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use breaker::BreakerState;
pub use guard::{Clock, EndpointHealth, GuardHealth, GuardSettings, Guarded, Random};
pub use retry::RetryPolicy;

pub use traits::{
    AcceptError, Cursor, Drift, IntegrationConfig, IntegrationConfigError, ListName, Message, ObjectRef,
    Observed, Page, PaymentProvider, ProviderError, ProviderFactory, RawMessage,
};

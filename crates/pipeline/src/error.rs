//! Why the pipeline failed.

/// A failure of the pipeline.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] store::StoreError),
    /// The vault failed.
    #[error("the vault failed")]
    Vault(#[from] vault::VaultError),
    /// A provider failed.
    #[error("a provider failed")]
    Provider(#[from] connector::ProviderError),
    /// An integration cannot be used.
    #[error("integration `{id}` cannot be used: {detail}")]
    Integration {
        /// Which.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// A stored configuration cannot be read.
    #[error("the secrets of integration `{id}` are damaged")]
    DamagedSecrets {
        /// Which.
        id: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A schedule cannot be read.
    #[error("the schedule of `{name}` cannot be read: `{pattern}`; use a cron pattern such as */5 * * * *")]
    Schedule {
        /// Of which job.
        name: &'static str,
        /// The pattern.
        pattern: String,
        /// The cause.
        #[source]
        source: croner::errors::CronError,
    },
    /// A step failed.
    #[error(transparent)]
    Ask(#[from] crate::ask::AskError),
}

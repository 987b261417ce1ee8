//! Who is served.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A customer of the provider's account. Name, e-mail and address stay in the encrypted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// When the provider made it.
    pub created_at: Option<Timestamp>,
    /// When the provider deleted it. Its history stays.
    pub deleted: bool,
    /// The id that the business itself gave, from the metadata.
    pub external_id: Option<String>,
    /// True for a customer of a provider's test clock, which lives in simulated time.
    pub test_clock: bool,
}

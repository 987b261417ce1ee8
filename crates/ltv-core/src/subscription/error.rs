//! Why MRR cannot be computed.

use crate::Currency;

/// Why MRR cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MrrError {
    /// An amount is too large.
    #[error("an amount of MRR is too large")]
    Overflow,
    /// Two currencies do not mix.
    #[error("cannot combine MRR in {left} with MRR in {right}: convert one of them first")]
    Mixed {
        /// The left one.
        left: Currency,
        /// The right one.
        right: Currency,
    },
}

//! Movements: why MRR changed.

use std::fmt;

use super::Exact;
use crate::{MessageId, ObjectKey, Timestamp};

/// Why MRR changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MovementKind {
    /// A supplier pays for the first time.
    New,
    /// A supplier pays more.
    Expansion,
    /// A supplier pays less.
    Contraction,
    /// A supplier pays nothing any more.
    Churn,
    /// A supplier that had left pays again.
    Reactivation,
    /// Collection is paused.
    Pause,
    /// Collection goes on.
    Resume,
    /// A discount ended.
    DiscountEnd,
    /// The rate of exchange changed.
    Fx,
}

impl MovementKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Expansion,
        Self::Contraction,
        Self::Churn,
        Self::Reactivation,
        Self::Pause,
        Self::Resume,
        Self::DiscountEnd,
        Self::Fx,
    ];

    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Expansion => "expansion",
            Self::Contraction => "contraction",
            Self::Churn => "churn",
            Self::Reactivation => "reactivation",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::DiscountEnd => "discountEnd",
            Self::Fx => "fx",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default()
    }
}

impl fmt::Display for MovementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A dated change of a supplier's MRR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: MovementKind,
    /// By how much; signed, never zero.
    pub amount: Exact,
    /// For churn: whether the supplier wanted it.
    pub voluntary: Option<bool>,
    /// The subscription.
    pub subscription: ObjectKey,
    /// The messages that show it.
    pub sources: Vec<MessageId>,
}

//! The ledger: accounts, postings, balanced entries, and the cases that say what they should add up to.
//!
//! The story: the observations of one [anchor](Case::anchor) and what names it make a [`Case`]. [`Case::target`] is a
//! pure function from it to the [`Line`]s that postings should add up to. [`Target::entry`] is the balanced difference
//! to what is posted already, or nothing. So whatever the order and number of messages, the balances end up the same.

mod account;
mod case;
mod entry;
pub(crate) mod figures;
mod target;

pub use account::Account;
pub use case::{Case, CaseError};
pub use entry::{Entry, EntryError, Posting};
pub use figures::{Balances, Figures, FiguresError};
pub use target::{Line, LineKey, Target};

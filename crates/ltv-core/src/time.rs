//! Instants. All are UTC with microsecond precision, since that is what both stores keep.

use chrono::{DateTime, Utc};

/// A moment in UTC.
pub type Timestamp = DateTime<Utc>;

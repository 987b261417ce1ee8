//! Subscriptions: what their cases say (facts), what they are worth a month (MRR), and why that changes (movements).

mod bridge;
mod calendar;
mod cohorts;
mod compose;
mod error;
mod exact;
mod fact;
mod facts;
mod failures;
mod movement;
mod rates;
mod series;
mod timeline;

pub use bridge::{Bridge, BridgeLine};
pub use cohorts::{Cohort, CohortPeriod, cohorts};
pub use error::MrrError;
pub use exact::{Exact, PARTS, count_ratio_text, ratio_text, shown};
pub use fact::{
    Billed, BilledLine, Contract, ContractState, DiscountTerm, Dunning, DunningOutcome, Fact, FailedAttempt,
    PartyFact, RateSeen, Return, Returned,
};
pub use failures::Failures;
pub use movement::{Movement, MovementKind};
use rates::own_rate;
pub use rates::{RateUsed, Rates};
pub use series::{MrrSeries, SeriesPoint, ShownPoint};
pub use timeline::{
    Event, EventKind, FailedInvoice, Step, SubscriptionMrr, SupplierStatus, SupplierTimeline, Trial,
    TrialOutcome,
};

pub use facts::facts;

//! Questions about the subscription business, and their answers: MRR and its movements, timelines, cohorts, failed
//! payments, and what two policies differ by. All amounts are in the currency of the view, rounded half even so that
//! the parts shown add up to the total shown.

use ltv_core::{Money, Party, SupplierId, Timestamp};

use super::types::{ExplainSource, Interval, Meta, View, Viewed};

/// Why MRR changed (R9).
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
}

/// Asks for MRR over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MrrQuestion {
    /// From where.
    pub view: View,
    /// From when; default: the first movement.
    pub from: Option<Timestamp>,
    /// Until when; default: `asOf` of the view.
    pub to: Option<Timestamp>,
    /// One point a period; default: a month.
    pub interval: Option<Interval>,
}

/// MRR of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrPoint {
    /// When the period begins.
    pub at: Timestamp,
    /// MRR just before it.
    pub start: Money,
    /// MRR at its end.
    pub end: Money,
    /// What changed it, one amount a kind, in the order of [`MovementKind::ALL`]; they sum to `end − start`.
    pub movements: [Money; 9],
    /// Of `end`: what is late.
    pub at_risk: Money,
    /// Of `end`: what is known to end.
    pub scheduled_loss: Money,
    /// How many suppliers have MRR above 0 at its end.
    pub suppliers: u64,
    /// How many trials began in it.
    pub trials: u64,
    /// How many trials turned into MRR in it.
    pub converted: u64,
}

/// MRR over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrAnswer {
    /// From where.
    pub viewed: Viewed,
    /// By period.
    pub points: Vec<MrrPoint>,
    /// All periods as one; `None`: there are none.
    pub whole: Option<MrrPoint>,
    /// How complete.
    pub meta: Meta,
}

/// Asks for movements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovementsQuestion {
    /// From where.
    pub view: View,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Of this kind alone.
    pub kind: Option<MovementKind>,
    /// Of this supplier alone.
    pub supplier: Option<SupplierId>,
    /// At most so many.
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A dated change of a supplier's MRR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementRow {
    /// Whose.
    pub supplier_id: SupplierId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: MovementKind,
    /// By how much; signed.
    pub amount: Money,
    /// For churn: whether the supplier wanted it.
    pub voluntary: Option<bool>,
    /// The subscription.
    pub subscription: String,
    /// The messages that show it.
    pub sources: Vec<ExplainSource>,
}

/// Some movements, newest first by (at, supplier, kind).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementsPage {
    /// From where.
    pub viewed: Viewed,
    /// The movements.
    pub rows: Vec<MovementRow>,
    /// Pass as `cursor` for the next page.
    pub next_cursor: Option<String>,
    /// How complete.
    pub meta: Meta,
}

/// The `mrr` part of a supplier's LTV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrrNow {
    /// What it pays a month.
    pub current: Money,
    /// Of this: what is late.
    pub at_risk: Money,
    /// Of this: what is known to end.
    pub scheduled_loss: Money,
    /// `none`, `trialing`, `active`, `pastDue`, `paused`, `churned`.
    pub status: &'static str,
}

/// Something that happened to a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// When.
    pub at: Timestamp,
    /// What: `started`, `trialStarted`, `planChanged`, `discountStarted`, `discountEnded`, `pastDue`, `recovered`,
    /// `paused`, `resumed`, `cancelAsked`, `ended`, `paymentFailed`, `paymentRecovered`, `paymentLost`, `movement`.
    pub kind: &'static str,
    /// What, in words.
    pub title: String,
    /// For a movement: its kind.
    pub movement: Option<MovementKind>,
    /// The amount that goes with it; signed.
    pub amount: Option<Money>,
    /// MRR of the supplier after it, where it changed.
    pub mrr_after: Option<Money>,
    /// The subscription or invoice.
    pub object: Option<String>,
    /// The messages that show it.
    pub sources: Vec<ExplainSource>,
}

/// What happened to a supplier, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineAnswer {
    /// Whose.
    pub supplier_id: SupplierId,
    /// The party that it is made of.
    pub party: Party,
    /// From where.
    pub viewed: Viewed,
    /// MRR now.
    pub mrr: MrrNow,
    /// MRR from each time on, from earliest to latest; 0 before the first.
    pub steps: Vec<(Timestamp, Money)>,
    /// What happened.
    pub events: Vec<TimelineEvent>,
    /// Pass as `cursor` for the next page.
    pub next_cursor: Option<String>,
    /// How complete.
    pub meta: Meta,
}

/// A cohort in one of the months of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortPeriod {
    /// Months since the cohort's own; 0 is the first.
    pub n: u32,
    /// How many of its suppliers have MRR above 0 at the end of the month.
    pub suppliers: u64,
    /// MRR at the end of the month.
    pub revenue: Money,
    /// Share of the first month's suppliers that is left, as a decimal text such as `0.8750`; `None`: there were none.
    pub supplier_retention: Option<String>,
    /// Share of MRR that is left without expansion: Σ min(MRR then, MRR now) ÷ Σ MRR then, at most 1.
    pub revenue_retention: Option<String>,
    /// Σ MRR now ÷ Σ MRR then.
    pub net_retention: Option<String>,
    /// The same, with the rates of exchange of the first month.
    pub net_retention_constant_rates: Option<String>,
}

/// The suppliers whose first MRR was in the same month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The month, such as `2026-03`.
    pub key: String,
    /// How many.
    pub suppliers: u64,
    /// Month by month, up to the last one that has ended.
    pub periods: Vec<CohortPeriod>,
}

/// All cohorts, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortsAnswer {
    /// From where.
    pub viewed: Viewed,
    /// The cohorts.
    pub cohorts: Vec<Cohort>,
    /// How complete.
    pub meta: Meta,
}

/// An invoice whose payment failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInvoice {
    /// Whose.
    pub supplier_id: SupplierId,
    /// The invoice.
    pub invoice: String,
    /// The subscription.
    pub subscription: Option<String>,
    /// What was to be paid.
    pub amount: Money,
    /// How many attempts failed.
    pub attempts: u64,
    /// When the first failed.
    pub first_failed_at: Timestamp,
    /// When the provider tries again.
    pub next_attempt_at: Option<Timestamp>,
    /// `open`, `recovered` or `lost`.
    pub outcome: &'static str,
    /// When it was recovered or lost.
    pub ended_at: Option<Timestamp>,
}

/// Failed payments in a window, by the time of the first failure of each invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailuresAnswer {
    /// From where.
    pub viewed: Viewed,
    /// Attempts that failed.
    pub attempts: u64,
    /// Invoices that failed at least once.
    pub invoices: u64,
    /// Of these: what was paid after all.
    pub recovered: Money,
    /// Of these: what was given up.
    pub lost: Money,
    /// Of these: what is still open.
    pub open: Money,
    /// MRR that is late now.
    pub at_risk: Money,
    /// Recovered ÷ (recovered + lost), as a decimal text such as `0.7500`; `None`: neither happened.
    pub recovery_rate: Option<String>,
    /// MRR lost because suppliers wanted to go; negative or zero.
    pub voluntary_churn: Money,
    /// MRR lost because payments failed; negative or zero.
    pub involuntary_churn: Money,
    /// The invoices, newest first; at most 200.
    pub rows: Vec<FailedInvoice>,
    /// How complete.
    pub meta: Meta,
}

/// One reason for which two policies differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeLine {
    /// The reason, such as `past due is not counted`.
    pub reason: String,
    /// What it makes; signed.
    pub amount: Money,
    /// How many suppliers it concerns.
    pub suppliers: u64,
}

/// From MRR under one policy to MRR under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeAnswer {
    /// From where; its policy is `policy_a`.
    pub viewed: Viewed,
    /// The one.
    pub policy_a: String,
    /// The other.
    pub policy_b: String,
    /// MRR under the one.
    pub from: Money,
    /// MRR under the other.
    pub to: Money,
    /// The reasons; they sum to `to − from`.
    pub lines: Vec<BridgeLine>,
    /// How complete.
    pub meta: Meta,
}

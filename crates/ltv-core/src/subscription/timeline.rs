//! A supplier's MRR over time.

use super::{DunningOutcome, Exact, FailedAttempt, Movement, MrrError, PartyFact, RateUsed, Rates};
use crate::policy::Policy;
use crate::{Currency, MessageId, Money, ObjectKey, Timestamp};

/// What a supplier pays a month over time, under one policy and in one currency, and why it changed. A pure function of
/// its facts and of the rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierTimeline {
    /// The currency of all amounts, but for those that say otherwise.
    pub currency: Currency,
    /// Nothing after this is in it.
    pub as_of: Timestamp,
    /// MRR from each time on, from earliest to latest; 0 before the first.
    pub steps: Vec<Step>,
    /// Why it changed, from earliest to latest; they sum to the change in any window.
    pub movements: Vec<Movement>,
    /// Its trials, from earliest to latest.
    pub trials: Vec<Trial>,
    /// Its invoices whose payment failed, from earliest to latest by the first failure.
    pub failures: Vec<FailedInvoice>,
    /// How it stands as of `as_of`.
    pub status: SupplierStatus,
    /// What happened, from earliest to latest; movements are not repeated here.
    pub events: Vec<Event>,
    /// What is not known and why, in words.
    pub gaps: Vec<String>,
    /// Rates that were used, each once.
    pub used_rates: Vec<RateUsed>,
    /// Currencies that could not be converted, so that what is paid in them is left out.
    pub left_out: Vec<Currency>,
}

/// MRR from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From when.
    pub at: Timestamp,
    /// What is paid a month.
    pub mrr: Exact,
    /// Of this: what is late.
    pub at_risk: Exact,
    /// Of this: what is known to end.
    pub scheduled_loss: Exact,
    /// By subscription; those that pay nothing are left out.
    pub subscriptions: Vec<SubscriptionMrr>,
}

/// What one subscription pays a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionMrr {
    /// The subscription.
    pub subscription: ObjectKey,
    /// What it pays.
    pub mrr: Exact,
    /// The same in its own currency.
    pub native: Exact,
    /// What one unit of its own currency is: this many minor units of the timeline's currency …
    pub rate_numer: i64,
    /// … for this many of its own.
    pub rate_denom: i64,
}

/// How a supplier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SupplierStatus {
    /// It never had MRR, nor a trial that runs.
    None,
    /// In a trial.
    Trialing,
    /// It pays, or is a customer at a discount of all.
    Active,
    /// It pays, and a payment is late.
    PastDue,
    /// Collection is paused.
    Paused,
    /// It had MRR and has none.
    Churned,
}

impl SupplierStatus {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "pastDue",
            Self::Paused => "paused",
            Self::Churned => "churned",
        }
    }
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The subscription.
    pub subscription: ObjectKey,
    /// When it began.
    pub started_at: Timestamp,
    /// What became of it.
    pub outcome: TrialOutcome,
}

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialOutcome {
    /// It runs.
    Running,
    /// It turned into MRR.
    Converted {
        /// When.
        at: Timestamp,
    },
    /// It ended without.
    Expired {
        /// When.
        at: Timestamp,
    },
}

/// An invoice whose payment failed, and what became of it as of the timeline's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInvoice {
    /// The invoice.
    pub invoice: ObjectKey,
    /// The subscription.
    pub subscription: Option<ObjectKey>,
    /// What was to be paid, in the invoice's currency.
    pub amount: Money,
    /// The same in the timeline's currency; `None`: there is no rate.
    pub converted: Option<Exact>,
    /// The attempts that failed, from first to last; never empty.
    pub attempts: Vec<FailedAttempt>,
    /// What became of it; open with an ended subscription is lost.
    pub outcome: DunningOutcome,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A subscription started.
    Started,
    /// A trial started.
    TrialStarted,
    /// The plan, its price or its quantity changed.
    PlanChanged,
    /// A discount began.
    DiscountStarted,
    /// A discount ended.
    DiscountEnded,
    /// A payment is late.
    PastDue,
    /// It was paid after all.
    Recovered,
    /// Collection was paused.
    Paused,
    /// Collection goes on.
    Resumed,
    /// The end was asked for.
    CancelAsked,
    /// The subscription ended.
    Ended,
    /// A payment failed.
    PaymentFailed,
    /// A failed invoice was paid.
    PaymentRecovered,
    /// A failed invoice was given up.
    PaymentLost,
}

impl EventKind {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::TrialStarted => "trialStarted",
            Self::PlanChanged => "planChanged",
            Self::DiscountStarted => "discountStarted",
            Self::DiscountEnded => "discountEnded",
            Self::PastDue => "pastDue",
            Self::Recovered => "recovered",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::CancelAsked => "cancelAsked",
            Self::Ended => "ended",
            Self::PaymentFailed => "paymentFailed",
            Self::PaymentRecovered => "paymentRecovered",
            Self::PaymentLost => "paymentLost",
        }
    }
}

/// Something that happened to a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// What, in words.
    pub title: String,
    /// The amount that goes with it, in its own currency.
    pub amount: Option<Money>,
    /// The subscription, invoice or discount.
    pub object: ObjectKey,
    /// The messages that show it.
    pub sources: Vec<MessageId>,
}

impl SupplierTimeline {
    /// Composes the timeline of one supplier from the facts of its parties; order and repetition do not matter. `rates`
    /// are those of the whole store.
    ///
    /// # Errors
    /// [`MrrError`]
    pub fn compose(
        facts: &[PartyFact],
        policy: &Policy,
        reporting: Currency,
        rates: &Rates,
        as_of: Timestamp,
    ) -> Result<Self, MrrError> {
        super::compose::compose(facts, policy, reporting, rates, as_of)
    }

    /// The step that holds at `at`.
    #[must_use]
    pub fn step_at(&self, at: Timestamp) -> Option<&Step> {
        let count = self.steps.partition_point(|step| step.at <= at);
        self.steps.get(count.checked_sub(1)?)
    }

    /// The step that holds just before `at`.
    #[must_use]
    pub fn step_before(&self, at: Timestamp) -> Option<&Step> {
        let count = self.steps.partition_point(|step| step.at < at);
        self.steps.get(count.checked_sub(1)?)
    }

    /// MRR at `at`.
    #[must_use]
    pub fn mrr_at(&self, at: Timestamp) -> Exact {
        self.step_at(at).map_or(Exact::zero(self.currency), |step| step.mrr)
    }

    /// MRR just before `at`.
    #[must_use]
    pub fn mrr_before(&self, at: Timestamp) -> Exact {
        self.step_before(at).map_or(Exact::zero(self.currency), |step| step.mrr)
    }

    /// MRR as of the timeline's end.
    #[must_use]
    pub fn mrr(&self) -> Exact {
        self.steps.last().map_or(Exact::zero(self.currency), |step| step.mrr)
    }

    /// Of [`mrr`](Self::mrr): what is late.
    #[must_use]
    pub fn at_risk(&self) -> Exact {
        self.steps.last().map_or(Exact::zero(self.currency), |step| step.at_risk)
    }

    /// Of [`mrr`](Self::mrr): what is known to end.
    #[must_use]
    pub fn scheduled_loss(&self) -> Exact {
        self.steps.last().map_or(Exact::zero(self.currency), |step| step.scheduled_loss)
    }

    /// When MRR was above 0 for the first time.
    #[must_use]
    pub fn first_paid_at(&self) -> Option<Timestamp> {
        self.steps.iter().find(|step| step.mrr.is_positive()).map(|step| step.at)
    }
}

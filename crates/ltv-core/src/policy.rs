//! The named, versioned choices behind a metric, as data.

use serde::{Deserialize, Serialize};

/// A policy. Every answer names the policy under which it was computed.
///
/// The presets besides [`default@1`](Self::preset_default) follow how others count, from general knowledge of their public
/// definitions; where those leave a choice, they do as the house does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its name and version, such as `default@1`.
    pub name: String,
    /// How a payment of no known invoice counts.
    pub without_invoice: WithoutInvoice,
    /// Whether a subscription whose payment is late counts as MRR.
    pub past_due: PastDue,
    /// Whether a trial counts as MRR.
    pub trials: Trials,
    /// Which ways of pausing collection end MRR until it goes on.
    pub pauses: Pauses,
    /// Which discounts are taken off.
    pub discounts: Discounts,
    /// When revenue ceases.
    pub churn_date: ChurnDate,
    /// Within how many days a new subscription continues one that ended.
    pub gap_days: u16,
    /// Whether a refund of at least the unused part of what was paid ends revenue.
    pub refund_ends_revenue: bool,
    /// At which rates of exchange MRR is converted.
    pub fx: FxRule,
}

/// How a payment of no known invoice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutInvoice {
    /// As one-off income.
    OneOff,
    /// As recurring income.
    Recurring,
}

/// Whether a subscription whose payment is late counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastDue {
    /// Until it ends, even when its payments are given up.
    Counted,
    /// Until its payments are given up.
    CountedUntilUnpaid,
    /// Not at all.
    Not,
}

/// Whether a trial counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trials {
    /// At its full price.
    Counted,
    /// Not before it is over.
    Not,
}

/// Which ways of pausing collection end MRR until it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pauses {
    /// Those whose invoices are never collected; invoices kept as drafts may be.
    NeverCollected,
    /// All.
    All,
    /// None: the subscription itself stays active.
    None,
}

/// Which discounts are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discounts {
    /// Those that recur.
    Recurring,
    /// All, for as long as they last.
    All,
    /// None.
    None,
}

/// When revenue ceases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChurnDate {
    /// When the subscription ends.
    Ended,
    /// When its end is asked for.
    CancelAsked,
}

/// At which rates of exchange MRR is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FxRule {
    /// That of the start of each service period.
    PerServicePeriod,
    /// The latest for all times.
    Latest,
}

impl Policy {
    /// The house's own choices.
    #[must_use]
    pub fn preset_default() -> Self {
        Self {
            name: "default@1".to_owned(),
            without_invoice: WithoutInvoice::OneOff,
            past_due: PastDue::CountedUntilUnpaid,
            trials: Trials::Not,
            pauses: Pauses::NeverCollected,
            discounts: Discounts::Recurring,
            churn_date: ChurnDate::Ended,
            gap_days: 7,
            refund_ends_revenue: true,
            fx: FxRule::PerServicePeriod,
        }
    }

    /// About as Stripe's own reports count: an end counts from when it is asked for, a paused collection leaves the
    /// subscription active, refunds do not touch MRR, and every return is a reactivation.
    #[must_use]
    pub fn preset_stripe() -> Self {
        Self {
            name: "stripe@1".to_owned(),
            pauses: Pauses::None,
            churn_date: ChurnDate::CancelAsked,
            gap_days: 0,
            refund_ends_revenue: false,
            fx: FxRule::Latest,
            ..Self::preset_default()
        }
    }

    /// About as ChartMogul counts: late subscriptions until they end, all discounts taken off, churn when the
    /// cancellation takes effect, every return a reactivation, each invoice at its own rate.
    #[must_use]
    pub fn preset_chartmogul() -> Self {
        Self {
            name: "chartmogul@1".to_owned(),
            past_due: PastDue::Counted,
            discounts: Discounts::All,
            gap_days: 0,
            refund_ends_revenue: false,
            ..Self::preset_default()
        }
    }

    /// All presets, the house's own first.
    #[must_use]
    pub fn presets() -> [Self; 3] {
        [Self::preset_default(), Self::preset_stripe(), Self::preset_chartmogul()]
    }

    /// The names of all presets.
    #[must_use]
    pub fn names() -> [&'static str; 3] {
        ["default@1", "stripe@1", "chartmogul@1"]
    }

    /// The preset of this name, with or without its version.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::presets().into_iter().find(|preset| {
            preset.name == name || preset.name.split_once('@').is_some_and(|(bare, _)| bare == name)
        })
    }

    /// From this policy to `other`, one choice of MRR at a time, each with what it says; the last is as `other`.
    #[must_use]
    pub fn steps_to(&self, other: &Self) -> Vec<(Self, String)> {
        let mut steps: Vec<(Self, String)> = Vec::new();
        let mut now = self.clone();
        let mut step = |now: &Self, differs: bool, reason: &str| {
            if differs {
                steps.push((now.clone(), reason.to_owned()));
            }
        };
        now.past_due = other.past_due;
        step(&now, self.past_due != other.past_due, past_due_words(other.past_due));
        now.trials = other.trials;
        step(&now, self.trials != other.trials, trial_words(other.trials));
        now.pauses = other.pauses;
        step(&now, self.pauses != other.pauses, pause_words(other.pauses));
        now.discounts = other.discounts;
        step(&now, self.discounts != other.discounts, discount_words(other.discounts));
        now.churn_date = other.churn_date;
        step(&now, self.churn_date != other.churn_date, churn_words(other.churn_date));
        now.refund_ends_revenue = other.refund_ends_revenue;
        let words =
            if other.refund_ends_revenue { "a refund ends revenue" } else { "a refund does not end revenue" };
        step(&now, self.refund_ends_revenue != other.refund_ends_revenue, words);
        now.gap_days = other.gap_days;
        let words = format!("a gap of at most {} days is bridged", other.gap_days);
        step(&now, self.gap_days != other.gap_days, &words);
        now.fx = other.fx;
        step(&now, self.fx != other.fx, fx_words(other.fx));
        steps
    }
}

fn past_due_words(choice: PastDue) -> &'static str {
    match choice {
        PastDue::Counted => "past due is counted until the end",
        PastDue::CountedUntilUnpaid => "past due is counted until payments are given up",
        PastDue::Not => "past due is not counted",
    }
}

fn trial_words(choice: Trials) -> &'static str {
    match choice {
        Trials::Counted => "trials are counted",
        Trials::Not => "trials are not counted",
    }
}

fn pause_words(choice: Pauses) -> &'static str {
    match choice {
        Pauses::NeverCollected => "a pause that keeps no invoice is not counted",
        Pauses::All => "no paused collection is counted",
        Pauses::None => "paused collections are counted",
    }
}

fn discount_words(choice: Discounts) -> &'static str {
    match choice {
        Discounts::Recurring => "discounts that recur are taken off",
        Discounts::All => "all discounts are taken off",
        Discounts::None => "no discounts are taken off",
    }
}

fn churn_words(choice: ChurnDate) -> &'static str {
    match choice {
        ChurnDate::Ended => "revenue ceases when the subscription ends",
        ChurnDate::CancelAsked => "revenue ceases when the end is asked for",
    }
}

fn fx_words(choice: FxRule) -> &'static str {
    match choice {
        FxRule::PerServicePeriod => "rates are those of the start of each service period",
        FxRule::Latest => "rates are the latest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_found_by_name_and_survive_their_json() {
        for (preset, name) in Policy::presets().into_iter().zip(Policy::names()) {
            assert_eq!(preset.name, name);
            assert_eq!(Policy::by_name(name), Some(preset.clone()));
            assert_eq!(Policy::by_name(name.split('@').next().unwrap()), Some(preset.clone()));
            let json = serde_json::to_string(&preset).unwrap();
            assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), preset);
        }
        assert_eq!(Policy::by_name("default@0"), None);
        assert_eq!(Policy::by_name(""), None);
    }

    #[test]
    fn the_steps_from_one_policy_lead_to_the_other() {
        for a in Policy::presets() {
            assert_eq!(a.steps_to(&a), []);
            for b in Policy::presets().into_iter().filter(|b| b.name != a.name) {
                let steps = a.steps_to(&b);
                let last = Policy { name: b.name.clone(), ..steps.last().unwrap().0.clone() };
                assert_eq!(last, b);
            }
        }
    }
}

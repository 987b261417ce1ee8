//! From where a question looks: at one block, so that figures of one answer belong together.

use std::str::FromStr;

use chrono_tz::Tz;
use ltv_core::ledger::{Balances, Figures};
use ltv_core::policy::Policy;
use ltv_core::{Currency, Party, Timestamp};
use store::{BlockHead, SumFilter};

use super::types::{AskError, Meta, View, Viewed};
use crate::pipeline::Inner;

/// How often a question about the present is asked again when the ledger moved while it was answered.
const TRIES_MAX: usize = 3;

/// A view whose open choices are made, but for the currency.
pub(super) struct Resolved {
    pub(super) block: BlockHead,
    pub(super) as_of: Option<Timestamp>,
    pub(super) known_at: Timestamp,
    pub(super) shown_as_of: Timestamp,
    /// The policy under which figures are computed.
    pub(super) rules: Policy,
    pub(super) zone: Tz,
    /// True when nothing but the present is asked for, which running totals answer.
    present: bool,
}

impl Resolved {
    /// Which postings count.
    pub(super) fn filter(&self, party: Option<&Party>) -> SumFilter {
        SumFilter {
            party: party.cloned(),
            as_of: self.as_of,
            block_max: Some(self.block.number),
            ..SumFilter::default()
        }
    }

    pub(super) fn viewed(&self, currency: Currency) -> Viewed {
        Viewed {
            as_of: self.shown_as_of,
            known_at: self.known_at,
            currency,
            policy: self.rules.name.clone(),
            time_zone: self.zone.name().to_owned(),
        }
    }
}

impl Inner {
    /// Makes the open choices of a view.
    pub(super) async fn resolve(&self, view: &View) -> Result<Resolved, AskError> {
        let rules = policy_named("policy", view.policy.as_deref().unwrap_or("default"))?;
        let zone = zone_of(view.time_zone.as_deref().unwrap_or(&self.settings.time_zone))?;
        let head = self.store.head().await?;
        let block = match view.known_at {
            Some(known_at) => self.store.block_at(known_at).await?,
            None => head.clone(),
        };
        let now = self.clock.now();
        // Beyond the newest block nothing is fixed yet: the answer names that block's time, which is.
        let known_at = match view.known_at {
            Some(known_at) if known_at <= head.recorded_at => known_at,
            _ if head.number > 0 => head.recorded_at,
            _ => view.known_at.unwrap_or(now).min(now),
        };
        let shown_as_of = view.as_of.unwrap_or(known_at);
        let present = view.known_at.is_none() && view.as_of.is_none();
        // What was known at an instant is asked as of that instant, unless said otherwise.
        let as_of = if present { None } else { Some(shown_as_of) };
        Ok(Resolved { block, as_of, known_at, shown_as_of, rules, zone, present })
    }

    /// Sums for a view. The present comes from running totals, as long as the ledger does not move meanwhile.
    pub(super) async fn sums(
        &self,
        resolved: &Resolved,
        party: Option<&Party>,
    ) -> Result<Balances, AskError> {
        if resolved.present {
            for _ in 0..TRIES_MAX {
                let totals =
                    self.store.sums(&SumFilter { party: party.cloned(), ..SumFilter::default() }).await?;
                if self.store.head().await?.number == resolved.block.number {
                    return Ok(totals);
                }
            }
        }
        Ok(self.store.sums(&resolved.filter(party)).await?)
    }

    /// The currency to answer in: the one asked for, else the only one there is, else the configured one.
    pub(super) fn currency(&self, view: &View, balances: &Balances) -> Currency {
        let present = balances.currencies();
        match (view.currency, present.as_slice()) {
            (Some(asked), _) => asked,
            (None, [only]) => *only,
            (None, _) => self.settings.reporting_currency,
        }
    }

    /// How complete an answer is: a function of what was known at its block.
    pub(super) async fn meta(
        &self,
        resolved: &Resolved,
        balances: &Balances,
        figures: &Figures,
        currency: Currency,
    ) -> Result<Meta, AskError> {
        let completeness = self.store.completeness(resolved.block.number).await?;
        let mut gaps = Vec::new();
        for other in balances.currencies().into_iter().filter(|other| *other != currency) {
            gaps.push(format!("amounts in {other} are not included: ask with currency={other}"));
        }
        if completeness.is_empty() && resolved.block.number > 0 {
            gaps.push("settlements have not been read yet: fees and payouts may be missing".to_owned());
        }
        Ok(Meta {
            complete_through: completeness.iter().map(|row| row.complete_through).min(),
            gaps,
            unexplained: figures.unexplained,
            data_version: data_version(&resolved.block),
        })
    }
}

/// Block number and the head of its hash.
pub(super) fn data_version(block: &BlockHead) -> String {
    let head: String = hex::encode(block.hash).chars().take(16).collect();
    format!("{}-{head}", block.number)
}

/// The policy of this name.
pub(super) fn policy_named(parameter: &'static str, name: &str) -> Result<Policy, AskError> {
    Policy::by_name(name).ok_or_else(|| AskError::BadQuestion {
        parameter,
        problem: format!(
            "there is no policy `{}`; there are: {}",
            name.chars().take(40).collect::<String>(),
            Policy::names().join(", ")
        ),
    })
}

pub(super) fn zone_of(name: &str) -> Result<Tz, AskError> {
    Tz::from_str(name).map_err(|error| AskError::BadQuestion {
        parameter: "timeZone",
        problem: format!("{error}; use an IANA name such as Europe/London"),
    })
}

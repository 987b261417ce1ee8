//! Revenue: of the whole store, by period and by group.

use ltv_core::ledger::Balances;
use ltv_core::{Currency, SupplierId, Timestamp};
use store::SumFilter;

use super::period::boundaries;
use super::suppliers::by_party;
use super::types::{AskError, Group, GroupBy, Interval, Point, RevenueAnswer, RevenueQuestion};
use super::view::Resolved;
use crate::pipeline::{Inner, LtvDataPipeline};

impl LtvDataPipeline {
    /// Revenue of the whole store.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn revenue(&self, question: &RevenueQuestion) -> Result<RevenueAnswer, AskError> {
        let inner = &self.inner;
        check_range(question)?;
        let resolved = inner.resolve(&question.view).await?;
        let filter = SumFilter { from: question.from, to: question.to, ..resolved.filter(None) };
        let balances = match (question.from, question.to) {
            (None, None) => inner.sums(&resolved, None).await?,
            _ => inner.store.sums(&filter).await?,
        };
        let currency = inner.currency(&question.view, &balances);
        let figures = balances.figures(currency)?;
        let points = match question.interval {
            Some(interval) => Some(inner.points(question, &resolved, interval, currency).await?),
            None => None,
        };
        let groups = match question.group_by {
            Some(group_by) => Some(inner.groups(&filter, group_by, currency, &balances).await?),
            None => None,
        };
        let meta = inner.meta(&resolved, &balances, &figures, currency).await?;
        Ok(RevenueAnswer { viewed: resolved.viewed(currency), figures, points, groups, meta })
    }
}

fn check_range(question: &RevenueQuestion) -> Result<(), AskError> {
    match (question.from, question.to) {
        (Some(from), Some(to)) if from >= to => Err(AskError::BadQuestion {
            parameter: "to",
            problem: "must be later than `from`; `from` is inclusive, `to` exclusive".to_owned(),
        }),
        _ => Ok(()),
    }
}

impl Inner {
    async fn points(
        &self,
        question: &RevenueQuestion,
        resolved: &Resolved,
        interval: Interval,
        currency: Currency,
    ) -> Result<Vec<Point>, AskError> {
        let Some((first, last)) = self.range(question, resolved).await? else { return Ok(Vec::new()) };
        let starts = boundaries(first, last, interval, resolved.zone)?;
        let mut points = Vec::new();
        for pair in starts.windows(2) {
            let [start, end] = pair else { continue };
            let filter = SumFilter {
                from: Some(question.from.map_or(*start, |from| from.max(*start))),
                to: Some(question.to.map_or(*end, |to| to.min(*end))),
                ..resolved.filter(None)
            };
            points.push(Point { at: *start, figures: self.store.sums(&filter).await?.figures(currency)? });
        }
        Ok(points)
    }

    /// The time that the points cover: as asked, else from the first posting to the last.
    async fn range(
        &self,
        question: &RevenueQuestion,
        resolved: &Resolved,
    ) -> Result<Option<(Timestamp, Timestamp)>, AskError> {
        let span = self.store.effective_span(&resolved.filter(None)).await?;
        let first = question.from.or(span.map(|(first, _)| first));
        let last = question.to.or_else(|| {
            span.map(|(_, last)| last.checked_add_signed(chrono::TimeDelta::microseconds(1)).unwrap_or(last))
        });
        Ok(first.zip(last))
    }

    async fn groups(
        &self,
        filter: &SumFilter,
        group_by: GroupBy,
        currency: Currency,
        balances: &Balances,
    ) -> Result<Vec<Group>, AskError> {
        match group_by {
            GroupBy::Currency => balances
                .currencies()
                .into_iter()
                .map(|each| Ok(Group { key: each.to_string(), figures: balances.figures(each)? }))
                .collect(),
            GroupBy::Supplier => by_party(self.store.party_sums(filter).await?)?
                .into_iter()
                .map(|(party, sums)| {
                    let key = if party.is_customer() {
                        SupplierId::of(&party).to_string()
                    } else {
                        party.to_string()
                    };
                    Ok(Group { key, figures: sums.figures(currency)? })
                })
                .collect(),
        }
    }
}

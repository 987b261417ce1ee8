//! Questions.

use async_trait::async_trait;
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use ltv_core::ledger::Balances;
use ltv_core::{Money, ObjectKey, Observation, Party, Timestamp};

use super::Handle;
use super::dialect::Db;
use super::facts;
use crate::StoreError;
use crate::convert;
use crate::models::{ObservationRow, PartyRecord, PostingRow};
use crate::rows::{Completeness, LedgerLine, PartyRow, PartySum, PostingFilter, SumFilter};
use crate::rows_admin::{CaseFacts, FactFilter};
use crate::schema::{block, block_completeness, observation, party, posting, running_total, stuck_case};
use crate::sql::{Ts, sum_i64};
use crate::traits::Query;
use crate::tx::at;

/// Keeps the postings that a filter asks for.
macro_rules! restricted {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(party) = &$filter.party {
            query = query.filter(posting::party.eq(party.to_string()));
        }
        if let Some(from) = $filter.from {
            query = query.filter(posting::effective_at.ge(Ts(from)));
        }
        if let Some(to) = $filter.to {
            query = query.filter(posting::effective_at.lt(Ts(to)));
        }
        if let Some(as_of) = $filter.as_of {
            query = query.filter(posting::effective_at.le(Ts(as_of)));
        }
        if let Some(block_max) = $filter.block_max {
            query = query.filter(posting::block.le(block_max));
        }
        query
    }};
}

/// True when a question is about the present alone, which the running totals answer.
fn of_the_present(filter: &SumFilter) -> bool {
    filter.from.is_none() && filter.to.is_none() && filter.as_of.is_none() && filter.block_max.is_none()
}

#[async_trait]
impl Query for Handle {
    async fn sums(&self, filter: &SumFilter) -> Result<Balances, StoreError> {
        type Sum = (String, String, Option<i64>, Option<i64>);
        let mut conn = self.ledger_read().await?;
        let rows: Vec<Sum> = if of_the_present(filter) {
            let mut query = running_total::table
                .group_by((running_total::account, running_total::currency))
                .select((
                    running_total::account,
                    running_total::currency,
                    sum_i64(running_total::amount_minor),
                    sum_i64(running_total::quantity),
                ))
                .into_boxed::<Db>();
            if let Some(party) = &filter.party {
                query = query.filter(running_total::party.eq(party.to_string()));
            }
            query.load(&mut *conn).await
        } else {
            let query = posting::table
                .group_by((posting::account, posting::currency))
                .select((
                    posting::account,
                    posting::currency,
                    sum_i64(posting::amount_minor),
                    sum_i64(posting::quantity),
                ))
                .into_boxed::<Db>();
            restricted!(query, filter).load(&mut *conn).await
        }
        .map_err(at("sum up postings"))?;
        let mut balances = Balances::default();
        for (account, currency, amount, quantity) in rows {
            let key = (convert::parse("posting", &account)?, convert::parse("posting", &currency)?);
            balances.sums.insert(key, (amount.unwrap_or(0), quantity.unwrap_or(0)));
        }
        Ok(balances)
    }

    async fn effective_span(&self, filter: &SumFilter) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let query = posting::table.select(min(posting::effective_at)).into_boxed::<Db>();
        let earliest: Option<Ts> = restricted!(query, filter)
            .get_result(&mut *conn)
            .await
            .map_err(at("find the earliest posting"))?;
        let query = posting::table.select(max(posting::effective_at)).into_boxed::<Db>();
        let latest: Option<Ts> =
            restricted!(query, filter).get_result(&mut *conn).await.map_err(at("find the latest posting"))?;
        Ok(earliest.zip(latest).map(|(earliest, latest)| (earliest.0, latest.0)))
    }

    async fn party_sums(&self, filter: &SumFilter) -> Result<Vec<PartySum>, StoreError> {
        type Sum = (String, String, String, Option<i64>, Option<i64>);
        let mut conn = self.ledger_read().await?;
        let rows: Vec<Sum> = if of_the_present(filter) {
            let mut query = running_total::table
                .select((
                    running_total::party,
                    running_total::account,
                    running_total::currency,
                    running_total::amount_minor.nullable(),
                    running_total::quantity.nullable(),
                ))
                .order((running_total::party, running_total::account, running_total::currency))
                .into_boxed::<Db>();
            if let Some(party) = &filter.party {
                query = query.filter(running_total::party.eq(party.to_string()));
            }
            query.load(&mut *conn).await
        } else {
            let query = posting::table
                .group_by((posting::party, posting::account, posting::currency))
                .select((
                    posting::party,
                    posting::account,
                    posting::currency,
                    sum_i64(posting::amount_minor),
                    sum_i64(posting::quantity),
                ))
                .order((posting::party, posting::account, posting::currency))
                .into_boxed::<Db>();
            restricted!(query, filter).load(&mut *conn).await
        }
        .map_err(at("sum up postings per party"))?;
        rows.into_iter()
            .map(|(party, account, currency, amount, quantity)| {
                Ok((
                    convert::parse("posting", &party)?,
                    convert::parse("posting", &account)?,
                    convert::parse("posting", &currency)?,
                    amount.unwrap_or(0),
                    quantity.unwrap_or(0),
                ))
            })
            .collect()
    }

    async fn postings(&self, filter: &PostingFilter) -> Result<Vec<LedgerLine>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let mut query = posting::table
            .inner_join(block::table)
            .select((posting::id, PostingRow::as_select(), block::recorded_at))
            .order((posting::effective_at.desc(), posting::id.desc()))
            .limit(filter.limit)
            .into_boxed::<Db>();
        if let Some(party) = &filter.party {
            query = query.filter(posting::party.eq(party.to_string()));
        }
        if let Some(anchor) = &filter.anchor {
            query = query.filter(posting::anchor.eq(anchor.to_string()));
        }
        if let Some(as_of) = filter.as_of {
            query = query.filter(posting::effective_at.le(Ts(as_of)));
        }
        if let Some(block_max) = filter.block_max {
            query = query.filter(posting::block.le(block_max));
        }
        if let Some((at, id)) = filter.before {
            query = query.filter(
                posting::effective_at.lt(Ts(at)).or(posting::effective_at.eq(Ts(at)).and(posting::id.lt(id))),
            );
        }
        let rows: Vec<(i64, PostingRow, Ts)> = query.load(&mut *conn).await.map_err(at("read postings"))?;
        rows.into_iter()
            .map(|(id, row, recorded_at)| {
                Ok(LedgerLine {
                    id,
                    anchor: convert::parse("posting", &row.anchor)?,
                    sequence: row.sequence,
                    block: row.block,
                    recorded_at: recorded_at.0,
                    posting: convert::posting(&row)?,
                    integration: row.integration,
                })
            })
            .collect()
    }

    async fn party_of(&self, supplier_id: &str) -> Result<Option<PartyRow>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let row: Option<PartyRecord> = party::table
            .filter(party::supplier_id.eq(supplier_id))
            .select(PartyRecord::as_select())
            .get_result(&mut *conn)
            .await
            .optional()
            .map_err(at("find a party"))?;
        row.map(convert::party).transpose()
    }

    async fn parties(
        &self,
        after: Option<&str>,
        block_max: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PartyRow>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let rows: Vec<PartyRecord> = party::table
            .filter(party::supplier_id.gt(after.unwrap_or_default()))
            .filter(party::first_block.le(block_max.unwrap_or(i64::MAX)))
            .order(party::supplier_id)
            .limit(limit)
            .select(PartyRecord::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read parties"))?;
        rows.into_iter().map(convert::party).collect()
    }

    async fn completeness(&self, block_max: i64) -> Result<Vec<Completeness>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let rows: Vec<(String, Option<Ts>)> = block_completeness::table
            .filter(block_completeness::block.le(block_max))
            .group_by(block_completeness::integration)
            .order(block_completeness::integration)
            .select((block_completeness::integration, max(block_completeness::complete_through)))
            .load(&mut *conn)
            .await
            .map_err(at("read completeness"))?;
        Ok(rows
            .into_iter()
            .filter_map(|(integration, through)| {
                through.map(|through| Completeness { integration, complete_through: through.0 })
            })
            .collect())
    }

    async fn observations(&self, object: &ObjectKey) -> Result<Vec<Observation>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let rows: Vec<ObservationRow> = observation::table
            .filter(observation::object.eq(object.to_string()))
            .order((observation::observed_at, observation::message_id))
            .select(ObservationRow::as_select())
            .load(&mut *conn)
            .await
            .map_err(at("read observations"))?;
        let mut observations = rows.into_iter().map(convert::observation).collect::<Result<Vec<_>, _>>()?;
        observations.sort_by_cached_key(Observation::order_key);
        Ok(observations)
    }

    async fn stuck_cases(&self, limit: i64) -> Result<Vec<(ObjectKey, String)>, StoreError> {
        let mut conn = self.ledger_read().await?;
        let rows: Vec<(String, String)> = stuck_case::table
            .order(stuck_case::anchor)
            .limit(limit)
            .select((stuck_case::anchor, stuck_case::reason))
            .load(&mut *conn)
            .await
            .map_err(at("read stuck cases"))?;
        rows.into_iter()
            .map(|(anchor, reason)| Ok((convert::parse("stuck_case", &anchor)?, reason)))
            .collect()
    }

    async fn facts(&self, filter: &FactFilter) -> Result<Vec<CaseFacts>, StoreError> {
        let mut conn = self.ledger_read().await?;
        facts::facts(&mut conn, filter).await.map_err(|fail| fail.at("read facts"))
    }

    async fn suspense(&self, limit: i64) -> Result<Vec<(ObjectKey, Party, Money)>, StoreError> {
        let mut conn = self.ledger_read().await?;
        // The predicate of the partial index, with a literal: a bound value would not count.
        let rows: Vec<(String, String, String, Option<i64>)> = posting::table
            .filter(diesel::dsl::sql::<Bool>("posting.account = 'suspense'"))
            .group_by((posting::anchor, posting::party, posting::currency))
            .having(diesel::dsl::sql::<Bool>("SUM(posting.amount_minor) <> 0"))
            .order((posting::anchor, posting::party, posting::currency))
            .limit(limit)
            .select((posting::anchor, posting::party, posting::currency, sum_i64(posting::amount_minor)))
            .load(&mut *conn)
            .await
            .map_err(at("read suspense"))?;
        rows.into_iter()
            .map(|(anchor, party, currency, amount)| {
                let money = Money::from_minor(amount.unwrap_or(0), convert::parse("posting", &currency)?);
                Ok((convert::parse("posting", &anchor)?, convert::parse("posting", &party)?, money))
            })
            .collect()
    }
}

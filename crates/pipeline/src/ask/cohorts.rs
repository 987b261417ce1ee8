//! Suppliers by the month of their first MRR, and what is left of them.

use ltv_core::Timestamp;
use ltv_core::subscription::{self, MrrError, SupplierTimeline};

use super::business::{Cohort, CohortPeriod, CohortsAnswer};
use super::mrr::with_gaps;
use super::period::boundaries;
use super::types::{AskError, Interval, View};
use crate::pipeline::LtvDataPipeline;

impl LtvDataPipeline {
    /// Suppliers by the month of their first MRR, and what is left of them, up to the last month that has ended.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn cohorts(&self, view: &View) -> Result<CohortsAnswer, AskError> {
        let inner = &self.inner;
        let looked = inner.look(view).await?;
        let book = inner.book_of_business(&looked.resolved, looked.currency).await?;
        let zone = looked.resolved.zone;
        let mut months: Vec<Timestamp> =
            match book.timelines().filter_map(SupplierTimeline::first_paid_at).min() {
                Some(first) => boundaries(first, looked.resolved.shown_as_of, Interval::Month, zone)?,
                None => Vec::new(),
            };
        months.retain(|month| *month <= looked.resolved.shown_as_of);
        let cohorts = subscription::cohorts(book.timelines(), looked.currency, &months)?
            .into_iter()
            .map(|cohort| {
                let key = cohort.at.with_timezone(&zone).format("%Y-%m").to_string();
                let periods = cohort.periods.into_iter().map(period_of).collect::<Result<_, _>>()?;
                Ok(Cohort { key, suppliers: cohort.suppliers, periods })
            })
            .collect::<Result<_, MrrError>>()?;
        Ok(CohortsAnswer { viewed: looked.viewed, cohorts, meta: with_gaps(looked.meta, &book) })
    }
}

fn period_of(period: subscription::CohortPeriod) -> Result<CohortPeriod, MrrError> {
    Ok(CohortPeriod {
        n: period.n,
        suppliers: period.suppliers,
        revenue: period.revenue.rounded()?,
        supplier_retention: period.supplier_retention,
        revenue_retention: period.revenue_retention,
        net_retention: period.net_retention,
        net_retention_constant_rates: period.net_retention_constant_rates,
    })
}

//! Suppliers by the month of their first MRR, and what is left of them.

use std::collections::BTreeMap;

use super::exact::{count_ratio_text, ratio_text};
use super::{Exact, MrrError, Step, SupplierTimeline};
use crate::{Currency, Timestamp};

/// The suppliers whose first MRR was in the same month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// Which month: the place of its start in the boundaries.
    pub month: usize,
    /// When that month began.
    pub at: Timestamp,
    /// How many suppliers.
    pub suppliers: u64,
    /// Month by month, the first its own.
    pub periods: Vec<CohortPeriod>,
}

/// A cohort in one of the months of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortPeriod {
    /// Months since the cohort's own.
    pub n: u32,
    /// How many of its suppliers have MRR above 0 at the end of the month.
    pub suppliers: u64,
    /// MRR at the end of the month.
    pub revenue: Exact,
    /// Share of its suppliers that is left, such as `0.8750`.
    pub supplier_retention: Option<String>,
    /// Σ min(MRR at the end of the first month, MRR now) ÷ Σ MRR at the end of the first month.
    pub revenue_retention: Option<String>,
    /// Σ MRR now ÷ Σ MRR at the end of the first month.
    pub net_retention: Option<String>,
    /// The same, with each supplier's rates of exchange of the end of the first month.
    pub net_retention_constant_rates: Option<String>,
}

#[derive(Debug, Clone)]
struct Sums {
    suppliers: u64,
    now: Exact,
    kept: Exact,
    constant: Exact,
}

/// Cohorts by the months between `months`, which must ascend: the starts of months in the zone of the question, and the
/// end of the last one that is to be shown. Those without suppliers are left out.
///
/// # Errors
/// [`MrrError`]
pub fn cohorts<'a>(
    timelines: impl IntoIterator<Item = &'a SupplierTimeline>,
    currency: Currency,
    months: &[Timestamp],
) -> Result<Vec<Cohort>, MrrError> {
    let mut tables: BTreeMap<usize, (u64, Vec<Sums>)> = BTreeMap::new();
    let zero = Exact::zero(currency);
    for timeline in timelines {
        let Some(first) = timeline.first_paid_at() else { continue };
        let Some(month) = months.partition_point(|start| *start <= first).checked_sub(1) else { continue };
        let ends = months.get(month.saturating_add(1)..).unwrap_or_default();
        if ends.is_empty() {
            continue;
        }
        let empty = Sums { suppliers: 0, now: zero, kept: zero, constant: zero };
        let (count, sums) = tables.entry(month).or_insert_with(|| (0, vec![empty; ends.len()]));
        *count = count.saturating_add(1);
        let then = ends.first().and_then(|end| timeline.step_before(*end));
        for (sum, end) in sums.iter_mut().zip(ends) {
            sum.add(then, timeline.step_before(*end), currency)?;
        }
    }
    Ok(tables
        .into_iter()
        .filter_map(|(month, (suppliers, sums))| {
            let at = *months.get(month)?;
            Some(Cohort { month, at, suppliers, periods: periods(suppliers, &sums) })
        })
        .collect())
}

impl Sums {
    fn add(&mut self, then: Option<&Step>, now: Option<&Step>, currency: Currency) -> Result<(), MrrError> {
        let zero = Exact::zero(currency);
        let (before, after) = (then.map_or(zero, |step| step.mrr), now.map_or(zero, |step| step.mrr));
        self.suppliers = self.suppliers.saturating_add(u64::from(after.is_positive()));
        self.now = self.now.plus(after)?;
        self.kept = self.kept.plus(before.at_most(after))?;
        self.constant = self.constant.plus(at_rates_of(then, now, zero)?)?;
        Ok(())
    }
}

/// MRR of `now` at the rates of `then`; a currency that was not paid in then keeps its own rate.
fn at_rates_of(then: Option<&Step>, now: Option<&Step>, zero: Exact) -> Result<Exact, MrrError> {
    let mut sum = zero;
    for paid in now.into_iter().flat_map(|step| &step.subscriptions) {
        let known = then
            .into_iter()
            .flat_map(|step| &step.subscriptions)
            .find(|old| old.native.currency() == paid.native.currency());
        sum = sum.plus(match known {
            Some(old) if paid.native.currency() != zero.currency() => paid.native.converted(
                i128::from(old.rate_numer),
                i128::from(old.rate_denom),
                zero.currency(),
            )?,
            Some(_) | None => paid.mrr,
        })?;
    }
    Ok(sum)
}

fn periods(suppliers: u64, sums: &[Sums]) -> Vec<CohortPeriod> {
    let Some(first) = sums.first() else { return Vec::new() };
    (0_u32..)
        .zip(sums)
        .map(|(n, sum)| CohortPeriod {
            n,
            suppliers: sum.suppliers,
            revenue: sum.now,
            supplier_retention: count_ratio_text(sum.suppliers, suppliers),
            revenue_retention: ratio_text(sum.kept, first.now),
            net_retention: ratio_text(sum.now, first.now),
            net_retention_constant_rates: ratio_text(sum.constant, first.now),
        })
        .collect()
}

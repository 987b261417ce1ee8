//! MRR, its movements, cohorts and bridges.

use std::collections::BTreeMap;

use ltv_core::Timestamp;
use pipeline::{
    BridgeAnswer, Cohort, CohortPeriod, CohortsAnswer, MovementKind, MovementRow, MovementsPage, MrrAnswer,
    MrrNow, MrrPoint,
};
use serde::Serialize;

use super::figures::{MetaShape, MoneyShape, PageShape, ViewedShape};
use super::ltv::SourceShape;
use crate::request_id::RequestId;

/// MRR over time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MrrShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    points: Vec<MrrPointShape>,
    whole: Option<MrrPointShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MrrPointShape {
    at: Timestamp,
    start: MoneyShape,
    end: MoneyShape,
    movements: BTreeMap<&'static str, MoneyShape>,
    at_risk: MoneyShape,
    scheduled_loss: MoneyShape,
    suppliers: u64,
    trials: u64,
    converted: u64,
}

impl From<MrrPoint> for MrrPointShape {
    fn from(point: MrrPoint) -> Self {
        let movements = MovementKind::ALL.iter().zip(point.movements);
        Self {
            at: point.at,
            start: point.start.into(),
            end: point.end.into(),
            movements: movements.map(|(kind, amount)| (kind.as_str(), amount.into())).collect(),
            at_risk: point.at_risk.into(),
            scheduled_loss: point.scheduled_loss.into(),
            suppliers: point.suppliers,
            trials: point.trials,
            converted: point.converted,
        }
    }
}

impl MrrShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: MrrAnswer, id: &RequestId) -> Self {
        Self {
            viewed: answer.viewed.into(),
            points: answer.points.into_iter().map(MrrPointShape::from).collect(),
            whole: answer.whole.map(MrrPointShape::from),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// A supplier's MRR now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MrrNowShape {
    current: MoneyShape,
    at_risk: MoneyShape,
    scheduled_loss: MoneyShape,
    status: &'static str,
}

impl From<MrrNow> for MrrNowShape {
    fn from(mrr: MrrNow) -> Self {
        Self {
            current: mrr.current.into(),
            at_risk: mrr.at_risk.into(),
            scheduled_loss: mrr.scheduled_loss.into(),
            status: mrr.status,
        }
    }
}

/// A page of movements.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovementsShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    #[serde(flatten)]
    pub(crate) page: PageShape<MovementShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovementShape {
    supplier_id: String,
    at: Timestamp,
    kind: &'static str,
    amount: MoneyShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    voluntary: Option<bool>,
    subscription: String,
    sources: Vec<SourceShape>,
}

impl From<MovementRow> for MovementShape {
    fn from(row: MovementRow) -> Self {
        Self {
            supplier_id: row.supplier_id.to_string(),
            at: row.at,
            kind: row.kind.as_str(),
            amount: row.amount.into(),
            voluntary: row.voluntary,
            subscription: row.subscription,
            sources: row.sources.into_iter().map(SourceShape::from).collect(),
        }
    }
}

impl MovementsShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: MovementsPage, id: &RequestId) -> Self {
        let rows = answer.rows.into_iter().map(MovementShape::from).collect();
        Self {
            viewed: answer.viewed.into(),
            page: PageShape::new(rows, answer.next_cursor),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// Suppliers by the month of their first MRR.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CohortsShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    by: &'static str,
    metric: Option<&'static str>,
    cohorts: Vec<CohortShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
struct CohortShape {
    key: String,
    suppliers: u64,
    periods: Vec<CohortPeriodShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CohortPeriodShape {
    n: u32,
    suppliers: u64,
    revenue: MoneyShape,
    supplier_retention: Option<String>,
    revenue_retention: Option<String>,
    net_retention: Option<String>,
    net_retention_constant_rates: Option<String>,
    /// The figure that was asked for by `metric`, beside the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Which figure of a cohort is repeated as `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CohortMetric {
    /// How many suppliers are left.
    Suppliers,
    /// Their MRR.
    Revenue,
    /// The share of suppliers that is left.
    SupplierRetention,
    /// The share of MRR that is left, without expansion.
    RevenueRetention,
    /// The same, with expansion.
    NetRetention,
}

impl CohortMetric {
    /// All of them by their names.
    pub(crate) const WORDS: &[(&str, Self)] = &[
        ("suppliers", Self::Suppliers),
        ("revenue", Self::Revenue),
        ("supplierRetention", Self::SupplierRetention),
        ("revenueRetention", Self::RevenueRetention),
        ("netRetention", Self::NetRetention),
    ];

    fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, metric)| *metric == self).map_or("", |(name, _)| *name)
    }

    fn value(self, period: &CohortPeriod) -> Option<String> {
        match self {
            Self::Suppliers => Some(period.suppliers.to_string()),
            Self::Revenue => Some(period.revenue.to_decimal_string()),
            Self::SupplierRetention => period.supplier_retention.clone(),
            Self::RevenueRetention => period.revenue_retention.clone(),
            Self::NetRetention => period.net_retention.clone(),
        }
    }
}

impl CohortPeriodShape {
    fn new(period: CohortPeriod, metric: Option<CohortMetric>) -> Self {
        Self {
            n: period.n,
            suppliers: period.suppliers,
            value: metric.and_then(|metric| metric.value(&period)),
            revenue: period.revenue.into(),
            supplier_retention: period.supplier_retention,
            revenue_retention: period.revenue_retention,
            net_retention: period.net_retention,
            net_retention_constant_rates: period.net_retention_constant_rates,
        }
    }
}

impl CohortsShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: CohortsAnswer, metric: Option<CohortMetric>, id: &RequestId) -> Self {
        let cohort = |cohort: Cohort| CohortShape {
            key: cohort.key,
            suppliers: cohort.suppliers,
            periods: cohort
                .periods
                .into_iter()
                .map(|period| CohortPeriodShape::new(period, metric))
                .collect(),
        };
        Self {
            viewed: answer.viewed.into(),
            by: "month",
            metric: metric.map(CohortMetric::name),
            cohorts: answer.cohorts.into_iter().map(cohort).collect(),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// From MRR under one policy to MRR under another.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BridgeShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    policy_a: String,
    policy_b: String,
    from: MoneyShape,
    to: MoneyShape,
    lines: Vec<BridgeLineShape>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
struct BridgeLineShape {
    reason: String,
    amount: MoneyShape,
    suppliers: u64,
}

impl BridgeShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: BridgeAnswer, id: &RequestId) -> Self {
        let lines = answer.lines.into_iter().map(|line| BridgeLineShape {
            reason: line.reason,
            amount: line.amount.into(),
            suppliers: line.suppliers,
        });
        Self {
            viewed: answer.viewed.into(),
            policy_a: answer.policy_a,
            policy_b: answer.policy_b,
            from: answer.from.into(),
            to: answer.to.into(),
            lines: lines.collect(),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use ltv_core::{Currency, Money};
    use serde_json::json;

    use super::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor, Currency::GBP)
    }

    #[test]
    fn a_point_names_all_nine_kinds_of_movement() {
        let point = MrrPoint {
            at: "2026-03-01T00:00:00Z".parse().unwrap(),
            start: money(100),
            end: money(145),
            movements: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(money),
            at_risk: money(0),
            scheduled_loss: money(0),
            suppliers: 3,
            trials: 2,
            converted: 1,
        };
        let shape = serde_json::to_value(MrrPointShape::from(point)).unwrap();
        let amount = |name: &str| shape["movements"][name]["amount"].as_str().unwrap().to_owned();
        let kinds = [
            "new",
            "expansion",
            "contraction",
            "churn",
            "reactivation",
            "pause",
            "resume",
            "discountEnd",
            "fx",
        ];
        let found: Vec<_> = kinds.iter().map(|kind| amount(kind)).collect();
        assert_eq!(found, ["0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.09"]);
        assert_eq!(shape["movements"].as_object().unwrap().len(), 9);
        assert_eq!((&shape["end"]["amount"], &shape["converted"]), (&json!("1.45"), &json!(1)));
    }

    #[test]
    fn the_metric_asked_for_is_repeated_as_value_and_none_is_not() {
        let period = CohortPeriod {
            n: 1,
            suppliers: 7,
            revenue: money(700),
            supplier_retention: Some("0.8750".to_owned()),
            revenue_retention: None,
            net_retention: Some("1.0100".to_owned()),
            net_retention_constant_rates: None,
        };
        let value = |metric| {
            let shape = CohortPeriodShape::new(period.clone(), metric);
            serde_json::to_value(shape).unwrap().get("value").cloned()
        };
        assert_eq!(value(None), None);
        assert_eq!(value(Some(CohortMetric::Suppliers)), Some(json!("7")));
        assert_eq!(value(Some(CohortMetric::Revenue)), Some(json!("7.00")));
        assert_eq!(value(Some(CohortMetric::SupplierRetention)), Some(json!("0.8750")));
        assert_eq!(value(Some(CohortMetric::RevenueRetention)), None);
        assert_eq!(value(Some(CohortMetric::NetRetention)), Some(json!("1.0100")));
    }
}

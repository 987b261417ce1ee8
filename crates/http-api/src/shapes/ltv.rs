//! A supplier's lifetime value, and why it is what it is.

use std::collections::BTreeMap;

use ltv_core::SupplierId;
use pipeline::{ExplainNode, ExplainSource, LtvAnswer, Meta, Viewed};
use serde::Serialize;

use super::figures::{FiguresShape, MetaShape, MoneyShape, ViewedShape};
use super::mrr::MrrNowShape;
use crate::request_id::RequestId;

/// Why what is not yet known is not known.
const NO_PREDICTION: &str = "no prediction model is part of this version";
const NO_LTV: &str =
    "lifetime value is the realised figures and the predicted residual; the residual is not known";
const NO_MRR: &str = "MRR cannot be told in this currency: see `meta.gaps`";
const NO_COST: &str = "no marketing spend is known";

/// A supplier's lifetime value. What can't be known is null beside a reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LtvShape {
    supplier_id: String,
    #[serde(flatten)]
    viewed: ViewedShape,
    realised: FiguresShape,
    mrr: Option<MrrNowShape>,
    predicted: PredictedShape,
    ltv: Option<MoneyShape>,
    cac: Option<MoneyShape>,
    ltv_to_cac: Option<String>,
    payback_months: Option<i64>,
    /// Why `ltv` is null.
    reason: &'static str,
    /// Why each of the others is.
    reasons: BTreeMap<&'static str, &'static str>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PredictedShape {
    residual: Option<MoneyShape>,
    low: Option<MoneyShape>,
    high: Option<MoneyShape>,
    level: &'static str,
    method: Option<&'static str>,
    sample_size: u64,
    reason: &'static str,
}

impl LtvShape {
    /// Of an answer to this request.
    pub(crate) fn new(answer: LtvAnswer, id: &RequestId) -> Self {
        let mut reasons = BTreeMap::from([
            ("ltv", NO_LTV),
            ("cac", NO_COST),
            ("ltvToCac", NO_COST),
            ("paybackMonths", NO_COST),
        ]);
        if answer.mrr.is_none() {
            reasons.insert("mrr", NO_MRR);
        }
        Self {
            supplier_id: answer.supplier_id.to_string(),
            viewed: answer.viewed.into(),
            realised: (&answer.realised).into(),
            mrr: answer.mrr.map(MrrNowShape::from),
            predicted: PredictedShape {
                residual: None,
                low: None,
                high: None,
                level: "0.90",
                method: None,
                sample_size: 0,
                reason: NO_PREDICTION,
            },
            ltv: None,
            cac: None,
            ltv_to_cac: None,
            payback_months: None,
            reason: NO_LTV,
            reasons,
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

/// The tree behind a supplier's net revenue; children sum to their parent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainShape {
    supplier_id: String,
    #[serde(flatten)]
    viewed: ViewedShape,
    #[serde(flatten)]
    tree: NodeShape,
    meta: MetaShape,
}

/// A figure, or a part of one; a leaf names the raw message behind it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeShape {
    label: String,
    value: MoneyShape,
    children: Vec<NodeShape>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    source: Option<SourceShape>,
}

/// Names a raw message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceShape {
    inbox_id: i64,
    provider: String,
    event_id: String,
    sha256: String,
}

impl ExplainShape {
    /// Of an answer to this request.
    pub(crate) fn new(supplier: &SupplierId, answer: (Viewed, ExplainNode, Meta), id: &RequestId) -> Self {
        let (viewed, tree, meta) = answer;
        Self {
            supplier_id: supplier.to_string(),
            viewed: viewed.into(),
            tree: tree.into(),
            meta: MetaShape::new(meta, id),
        }
    }
}

impl From<ExplainNode> for NodeShape {
    fn from(node: ExplainNode) -> Self {
        Self {
            label: node.label,
            value: node.value.into(),
            children: node.children.into_iter().map(Self::from).collect(),
            source: node.source.map(SourceShape::from),
        }
    }
}

impl From<ExplainSource> for SourceShape {
    fn from(source: ExplainSource) -> Self {
        Self {
            inbox_id: source.inbox_id,
            provider: source.provider,
            event_id: source.event_id,
            sha256: source.sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use ltv_core::{Currency, Money};
    use pipeline::ExplainSource;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_leaf_names_its_message_and_a_branch_does_not() {
        let leaf = ExplainNode {
            label: "charge".to_owned(),
            value: Money::from_minor(-5, Currency::GBP),
            children: Vec::new(),
            source: Some(ExplainSource {
                inbox_id: 7,
                provider: "stripe".to_owned(),
                event_id: "evt_1".to_owned(),
                sha256: "ab".to_owned(),
            }),
        };
        let root = ExplainNode {
            label: "netRevenue".to_owned(),
            source: None,
            children: vec![leaf.clone()],
            ..leaf
        };
        let money = json!({"amount": "-0.05", "currency": "GBP"});
        let leaf = json!({
            "label": "charge", "value": money, "children": [],
            "inboxId": 7, "provider": "stripe", "eventId": "evt_1", "sha256": "ab",
        });
        let expected = json!({"label": "netRevenue", "value": money, "children": [leaf]});
        assert_eq!(serde_json::to_value(NodeShape::from(root)).unwrap(), expected);
    }
}

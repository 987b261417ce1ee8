//! Money, the figures block, and what stands round every figure.

use ltv_core::ledger::Figures;
use ltv_core::{Money, Timestamp};
use pipeline::{Meta, RevenueAnswer, Viewed};
use serde::Serialize;

use crate::request_id::RequestId;

/// `{"amount":"58.80","currency":"GBP"}`: a decimal string, never a JSON number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MoneyShape {
    amount: String,
    currency: &'static str,
}

impl From<Money> for MoneyShape {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal_string(), currency: money.currency().code() }
    }
}

/// The figures block.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FiguresShape {
    payments: i64,
    gross: MoneyShape,
    tax: MoneyShape,
    refunds: MoneyShape,
    refund_count: i64,
    chargebacks: MoneyShape,
    disputes: i64,
    inquiries: i64,
    processor_fees: MoneyShape,
    dispute_fees: MoneyShape,
    net_revenue: MoneyShape,
    fx_difference: MoneyShape,
    pending: MoneyShape,
    customer_credit: MoneyShape,
    recurring: MoneyShape,
    one_off: MoneyShape,
    provider_balance: MoneyShape,
    unexplained: MoneyShape,
}

impl From<&Figures> for FiguresShape {
    fn from(figures: &Figures) -> Self {
        Self {
            payments: figures.payments,
            gross: figures.gross.into(),
            tax: figures.tax.into(),
            refunds: figures.refunds.into(),
            refund_count: figures.refund_count,
            chargebacks: figures.chargebacks.into(),
            disputes: figures.disputes,
            inquiries: figures.inquiries,
            processor_fees: figures.processor_fees.into(),
            dispute_fees: figures.dispute_fees.into(),
            net_revenue: figures.net_revenue.into(),
            fx_difference: figures.fx_difference.into(),
            pending: figures.pending.into(),
            customer_credit: figures.customer_credit.into(),
            recurring: figures.recurring.into(),
            one_off: figures.one_off.into(),
            provider_balance: figures.provider_balance.into(),
            unexplained: figures.unexplained.into(),
        }
    }
}

/// From where an answer looked: ask with these again for the same answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ViewedShape {
    currency: &'static str,
    as_of: Timestamp,
    known_at: Timestamp,
    policy: String,
    time_zone: String,
}

impl From<Viewed> for ViewedShape {
    fn from(viewed: Viewed) -> Self {
        Self {
            currency: viewed.currency.code(),
            as_of: viewed.as_of,
            known_at: viewed.known_at,
            policy: viewed.policy,
            time_zone: viewed.time_zone,
        }
    }
}

/// How complete an answer is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetaShape {
    complete_through: Option<Timestamp>,
    gaps: Vec<String>,
    unexplained: MoneyShape,
    data_version: String,
    request_id: String,
}

impl MetaShape {
    /// Of an answer to this request.
    pub(crate) fn new(meta: Meta, id: &RequestId) -> Self {
        Self {
            complete_through: meta.complete_through,
            gaps: meta.gaps,
            unexplained: meta.unexplained.into(),
            data_version: meta.data_version,
            request_id: id.as_str().to_owned(),
        }
    }
}

/// A page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageShape<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
    has_more: bool,
}

impl<T> PageShape<T> {
    /// There is more where there is a cursor.
    pub(crate) fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { data, has_more: next_cursor.is_some(), next_cursor }
    }
}

/// Revenue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevenueShape {
    #[serde(flatten)]
    viewed: ViewedShape,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    figures: FiguresShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Vec<PointShape>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupShape>>,
    meta: MetaShape,
}

#[derive(Debug, Serialize)]
struct PointShape {
    at: Timestamp,
    figures: FiguresShape,
}

#[derive(Debug, Serialize)]
struct GroupShape {
    key: String,
    figures: FiguresShape,
}

impl RevenueShape {
    /// Of an answer to a question from `from` to `to`.
    pub(crate) fn new(
        answer: RevenueAnswer,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        id: &RequestId,
    ) -> Self {
        let point = |point: pipeline::Point| PointShape { at: point.at, figures: (&point.figures).into() };
        let group = |group: pipeline::Group| GroupShape { figures: (&group.figures).into(), key: group.key };
        Self {
            viewed: answer.viewed.into(),
            from,
            to,
            figures: (&answer.figures).into(),
            points: answer.points.map(|points| points.into_iter().map(point).collect()),
            groups: answer.groups.map(|groups| groups.into_iter().map(group).collect()),
            meta: MetaShape::new(answer.meta, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use ltv_core::Currency;
    use ltv_core::ledger::{Account, Balances};
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_a_decimal_string_with_the_places_of_its_currency() {
        let text = |minor, currency| {
            serde_json::to_string(&MoneyShape::from(Money::from_minor(minor, currency))).unwrap()
        };
        assert_eq!(text(5_880, Currency::GBP), r#"{"amount":"58.80","currency":"GBP"}"#);
        assert_eq!(text(-5, Currency::GBP), r#"{"amount":"-0.05","currency":"GBP"}"#);
        assert_eq!(text(5_200, Currency::JPY), r#"{"amount":"5200","currency":"JPY"}"#);
    }

    #[test]
    fn the_figures_block_has_the_promised_names_and_no_others() {
        let mut balances = Balances::default();
        balances.add(Account::RevenueRecurring, Currency::GBP, -4_900, 1).unwrap();
        balances.add(Account::TaxRecurring, Currency::GBP, -980, 0).unwrap();
        let shape = FiguresShape::from(&balances.figures(Currency::GBP).unwrap());
        let money = |amount: &str| json!({"amount": amount, "currency": "GBP"});
        let expected = json!({
            "payments": 1, "gross": money("58.80"), "tax": money("9.80"), "refunds": money("0.00"), "refundCount": 0,
            "chargebacks": money("0.00"), "disputes": 0, "inquiries": 0, "processorFees": money("0.00"),
            "disputeFees": money("0.00"), "netRevenue": money("49.00"), "fxDifference": money("0.00"),
            "pending": money("0.00"), "customerCredit": money("0.00"), "recurring": money("58.80"),
            "oneOff": money("0.00"), "providerBalance": money("0.00"), "unexplained": money("0.00"),
        });
        assert_eq!(serde_json::to_value(&shape).unwrap(), expected);
    }

    #[test]
    fn a_page_has_more_exactly_when_it_has_a_cursor() {
        let page = |cursor: Option<&str>| {
            serde_json::to_value(PageShape::new(vec![1], cursor.map(str::to_owned))).unwrap()
        };
        assert_eq!(page(Some("x")), json!({"data": [1], "nextCursor": "x", "hasMore": true}));
        assert_eq!(page(None), json!({"data": [1], "nextCursor": null, "hasMore": false}));
    }
}

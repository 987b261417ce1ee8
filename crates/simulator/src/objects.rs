//! The bodies of suppliers and their subscriptions.

use crate::catalogue::Plan;
use crate::coupons::Discount;
use crate::market::Market;
use crate::scene::{Scene, Subject};
use crate::template::Value;

/// A supplier as the provider knows it.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) trade: &'static str,
    pub(crate) external: String,
    pub(crate) invoice_prefix: String,
    pub(crate) payment_method: String,
    pub(crate) last4: String,
    pub(crate) invoices: u32,
    pub(crate) market: Market,
}

impl Party {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "customers", id: &self.id }
    }

    pub(crate) fn body(&self, scene: &Scene, created: i64) -> String {
        scene.templates.customer.fill(&[
            ("id", Value::from(&self.id)),
            ("created", created.into()),
            ("currency", self.market.currency.into()),
            ("country", self.market.country.into()),
            ("tax_exempt", self.market.tax_exempt().into()),
            ("email", Value::from(&self.email)),
            ("name", Value::from(&self.name)),
            ("livemode", scene.livemode.into()),
            ("invoice_prefix", Value::from(&self.invoice_prefix)),
            ("supplier_id", Value::from(&self.external)),
            ("trade", self.trade.into()),
        ])
    }
}

/// A subscription in its present state.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) item: String,
    pub(crate) plan: Plan,
    pub(crate) quantity: i64,
    pub(crate) status: &'static str,
    pub(crate) start: i64,
    /// From when to when it is tried out.
    pub(crate) trial: Option<(i64, i64)>,
    pub(crate) period: (i64, i64),
    pub(crate) latest_invoice: Option<String>,
    pub(crate) discount: Option<Discount>,
    pub(crate) is_paused: bool,
    pub(crate) cancel_asked_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) reason: Option<&'static str>,
}

impl Subscription {
    /// One that starts now and has not been billed.
    pub(crate) fn new(scene: &mut Scene, plan: Plan, quantity: i64, start: i64) -> Self {
        Self {
            id: scene.id("sub"),
            item: scene.id("si"),
            plan,
            quantity,
            status: "active",
            start,
            trial: None,
            period: (start, start),
            latest_invoice: None,
            discount: None,
            is_paused: false,
            cancel_asked_at: None,
            ended_at: None,
            reason: None,
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "subscriptions", id: &self.id }
    }

    /// What a period costs before discounts.
    pub(crate) fn price(&self) -> i64 {
        self.plan.price * self.quantity
    }

    pub(crate) fn body(&self, scene: &Scene, party: &Party) -> String {
        let cancels = self.cancel_asked_at.is_some() && self.ended_at.is_none();
        let discounts = match &self.discount {
            Some(discount) => format!(r#"["{}"]"#, discount.id),
            None => "[]".to_owned(),
        };
        let paused = r#"{"behavior":"void","resumes_at":null}"#;
        scene.templates.subscription.fill(&[
            ("id", Value::from(&self.id)),
            ("item", Value::from(&self.item)),
            ("customer", Value::from(&party.id)),
            ("currency", party.market.currency.into()),
            ("start_date", self.start.into()),
            ("anchor", self.trial.map_or(self.start, |(_, end)| end).into()),
            ("status", self.status.into()),
            ("livemode", scene.livemode.into()),
            ("plan", self.plan.key.into()),
            ("plan_name", Value::from(&self.plan.name)),
            ("price", Value::from(&self.plan.price_id)),
            ("product", Value::from(&self.plan.product_id)),
            ("interval", self.plan.interval().into()),
            ("tax_behavior", party.market.tax.behavior().into()),
            ("unit_amount", self.plan.price.into()),
            ("unit_amount_decimal", Value::from(&self.plan.price.to_string())),
            ("quantity", self.quantity.into()),
            ("discounts", Value::Json(&discounts)),
            ("pause_collection", Value::Json(if self.is_paused { paused } else { "null" })),
            ("trial_start", self.trial.map(|(start, _)| start).into()),
            ("trial_end", self.trial.map(|(_, end)| end).into()),
            ("latest_invoice", self.latest_invoice.as_ref().into()),
            ("period_start", self.period.0.into()),
            ("period_end", self.period.1.into()),
            ("cancel_at_period_end", cancels.into()),
            ("cancel_at", cancels.then_some(self.period.1).into()),
            ("canceled_at", self.cancel_asked_at.or(self.ended_at).into()),
            ("ended_at", self.ended_at.into()),
            ("cancellation_reason", self.reason.into()),
        ])
    }

    /// What the message about a new period says of the one before.
    pub(crate) fn previous_period(&self) -> String {
        let latest = self.latest_invoice.as_ref().map_or_else(|| "null".to_owned(), |id| format!("\"{id}\""));
        format!(
            r#"{{"items":{{"data":[{{"id":"{}","current_period_end":{},"current_period_start":{}}}]}},"latest_invoice":{latest}}}"#,
            self.item, self.period.1, self.period.0
        )
    }

    /// What the message about another plan or number of seats says of the one before.
    pub(crate) fn previous_plan(&self) -> String {
        format!(
            r#"{{"items":{{"data":[{{"id":"{}","price":{{"id":"{}","unit_amount":{}}},"quantity":{}}}]}}}}"#,
            self.item, self.plan.price_id, self.plan.price, self.quantity
        )
    }
}

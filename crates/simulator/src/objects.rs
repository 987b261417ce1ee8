//! The bodies of people, plans and invoices.

use crate::catalogue::{Extra, Plan};
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
}

impl Party {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "customers", id: &self.id }
    }

    pub(crate) fn body(&self, scene: &Scene, created: i64) -> String {
        scene.templates.customer.fill(&[
            ("id", Value::from(&self.id)),
            ("created", created.into()),
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
    pub(crate) plan: &'static Plan,
    pub(crate) status: &'static str,
    pub(crate) start: i64,
    pub(crate) period: (i64, i64),
    pub(crate) latest_invoice: String,
    pub(crate) cancel_asked_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) reason: Option<&'static str>,
}

impl Subscription {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "subscriptions", id: &self.id }
    }

    pub(crate) fn body(&self, scene: &Scene, party: &Party) -> String {
        let cancels = self.cancel_asked_at.is_some() && self.ended_at.is_none();
        scene.templates.subscription.fill(&[
            ("id", Value::from(&self.id)),
            ("item", Value::from(&self.item)),
            ("customer", Value::from(&party.id)),
            ("start_date", self.start.into()),
            ("status", self.status.into()),
            ("livemode", scene.livemode.into()),
            ("plan", self.plan.key.into()),
            ("plan_name", self.plan.name.into()),
            ("price", self.plan.price_id.into()),
            ("product", self.plan.product_id.into()),
            ("unit_amount", self.plan.price.into()),
            ("unit_amount_decimal", Value::from(&self.plan.price.to_string())),
            ("latest_invoice", Value::from(&self.latest_invoice)),
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
        format!(
            r#"{{"items":{{"data":[{{"id":"{}","current_period_end":{},"current_period_start":{}}}]}},"latest_invoice":"{}"}}"#,
            self.item, self.period.1, self.period.0, self.latest_invoice
        )
    }
}

/// What an invoice is for.
#[derive(Debug)]
pub(crate) enum Bought {
    Period { plan: &'static Plan, subscription: String, item: String, period: (i64, i64), is_first: bool },
    Once { extra: &'static Extra, invoice_item: String },
}

/// How far an invoice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvoiceState {
    Open { next_attempt: Option<i64> },
    Paid { at: i64 },
    Uncollectible { at: i64 },
}

/// An invoice with one line.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) line: String,
    pub(crate) number: String,
    pub(crate) intent: String,
    pub(crate) bought: Bought,
    pub(crate) net: i64,
    pub(crate) tax: i64,
    pub(crate) created: i64,
    pub(crate) attempts: i64,
    pub(crate) state: InvoiceState,
}

impl Invoice {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "invoices", id: &self.id }
    }

    pub(crate) fn total(&self) -> i64 {
        self.net + self.tax
    }

    pub(crate) fn is_recurring(&self) -> bool {
        matches!(self.bought, Bought::Period { .. })
    }

    /// What the payment says it is for.
    pub(crate) fn description(&self) -> &'static str {
        match &self.bought {
            Bought::Period { is_first: true, .. } => "Subscription creation",
            Bought::Period { is_first: false, .. } => "Subscription update",
            Bought::Once { extra, .. } => extra.name,
        }
    }

    pub(crate) fn body(&self, scene: &Scene, party: &Party) -> String {
        let total = self.total();
        let (status, next_attempt, paid_at, uncollectible_at) = match self.state {
            InvoiceState::Open { next_attempt } => ("open", next_attempt, None, None),
            InvoiceState::Paid { at } => ("paid", None, Some(at), None),
            InvoiceState::Uncollectible { at } => ("uncollectible", None, None, Some(at)),
        };
        let paid = if paid_at.is_some() { total } else { 0 };
        let tax_item = tax_item(self.net, self.tax);
        let lines = format!("[{}]", self.line_body(scene, &tax_item));
        scene.templates.invoice.fill(&[
            ("id", Value::from(&self.id)),
            ("number", Value::from(&self.number)),
            ("customer", Value::from(&party.id)),
            ("email", Value::from(&party.email)),
            ("name", Value::from(&party.name)),
            ("livemode", scene.livemode.into()),
            ("billing_reason", self.billing_reason().into()),
            ("parent", Value::Json(&self.parent())),
            ("lines", Value::Json(&lines)),
            ("tax_item", Value::Json(&tax_item)),
            ("subtotal", self.net.into()),
            ("total", total.into()),
            ("amount_paid", paid.into()),
            ("amount_remaining", (total - paid).into()),
            ("attempt_count", self.attempts.into()),
            ("attempted", (self.attempts > 0).into()),
            ("auto_advance", next_attempt.is_some().into()),
            ("next_payment_attempt", next_attempt.into()),
            ("created", self.created.into()),
            ("finalized_at", self.created.into()),
            ("status", status.into()),
            ("paid_at", paid_at.into()),
            ("uncollectible_at", uncollectible_at.into()),
        ])
    }

    fn line_body(&self, scene: &Scene, tax_item: &str) -> String {
        let (name, price, product, subscription, period) = match &self.bought {
            Bought::Period { plan, subscription, period, .. } => {
                (plan.name, plan.price_id, plan.product_id, Some(subscription), *period)
            }
            Bought::Once { extra, .. } => {
                (extra.name, extra.price_id, extra.product_id, None, (self.created, self.created))
            }
        };
        scene.templates.invoice_line.fill(&[
            ("id", Value::from(&self.line)),
            ("amount", self.net.into()),
            ("description", name.into()),
            ("invoice", Value::from(&self.id)),
            ("livemode", scene.livemode.into()),
            ("parent", Value::Json(&self.line_parent())),
            ("period_start", period.0.into()),
            ("period_end", period.1.into()),
            ("price", price.into()),
            ("product", product.into()),
            ("unit_amount_decimal", Value::from(&self.net.to_string())),
            ("subscription", subscription.into()),
            ("tax_item", Value::Json(tax_item)),
        ])
    }

    fn billing_reason(&self) -> &'static str {
        match &self.bought {
            Bought::Period { is_first: true, .. } => "subscription_create",
            Bought::Period { is_first: false, .. } => "subscription_cycle",
            Bought::Once { .. } => "manual",
        }
    }

    fn parent(&self) -> String {
        match &self.bought {
            Bought::Period { plan, subscription, .. } => format!(
                r#"{{"quote_details":null,"subscription_details":{{"metadata":{{"wedsync_plan":"{}"}},"subscription":"{subscription}"}},"type":"subscription_details"}}"#,
                plan.key
            ),
            Bought::Once { .. } => "null".to_owned(),
        }
    }

    fn line_parent(&self) -> String {
        match &self.bought {
            Bought::Period { subscription, item, .. } => format!(
                r#"{{"invoice_item_details":null,"subscription_item_details":{{"invoice_item":null,"proration":false,"proration_details":null,"subscription":"{subscription}","subscription_item":"{item}"}},"type":"subscription_item_details"}}"#
            ),
            Bought::Once { invoice_item, .. } => format!(
                r#"{{"invoice_item_details":{{"invoice_item":"{invoice_item}","proration":false,"proration_details":null,"subscription":null}},"subscription_item_details":null,"type":"invoice_item_details"}}"#
            ),
        }
    }
}

fn tax_item(net: i64, tax: i64) -> String {
    format!(
        r#"{{"amount":{tax},"tax_behavior":"exclusive","tax_rate_details":{{"tax_rate":"txr_simUkVat20"}},"taxability_reason":"standard_rated","taxable_amount":{net},"type":"tax_rate_details"}}"#
    )
}

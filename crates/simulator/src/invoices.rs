//! Invoices and their lines.

use crate::catalogue::Extra;
use crate::objects::{Party, Subscription};
use crate::scene::{Scene, Subject};
use crate::template::Value;

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// A period of the subscription.
    Period,
    /// A change within a period.
    Proration,
    /// Something bought once.
    Once,
}

/// A line.
#[derive(Debug)]
pub(crate) struct Line {
    id: String,
    what: For,
    /// What the line belongs to beside: the subscription's item, or the invoice item.
    item: String,
    name: String,
    price_id: String,
    product_id: String,
    unit: i64,
    quantity: i64,
    amount: i64,
    discount: i64,
    tax: i64,
    period: (i64, i64),
}

/// How far an invoice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvoiceState {
    Open { next_attempt: Option<i64> },
    Paid { at: i64 },
    Uncollectible { at: i64 },
    Void { at: i64 },
}

/// An invoice.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) intent: String,
    pub(crate) reason: &'static str,
    /// Its subscription and the plan's key.
    subscription: Option<(String, &'static str)>,
    discount: Option<String>,
    lines: Vec<Line>,
    is_tax_within: bool,
    pub(crate) created: i64,
    pub(crate) attempts: i64,
    pub(crate) state: InvoiceState,
}

impl Invoice {
    fn empty(scene: &mut Scene, party: &mut Party, reason: &'static str, created: i64) -> Self {
        party.invoices += 1;
        Self {
            id: scene.id("in"),
            number: format!("{}-{:04}", party.invoice_prefix, party.invoices),
            intent: scene.id("pi"),
            reason,
            subscription: None,
            discount: None,
            lines: Vec::new(),
            is_tax_within: party.market.tax.is_within(),
            created,
            attempts: 0,
            state: InvoiceState::Open { next_attempt: None },
        }
    }

    /// For the subscription's present period, with its present discount.
    pub(crate) fn of_period(
        scene: &mut Scene,
        party: &mut Party,
        subscription: &Subscription,
        is_first: bool,
        created: i64,
    ) -> Self {
        let reason = if is_first { "subscription_create" } else { "subscription_cycle" };
        let mut invoice = Self::empty(scene, party, reason, created);
        let amount = subscription.price();
        let discount = subscription.discount.as_ref().map_or(0, |discount| discount.of(amount));
        invoice.subscription = Some((subscription.id.clone(), subscription.plan.key));
        invoice.discount = subscription.discount.as_ref().map(|discount| discount.id.clone());
        invoice.lines.push(Line {
            id: scene.id("il"),
            what: For::Period,
            item: subscription.item.clone(),
            name: subscription.plan.name.clone(),
            price_id: subscription.plan.price_id.clone(),
            product_id: subscription.plan.product_id.clone(),
            unit: subscription.plan.price,
            quantity: subscription.quantity,
            amount,
            discount,
            tax: party.market.tax.of(amount - discount),
            period: subscription.period,
        });
        invoice
    }

    /// For a change within a period: what was paid for the rest is given back, and the rest is billed anew.
    pub(crate) fn of_change(
        scene: &mut Scene,
        party: &mut Party,
        subscription: &Subscription,
        (before, after): (i64, i64),
        created: i64,
    ) -> Self {
        let mut invoice = Self::empty(scene, party, "subscription_update", created);
        invoice.subscription = Some((subscription.id.clone(), subscription.plan.key));
        let (start, end) = subscription.period;
        let share = |price: i64| (price * (end - created) * 2 + (end - start)) / ((end - start) * 2);
        for (amount, words) in [(-share(before), "Unused time on"), (share(after), "Remaining time on")] {
            invoice.lines.push(Line {
                id: scene.id("il"),
                what: For::Proration,
                item: subscription.item.clone(),
                name: format!("{words} {}", subscription.plan.name),
                price_id: subscription.plan.price_id.clone(),
                product_id: subscription.plan.product_id.clone(),
                unit: amount,
                quantity: 1,
                amount,
                discount: 0,
                tax: party.market.tax.of(amount),
                period: (created, end),
            });
        }
        invoice
    }

    /// For something bought once.
    pub(crate) fn of_extra(scene: &mut Scene, party: &mut Party, extra: &Extra, created: i64) -> Self {
        let mut invoice = Self::empty(scene, party, "manual", created);
        let tax = party.market.tax;
        let price = if tax.is_within() { extra.price * 6 / 5 } else { extra.price };
        invoice.lines.push(Line {
            id: scene.id("il"),
            what: For::Once,
            item: scene.id("ii"),
            name: extra.name.to_owned(),
            price_id: extra.price_id.to_owned(),
            product_id: extra.product_id.to_owned(),
            unit: price,
            quantity: 1,
            amount: price,
            discount: 0,
            tax: tax.of(price),
            period: (created, created),
        });
        invoice
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "invoices", id: &self.id }
    }

    fn subtotal(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    fn discounted(&self) -> i64 {
        self.lines.iter().map(|line| line.discount).sum()
    }

    /// The tax in the total.
    pub(crate) fn tax(&self) -> i64 {
        self.lines.iter().map(|line| line.tax).sum()
    }

    /// What is to be paid, tax included.
    pub(crate) fn total(&self) -> i64 {
        let on_top = if self.is_tax_within { 0 } else { self.tax() };
        self.subtotal() - self.discounted() + on_top
    }

    pub(crate) fn is_recurring(&self) -> bool {
        self.subscription.is_some()
    }

    /// What the payment says it is for.
    pub(crate) fn description(&self) -> String {
        match (self.reason, self.lines.first()) {
            ("subscription_create", _) => "Subscription creation".to_owned(),
            ("manual", Some(line)) => line.name.clone(),
            _ => "Subscription update".to_owned(),
        }
    }

    pub(crate) fn body(&self, scene: &Scene, party: &Party) -> String {
        let (total, tax, discounted) = (self.total(), self.tax(), self.discounted());
        let (status, next_attempt, paid_at, uncollectible_at, voided_at) = match self.state {
            InvoiceState::Open { next_attempt } => ("open", next_attempt, None, None, None),
            InvoiceState::Paid { at } => ("paid", None, Some(at), None, None),
            InvoiceState::Uncollectible { at } => ("uncollectible", None, None, Some(at), None),
            InvoiceState::Void { at } => ("void", None, None, None, Some(at)),
        };
        let paid = if paid_at.is_some() { total } else { 0 };
        let lines: Vec<String> = self.lines.iter().map(|line| self.line_body(scene, party, line)).collect();
        let taxes = format!("[{}]", party.market.tax.item(self.subtotal() - discounted, tax));
        let discounts = self.discount.as_ref().map_or_else(|| "[]".to_owned(), |id| format!(r#"["{id}"]"#));
        scene.templates.invoice.fill(&[
            ("id", Value::from(&self.id)),
            ("number", Value::from(&self.number)),
            ("customer", Value::from(&party.id)),
            ("currency", party.market.currency.into()),
            ("tax_exempt", party.market.tax_exempt().into()),
            ("email", Value::from(&party.email)),
            ("name", Value::from(&party.name)),
            ("livemode", scene.livemode.into()),
            ("billing_reason", self.reason.into()),
            ("parent", Value::Json(&self.parent())),
            ("lines", Value::Json(&format!("[{}]", lines.join(",")))),
            ("discounts", Value::Json(&discounts)),
            ("total_discount_amounts", Value::Json(&self.discount_amounts(discounted))),
            ("total_taxes", Value::Json(&taxes)),
            ("subtotal", self.subtotal().into()),
            ("subtotal_excluding_tax", (self.subtotal() - if self.is_tax_within { tax } else { 0 }).into()),
            ("total_excluding_tax", (total - tax).into()),
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
            ("voided_at", voided_at.into()),
        ])
    }

    fn discount_amounts(&self, amount: i64) -> String {
        match &self.discount {
            Some(id) => format!(r#"[{{"amount":{amount},"discount":"{id}"}}]"#),
            None => "[]".to_owned(),
        }
    }

    fn line_body(&self, scene: &Scene, party: &Party, line: &Line) -> String {
        let tax_item = party.market.tax.item(line.amount - line.discount, line.tax);
        let is_discounted = line.what == For::Period && self.discount.is_some();
        let discounts = self.discount.as_ref().filter(|_| is_discounted);
        let discounts = discounts.map_or_else(|| "[]".to_owned(), |id| format!(r#"["{id}"]"#));
        let amounts = if is_discounted { self.discount_amounts(line.discount) } else { "[]".to_owned() };
        scene.templates.invoice_line.fill(&[
            ("id", Value::from(&line.id)),
            ("amount", line.amount.into()),
            ("currency", party.market.currency.into()),
            ("description", Value::from(&line.name)),
            ("discount_amounts", Value::Json(&amounts)),
            ("discountable", (line.what != For::Proration).into()),
            ("discounts", Value::Json(&discounts)),
            ("invoice", Value::from(&self.id)),
            ("livemode", scene.livemode.into()),
            ("parent", Value::Json(&self.line_parent(line))),
            ("period_start", line.period.0.into()),
            ("period_end", line.period.1.into()),
            ("price", Value::from(&line.price_id)),
            ("product", Value::from(&line.product_id)),
            ("unit_amount_decimal", Value::from(&line.unit.to_string())),
            ("quantity", line.quantity.into()),
            ("quantity_decimal", Value::from(&line.quantity.to_string())),
            ("subscription", self.subscription.as_ref().map(|(id, _)| id).into()),
            ("tax_item", Value::Json(&tax_item)),
        ])
    }

    fn parent(&self) -> String {
        match &self.subscription {
            Some((subscription, plan)) => format!(
                r#"{{"quote_details":null,"subscription_details":{{"metadata":{{"wedsync_plan":"{plan}"}},"subscription":"{subscription}"}},"type":"subscription_details"}}"#
            ),
            None => "null".to_owned(),
        }
    }

    fn line_parent(&self, line: &Line) -> String {
        let item = &line.item;
        match &self.subscription {
            Some((subscription, _)) => format!(
                r#"{{"invoice_item_details":null,"subscription_item_details":{{"invoice_item":null,"proration":{},"proration_details":null,"subscription":"{subscription}","subscription_item":"{item}"}},"type":"subscription_item_details"}}"#,
                line.what == For::Proration
            ),
            None => format!(
                r#"{{"invoice_item_details":{{"invoice_item":"{item}","proration":false,"proration_details":null,"subscription":null}},"subscription_item_details":null,"type":"invoice_item_details"}}"#
            ),
        }
    }
}

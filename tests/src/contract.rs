//! What the provider would send about subscriptions, invoices and discounts, written for one test.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::story::{Story, with};

/// Seconds of a time as RFC 3339 writes it; 0 of what is none.
#[must_use]
pub fn at(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).map_or(0, |time| time.timestamp())
}

/// What a subscription bills.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The price of one, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: &'static str,
    /// How often: `month` or `year`.
    pub interval: &'static str,
    /// How many.
    pub quantity: i64,
}

impl Plan {
    /// One at this many pence a month.
    #[must_use]
    pub fn monthly(amount: i64) -> Self {
        Self { amount, currency: "gbp", interval: "month", quantity: 1 }
    }

    /// So many at this many pence a year each.
    #[must_use]
    pub fn yearly(amount: i64, quantity: i64) -> Self {
        Self { amount, currency: "gbp", interval: "year", quantity }
    }
}

/// An invoice, and how it is paid.
#[derive(Debug)]
pub struct Bill {
    /// Tells it from others of the story.
    pub name: &'static str,
    /// When it is made, and paid.
    pub at: &'static str,
    /// What it bills; see [`line()`].
    pub lines: Vec<Value>,
    /// What is paid, in minor units of `currency`.
    pub paid: i64,
    /// In which currency.
    pub currency: &'static str,
    /// What the provider's balance gets for it, in pence.
    pub settled: i64,
    /// Tax: so much, `inclusive` or `exclusive`.
    pub tax: Option<(i64, &'static str)>,
}

impl Bill {
    /// An invoice in pence over these lines, which is paid as it is.
    #[must_use]
    pub fn of(name: &'static str, at: &'static str, paid: i64, lines: Vec<Value>) -> Self {
        Self { name, at, lines, paid, currency: "gbp", settled: paid, tax: None }
    }

    /// Taxed: so much, `inclusive` or `exclusive`.
    #[must_use]
    pub fn taxed(mut self, amount: i64, behaviour: &'static str) -> Self {
        self.tax = Some((amount, behaviour));
        self
    }

    /// Paid in another currency, of which the provider makes so many pence.
    #[must_use]
    pub fn exchanged(mut self, currency: &'static str, settled: i64) -> Self {
        (self.currency, self.settled) = (currency, settled);
        self
    }

    fn taxes(&self) -> Vec<Value> {
        let taxed = |(amount, behaviour): (i64, &str)| {
            json!({
                "amount": amount, "tax_behavior": behaviour, "tax_rate_details": {"tax_rate": "txr_e2e"},
                "taxability_reason": "standard_rated", "taxable_amount": self.paid - amount,
                "type": "tax_rate_details",
            })
        };
        self.tax.map(taxed).into_iter().collect()
    }
}

/// A line of an invoice: of a subscription's period, unless it is changed to another kind by [`Story::extra`].
#[must_use]
pub fn line(name: &str, amount: i64, period: (&str, &str)) -> Value {
    json!({
        "id": format!("il_{name}"), "object": "line_item", "amount": amount, "discount_amounts": [],
        "discountable": true, "livemode": true, "period": {"start": at(period.0), "end": at(period.1)},
        "pricing": {"price_details": {"price": "price_e2e", "product": "prod_e2e"}, "type": "price_details"},
        "quantity": 1, "subtotal": amount, "taxes": [],
    })
}

impl Story {
    /// The subscription's id.
    #[must_use]
    pub fn subscription_id(&self) -> String {
        self.id("sub", "")
    }

    /// The story's subscription as it is in the period from `period.0` to `period.1`: active, with some fields changed.
    #[must_use]
    pub fn contract(&self, plan: Plan, start: &str, period: (&str, &str), changes: &Value) -> Value {
        let item = json!({
            "id": self.id("si", ""), "object": "subscription_item", "created": at(start),
            "current_period_start": at(period.0), "current_period_end": at(period.1), "discounts": [],
            "price": self.price(plan), "quantity": plan.quantity, "subscription": self.subscription_id(),
        });
        let subscription = json!({
            "id": self.subscription_id(), "object": "subscription", "billing_cycle_anchor": at(start),
            "cancel_at_period_end": false, "canceled_at": null, "cancellation_details": {"reason": null},
            "collection_method": "charge_automatically", "created": at(start), "currency": plan.currency,
            "customer": self.customer(), "discounts": [], "ended_at": null, "livemode": true, "metadata": {},
            "items": {"object": "list", "data": [item], "has_more": false, "url": "/v1/subscription_items"},
            "pause_collection": null, "start_date": at(start), "status": "active", "trial_end": null,
            "trial_start": null,
        });
        with(subscription, changes)
    }

    /// A price as it stands on an item.
    #[must_use]
    pub fn price(&self, plan: Plan) -> Value {
        json!({
            "id": self.id("price", ""), "object": "price", "billing_scheme": "per_unit", "currency": plan.currency,
            "recurring": {"interval": plan.interval, "interval_count": 1, "usage_type": "licensed"},
            "tiers_mode": null, "transform_quantity": null, "type": "recurring", "unit_amount": plan.amount,
            "unit_amount_decimal": plan.amount.to_string(),
        })
    }

    /// A line for what is added by hand, or for the rest of a period after a change.
    #[must_use]
    pub fn extra(&self, line: Value, proration: bool) -> Value {
        let details = json!({
            "invoice_item": self.id("ii", ""), "proration": proration,
            "proration_details": {"credited_items": null}, "subscription": self.subscription_id(),
        });
        let parent = json!({
            "type": "invoice_item_details", "invoice_item_details": details, "subscription_item_details": null,
        });
        with(line, &json!({"parent": parent}))
    }

    /// The invoice of a bill, open, with some fields changed.
    #[must_use]
    pub fn invoice(&self, bill: &Bill, changes: &Value) -> Value {
        let subscription = json!({"metadata": {}, "subscription": self.subscription_id()});
        let lines: Vec<Value> = bill.lines.iter().map(|line| self.owned(line, bill)).collect();
        let exclusive = bill.tax.filter(|(_, behaviour)| *behaviour == "exclusive").map_or(0, |tax| tax.0);
        let tax = bill.tax.map_or(0, |tax| tax.0);
        let invoice = json!({
            "id": self.id("in", bill.name), "object": "invoice", "amount_due": bill.paid, "amount_overpaid": 0,
            "amount_paid": 0, "amount_remaining": bill.paid, "attempt_count": 0,
            "billing_reason": "subscription_cycle", "created": at(bill.at), "currency": bill.currency,
            "customer": self.customer(), "discounts": [], "ending_balance": 0, "livemode": true,
            "lines": {"object": "list", "data": lines, "has_more": false, "url": "/v1/invoices/lines"},
            "next_payment_attempt": null, "starting_balance": 0, "status": "open",
            "parent": {"type": "subscription_details", "quote_details": null, "subscription_details": subscription},
            "status_transitions": {
                "finalized_at": at(bill.at), "marked_uncollectible_at": null, "paid_at": null, "voided_at": null,
            },
            "subtotal": bill.paid - exclusive, "total": bill.paid, "total_excluding_tax": bill.paid - tax,
            "total_taxes": bill.taxes(),
        });
        with(invoice, changes)
    }

    /// The same invoice, paid at a time.
    #[must_use]
    pub fn paid_invoice(&self, bill: &Bill, paid_at: &str) -> Value {
        let transitions = json!({
            "finalized_at": at(bill.at), "marked_uncollectible_at": null, "paid_at": at(paid_at), "voided_at": null,
        });
        let paid = json!({
            "amount_paid": bill.paid, "amount_remaining": 0, "attempt_count": 1, "status": "paid",
            "status_transitions": transitions,
        });
        self.invoice(bill, &paid)
    }

    /// Tells that a bill is paid when it is made: the charge, what links it to the invoice, the invoice.
    pub fn pay(&mut self, bill: &Bill) {
        self.pay_late(bill, bill.at);
    }

    /// The same, at a later time.
    pub fn pay_late(&mut self, bill: &Bill, paid_at: &str) {
        let charge = self.id("ch", bill.name);
        let taken = self.settle_at(&charge, "charge", bill.settled, 0, at(paid_at));
        let intent = self.id("pi", bill.name);
        let charge = with(
            self.charge(bill.paid, 1, &taken),
            &json!({
                "id": charge, "created": at(paid_at), "currency": bill.currency, "payment_intent": intent,
            }),
        );
        self.tell_at("charge.succeeded", at(paid_at), charge);
        let link = json!({
            "id": self.id("inpay", bill.name), "object": "invoice_payment", "amount_paid": bill.paid,
            "amount_requested": bill.paid, "created": at(bill.at), "currency": bill.currency,
            "invoice": self.id("in", bill.name), "is_default": true, "livemode": true,
            "payment": {"type": "payment_intent", "payment_intent": intent}, "status": "paid",
            "status_transitions": {"canceled_at": null, "paid_at": at(paid_at)},
        });
        self.tell_at("invoice_payment.paid", at(paid_at), link);
        self.tell_at("invoice.paid", at(paid_at), self.paid_invoice(bill, paid_at));
    }

    /// Tells that an attempt at a bill failed; the provider tries again at `next`, or never.
    pub fn fail(&mut self, bill: &Bill, attempt: i64, failed_at: &str, next: Option<&str>) {
        let changes = json!({"attempt_count": attempt, "next_payment_attempt": next.map(at)});
        let invoice = self.invoice(bill, &changes);
        self.tell_at("invoice.payment_failed", at(failed_at), invoice);
    }

    /// The story's discount: of the whole subscription, by a coupon with these fields.
    #[must_use]
    pub fn discount(&self, start: &str, end: Option<&str>, coupon: &Value) -> Value {
        let whole = json!({
            "id": self.id("cou", ""), "object": "coupon", "amount_off": null, "created": at(start), "currency": null,
            "duration": "forever", "duration_in_months": null, "livemode": true, "metadata": {}, "name": "Test",
            "percent_off": null, "valid": true,
        });
        json!({
            "id": self.id("di", ""), "object": "discount", "checkout_session": null, "customer": self.customer(),
            "end": end.map(at), "invoice": null, "invoice_item": null, "promotion_code": null,
            "source": {"type": "coupon", "coupon": with(whole, coupon)}, "start": at(start),
            "subscription": self.subscription_id(), "subscription_item": null,
        })
    }

    /// A line of this invoice of this subscription, with the invoice's tax if it is its only one.
    fn owned(&self, line: &Value, bill: &Bill) -> Value {
        let details = json!({
            "invoice_item": null, "proration": false, "proration_details": {"credited_items": null},
            "subscription": self.subscription_id(), "subscription_item": self.id("si", ""),
        });
        let mut changes = json!({"invoice": self.id("in", bill.name), "currency": bill.currency});
        if line.get("parent").is_none() {
            let parent = json!({
                "type": "subscription_item_details", "invoice_item_details": null,
                "subscription_item_details": details,
            });
            changes = with(changes, &json!({"parent": parent, "subscription": self.subscription_id()}));
        }
        if bill.lines.len() == 1 {
            changes = with(changes, &json!({"taxes": bill.taxes()}));
        }
        with(line.clone(), &changes)
    }
}

//! What the provider would send and list, written for one test.

use std::fs;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};
use simulator::{SimEvent, World};

/// A day in seconds.
pub const DAY: i64 = 86_400;
/// Midnight before day 1.
const BEGINNING: i64 = 1_735_689_600;
/// Messages of a day come at noon.
const NOON: i64 = DAY / 2;
/// How long until money is available.
const AVAILABLE_AFTER: i64 = 4 * DAY;

/// Messages about one customer in the order in which they are told, and the lists that go with them.
#[derive(Debug)]
pub struct Story {
    tag: String,
    events: Vec<(String, Value)>,
    transactions: Vec<Value>,
}

impl Story {
    /// A story whose ids hold this tag.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        Self { tag: tag.to_owned(), events: Vec::new(), transactions: Vec::new() }
    }

    /// The customer whom the story is about.
    #[must_use]
    pub fn customer(&self) -> String {
        self.id("cus", "")
    }

    /// The id of an object of this kind and name.
    #[must_use]
    pub fn id(&self, kind: &str, name: &str) -> String {
        format!("{kind}_{}{name}", self.tag)
    }

    /// Noon of a day, in seconds. Days are counted from 1.
    #[must_use]
    pub fn noon(day: i64) -> i64 {
        BEGINNING + (day - 1) * DAY + NOON
    }

    /// The end of a day.
    #[must_use]
    pub fn end_of(day: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(BEGINNING, 0).single().unwrap_or_default() + TimeDelta::days(day)
    }

    /// Tells something at noon of a day.
    pub fn tell(&mut self, kind: &str, day: i64, object: Value) {
        self.tell_at(kind, Self::noon(day), object);
    }

    /// Tells something at a time in seconds.
    pub fn tell_at(&mut self, kind: &str, at: i64, object: Value) {
        self.tell_in(kind, at, object, &Value::Null);
    }

    /// Tells something at a time in seconds, in a wrapping with some fields changed, such as its API version.
    pub fn tell_in(&mut self, kind: &str, at: i64, object: Value, wrapping: &Value) {
        let id = self.id("evt", &format!("{:02}", self.events.len() + 1));
        self.events.push((kind.to_owned(), with(envelope(&id, kind, at, &object), wrapping)));
    }

    /// Tells the message at this place, from 0, once more.
    pub fn tell_again(&mut self, place: usize) {
        if let Some((kind, body)) = self.events.get(place).cloned() {
            self.events.push((kind, with(body, &json!({"pending_webhooks": 2}))));
        }
    }

    /// Moves money at noon of a day: a balance transaction in pence.
    pub fn settle(&mut self, source: &str, category: &str, amount: i64, fee: i64, day: i64) -> Value {
        self.settle_at(source, category, amount, fee, Self::noon(day))
    }

    /// Moves money at a time in seconds: a balance transaction in pence.
    pub fn settle_at(&mut self, source: &str, category: &str, amount: i64, fee: i64, created: i64) -> Value {
        let kind = if category.starts_with("dispute") { "adjustment" } else { category };
        let transaction = json!({
            "id": self.id("txn", &(self.transactions.len() + 1).to_string()), "object": "balance_transaction",
            "amount": amount, "fee": fee, "net": amount - fee, "currency": "gbp", "exchange_rate": null,
            "available_on": created + AVAILABLE_AFTER, "balance_type": "payments", "created": created,
            "fee_details": [], "reporting_category": category, "source": source, "status": "pending", "type": kind,
        });
        self.transactions.push(transaction.clone());
        transaction
    }

    /// A charge of pence, taken at noon of a day.
    #[must_use]
    pub fn charge(&self, amount: i64, day: i64, transaction: &Value) -> Value {
        json!({
            "id": self.id("ch", ""), "object": "charge", "amount": amount, "amount_captured": amount,
            "amount_refunded": 0, "balance_transaction": transaction.get("id"), "captured": true,
            "created": Self::noon(day), "currency": "gbp", "customer": self.customer(), "disputed": false,
            "failure_balance_transaction": null, "livemode": true, "metadata": {}, "paid": true,
            "payment_intent": self.id("pi", ""), "refunded": false, "status": "succeeded",
        })
    }

    /// A refund of pence of the charge, made at noon of a day.
    #[must_use]
    pub fn refund(&self, name: &str, amount: i64, day: i64, transaction: &Value) -> Value {
        json!({
            "id": self.id("re", name), "object": "refund", "amount": amount,
            "balance_transaction": transaction.get("id"), "charge": self.id("ch", ""), "created": Self::noon(day),
            "currency": "gbp", "metadata": {}, "payment_intent": self.id("pi", ""),
            "reason": "requested_by_customer", "status": "succeeded",
        })
    }

    /// A dispute of the charge over pence, opened at noon of a day.
    #[must_use]
    pub fn dispute(&self, amount: i64, day: i64, status: &str, transactions: &[&Value]) -> Value {
        json!({
            "id": self.id("du", ""), "object": "dispute", "amount": amount, "balance_transactions": transactions,
            "charge": self.id("ch", ""), "created": Self::noon(day), "currency": "gbp", "is_charge_refundable": false,
            "livemode": true, "metadata": {}, "payment_intent": self.id("pi", ""), "reason": "fraudulent",
            "status": status,
        })
    }

    /// The messages of each story, and what the provider's API would answer to all of them.
    ///
    /// # Errors
    /// When there is no room for a folder.
    pub fn play(stories: &[Self]) -> anyhow::Result<(Vec<Vec<SimEvent>>, World)> {
        let folder = tempfile::tempdir()?;
        let told = stories.iter().flat_map(|story| &story.events);
        for (number, (kind, body)) in told.enumerate() {
            fs::write(folder.path().join(format!("{number:05}-{kind}.json")), body.to_string())?;
        }
        let moved: Vec<&Value> = stories.iter().flat_map(|story| &story.transactions).collect();
        fs::write(folder.path().join("balance_transactions.json"), serde_json::to_string(&moved)?)?;
        let (mut events, world) =
            World::from_folder(folder.path()).context("the stories cannot be played")?;
        let mut told = Vec::with_capacity(stories.len());
        for story in stories {
            let rest = events.split_off(story.events.len());
            told.push(std::mem::replace(&mut events, rest));
        }
        Ok((told, world))
    }
}

/// A message about an object, as the provider wraps it.
fn envelope(id: &str, kind: &str, created: i64, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": "2026-07-29.dahlia", "created": created, "data": {"object": object},
        "livemode": true, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "type": kind,
    })
}

/// The same object with some fields changed.
#[must_use]
pub fn with(mut object: Value, changes: &Value) -> Value {
    if let (Some(fields), Some(changes)) = (object.as_object_mut(), changes.as_object()) {
        fields.extend(changes.clone());
    }
    object
}

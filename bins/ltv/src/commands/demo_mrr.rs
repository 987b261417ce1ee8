//! MRR of the demo, held against what is true of the made-up business: in total, month by month, supplier by supplier.

use chrono::{DateTime, Utc};
use ltv_core::Currency;
use pipeline::{AskError, View};
use serde_json::{Map, Value, json};
use simulator::{MOVEMENT_KINDS, MrrMonth, MrrTruth, Pence, Truth};

use super::demo::supplier_id;
use super::play::Stage;
use crate::app::App;

/// How many differences are named.
const DIFFERENCES_MAX: usize = 20;

/// What was found.
pub struct ComparedMrr {
    /// What is true.
    pub truth: Value,
    /// What the service says, in the same shape.
    pub books: Value,
    /// Where the two differ; at most a few.
    pub differences: Vec<String>,
}

impl ComparedMrr {
    /// True when the service says what is true, to the penny.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }

    fn differs(&mut self, what: String, truth: Pence, found: &str) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(format!("{what}: {} is true, {found} was found", truth.to_decimal()));
        }
    }
}

/// Asks for MRR at the end of the story and compares. Without a truth for MRR nothing differs.
pub async fn compare(
    app: &App,
    stage: &Stage,
    truth: &Truth,
    start: DateTime<Utc>,
) -> anyhow::Result<ComparedMrr> {
    let answer = stage.mrr("GBP", Some(start), Some(truth.as_of)).await?;
    let points = answer.get("points").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut compared = ComparedMrr { truth: Value::Null, books: books(points), differences: Vec::new() };
    let Some(mrr) = &truth.mrr else { return Ok(compared) };
    compared.truth = mrr.to_json();
    compare_months(&mut compared, mrr, points);
    compare_suppliers(app, &mut compared, mrr, truth.as_of).await?;
    Ok(compared)
}

/// The service's answer in the shape of the truth.
fn books(points: &[Value]) -> Value {
    let months: Vec<Value> = points.iter().map(month).collect();
    let total = points.last().map_or("0.00", |point| amount(point, "/end"));
    json!({"total": total, "currency": "GBP", "months": months})
}

fn month(point: &Value) -> Value {
    let movements: Map<String, Value> = MOVEMENT_KINDS
        .iter()
        .map(|kind| ((*kind).to_owned(), json!(amount(point, &format!("/movements/{kind}")))))
        .collect();
    json!({
        "at": point.get("at"), "start": amount(point, "/start"), "end": amount(point, "/end"), "movements": movements,
        "suppliers": point.get("suppliers"),
    })
}

fn amount<'a>(point: &'a Value, path: &str) -> &'a str {
    point.pointer(&format!("{path}/amount")).and_then(Value::as_str).unwrap_or("?")
}

/// Totals are rounded half to even; parts may be rounded either way, so that those shown add up.
fn compare_months(compared: &mut ComparedMrr, mrr: &MrrTruth, points: &[Value]) {
    let found = points.last().map_or("0.00", |point| amount(point, "/end"));
    if found != mrr.total.to_decimal() {
        compared.differs("at the end".to_owned(), mrr.total, found);
    }
    if points.len() != mrr.months.len() {
        let text = format!("{} months are true, {} were found", mrr.months.len(), points.len());
        compared.differences.push(text);
    }
    for (month, point) in mrr.months.iter().zip(points) {
        compare_month(compared, month, point);
    }
}

fn compare_month(compared: &mut ComparedMrr, month: &MrrMonth, point: &Value) {
    let parts =
        MOVEMENT_KINDS.iter().zip(month.movements).map(|(kind, worth)| (format!("/movements/{kind}"), worth));
    let ends = [("/start".to_owned(), month.start), ("/end".to_owned(), month.end)];
    for (path, worth) in parts.chain(ends) {
        let found = amount(point, &path);
        if !worth.is_shown_as(found) {
            compared.differs(format!("{} {path}", month.label), worth, found);
        }
    }
}

async fn compare_suppliers(
    app: &App,
    compared: &mut ComparedMrr,
    mrr: &MrrTruth,
    as_of: DateTime<Utc>,
) -> anyhow::Result<()> {
    let view = View { as_of: Some(as_of), currency: Some(Currency::GBP), ..View::default() };
    for (customer, worth) in &mrr.by_customer {
        let found = match app.pipeline.supplier(&supplier_id(customer), &view).await {
            Ok(answer) => answer.mrr.map(|mrr| mrr.current.to_decimal_string()),
            // One of whom no message came yet has no MRR either.
            Err(AskError::NotFound { .. }) => Some("0.00".to_owned()),
            Err(error) => return Err(error.into()),
        };
        let found = found.unwrap_or_else(|| "?".to_owned());
        if found != worth.to_decimal() {
            compared.differs(customer.clone(), *worth, &found);
        }
    }
    Ok(())
}

//! Looking into answers.

use anyhow::{Context, ensure};
use serde_json::Value;

/// A figure as people write it: an amount, or a count.
pub fn figure(figures: &Value, name: &str) -> String {
    let value = figures.get(name).unwrap_or(&Value::Null);
    value.get("amount").and_then(Value::as_str).map_or_else(|| value.to_string(), str::to_owned)
}

/// Each named figure is as expected; all that differ are told at once.
pub fn figures_are(figures: &Value, expected: &[(&str, &str)], what: &str) -> anyhow::Result<()> {
    let wrong: Vec<String> = expected
        .iter()
        .map(|(name, wanted)| (name, wanted, figure(figures, name)))
        .filter(|(_, wanted, found)| found != *wanted)
        .map(|(name, wanted, found)| format!("{name} is {found} and should be {wanted}"))
        .collect();
    ensure!(wrong.is_empty(), "{what}: {}", wrong.join("; "));
    Ok(())
}

/// Pence of an amount of two decimals.
pub fn pence(money: &Value) -> anyhow::Result<i64> {
    let amount =
        money.get("amount").and_then(Value::as_str).with_context(|| format!("no amount in {money}"))?;
    let (pounds, rest) = amount.split_once('.').with_context(|| format!("`{amount}` has no decimals"))?;
    ensure!(rest.len() == 2, "`{amount}` has not two decimals");
    Ok(format!("{pounds}{rest}").parse()?)
}

/// A text member.
pub fn text<'a>(document: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    document.get(name).and_then(Value::as_str).with_context(|| format!("no text `{name}` in {document}"))
}

/// A whole number.
pub fn number(document: &Value, name: &str) -> anyhow::Result<i64> {
    document.get(name).and_then(Value::as_i64).with_context(|| format!("no number `{name}` in {document}"))
}

/// A list.
pub fn list<'a>(document: &'a Value, name: &str) -> anyhow::Result<&'a [Value]> {
    let list = document
        .get(name)
        .and_then(Value::as_array)
        .with_context(|| format!("no list `{name}` in {document}"))?;
    Ok(list)
}

/// Every accepted message is done, pending, dead or quarantined.
pub fn counts_add_up(status: &Value) -> anyhow::Result<()> {
    let parts = ["done", "pending", "dead", "quarantined"];
    let sum: i64 = parts.iter().map(|name| number(status, name)).sum::<anyhow::Result<i64>>()?;
    ensure!(number(status, "accepted")? == sum, "the counts do not add up: {status}");
    Ok(())
}

//! Tax as reported, in its present and its older shape. Never recomputed.

use ltv_core::Money;

use super::amount::Denomination;
use crate::error::MappingError;
use crate::model::Node;

/// The tax of an object that has `total_taxes`, or before 2025-03-31 one of `older`.
pub(crate) fn total(node: &Node<'_>, older: &[&str], money: Denomination) -> Result<Money, MappingError> {
    if let Some(taxes) = node.list("total_taxes") {
        return money.sum(&taxes, "amount");
    }
    if let Some(tax) = money.optional(node, "tax")? {
        return Ok(tax);
    }
    match older.iter().find_map(|name| node.list(name)) {
        Some(taxes) => money.sum(&taxes, "amount"),
        None => Ok(money.zero()),
    }
}

/// All tax of a line, and the part of it that comes on top of the line's amount.
pub(crate) fn of_line(node: &Node<'_>, money: Denomination) -> Result<(Money, Money), MappingError> {
    let taxes = node.list("taxes").or_else(|| node.list("tax_amounts")).unwrap_or_default();
    let all = money.sum(&taxes, "amount")?;
    let exclusive: Vec<_> = taxes.into_iter().filter(|tax| !is_inclusive(tax)).collect();
    Ok((all, money.sum(&exclusive, "amount")?))
}

fn is_inclusive(tax: &Node<'_>) -> bool {
    match tax.text("tax_behavior") {
        Some(behavior) => behavior == "inclusive",
        None => tax.boolean("inclusive") == Some(true),
    }
}

//! Subscriptions and what they bill.

use std::collections::BTreeSet;

use ltv_core::observation::{BillingInterval, Subscription, SubscriptionItem, SubscriptionStatus};
use ltv_core::{Body, ObjectKey};

use super::amount::Denomination;
use super::discount::{self, Owner};
use super::sink::{Sink, own_key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a subscription.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let items = node.list("items").unwrap_or_default();
    let money = denomination(node, &items)?;
    let items: Result<Vec<_>, _> = items.iter().map(|item| map_item(item, node, money, sink)).collect();
    let cancellation = node.node("cancellation_details");
    let pause = node.node("pause_collection");
    let object = own_key(node)?;
    let customer = reference(node, "customer");
    let discounts = discounts(&object, customer.as_ref(), node, sink)?;
    let body = Subscription {
        customer,
        status: sink.word(
            &node.need_text("status")?,
            "subscription.status",
            status,
            SubscriptionStatus::Unknown,
        ),
        currency: money.currency(),
        items: items?,
        started_at: node.instant("start_date"),
        ended_at: node.instant("ended_at"),
        canceled_at: node.instant("canceled_at"),
        cancel_at_period_end: node.boolean("cancel_at_period_end") == Some(true),
        cancel_reason: cancellation
            .and_then(|details| details.text("reason").map(|reason| reason.into_owned())),
        trial_end_at: node.instant("trial_end"),
        collection_paused: pause.map(|pause| pause.text("behavior").unwrap_or("unknown".into()).into_owned()),
        discounts,
    };
    sink.show(object, Body::Subscription(body));
    Ok(())
}

/// Older shapes have no currency of their own; all prices of a subscription share one.
fn denomination(node: &Node<'_>, items: &[Node<'_>]) -> Result<Denomination, MappingError> {
    if node.raw("currency").is_some() {
        return Denomination::of(node, "currency");
    }
    match items.iter().find_map(price_of) {
        Some(price) => Denomination::of(&price, "currency"),
        None => Err(node.absent("currency")),
    }
}

fn status(word: &str) -> Option<SubscriptionStatus> {
    Some(match word {
        "incomplete" => SubscriptionStatus::Incomplete,
        "incomplete_expired" => SubscriptionStatus::IncompleteExpired,
        "trialing" => SubscriptionStatus::Trialing,
        "active" => SubscriptionStatus::Active,
        "past_due" => SubscriptionStatus::PastDue,
        "unpaid" => SubscriptionStatus::Unpaid,
        "paused" => SubscriptionStatus::Paused,
        "canceled" => SubscriptionStatus::Ended,
        _ => return None,
    })
}

fn map_item(
    item: &Node<'_>,
    subscription: &Node<'_>,
    money: Denomination,
    sink: &mut Sink<'_>,
) -> Result<SubscriptionItem, MappingError> {
    let price = price_of(item);
    // A plan has on itself what a price has in `recurring`.
    let recurring = price.as_ref().map(|price| price.node("recurring").unwrap_or_else(|| price.clone()));
    let metered =
        recurring.as_ref().and_then(|recurring| recurring.text("usage_type")).as_deref() == Some("metered");
    // Before 2025-03-31 all items share the subscription's period.
    let period = |name: &str| item.instant(name).or_else(|| subscription.instant(name));
    Ok(SubscriptionItem {
        item: item.need_text("id")?.into_owned(),
        price: price.as_ref().and_then(|price| price.reference("id")).map(|id| id.into_owned()),
        unit_amount: price.as_ref().filter(|_| !metered).and_then(|price| unit_amount(price, money, sink)),
        quantity: quantity(item, price.as_ref()),
        interval: recurring.as_ref().and_then(|recurring| interval(recurring, sink)),
        interval_count: recurring
            .and_then(|recurring| recurring.integer("interval_count"))
            .and_then(|count| u32::try_from(count).ok()),
        metered,
        period_start_at: period("current_period_start"),
        period_end_at: period("current_period_end"),
    })
}

/// The price, or before 2020-08-27 the plan.
fn price_of<'a>(item: &Node<'a>) -> Option<Node<'a>> {
    item.node("price").or_else(|| item.node("plan"))
}

/// `None` for tiers, and for a price that is written in another currency than the subscription bills.
fn unit_amount(price: &Node<'_>, money: Denomination, sink: &mut Sink<'_>) -> Option<String> {
    let tiered =
        price.text("billing_scheme").as_deref() == Some("tiered") || price.raw("tiers_mode").is_some();
    if tiered {
        return None;
    }
    let written = price.text("currency");
    if let Some(code) = &written
        && Denomination::from_code(code) != Some(money)
    {
        sink.drift_word("subscription.item.price.currency", code);
        return None;
    }
    let names = ["unit_amount_decimal", "unit_amount", "amount_decimal", "amount"];
    names.iter().find_map(|name| price.decimal_text(name)).and_then(|text| money.price(&text))
}

/// How many units are billed: a package price bills packages, begun ones included or not.
fn quantity(item: &Node<'_>, price: Option<&Node<'_>>) -> Option<u64> {
    let quantity = item.integer("quantity").and_then(|quantity| u64::try_from(quantity).ok())?;
    let package =
        price.and_then(|price| price.node("transform_quantity").or_else(|| price.node("transform_usage")));
    let Some(package) = package else { return Some(quantity) };
    let size =
        package.integer("divide_by").and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0)?;
    Some(if package.text("round").as_deref() == Some("up") {
        quantity.div_ceil(size)
    } else {
        quantity / size
    })
}

fn interval(recurring: &Node<'_>, sink: &mut Sink<'_>) -> Option<BillingInterval> {
    let word = recurring.text("interval")?;
    let known = |word: &str| {
        Some(Some(match word {
            "day" => BillingInterval::Day,
            "week" => BillingInterval::Week,
            "month" => BillingInterval::Month,
            "year" => BillingInterval::Year,
            _ => return None,
        }))
    };
    sink.word(&word, "price.recurring.interval", known, |_unknown| None)
}

/// Ids of the subscription's own discounts and of those of its items; the ones that are given whole are shown.
fn discounts(
    object: &ObjectKey,
    customer: Option<&ObjectKey>,
    node: &Node<'_>,
    sink: &mut Sink<'_>,
) -> Result<Vec<String>, MappingError> {
    let owner = Owner { customer, subscription: Some(object), item: None };
    discount::embedded(node, owner, sink)?;
    let mut ids = discount::ids(node, owner);
    for item in node.list("items").unwrap_or_default() {
        let named = item.text("id");
        let owner = Owner { item: named.as_deref(), ..owner };
        discount::embedded(&item, owner, sink)?;
        ids.extend(discount::ids(&item, owner));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

//! Hard cases of subscriptions with the right amounts: S02, S04, S06, S11, S12, S13 and S14c, a year earlier than they
//! are written down, so that no answer depends on what day it is.

use anyhow::{Context, ensure};
use e2e::{Backend, Bill, Plan, Story, at, line, with};
use serde_json::{Value, json};

use crate::check::{figure, figures_are, list, text};
use crate::macros::on_both_stores;
use crate::mrr_play::{Look, Played, Point, Scenario, play};

on_both_stores!(
    s02_updated_before_created_in_the_same_second_is_one_new_subscription,
    s04_one_invoice_in_two_shapes_is_one_and_a_shape_of_the_future_is_drift,
    s06a_tax_is_in_no_mrr_however_it_is_charged,
    s06b_the_last_penny_of_a_refunded_tax_comes_back,
    s11_seats_in_mid_year_and_a_line_that_comes_once,
    s12_coupons_count_for_as_long_as_they_last,
    s13a_a_trial_that_never_pays_is_no_churn,
    s13b_a_pause_is_no_churn_and_its_end_no_reactivation,
    s13c_a_late_payment_is_at_risk_and_then_recovered,
    s13d_a_payment_that_never_comes_is_involuntary_churn,
    s14c_a_rate_of_exchange_moves_mrr_and_nobody_left,
);

const JANUARY: &str = "2025-01-01T00:00:00Z";
const FEBRUARY: &str = "2025-02-01T00:00:00Z";
const MARCH: &str = "2025-03-01T00:00:00Z";
const APRIL: &str = "2025-03-31T23:00:00Z";
const MAY: &str = "2025-04-30T23:00:00Z";
const START: &str = "2025-01-01T10:00:00Z";
const START_OF_FEBRUARY: &str = "2025-02-01T10:00:00Z";
const START_OF_MARCH: &str = "2025-03-01T10:00:00Z";
const START_OF_APRIL: &str = "2025-04-01T10:00:00Z";
const YEAR_LATER: &str = "2026-01-01T10:00:00Z";
const FIRST_MONTH: (&str, &str) = (START, START_OF_FEBRUARY);
const SECOND_MONTH: (&str, &str) = (START_OF_FEBRUARY, START_OF_MARCH);

/// A month at the beginning of which somebody new pays so many pence.
const fn joined(at: &'static str, end: i64, moved: &'static [(&'static str, i64)], suppliers: i64) -> Point {
    Point { at, end, moved, at_risk: 0, suppliers, trials: 0 }
}

/// A month in which nothing changes.
const fn quiet(at: &'static str, end: i64, suppliers: i64) -> Point {
    joined(at, end, &[], suppliers)
}

async fn s02_updated_before_created_in_the_same_second_is_one_new_subscription(
    backend: Backend,
) -> anyhow::Result<()> {
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let active = story.contract(Plan::monthly(3_000), START, FIRST_MONTH, &Value::Null);
            let incomplete = with(active.clone(), &json!({"status": "incomplete"}));
            story.tell_at("customer.subscription.updated", at(START), active);
            story.tell_at("customer.subscription.created", at(START), incomplete);
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-01-01T09:59:59Z",
                mrr: &[("current", "0.00")],
                figures: &[("gross", "0.00")],
            },
            Look {
                supplier: 0,
                as_of: "2025-01-01T10:00:01Z",
                mrr: &[("current", "30.00"), ("atRisk", "0.00"), ("status", "\"active\"")],
                figures: &[],
            },
        ],
        moves: &[(0, "2025-01-01", "new", "30.00")],
        from: JANUARY,
        to: MARCH,
        points: &[joined(JANUARY, 3_000, &[("new", 3_000)], 1), quiet(FEBRUARY, 3_000, 1)],
    };
    let played = play(backend, &scenario).await?;
    let moved = crate::mrr_play::movements(&played.app, MARCH).await?;
    for movement in moved {
        ensure!(text(&movement, "at")? == START, "it did not move at that second: {movement}");
    }
    played.app.finish().await
}

/// The same invoice as Stripe wrote it before 2025-03-31.
fn in_old_shape(invoice: Value, story: &Story, bill: &Bill) -> Value {
    let mut invoice = with(
        invoice,
        &json!({
            "subscription": story.subscription_id(), "charge": story.id("ch", bill.name),
            "payment_intent": story.id("pi", bill.name), "paid": true, "paid_out_of_band": false, "tax": null,
            "total_tax_amounts": [],
        }),
    );
    let newer = ["parent", "total_taxes", "amount_overpaid"];
    if let Some(fields) = invoice.as_object_mut() {
        fields.retain(|name, _| !newer.contains(&name.as_str()));
    }
    for line in lines_of(&mut invoice) {
        let Some(fields) = line.as_object_mut() else { continue };
        fields.retain(|name, _| !["parent", "pricing", "taxes"].contains(&name.as_str()));
        fields.insert("type".to_owned(), json!("subscription"));
        fields.insert("proration".to_owned(), json!(false));
        fields.insert("subscription_item".to_owned(), json!(story.id("si", "")));
        fields.insert("price".to_owned(), story.price(Plan::monthly(1_900)));
        fields.insert("tax_amounts".to_owned(), json!([]));
    }
    invoice
}

fn lines_of(invoice: &mut Value) -> impl Iterator<Item = &mut Value> {
    invoice.pointer_mut("/lines/data").and_then(Value::as_array_mut).into_iter().flatten()
}

/// The same subscription with its period on itself, not on its items.
fn with_period_on_top(subscription: Value, period: (&str, &str)) -> Value {
    let mut subscription = with(
        subscription,
        &json!({"current_period_start": at(period.0), "current_period_end": at(period.1), "discount": null}),
    );
    let items = subscription.pointer_mut("/items/data").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        if let Some(fields) = item.as_object_mut() {
            fields.retain(|name, _| !name.starts_with("current_period_"));
        }
    }
    subscription
}

fn tell_in_three_shapes(tag: &str) -> Vec<Story> {
    let mut story = Story::of(tag);
    let bill = Bill::of("", START, 1_900, vec![line("month", 1_900, FIRST_MONTH)]);
    let subscription = story.contract(Plan::monthly(1_900), START, FIRST_MONTH, &Value::Null);
    let (old, new) = (json!({"api_version": "2024-06-20"}), json!({"api_version": "2025-03-31.basil"}));
    story.tell_in("customer.subscription.created", at(START), subscription.clone(), &new);
    let older = with_period_on_top(subscription, FIRST_MONTH);
    story.tell_in("customer.subscription.created", at(START), older, &old);
    story.pay(&bill);
    let invoice = in_old_shape(story.paid_invoice(&bill, START), &story, &bill);
    story.tell_in("invoice.paid", at(START), invoice, &old);
    let charge = story.charge(1_900, 1, &json!({"id": story.id("txn", "1")}));
    let charge = with(charge, &json!({"created": at(START), "invoice": story.id("in", "")}));
    story.tell_in("charge.succeeded", at(START), charge, &old);

    let future = json!({"api_version": "2031-02-01.quartz", "lamplight": {"lit": true}});
    let later = Bill::of("Later", START_OF_FEBRUARY, 500, vec![line("later", 500, SECOND_MONTH)]);
    let taken = story.settle_at(&story.id("ch", "Later"), "charge", 500, 0, at(START_OF_FEBRUARY));
    let charge = with(
        story.charge(500, 1, &taken),
        &json!({
            "id": story.id("ch", "Later"), "created": at(START_OF_FEBRUARY), "payment_intent": null,
            "telepathy": {"by": "moonlight"},
        }),
    );
    story.tell_in("charge.succeeded", at(START_OF_FEBRUARY), charge.clone(), &future);
    story.tell_in("charge.teleported", at(START_OF_FEBRUARY), charge, &future);
    let invoice = story.invoice(&later, &json!({"status": "settled_by_barter"}));
    story.tell_in("invoice.updated", at(START_OF_FEBRUARY), invoice, &future);
    vec![story]
}

async fn s04_one_invoice_in_two_shapes_is_one_and_a_shape_of_the_future_is_drift(
    backend: Backend,
) -> anyhow::Result<()> {
    let scenario = Scenario {
        tell: tell_in_three_shapes,
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-01-31T00:00:00Z",
                mrr: &[("current", "19.00")],
                figures: &[
                    ("payments", "1"),
                    ("gross", "19.00"),
                    ("recurring", "19.00"),
                    ("unexplained", "0.00"),
                ],
            },
            Look {
                supplier: 0,
                as_of: "2025-02-02T00:00:00Z",
                mrr: &[("current", "19.00")],
                figures: &[("payments", "2"), ("gross", "24.00"), ("oneOff", "5.00")],
            },
        ],
        moves: &[(0, "2025-01-01", "new", "19.00")],
        from: JANUARY,
        to: MARCH,
        points: &[joined(JANUARY, 1_900, &[("new", 1_900)], 1), quiet(FEBRUARY, 1_900, 1)],
    };
    let played = play(backend, &scenario).await?;
    let status = played.app.status().await?;
    let drift: Vec<&str> =
        list(&status, "drift")?.iter().map(|found| text(found, "what")).collect::<anyhow::Result<_>>()?;
    for what in ["charge.teleported", "settled_by_barter"] {
        ensure!(drift.iter().any(|found| found.contains(what)), "`{what}` is not told as drift: {drift:?}");
    }
    let (dead, quarantined) = (played.app.count("dead").await?, played.app.count("quarantined").await?);
    ensure!((dead, quarantined) == (0, 0), "what is not known was taken for broken: {status}");
    played.app.finish().await
}

/// A supplier on a monthly price who has paid for one month, so taxed.
fn taxed(tag: &str, paid: i64, tax: Option<(i64, &'static str)>) -> Story {
    let mut story = Story::of(tag);
    let mut bill = Bill::of("", START, paid, vec![line("month", 6_000, FIRST_MONTH)]);
    bill.tax = tax;
    story.tell_at(
        "customer.subscription.created",
        at(START),
        story.contract(Plan::monthly(6_000), START, FIRST_MONTH, &Value::Null),
    );
    story.pay(&bill);
    story
}

async fn s06a_tax_is_in_no_mrr_however_it_is_charged(backend: Backend) -> anyhow::Result<()> {
    const AS_OF: &str = "2025-01-15T00:00:00Z";
    let scenario = Scenario {
        tell: |tag| {
            vec![
                taxed(&format!("{tag}Uk"), 6_000, Some((1_000, "inclusive"))),
                taxed(&format!("{tag}Eu"), 6_000, Some((0, "exclusive"))),
                taxed(&format!("{tag}Us"), 6_533, Some((533, "exclusive"))),
            ]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: AS_OF,
                mrr: &[("current", "50.00")],
                figures: &[("gross", "60.00"), ("tax", "10.00"), ("netRevenue", "50.00")],
            },
            Look {
                supplier: 1,
                as_of: AS_OF,
                mrr: &[("current", "60.00")],
                figures: &[("gross", "60.00"), ("tax", "0.00"), ("netRevenue", "60.00")],
            },
            Look {
                supplier: 2,
                as_of: AS_OF,
                mrr: &[("current", "60.00")],
                figures: &[("gross", "65.33"), ("tax", "5.33"), ("netRevenue", "60.00")],
            },
        ],
        moves: &[
            (0, "2025-01-01", "new", "50.00"),
            (1, "2025-01-01", "new", "60.00"),
            (2, "2025-01-01", "new", "60.00"),
        ],
        from: JANUARY,
        to: FEBRUARY,
        points: &[joined(JANUARY, 17_000, &[("new", 17_000)], 3)],
    };
    let played = play(backend, &scenario).await?;
    let revenue = played.app.get_json(&format!("/api/metrics/revenue?currency=GBP&asOf={AS_OF}")).await?;
    let figures = revenue.get("figures").context("no figures")?;
    let whole = |pence: i64| {
        let all = pence * Played::tellings();
        format!("{}.{:02}", all / 100, all % 100)
    };
    let (gross, tax, net) = (whole(18_533), whole(1_533), whole(17_000));
    figures_are(figures, &[("gross", &gross), ("tax", &tax), ("netRevenue", &net)], "the whole")?;
    played.app.finish().await
}

async fn s06b_the_last_penny_of_a_refunded_tax_comes_back(backend: Backend) -> anyhow::Result<()> {
    const TAX_BACK: [&str; 3] = ["2025-01-11T00:00:00Z", "2025-01-12T00:00:00Z", "2025-01-13T00:00:00Z"];
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let once = story.extra(line("once", 10_000, FIRST_MONTH), false);
            story.pay(&Bill::of("", START, 10_000, vec![once]).taxed(1_667, "inclusive"));
            for (name, amount, day) in [("1", 3_333, 10), ("2", 3_333, 11), ("3", 3_334, 12)] {
                let back = story.settle(&story.id("re", name), "refund", -amount, 0, day);
                let refund = story.refund(name, amount, day, &back);
                story.tell("refund.created", day, refund);
            }
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: TAX_BACK[0],
                mrr: &[("current", "0.00")],
                figures: &[
                    ("gross", "100.00"),
                    ("tax", "16.67"),
                    ("refunds", "27.77"),
                    ("netRevenue", "55.56"),
                ],
            },
            Look {
                supplier: 0,
                as_of: TAX_BACK[1],
                mrr: &[],
                figures: &[("netRevenue", "27.78"), ("refunds", "55.55"), ("refundCount", "2")],
            },
            Look {
                supplier: 0,
                as_of: TAX_BACK[2],
                mrr: &[("current", "0.00")],
                figures: &[("tax", "16.67"), ("refunds", "83.33"), ("netRevenue", "0.00")],
            },
        ],
        moves: &[],
        from: JANUARY,
        to: FEBRUARY,
        points: &[],
    };
    play(backend, &scenario).await?.app.finish().await
}

async fn s11_seats_in_mid_year_and_a_line_that_comes_once(backend: Backend) -> anyhow::Result<()> {
    const JULY: &str = "2025-07-01T10:00:00Z";
    const YEAR: (&str, &str) = (START, YEAR_LATER);
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let contract =
                |seats: i64| story.contract(Plan::yearly(12_000, seats), START, YEAR, &Value::Null);
            let (ten, fifteen) = (contract(10), contract(15));
            let seats = story.extra(line("seats", 30_247, (JULY, YEAR_LATER)), true);
            let once = story.extra(line("once", 50_000, (JULY, JULY)), false);
            story.tell_at("customer.subscription.created", at(START), ten);
            story.pay(&Bill::of("Year", START, 120_000, vec![line("year", 120_000, YEAR)]));
            story.tell_at("customer.subscription.updated", at(JULY), fifteen);
            story.pay(&Bill::of("Seats", JULY, 80_247, vec![seats, once]));
            vec![story]
        },
        looks: &[
            Look { supplier: 0, as_of: "2025-06-30T23:00:00Z", mrr: &[("current", "100.00")], figures: &[] },
            Look {
                supplier: 0,
                as_of: "2025-07-02T00:00:00Z",
                mrr: &[("current", "150.00")],
                figures: &[("gross", "2002.47"), ("recurring", "1502.47"), ("oneOff", "500.00")],
            },
        ],
        moves: &[(0, "2025-01-01", "new", "100.00"), (0, "2025-07-01", "expansion", "50.00")],
        from: "2025-05-31T23:00:00Z",
        to: "2025-07-31T23:00:00Z",
        points: &[
            quiet("2025-05-31T23:00:00Z", 10_000, 1),
            joined("2025-06-30T23:00:00Z", 15_000, &[("expansion", 5_000)], 1),
        ],
    };
    play(backend, &scenario).await?.app.finish().await
}

/// A supplier with a coupon; `paid` pence in January. A discount that ends is told of when it does.
fn with_coupon(tag: &str, plan: Plan, coupon: &Value, end: Option<&'static str>, paid: i64) -> Story {
    let mut story = Story::of(tag);
    let period = (START, if plan.interval == "year" { YEAR_LATER } else { START_OF_FEBRUARY });
    let discount = story.discount(START, end, coupon);
    let contract = story.contract(plan, START, period, &json!({"discounts": [story.id("di", "")]}));
    story.tell_at("customer.discount.created", at(START), discount.clone());
    story.tell_at("customer.subscription.created", at(START), contract);
    let off = json!([{"amount": plan.amount - paid, "discount": story.id("di", "")}]);
    let billed = with(line("first", plan.amount, period), &json!({"discount_amounts": off}));
    if paid > 0 {
        story.pay(&Bill::of("", START, paid, vec![billed]));
    }
    if let Some(end) = end {
        story.tell_at("customer.discount.deleted", at(end), discount);
    }
    story
}

fn tell_of_coupons(tag: &str) -> Vec<Story> {
    let month = Plan::monthly(5_000);
    let three_months = json!({"duration": "repeating", "duration_in_months": 3});
    let tenner = with(three_months.clone(), &json!({"amount_off": 1_000, "currency": "gbp"}));
    let half = with(three_months, &json!({"percent_off": 50}));
    let once = json!({"percent_off": 50, "duration": "once"});
    let ends = Some(START_OF_APRIL);
    vec![
        with_coupon(&format!("{tag}A"), month, &once, None, 2_500),
        with_coupon(&format!("{tag}B"), month, &tenner, ends, 4_000),
        with_coupon(&format!("{tag}C"), month, &json!({"percent_off": 20.0}), None, 4_000),
        with_coupon(&format!("{tag}D"), month, &json!({"percent_off": 100}), None, 0),
        with_coupon(&format!("{tag}E"), Plan::yearly(60_000, 1), &half, ends, 30_000),
    ]
}

/// A supplier with a coupon on 15 February, or on 15 May.
const fn coupon(supplier: usize, as_of: &'static str, mrr: &'static [(&'static str, &'static str)]) -> Look {
    Look { supplier, as_of, mrr, figures: &[] }
}

/// What a supplier has paid in January.
const fn cash(supplier: usize, figures: &'static [(&'static str, &'static str)]) -> Look {
    Look { supplier, as_of: FEBRUARY, mrr: &[], figures }
}

async fn s12_coupons_count_for_as_long_as_they_last(backend: Backend) -> anyhow::Result<()> {
    const WINTER: &str = "2025-02-15T12:00:00Z";
    const SPRING: &str = "2025-05-15T12:00:00Z";
    let scenario = Scenario {
        tell: tell_of_coupons,
        looks: &[
            coupon(0, WINTER, &[("current", "50.00")]),
            coupon(1, WINTER, &[("current", "40.00")]),
            coupon(2, WINTER, &[("current", "40.00")]),
            coupon(3, WINTER, &[("current", "0.00"), ("status", "\"active\"")]),
            coupon(4, WINTER, &[("current", "25.00")]),
            coupon(0, SPRING, &[("current", "50.00")]),
            coupon(1, SPRING, &[("current", "50.00")]),
            coupon(2, SPRING, &[("current", "40.00")]),
            coupon(3, SPRING, &[("current", "0.00"), ("status", "\"active\"")]),
            coupon(4, SPRING, &[("current", "25.00")]),
            coupon(4, "2026-01-01T09:59:59Z", &[("current", "25.00")]),
            coupon(4, "2026-01-01T10:00:01Z", &[("current", "50.00")]),
            cash(0, &[("gross", "25.00")]),
            cash(1, &[("gross", "40.00")]),
            cash(2, &[("gross", "40.00")]),
            cash(3, &[("gross", "0.00"), ("payments", "0")]),
            cash(4, &[("gross", "300.00"), ("unexplained", "0.00")]),
        ],
        moves: &[
            (0, "2025-01-01", "new", "50.00"),
            (1, "2025-01-01", "new", "40.00"),
            (1, "2025-04-01", "discountEnd", "10.00"),
            (2, "2025-01-01", "new", "40.00"),
            (4, "2025-01-01", "new", "25.00"),
            (4, "2026-01-01", "discountEnd", "25.00"),
        ],
        from: JANUARY,
        to: "2026-02-01T00:00:00Z",
        points: &[
            joined(JANUARY, 15_500, &[("new", 15_500)], 4),
            quiet(FEBRUARY, 15_500, 4),
            quiet(MARCH, 15_500, 4),
            joined(APRIL, 16_500, &[("discountEnd", 1_000)], 4),
            quiet(MAY, 16_500, 4),
            joined("2026-01-01T00:00:00Z", 19_000, &[("discountEnd", 2_500)], 4),
        ],
    };
    play(backend, &scenario).await?.app.finish().await
}

async fn s13a_a_trial_that_never_pays_is_no_churn(backend: Backend) -> anyhow::Result<()> {
    const TRIAL_ENDS: &str = "2025-01-15T10:00:00Z";
    const GIVEN_UP: &str = "2025-01-16T09:00:00Z";
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let plan = Plan::monthly(3_000);
            let trial = json!({"trial_start": at(START), "trial_end": at(TRIAL_ENDS)});
            let contract = |period, status: &str, changes: &Value| {
                let changes = with(with(trial.clone(), &json!({"status": status})), changes);
                story.contract(plan, START, period, &changes)
            };
            let month = (TRIAL_ENDS, "2025-02-15T10:00:00Z");
            let trialing = contract((START, TRIAL_ENDS), "trialing", &Value::Null);
            let incomplete = contract(month, "incomplete", &Value::Null);
            let expired = contract(month, "incomplete_expired", &json!({"ended_at": at(GIVEN_UP)}));
            let bill = Bill::of("", TRIAL_ENDS, 3_000, vec![line("first", 3_000, month)]);
            story.tell_at("customer.subscription.created", at(START), trialing);
            story.tell_at("customer.subscription.updated", at(TRIAL_ENDS), incomplete);
            story.fail(&bill, 1, "2025-01-15T10:00:05Z", None);
            story.tell_at("customer.subscription.updated", at(GIVEN_UP), expired);
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-01-10T00:00:00Z",
                mrr: &[("current", "0.00"), ("status", "\"trialing\"")],
                figures: &[],
            },
            Look {
                supplier: 0,
                as_of: "2025-01-15T12:00:00Z",
                mrr: &[("current", "0.00"), ("atRisk", "0.00")],
                figures: &[],
            },
            Look { supplier: 0, as_of: FEBRUARY, mrr: &[("current", "0.00")], figures: &[("gross", "0.00")] },
        ],
        moves: &[],
        from: JANUARY,
        to: MARCH,
        points: &[
            Point { at: JANUARY, end: 0, moved: &[], at_risk: 0, suppliers: 0, trials: 1 },
            quiet(FEBRUARY, 0, 0),
        ],
    };
    let played = play(backend, &scenario).await?;
    let path = format!("/api/metrics/mrr?currency=GBP&from={JANUARY}&to={MARCH}&asOf={MARCH}");
    let answer = played.app.get_json(&path).await?;
    for point in list(&answer, "points")? {
        ensure!(point.get("converted") == Some(&json!(0)), "a trial turned into MRR: {point}");
    }
    played.app.finish().await
}

async fn s13b_a_pause_is_no_churn_and_its_end_no_reactivation(backend: Backend) -> anyhow::Result<()> {
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let plan = Plan::monthly(3_500);
            let fourth = (START_OF_APRIL, "2025-05-01T10:00:00Z");
            let paused = json!({"pause_collection": {"behavior": "void", "resumes_at": at(START_OF_APRIL)}});
            let started = story.contract(plan, START, FIRST_MONTH, &Value::Null);
            let paused = story.contract(plan, START, SECOND_MONTH, &paused);
            let resumed = story.contract(plan, START, fourth, &Value::Null);
            story.tell_at("customer.subscription.created", at(START), started);
            story.pay(&Bill::of("1", START, 3_500, vec![line("first", 3_500, FIRST_MONTH)]));
            story.tell_at("customer.subscription.updated", at(START_OF_FEBRUARY), paused);
            for (name, when, period) in [
                ("2", START_OF_FEBRUARY, SECOND_MONTH),
                ("3", START_OF_MARCH, (START_OF_MARCH, START_OF_APRIL)),
            ] {
                let bill = Bill::of(name, when, 3_500, vec![line(name, 3_500, period)]);
                let transitions = json!({"finalized_at": at(when), "paid_at": null, "voided_at": at(when)});
                let void = json!({"status": "void", "status_transitions": transitions});
                let invoice = story.invoice(&bill, &void);
                story.tell_at("invoice.voided", at(when), invoice);
            }
            story.tell_at("customer.subscription.updated", at(START_OF_APRIL), resumed);
            story.pay(&Bill::of("4", START_OF_APRIL, 3_500, vec![line("fourth", 3_500, fourth)]));
            vec![story]
        },
        looks: &[
            Look { supplier: 0, as_of: "2025-01-20T00:00:00Z", mrr: &[("current", "35.00")], figures: &[] },
            Look {
                supplier: 0,
                as_of: "2025-02-20T00:00:00Z",
                mrr: &[("current", "0.00"), ("status", "\"paused\"")],
                figures: &[("gross", "35.00")],
            },
            Look { supplier: 0, as_of: "2025-03-20T00:00:00Z", mrr: &[("current", "0.00")], figures: &[] },
            Look {
                supplier: 0,
                as_of: "2025-04-20T00:00:00Z",
                mrr: &[("current", "35.00"), ("status", "\"active\"")],
                figures: &[("gross", "70.00"), ("payments", "2")],
            },
        ],
        moves: &[
            (0, "2025-01-01", "new", "35.00"),
            (0, "2025-02-01", "pause", "-35.00"),
            (0, "2025-04-01", "resume", "35.00"),
        ],
        from: JANUARY,
        to: MAY,
        points: &[
            joined(JANUARY, 3_500, &[("new", 3_500)], 1),
            joined(FEBRUARY, 0, &[("pause", -3_500)], 0),
            quiet(MARCH, 0, 0),
            joined(APRIL, 3_500, &[("resume", 3_500)], 1),
        ],
    };
    play(backend, &scenario).await?.app.finish().await
}

const SIGNED: &str = "2025-01-28T10:00:00Z";
const FAILED: &str = "2025-02-28T10:00:00Z";
const FIRST_PERIOD: (&str, &str) = (SIGNED, FAILED);
const LATE_PERIOD: (&str, &str) = (FAILED, "2025-03-28T10:00:00Z");

/// A supplier at 60.00 a month, who paid on 28 January and did not on 28 February.
fn late(tag: &str) -> (Story, Bill) {
    let mut story = Story::of(tag);
    let plan = Plan::monthly(6_000);
    let started = story.contract(plan, SIGNED, FIRST_PERIOD, &Value::Null);
    let past_due = story.contract(plan, SIGNED, LATE_PERIOD, &json!({"status": "past_due"}));
    let bill = Bill::of("2", FAILED, 6_000, vec![line("second", 6_000, LATE_PERIOD)]);
    story.tell_at("customer.subscription.created", at(SIGNED), started);
    story.pay(&Bill::of("1", SIGNED, 6_000, vec![line("first", 6_000, FIRST_PERIOD)]));
    story.fail(&bill, 1, FAILED, Some("2025-03-05T10:00:00Z"));
    story.tell_at("customer.subscription.updated", at(FAILED), past_due);
    (story, bill)
}

async fn s13c_a_late_payment_is_at_risk_and_then_recovered(backend: Backend) -> anyhow::Result<()> {
    const PAID: &str = "2025-03-05T10:00:00Z";
    let scenario = Scenario {
        tell: |tag| {
            let (mut story, bill) = late(tag);
            story.pay_late(&bill, PAID);
            let active = story.contract(Plan::monthly(6_000), SIGNED, LATE_PERIOD, &Value::Null);
            story.tell_at("customer.subscription.updated", at(PAID), active);
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-02-27T00:00:00Z",
                mrr: &[("current", "60.00"), ("atRisk", "0.00")],
                figures: &[("gross", "60.00")],
            },
            Look {
                supplier: 0,
                as_of: "2025-03-04T00:00:00Z",
                mrr: &[("current", "60.00"), ("atRisk", "60.00"), ("status", "\"pastDue\"")],
                figures: &[("gross", "60.00")],
            },
            Look {
                supplier: 0,
                as_of: "2025-03-06T00:00:00Z",
                mrr: &[("current", "60.00"), ("atRisk", "0.00"), ("status", "\"active\"")],
                figures: &[("gross", "120.00")],
            },
        ],
        moves: &[(0, "2025-01-28", "new", "60.00")],
        from: JANUARY,
        to: APRIL,
        points: &[
            joined(JANUARY, 6_000, &[("new", 6_000)], 1),
            Point { at: FEBRUARY, end: 6_000, moved: &[], at_risk: 6_000, suppliers: 1, trials: 0 },
            quiet(MARCH, 6_000, 1),
        ],
    };
    let played = play(backend, &scenario).await?;
    failures_are(&played, APRIL, &[("recovered", 6_000), ("lost", 0), ("open", 0), ("atRisk", 0)], 1).await?;
    failures_are(&played, "2025-03-04T00:00:00Z", &[("recovered", 0), ("open", 6_000), ("atRisk", 6_000)], 1)
        .await?;
    let answer = failures(&played, APRIL).await?;
    ensure!(rate(&answer) == Some(1.0), "all was recovered: {answer}");
    played.app.finish().await
}

async fn s13d_a_payment_that_never_comes_is_involuntary_churn(backend: Backend) -> anyhow::Result<()> {
    const CANCELLED: &str = "2025-03-21T10:00:00Z";
    let scenario = Scenario {
        tell: |tag| {
            let (mut story, bill) = late(tag);
            story.fail(&bill, 2, "2025-03-05T10:00:00Z", None);
            let ended = json!({
                "status": "canceled", "canceled_at": at(CANCELLED), "ended_at": at(CANCELLED),
                "cancellation_details": {"reason": "payment_failed"},
            });
            let ended = story.contract(Plan::monthly(6_000), SIGNED, LATE_PERIOD, &ended);
            story.tell_at("customer.subscription.deleted", at(CANCELLED), ended);
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-03-21T09:59:59Z",
                mrr: &[("current", "60.00"), ("atRisk", "60.00")],
                figures: &[("gross", "60.00")],
            },
            Look {
                supplier: 0,
                as_of: "2025-03-22T00:00:00Z",
                mrr: &[("current", "0.00"), ("atRisk", "0.00"), ("status", "\"churned\"")],
                figures: &[("gross", "60.00")],
            },
        ],
        moves: &[(0, "2025-01-28", "new", "60.00"), (0, "2025-03-21", "churn", "-60.00")],
        from: JANUARY,
        to: APRIL,
        points: &[
            joined(JANUARY, 6_000, &[("new", 6_000)], 1),
            Point { at: FEBRUARY, end: 6_000, moved: &[], at_risk: 6_000, suppliers: 1, trials: 0 },
            joined(MARCH, 0, &[("churn", -6_000)], 0),
        ],
    };
    let played = play(backend, &scenario).await?;
    for movement in crate::mrr_play::movements(&played.app, APRIL).await? {
        let involuntary = movement.get("voluntary") == Some(&Value::Bool(false));
        ensure!(text(&movement, "kind")? != "churn" || involuntary, "nobody wanted this: {movement}");
    }
    let amounts =
        [("recovered", 0), ("lost", 6_000), ("open", 0), ("involuntaryChurn", -6_000), ("voluntaryChurn", 0)];
    failures_are(&played, APRIL, &amounts, 2).await?;
    let answer = failures(&played, APRIL).await?;
    ensure!(rate(&answer) == Some(0.0), "nothing was recovered: {answer}");
    played.app.finish().await
}

async fn failures(played: &Played, as_of: &str) -> anyhow::Result<Value> {
    played.app.get_json(&format!("/api/metrics/payment-failures?currency=GBP&asOf={as_of}")).await
}

fn rate(answer: &Value) -> Option<f64> {
    answer.get("recoveryRate")?.as_str()?.parse().ok()
}

/// Failed payments of one telling, in pence, and the attempts that failed.
async fn failures_are(
    played: &Played,
    as_of: &str,
    amounts: &[(&str, i64)],
    attempts: i64,
) -> anyhow::Result<()> {
    let answer = failures(played, as_of).await?;
    for (name, pence) in amounts {
        let found = crate::check::pence(answer.get(*name).with_context(|| format!("no `{name}`"))?)?;
        ensure!(found == pence * Played::tellings(), "as of {as_of}, `{name}` is not {pence} × n: {answer}");
    }
    if as_of == APRIL {
        let found = crate::check::number(&answer, "attempts")?;
        ensure!(found == attempts * Played::tellings(), "not {attempts} attempts each: {answer}");
    }
    Ok(())
}

async fn s14c_a_rate_of_exchange_moves_mrr_and_nobody_left(backend: Backend) -> anyhow::Result<()> {
    let scenario = Scenario {
        tell: |tag| {
            let mut story = Story::of(tag);
            let plan = Plan { amount: 10_000, currency: "usd", interval: "month", quantity: 1 };
            for (name, period, settled) in [("1", FIRST_MONTH, 8_000), ("2", SECOND_MONTH, 7_600)] {
                let kind = if name == "1" { "created" } else { "updated" };
                let contract = story.contract(plan, START, period, &Value::Null);
                story.tell_at(&format!("customer.subscription.{kind}"), at(period.0), contract);
                let bill = Bill::of(name, period.0, 10_000, vec![line(name, 10_000, period)]);
                story.pay(&bill.exchanged("usd", settled));
            }
            vec![story]
        },
        looks: &[
            Look {
                supplier: 0,
                as_of: "2025-01-15T00:00:00Z",
                mrr: &[("current", "80.00")],
                figures: &[("gross", "80.00")],
            },
            Look {
                supplier: 0,
                as_of: "2025-02-15T00:00:00Z",
                mrr: &[("current", "76.00")],
                figures: &[("gross", "156.00")],
            },
        ],
        moves: &[(0, "2025-01-01", "new", "80.00"), (0, "2025-02-01", "fx", "-4.00")],
        from: JANUARY,
        to: MARCH,
        points: &[joined(JANUARY, 8_000, &[("new", 8_000)], 1), joined(FEBRUARY, 7_600, &[("fx", -400)], 1)],
    };
    let played = play(backend, &scenario).await?;
    let answer = played.app.get_json(&format!("/api/metrics/cohorts?currency=GBP&asOf={MARCH}")).await?;
    let [cohort] = list(&answer, "cohorts")? else { anyhow::bail!("not one cohort: {answer}") };
    ensure!(text(cohort, "key")? == "2025-01", "another month: {cohort}");
    let periods = list(cohort, "periods")?;
    let february = periods.iter().find(|period| period.get("n") == Some(&json!(1)));
    let february = february.with_context(|| format!("no second month: {cohort}"))?;
    let share = |name: &str| text(february, name).ok().and_then(|text| text.parse::<f64>().ok());
    ensure!(share("netRetention") == Some(0.95), "as reported: {february}");
    ensure!(share("netRetentionConstantRates") == Some(1.0), "at constant rates: {february}");
    ensure!(figure(february, "revenue") == "456.00", "six times 76.00: {february}");
    played.app.finish().await
}

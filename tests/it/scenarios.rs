//! Hard cases with the right amounts: S05, S07 and S09. Each is told in the given, the reversed and a shuffled order,
//! once and twice, step by step; and in one go, long after. Every telling is about a customer of its own.

use anyhow::{Context, ensure};
use e2e::{Backend, Story, TestApp, View, with};
use serde_json::{Value, json};
use simulator::{DeliveryOrder, Faults, SimEvent, StripeStandIn, deliveries};

use crate::check::{figures_are, list, text};
use crate::macros::on_both_stores;

on_both_stores!(
    s05_two_partial_refunds_are_summed_from_their_own_objects,
    s07a_a_dispute_that_is_won_leaves_no_trace_but_in_what_was_known,
    s07b_an_inquiry_moves_no_money,
    s09_what_was_captured_counts_and_not_what_was_authorised,
);

/// How a story is told.
struct Telling {
    name: &'static str,
    order: DeliveryOrder,
    times: usize,
    /// All of it in the last step.
    late: bool,
}

const SHUFFLED: DeliveryOrder = DeliveryOrder::Shuffled { seed: 59 };
const TELLINGS: [Telling; 8] = [
    Telling { name: "Given", order: DeliveryOrder::InOrder, times: 1, late: false },
    Telling { name: "GivenTwice", order: DeliveryOrder::InOrder, times: 2, late: false },
    Telling { name: "Reversed", order: DeliveryOrder::Reversed, times: 1, late: false },
    Telling { name: "ReversedTwice", order: DeliveryOrder::Reversed, times: 2, late: false },
    Telling { name: "Shuffled", order: SHUFFLED, times: 1, late: false },
    Telling { name: "ShuffledTwice", order: SHUFFLED, times: 2, late: false },
    Telling { name: "LateReversed", order: DeliveryOrder::Reversed, times: 1, late: true },
    Telling { name: "LateShuffledTwice", order: SHUFFLED, times: 2, late: true },
];

/// The first `told` messages are told, and the provider's lists show what was created by the end of `day`.
struct Step {
    told: usize,
    day: i64,
}

/// What is expected after a step: at the end of a day, with what was known after a step.
struct Column {
    after: usize,
    as_of_day: i64,
    known_after: Option<usize>,
    figures: &'static [(&'static str, &'static str)],
}

async fn play(
    backend: Backend,
    tell: fn(&str) -> Story,
    steps: &[Step],
    columns: &[Column],
) -> anyhow::Result<()> {
    let stories: Vec<Story> = TELLINGS.iter().map(|telling| tell(telling.name)).collect();
    let (told, world) = Story::play(&stories)?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    let mut known = Vec::new();
    let mut before = 0;
    for (number, step) in steps.iter().enumerate() {
        stand_in.reveal_until(Some(Story::end_of(step.day)));
        if number == 0 {
            app.configure(&stand_in, true).await?;
        }
        let last = number + 1 == steps.len();
        for (telling, messages) in TELLINGS.iter().zip(&told) {
            let part = match telling.late {
                true if last => messages.get(..),
                true => messages.get(..0),
                false => messages.get(before..step.told),
            };
            send(&app, telling, part.context("a step tells more than there is")?).await?;
        }
        before = step.told;
        app.until_idle().await?;
        known.push(text(&app.revenue(&View::default()).await?, "knownAt")?.to_owned());
        for column in columns.iter().filter(|column| column.after == number) {
            check(&app, &stories, column, last, &known).await?;
        }
    }
    app.finish().await
}

async fn send(app: &TestApp, telling: &Telling, part: &[SimEvent]) -> anyhow::Result<()> {
    for _ in 0..telling.times {
        app.send_all(&deliveries(part, telling.order)).await?;
    }
    Ok(())
}

async fn check(
    app: &TestApp,
    stories: &[Story],
    column: &Column,
    last: bool,
    known: &[String],
) -> anyhow::Result<()> {
    let view = View {
        as_of: Some(Story::end_of(column.as_of_day).format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        known_at: column.known_after.and_then(|step| known.get(step).cloned()),
    };
    for (telling, story) in TELLINGS.iter().zip(stories) {
        if telling.late && (!last || column.known_after.is_some()) {
            continue;
        }
        let what = format!("{} after step {}, {view:?}", telling.name, column.after);
        let answer = supplier_ltv(app, &story.customer(), &view).await.with_context(|| what.clone())?;
        figures_are(&answer, column.figures, &what)?;
    }
    Ok(())
}

/// The realised figures of the supplier that the provider knows as this customer.
async fn supplier_ltv(app: &TestApp, customer: &str, view: &View) -> anyhow::Result<Value> {
    let found = app.get_json(&format!("/api/suppliers?externalRef=stripe:{customer}")).await?;
    let [supplier] = list(&found, "data")? else { anyhow::bail!("not one supplier for {customer}: {found}") };
    let id = text(supplier, "supplierId")?;
    let answer = app.get_json(&format!("/api/suppliers/{id}/ltv?{}", view.query())).await?;
    ensure!(text(&answer, "supplierId")? == id, "the answer is about another supplier");
    answer.get("realised").cloned().context("no realised figures")
}

async fn s05_two_partial_refunds_are_summed_from_their_own_objects(backend: Backend) -> anyhow::Result<()> {
    let tell = |tag: &str| {
        let mut story = Story::of(tag);
        let taken = story.settle(&story.id("ch", ""), "charge", 2_100, 86, 1);
        let charge = story.charge(2_100, 1, &taken);
        story.tell("charge.succeeded", 1, charge.clone());
        let first = story.settle(&story.id("re", "1"), "refund", -800, 0, 2);
        story.tell("charge.refunded", 2, with(charge.clone(), &json!({"amount_refunded": 800})));
        story.tell("refund.created", 2, story.refund("1", 800, 2, &first));
        let second = story.settle(&story.id("re", "2"), "refund", -1_300, 0, 3);
        story.tell("charge.refunded", 3, with(charge, &json!({"amount_refunded": 2_100, "refunded": true})));
        story.tell("refund.created", 3, story.refund("2", 1_300, 3, &second));
        story.tell_again(1);
        story
    };
    let after_first: &[(&str, &str)] = &[
        ("payments", "1"),
        ("gross", "21.00"),
        ("refundCount", "1"),
        ("refunds", "8.00"),
        ("processorFees", "0.86"),
        ("netRevenue", "12.14"),
        ("unexplained", "0.00"),
    ];
    let end: &[(&str, &str)] = &[
        ("payments", "1"),
        ("gross", "21.00"),
        ("refundCount", "2"),
        ("refunds", "21.00"),
        ("processorFees", "0.86"),
        ("netRevenue", "-0.86"),
        ("providerBalance", "-0.86"),
        ("unexplained", "0.00"),
    ];
    let columns = [
        Column { after: 0, as_of_day: 2, known_after: None, figures: after_first },
        Column { after: 1, as_of_day: 2, known_after: None, figures: after_first },
        Column { after: 1, as_of_day: 3, known_after: None, figures: end },
        Column { after: 1, as_of_day: 3, known_after: Some(0), figures: after_first },
        Column { after: 1, as_of_day: 3, known_after: Some(1), figures: end },
    ];
    play(backend, tell, &[Step { told: 3, day: 2 }, Step { told: 6, day: 3 }], &columns).await
}

async fn s07a_a_dispute_that_is_won_leaves_no_trace_but_in_what_was_known(
    backend: Backend,
) -> anyhow::Result<()> {
    let tell = |tag: &str| {
        let mut story = Story::of(tag);
        let taken = story.settle(&story.id("ch", ""), "charge", 8_000, 140, 1);
        story.tell("charge.succeeded", 1, story.charge(8_000, 1, &taken));
        let out = story.settle(&story.id("du", ""), "dispute", -8_000, 2_000, 5);
        story.tell("charge.dispute.created", 5, story.dispute(8_000, 5, "needs_response", &[&out]));
        story.tell("charge.dispute.funds_withdrawn", 5, story.dispute(8_000, 5, "needs_response", &[&out]));
        story.tell("charge.dispute.updated", 7, story.dispute(8_000, 5, "under_review", &[&out]));
        let back = story.settle(&story.id("du", ""), "dispute_reversal", 8_000, -2_000, 40);
        story.tell("charge.dispute.funds_reinstated", 40, story.dispute(8_000, 5, "won", &[&out, &back]));
        story.tell("charge.dispute.closed", 40, story.dispute(8_000, 5, "won", &[&out, &back]));
        story
    };
    let quiet: &[(&str, &str)] =
        &[("gross", "80.00"), ("chargebacks", "0.00"), ("disputeFees", "0.00"), ("netRevenue", "78.60")];
    let disputed: &[(&str, &str)] = &[
        ("gross", "80.00"),
        ("chargebacks", "80.00"),
        ("disputes", "1"),
        ("disputeFees", "20.00"),
        ("processorFees", "1.40"),
        ("netRevenue", "-21.40"),
        ("unexplained", "0.00"),
    ];
    let columns = [
        Column { after: 0, as_of_day: 4, known_after: None, figures: quiet },
        Column { after: 0, as_of_day: 10, known_after: None, figures: disputed },
        Column { after: 1, as_of_day: 4, known_after: None, figures: quiet },
        Column { after: 1, as_of_day: 10, known_after: None, figures: disputed },
        Column { after: 1, as_of_day: 41, known_after: None, figures: quiet },
        Column { after: 1, as_of_day: 41, known_after: Some(0), figures: disputed },
    ];
    play(backend, tell, &[Step { told: 4, day: 10 }, Step { told: 6, day: 41 }], &columns).await
}

async fn s07b_an_inquiry_moves_no_money(backend: Backend) -> anyhow::Result<()> {
    let tell = |tag: &str| {
        let mut story = Story::of(tag);
        let taken = story.settle(&story.id("ch", ""), "charge", 5_000, 95, 1);
        story.tell("charge.succeeded", 1, story.charge(5_000, 1, &taken));
        story.tell("charge.dispute.created", 3, story.dispute(5_000, 3, "warning_needs_response", &[]));
        story.tell("charge.dispute.closed", 20, story.dispute(5_000, 3, "warning_closed", &[]));
        story
    };
    let told: &[(&str, &str)] = &[
        ("payments", "1"),
        ("gross", "50.00"),
        ("chargebacks", "0.00"),
        ("disputes", "0"),
        ("inquiries", "1"),
        ("disputeFees", "0.00"),
        ("netRevenue", "49.05"),
        ("unexplained", "0.00"),
    ];
    let before: &[(&str, &str)] = &[("inquiries", "0"), ("netRevenue", "49.05")];
    let columns = [
        Column { after: 0, as_of_day: 2, known_after: None, figures: before },
        Column { after: 0, as_of_day: 10, known_after: None, figures: told },
        Column { after: 1, as_of_day: 21, known_after: None, figures: told },
        Column { after: 1, as_of_day: 21, known_after: Some(0), figures: told },
    ];
    play(backend, tell, &[Step { told: 2, day: 10 }, Step { told: 3, day: 21 }], &columns).await
}

async fn s09_what_was_captured_counts_and_not_what_was_authorised(backend: Backend) -> anyhow::Result<()> {
    let tell = |tag: &str| {
        let mut story = Story::of(tag);
        let authorised = story.charge(30_000, 1, &json!({}));
        story.tell(
            "charge.succeeded",
            1,
            with(authorised.clone(), &json!({"captured": false, "amount_captured": 0})),
        );
        let taken = story.settle(&story.id("ch", ""), "charge", 18_000, 290, 2);
        let captured = with(
            authorised,
            &json!({"amount_captured": 18_000, "amount_refunded": 12_000, "balance_transaction": taken.get("id")}),
        );
        story.tell("charge.captured", 2, captured.clone());
        let back = story.settle(&story.id("re", "1"), "refund", -5_000, 0, 9);
        story.tell("charge.refunded", 9, with(captured, &json!({"amount_refunded": 17_000})));
        story.tell("refund.created", 9, story.refund("1", 5_000, 9, &back));
        story
    };
    let captured: &[(&str, &str)] = &[
        ("payments", "1"),
        ("gross", "180.00"),
        ("refunds", "0.00"),
        ("refundCount", "0"),
        ("processorFees", "2.90"),
        ("netRevenue", "177.10"),
        ("pending", "0.00"),
        ("unexplained", "0.00"),
    ];
    let refunded: &[(&str, &str)] = &[
        ("payments", "1"),
        ("gross", "180.00"),
        ("refunds", "50.00"),
        ("refundCount", "1"),
        ("processorFees", "2.90"),
        ("netRevenue", "127.10"),
        ("providerBalance", "127.10"),
        ("unexplained", "0.00"),
    ];
    let columns = [
        Column { after: 0, as_of_day: 3, known_after: None, figures: captured },
        Column { after: 1, as_of_day: 3, known_after: None, figures: captured },
        Column { after: 1, as_of_day: 10, known_after: None, figures: refunded },
        Column { after: 1, as_of_day: 10, known_after: Some(0), figures: captured },
    ];
    play(backend, tell, &[Step { told: 2, day: 3 }, Step { told: 4, day: 10 }], &columns).await
}

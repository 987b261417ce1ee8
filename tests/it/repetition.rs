//! The same message again, and another under the same id.

use anyhow::ensure;
use e2e::{Backend, Story, TestApp, View, with};
use serde_json::{Value, json};
use simulator::{Faults, StripeStandIn};

use crate::check::{counts_add_up, figure, number};
use crate::macros::on_both_stores;

on_both_stores!(
    of_the_same_message_at_the_same_moment_one_is_new,
    another_message_under_a_known_id_is_kept_too
);

const AT_ONCE: usize = 16;

async fn one_payment(backend: Backend) -> anyhow::Result<(TestApp, StripeStandIn, Vec<u8>)> {
    let mut story = Story::of("Again");
    let taken = story.settle(&story.id("ch", ""), "charge", 3_000, 65, 1);
    story.tell("charge.succeeded", 1, story.charge(3_000, 1, &taken));
    let (told, world) = Story::play(&[story])?;
    let stand_in = StripeStandIn::start(world, Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    let body = told.iter().flatten().map(|event| event.body.to_vec()).next().unwrap_or_default();
    Ok((app, stand_in, body))
}

async fn of_the_same_message_at_the_same_moment_one_is_new(backend: Backend) -> anyhow::Result<()> {
    let (app, _stand_in, body) = one_payment(backend).await?;
    let sends = (0..AT_ONCE).map(|_| app.send(&body));
    let answers = futures_util::future::try_join_all(sends).await?;
    let mut new = 0;
    for answer in answers {
        let answer = answer.expect(200)?;
        new += usize::from(answer.get("duplicate") == Some(&Value::Bool(false)));
    }
    ensure!(new == 1, "{new} of {AT_ONCE} were called new");
    app.until_idle().await?;
    let status = app.status().await?;
    ensure!(
        number(&status, "duplicates")? == i64::try_from(AT_ONCE)? - 1,
        "not all repetitions are counted: {status}"
    );
    counts_add_up(&status)?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "payments") == "1" && figure(&figures, "netRevenue") == "29.35", "{figures}");
    app.finish().await
}

async fn another_message_under_a_known_id_is_kept_too(backend: Backend) -> anyhow::Result<()> {
    let (app, _stand_in, body) = one_payment(backend).await?;
    app.send(&body).await?.expect(200)?;
    app.until_idle().await?;
    let before = app.count("accepted").await?;

    let again = with(serde_json::from_slice(&body)?, &json!({"pending_webhooks": 7}));
    let answer = app.send(again.to_string().as_bytes()).await?.expect(200)?;
    ensure!(answer.get("duplicate") == Some(&Value::Bool(true)), "a repetition is taken for new: {answer}");
    let customer = json!({"id": "cus_other", "object": "customer", "created": Story::noon(1)});
    let other = with(again, &json!({"type": "customer.created", "data": {"object": customer}}));
    let answer = app.send(other.to_string().as_bytes()).await?.expect(200)?;
    ensure!(
        answer.get("duplicate") == Some(&Value::Bool(false)),
        "another message is taken for the same: {answer}"
    );
    app.until_idle().await?;
    ensure!(app.count("accepted").await? == before + 1, "not exactly one more message is kept");
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "gross") == "30.00", "{figures}");
    app.finish().await
}

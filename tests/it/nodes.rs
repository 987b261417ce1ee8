//! Several services share one PostgreSQL store.

use anyhow::ensure;
use e2e::{Backend, Service, TestApp, View};
use simulator::{Faults, StripeStandIn};

use crate::check::counts_add_up;
use crate::load::{Post, business};

const CONNECTIONS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_on_one_store_book_each_fact_once() -> anyhow::Result<()> {
    let history = business(20, 4, 41)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    let app = TestApp::start(Backend::Postgres).await?;
    app.configure(&stand_in, true).await?;
    let mut second = app.place.ltv()?;
    second.env("LTV__PIPELINE__READ_DELAY_MS", "30");
    second.args(["serve", "--store", app.place.store(), "--listen", "127.0.0.1:0", "--json"]);
    let second = Service::start(second, &app.place.folder().join("log-of-the-second")).await?;

    // Both are told everything, each in an order of its own.
    let (first_post, second_post) = (Post::of(&history.events, 1), Post::of(&history.events, 2));
    let second_url = format!("{}/api/webhooks/ltv/payments/stripe", second.url());
    let first_url = app.webhook_url();
    tokio::try_join!(
        first_post.send(&first_url, CONNECTIONS, false),
        second_post.send(&second_url, CONNECTIONS, false),
    )?;
    ensure!(first_post.waiting() + second_post.waiting() == 0, "not everything was delivered");
    app.until_idle().await?;
    ensure!(second.stop().await?.success(), "the second did not end well");
    app.until_idle().await?;
    counts_add_up(&app.status().await?)?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figures == history.truth.total.to_json(), "not the truth: {figures}");
    app.finish().await
}

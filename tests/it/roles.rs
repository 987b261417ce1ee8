//! On PostgreSQL the service needs no right to change what was written, nor to change tables.

use anyhow::ensure;
use e2e::{Backend, Place, TestApp, View, run, sql};
use serde_json::Value;
use simulator::{Faults, StripeStandIn};
use tokio::sync::OnceCell;

use crate::load::business;

/// The service's own role, made by the migrations.
const ROLE: &str = "ltv_app";

static LOGIN: OnceCell<()> = OnceCell::const_new();

/// A store that is migrated by its owner.
async fn migrated() -> anyhow::Result<Place> {
    let place = Place::new(Backend::Postgres).await?;
    let mut migrate = place.ltv()?;
    migrate.args(["migrate", "--json", "--store", place.store()]);
    run(migrate).await?.json(0)?;
    // The role is the whole server's, and two tests must not change it at the same moment.
    LOGIN.get_or_try_init(async || sql(place.store(), &format!("ALTER ROLE {ROLE} LOGIN")).await).await?;
    Ok(place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_of_the_service_serves_and_changes_nothing_that_was_written() -> anyhow::Result<()> {
    let place = migrated().await?;
    let owner = place.store().to_owned();
    let app = TestApp::on(Backend::Postgres).at(place.seen_by(ROLE)).start().await?;
    let history = business(6, 3, 13)?;
    let stand_in = StripeStandIn::start(history.world, Faults::default()).await?;
    app.configure(&stand_in, true).await?;
    app.send_all(&history.events).await?;
    app.until_idle().await?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figures == history.truth.total.to_json(), "not the truth: {figures}");

    for table in
        ["inbox.inbox_key", "inbox.inbox_message", "ledger.ledger_entry", "ledger.posting", "ledger.block"]
    {
        for change in [format!("DELETE FROM {table}"), format!("TRUNCATE {table} CASCADE")] {
            for role in [app.place.store(), &owner] {
                ensure!(sql(role, &change).await.is_err(), "{change} is allowed on {role}");
            }
        }
    }
    ensure!(
        sql(app.place.store(), "CREATE TABLE ledger.mine (id bigint)").await.is_err(),
        "it may make tables"
    );
    let verified = app.ltv(&["verify"]).await?.json(0)?;
    ensure!(verified.get("ok") == Some(&Value::Bool(true)), "{verified}");
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_migrations_refuse_the_start_unless_a_role_that_may_is_named() -> anyhow::Result<()> {
    // The migrations of any store make the role.
    let _elsewhere = migrated().await?;
    let place = Place::new(Backend::Postgres).await?;
    let owner = place.store().to_owned();
    let place = place.seen_by(ROLE);
    let mut serve = place.ltv()?;
    serve.args(["serve", "--listen", "127.0.0.1:0", "--json", "--store", place.store()]);
    let refused = run(serve).await?;
    ensure!(refused.code == Some(1) && refused.stdout.is_empty(), "it serves without tables: {refused:?}");
    ensure!(refused.stderr.contains("ltv migrate"), "nothing says what to do: {}", refused.stderr);

    let app =
        TestApp::on(Backend::Postgres).at(place).setting("LTV__STORE__MIGRATE_URL", &owner).start().await?;
    app.get_json("/health/ready").await?;
    app.finish().await
}

//! The command line: wrong use, unsafe settings, and what runs beside the service.

use std::fs;
use std::process::Command;

use anyhow::ensure;
use e2e::{Backend, Durability, Place, Postgres, Ran, TestApp, ltv, run};
use serde_json::Value;

use crate::check::{list, number, text};
use crate::macros::on_both_stores;

on_both_stores!(commands_beside_the_service_find_a_good_store, migrations_are_applied_once);

/// Wrong use.
const WRONG_USE: i32 = 2;
/// Something failed.
const FAILED: i32 = 1;

async fn serve(place: &Place, store: &str) -> anyhow::Result<Ran> {
    let mut command = place.ltv()?;
    command.args(["serve", "--listen", "127.0.0.1:0", "--json", "--store", store]);
    run(command).await
}

async fn commands_beside_the_service_find_a_good_store(backend: Backend) -> anyhow::Result<()> {
    let app = TestApp::start(backend).await?;
    let checked = app.ltv(&["doctor"]).await?.json(0)?;
    ensure!(number(&checked, "problems")? == 0 && !list(&checked, "checks")?.is_empty(), "{checked}");
    let verified = app.ltv(&["verify"]).await?.json(0)?;
    ensure!(verified.get("ok") == Some(&Value::Bool(true)), "{verified}");
    let keys = app.ltv(&["keys", "list"]).await?;
    ensure!(list(&keys.json(0)?, "data")?.len() == 1, "{keys:?}");
    ensure!(!keys.stdout.contains(app.key()), "a key is shown twice");
    app.ltv(&["keys", "revoke", "nobody"]).await?.json(FAILED)?;
    app.finish().await
}

async fn migrations_are_applied_once(backend: Backend) -> anyhow::Result<()> {
    let place = Place::new(backend).await?;
    let migrate = async || {
        let mut command = place.ltv()?;
        command.args(["migrate", "--json", "--store", place.store()]);
        run(command).await?.json(0)
    };
    let (first, second) = (migrate().await?, migrate().await?);
    ensure!(!list(&first, "applied")?.is_empty(), "nothing was applied: {first}");
    ensure!(list(&second, "applied")?.is_empty(), "applied twice: {second}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_use_is_told_and_ends_with_two() -> anyhow::Result<()> {
    let place = Place::new(Backend::Sqlite).await?;
    let settings = place.folder().join("settings.toml");
    fs::write(&settings, "[pipeline]\nread_delay_minutes = 5\n")?;
    let settings = settings.display().to_string();
    let cases: [(&[&str], &str); 6] = [
        (&[], "Usage"),
        (&["dance"], "dance"),
        (&["keys", "create"], "--role"),
        (&["keys", "create", "--role", "boss"], "boss"),
        (&["--config", &settings, "doctor"], "read_delay_minutes"),
        (&["conformance", "--store", place.store(), "somewhere"], "--store"),
    ];
    for (arguments, named) in cases {
        let mut command = place.ltv()?;
        // The store is named on the command line, or not at all.
        command.env_remove("LTV__STORE__URL").args(arguments);
        let ran = run(command).await?;
        ensure!(ran.code == Some(WRONG_USE), "{arguments:?} ended with {:?}: {}", ran.code, ran.stderr);
        ensure!(ran.stderr.contains(named), "{arguments:?} does not name {named}: {}", ran.stderr);
        ensure!(ran.stdout.is_empty(), "{arguments:?} wrote to standard output: {}", ran.stdout);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_in_the_environment_that_is_unknown_or_wrong_is_refused() -> anyhow::Result<()> {
    for (name, value, named) in [
        ("LTV__PIPELINE__COLOUR", "red", "colour"),
        ("LTV__PIPELINE__BOOK_BATCH", "0", "book_batch"),
        ("LTV__SERVER__LISTEN", "everywhere", "listen"),
    ] {
        let place = Place::new(Backend::Sqlite).await?;
        let mut command = place.ltv()?;
        command.env(name, value).arg("doctor");
        let ran = run(command).await?;
        ensure!(ran.code == Some(WRONG_USE), "{name} ended with {:?}: {}", ran.code, ran.stderr);
        ensure!(ran.stderr.contains(named), "{name} is not named: {}", ran.stderr);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_cannot_hold_duties_that_are_separate() -> anyhow::Result<()> {
    let place = Place::new(Backend::Sqlite).await?;
    let mut command = place.ltv()?;
    command.args(["keys", "create", "--role", "preparer", "--role", "approver", "--json"]);
    let ran = run(command).await?;
    ensure!(ran.code.is_some_and(|code| code != 0), "{ran:?}");
    ensure!(ran.stderr.contains("preparer") && ran.stdout.is_empty(), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_lose_commits_is_refused_and_the_setting_is_named() -> anyhow::Result<()> {
    let server = Postgres::start(Durability::Unsafe).await?;
    let store = server.new_database().await?;
    let place = Place::new(Backend::Sqlite).await?;
    let ran = serve(&place, &store).await?;
    ensure!(ran.code == Some(FAILED), "serving on fsync=off ended with {:?}: {}", ran.code, ran.stderr);
    ensure!(ran.stderr.contains("fsync"), "fsync is not named: {}", ran.stderr);
    ensure!(ran.stdout.is_empty(), "it listened: {}", ran.stdout);
    let mut doctor = place.ltv()?;
    doctor.args(["doctor", "--json", "--store", &store]);
    let checked = run(doctor).await?.json(FAILED)?;
    let unsafe_ones =
        list(&checked, "checks")?.iter().filter(|check| check.get("safe") == Some(&Value::Bool(false)));
    let names: Vec<&str> = unsafe_ones.map(|check| text(check, "name")).collect::<anyhow::Result<_>>()?;
    ensure!(names == ["fsync"], "doctor finds {names:?}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_root_key_that_others_can_read_is_refused() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let app = TestApp::start(Backend::Sqlite).await?;
    let key = app.place.root_key();
    ensure!(
        fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600,
        "the root key is not private from the start"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    let ran = app.ltv(&["keys", "list"]).await?;
    ensure!(ran.code == Some(FAILED), "{ran:?}");
    ensure!(ran.stderr.contains("root.key"), "the file is not named: {}", ran.stderr);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    app.ltv(&["keys", "list"]).await?.json(0)?;
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_service_on_an_embedded_store_is_refused() -> anyhow::Result<()> {
    let app = TestApp::start(Backend::Sqlite).await?;
    let ran = serve(&app.place, app.place.store()).await?;
    ensure!(ran.code == Some(FAILED) && ran.stdout.is_empty(), "{ran:?}");
    app.get_json("/health/ready").await?;
    app.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_address_of_no_known_kind_is_refused() -> anyhow::Result<()> {
    let place = Place::new(Backend::Sqlite).await?;
    let ran = serve(&place, "mysql://somewhere/db").await?;
    ensure!(ran.code.is_some_and(|code| code != 0) && ran.stdout.is_empty(), "{ran:?}");
    ensure!(
        ran.stderr.contains("sqlite:") && ran.stderr.contains("postgres://"),
        "no way is named: {}",
        ran.stderr
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn help_and_version_are_there() -> anyhow::Result<()> {
    for argument in ["--help", "--version"] {
        let mut command: Command = ltv()?;
        command.arg(argument);
        let ran = run(command).await?;
        ensure!(ran.code == Some(0) && ran.stdout.contains("ltv"), "{ran:?}");
    }
    Ok(())
}

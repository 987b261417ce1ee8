//! The pictures of docs/tour.md. Each run takes them, so that the way which the tour describes is there; with
//! `LTV_PICTURES=FOLDER` they are kept.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::driver::Browser;
use super::{busy_service, open, sign_in};
use crate::check::{list, text};

/// A picture weighs on everybody who fetches the repository.
const BYTES_MAX: usize = 150_000;
const PNG: &[u8] = b"\x89PNG\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_can_be_walked_and_its_pictures_are_small() -> anyhow::Result<()> {
    let (app, _stand_in) = busy_service().await?;
    let mut browser = Browser::start().await?;
    sign_in(&mut browser, &app, app.key()).await?;
    let churned = app.get_json("/api/metrics/mrr/movements?kind=churn&limit=1").await?;
    let churned = list(&churned, "data")?.first().context("nobody left")?;
    let message = churned.pointer("/sources/0/inboxId").and_then(Value::as_i64).context("no message")?;
    let way = [
        ("overview", "/".to_owned()),
        ("mrr", "/dashboard/mrr".to_owned()),
        ("supplier", format!("/dashboard/suppliers/{}", text(churned, "supplierId")?)),
        ("message", format!("/dashboard/messages/{message}")),
        ("cohorts", "/dashboard/cohorts?metric=netRetention".to_owned()),
        ("operations", "/dashboard/operations".to_owned()),
    ];
    let kept = std::env::var_os("LTV_PICTURES").map(PathBuf::from);
    for (name, path) in way {
        open(&mut browser, &app, &path).await?;
        let picture = browser.picture().await?;
        ensure!(picture.starts_with(PNG), "{name} is no picture");
        ensure!(picture.len() <= BYTES_MAX, "{name} has {} bytes", picture.len());
        if let Some(folder) = &kept {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(format!("{name}.png")), picture)?;
        }
    }
    app.finish().await
}

//! The private server that the tests start.

use anyhow::ensure;
use e2e::{Durability, Postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_gives_a_database_to_each_and_leaves_nothing_behind() -> anyhow::Result<()> {
    let server = Postgres::start(Durability::Unsafe).await?;
    let (first, second) = (server.new_database().await?, server.new_database().await?);
    ensure!(first != second && first.starts_with("postgres://"), "{first} and {second}");
    let folder = server.folder().to_owned();
    ensure!(folder.join("data").is_dir(), "no data in {}", folder.display());
    let stopped = tokio::task::spawn_blocking(move || drop(server));
    stopped.await?;
    ensure!(!folder.exists(), "{} is left behind", folder.display());
    Ok(())
}

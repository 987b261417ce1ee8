//! A private PostgreSQL from the server binaries on this machine: a unix socket in a folder of its own, no TCP port.
//!
//! It must not outlive the tests, however they end. So a small shell holds one end of a pipe whose other end is ours:
//! when this process is gone, the pipe closes, and the shell stops the server and removes its folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, bail, ensure};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use crate::room::room;

/// The oldest server that is good enough.
const VERSION_MIN: u32 = 15;
/// The database that others are copied from.
const TEMPLATE: &str = "template0";

/// Stops the server once standard input is closed, whatever is typed at the terminal meanwhile.
const GUARD: &str = r#"trap '' INT TERM HUP; read -r _; "$@" >/dev/null 2>&1; rm -rf "$LTV_GUARDED""#;

static SERVER: OnceCell<Postgres> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// How a server is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As the service demands.
    Safe,
    /// Without fsync: the service must refuse it.
    Unsafe,
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    guard: Child,
}

impl Postgres {
    /// The server that all tests of this process share.
    ///
    /// # Errors
    /// When there is none to start.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SERVER.get_or_try_init(|| Self::start(Durability::Safe)).await
    }

    /// Starts a server of its own.
    ///
    /// # Errors
    /// When there are no server binaries, or they do not start.
    pub async fn start(durability: Durability) -> anyhow::Result<Self> {
        tokio::task::spawn_blocking(move || start(durability))
            .await
            .context("the start of PostgreSQL broke off")?
    }

    /// An address of a new, empty database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn new_database(&self) -> anyhow::Result<String> {
        let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        sql(&self.address("postgres"), &create)
            .await
            .with_context(|| format!("could not make the database {name}"))?;
        Ok(self.address(&name))
    }

    fn address(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.folder.display().to_string().replace('/', "%2F"))
    }

    /// The folder of the server and its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Runs statements in the database of a PostgreSQL store, as the role that its address names.
///
/// # Errors
/// When the database cannot be reached or refuses.
pub async fn sql(store: &str, statements: &str) -> anyhow::Result<()> {
    Ok(connect(store).await?.batch_execute(statements).await?)
}

async fn connect(address: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(address, NoTls).await.context("could not reach the private PostgreSQL")?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Nobody can be told when the guard itself fails.
        let _ended = self.guard.wait();
    }
}

fn start(durability: Durability) -> anyhow::Result<Postgres> {
    let bin = binaries()?;
    let root = is_root()?;
    // Paths of sockets are short by law: about 100 bytes.
    let folder = tempfile::Builder::new().prefix("ltvpg").tempdir_in(room())?.keep();
    let tool = Tool { bin, folder: folder.clone(), root };
    if root {
        succeed(Command::new("chown").arg("postgres").arg(&folder))?;
    }
    let data = folder.join("data");
    let initdb = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-k", "--no-sync", "-D"];
    succeed(tool.command("initdb").args(initdb).arg(&data))?;
    let mut options = format!("-c listen_addresses='' -c unix_socket_directories={}", folder.display());
    options.push_str(" -c max_connections=200 -c max_wal_size=256MB");
    if durability == Durability::Unsafe {
        options.push_str(" -c fsync=off");
    }
    let log = folder.join("log");
    // The guard first: from here on nothing is left behind.
    let guard = tool.guard(&data)?;
    let server = Postgres { folder, guard };
    succeed(
        tool.command("pg_ctl")
            .args(["-w", "-t", "60", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(&log)
            .arg("-o")
            .arg(options)
            .arg("start"),
    )?;
    Ok(server)
}

/// The server's programs, run by whom they accept.
struct Tool {
    bin: PathBuf,
    folder: PathBuf,
    root: bool,
}

impl Tool {
    /// PostgreSQL refuses to run as root, so root steps down to the server's own account.
    fn words(&self, program: &str) -> Vec<String> {
        let program = self.bin.join(program).display().to_string();
        if !self.root {
            return vec![program];
        }
        let step_down = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
        step_down.into_iter().map(str::to_owned).chain([program]).collect()
    }

    fn command(&self, program: &str) -> Command {
        let words = self.words(program);
        let mut words = words.iter();
        let mut command = Command::new(words.next().map_or("false", String::as_str));
        command.args(words).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    fn guard(&self, data: &Path) -> anyhow::Result<Child> {
        let mut guard = Command::new("sh");
        guard
            .args(["-c", GUARD, "guard"])
            .args(self.words("pg_ctl"))
            .args(["-m", "immediate", "-D"])
            .arg(data)
            .arg("stop");
        guard
            .env("LTV_GUARDED", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        guard.spawn().context("could not start the guard of the private PostgreSQL")
    }
}

fn binaries() -> anyhow::Result<PathBuf> {
    let folder = std::env::var_os("PG_BIN").map(PathBuf::from).or_else(on_the_path).or_else(from_pg_config);
    let Some(folder) = folder else {
        bail!(
            "no PostgreSQL server is installed: run ./scripts/test, which installs it, or set PG_BIN to the folder of initdb, pg_ctl and postgres"
        );
    };
    let told = Command::new(folder.join("postgres")).arg("--version").output();
    let told = told.with_context(|| format!("{} holds no PostgreSQL server", folder.display()))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let words = told.split(|c: char| !c.is_ascii_digit());
    let version: u32 = words.filter_map(|word| word.parse().ok()).next().unwrap_or(0);
    ensure!(version >= VERSION_MIN, "PostgreSQL {VERSION_MIN} is needed; {} holds: {told}", folder.display());
    Ok(folder)
}

fn on_the_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()))
}

fn from_pg_config() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    folder.join("initdb").is_file().then_some(folder)
}

fn is_root() -> anyhow::Result<bool> {
    let told = Command::new("id").arg("-u").output().context("could not ask who we are")?;
    Ok(told.stdout.starts_with(b"0\n"))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    // No pipe: the server would inherit it and keep it open.
    let mut errors = tempfile::tempfile()?;
    let status = command.stdout(Stdio::null()).stderr(errors.try_clone()?).status();
    let status = status.with_context(|| format!("could not start {command:?}"))?;
    let mut text = String::new();
    std::io::Seek::rewind(&mut errors)?;
    std::io::Read::read_to_string(&mut errors, &mut text)?;
    ensure!(status.success(), "{command:?} failed: {text}");
    Ok(())
}

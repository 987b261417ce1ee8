//! A private PostgreSQL server from the locally installed binaries: no port, a socket in a temporary folder, databases
//! copied from one that is migrated once.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::StoreError;

/// The database that others are copied from.
const TEMPLATE: &str = "ltv_template";

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum TestDbError {
    /// There are no server binaries.
    #[error(
        "no PostgreSQL server binaries: install PostgreSQL 15 or newer (Debian: `apt-get install postgresql`, \
         macOS: `brew install postgresql@17`), or name the folder with initdb, pg_ctl, postgres and createdb in PG_BIN"
    )]
    NoBinaries,
    /// A command could not be run.
    #[error("could not run {command}")]
    Run {
        /// The command.
        command: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A command failed.
    #[error("{command} failed: {said}")]
    Failed {
        /// The command.
        command: String,
        /// What it said.
        said: String,
    },
    /// The template could not be migrated.
    #[error("could not migrate the template")]
    Migrate(#[source] StoreError),
}

/// A private server; it ends, and its data goes, with the last of its users.
#[derive(Debug)]
pub struct TestPg {
    folder: TempDir,
    bin: PathBuf,
    /// PostgreSQL refuses to run as root: then it runs as its own account.
    as_postgres: bool,
    template: OnceCell<()>,
}

/// The server that the tests of one binary share while any of them runs.
static SHARED: Mutex<Weak<TestPg>> = Mutex::new(Weak::new());

impl TestPg {
    /// Starts a server; a `durable` one flushes, as the start check demands.
    ///
    /// # Errors
    /// [`TestDbError`]; never a silent skip.
    pub fn start(durable: bool) -> Result<Self, TestDbError> {
        let bin = binaries().ok_or(TestDbError::NoBinaries)?;
        let as_postgres = is_root()?;
        let failed = |source| TestDbError::Run { command: "mkdir".to_owned(), source };
        // In memory where there is such a place. The path is short, since that of a socket is limited to 107 bytes.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in(parent).map_err(failed)?;
        let server = Self { folder, bin, as_postgres, template: OnceCell::new() };
        if as_postgres {
            run(Command::new("chown").arg("postgres").arg(server.folder.path()))?;
        }
        let data = server.folder.path().join("data");
        let initdb = ["-k", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        run(server.command("initdb").args(initdb).arg(&data))?;
        let mut options =
            format!("-c listen_addresses='' -c unix_socket_directories={}", server.folder.path().display());
        if !durable {
            options.push_str(" -c fsync=off -c full_page_writes=off -c synchronous_commit=off");
        }
        let log = server.folder.path().join("log");
        run(server
            .command("pg_ctl")
            .args(["-w", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(log)
            .arg("-o")
            .arg(options)
            .arg("start"))?;
        Ok(server)
    }

    /// The server of this binary, which does not flush; started by whoever asks first.
    ///
    /// # Errors
    /// [`TestDbError`]
    pub fn shared() -> Result<Arc<Self>, TestDbError> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start(false)?);
        *shared = Arc::downgrade(&server);
        Ok(server)
    }

    /// Makes a database, with all tables; answers its address.
    ///
    /// # Errors
    /// [`TestDbError`]
    pub async fn database(&self, name: &str) -> Result<String, TestDbError> {
        self.template
            .get_or_try_init(|| async {
                let url = self.empty_database(TEMPLATE)?;
                crate::migrate(&url).await.map(drop).map_err(TestDbError::Migrate)
            })
            .await?;
        let socket = self.folder.path();
        run(self.command("createdb").arg("-h").arg(socket).args(["-U", "postgres", "-T", TEMPLATE, name]))?;
        Ok(self.url(name))
    }

    /// Makes a database without tables; answers its address.
    ///
    /// # Errors
    /// [`TestDbError`]
    pub fn empty_database(&self, name: &str) -> Result<String, TestDbError> {
        run(self.command("createdb").arg("-h").arg(self.folder.path()).args(["-U", "postgres", name]))?;
        Ok(self.url(name))
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("host={} user=postgres dbname={name}", self.folder.path().display())
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for TestPg {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        // The data goes with the folder: there is nothing to do about a server that does not stop.
        drop(run(self.command("pg_ctl").args(["-m", "immediate", "-D"]).arg(data).arg("stop")));
    }
}

fn binaries() -> Option<PathBuf> {
    if let Ok(folder) = std::env::var("PG_BIN") {
        return Some(PathBuf::from(folder)).filter(|folder| folder.join("initdb").exists());
    }
    let said = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
    folder.join("initdb").exists().then_some(folder)
}

fn is_root() -> Result<bool, TestDbError> {
    let said = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|source| TestDbError::Run { command: "id".to_owned(), source })?;
    Ok(said.stdout.starts_with(b"0\n"))
}

/// Runs a command. Its output goes to a file: a server that is started keeps what it is given, and a pipe would never
/// end.
fn run(command: &mut Command) -> Result<(), TestDbError> {
    let shown = format!("{command:?}");
    let failed = |source| TestDbError::Run { command: shown.clone(), source };
    let said = tempfile::NamedTempFile::new().map_err(failed)?;
    let errors = said.reopen().map_err(failed)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(errors))
        .status()
        .map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read_to_string(said.path()).unwrap_or_default();
    Err(TestDbError::Failed { command: shown, said })
}

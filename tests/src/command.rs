//! The binary under test, and commands that run to their end.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// How long a command may run.
const DEADLINE: Duration = Duration::from_secs(180);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(5);
/// Settings in the environment begin so.
const SETTING_PREFIX: &str = "LTV__";

/// The binary: `LTV_BIN`, else the one that was built beside these tests.
fn binary() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("LTV_BIN") {
        let path = PathBuf::from(named);
        ensure!(path.is_file(), "LTV_BIN names {}, which is no file", path.display());
        return Ok(path);
    }
    let test = std::env::current_exe().context("the test does not know where it is")?;
    let built = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("ltv"));
    match built {
        Some(path) if path.is_file() => Ok(path),
        _ => bail!("the binary is not built: run `cargo build -p ltv` first, or ./scripts/test, which does"),
    }
}

/// The binary as a command, without settings of the caller's environment.
///
/// # Errors
/// When it is not built.
pub fn ltv() -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    without_settings(&mut command);
    Ok(command)
}

/// Takes the caller's own settings out of the environment.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(SETTING_PREFIX)) {
            command.env_remove(name);
        }
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Ran {
    /// What it wrote to standard output, as the one JSON document that `--json` promises.
    ///
    /// # Errors
    /// When it ended with another code, or wrote anything else.
    pub fn json(&self, code: i32) -> anyhow::Result<Value> {
        ensure!(self.code == Some(code), "ended with {:?} where {code} was expected: {self:?}", self.code);
        serde_json::from_str(&self.stdout).with_context(|| format!("not one JSON document: {self:?}"))
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started, or does not end in time.
pub async fn run(command: Command) -> anyhow::Result<Ran> {
    tokio::task::spawn_blocking(move || run_here(command))
        .await
        .context("the wait for a command broke off")?
}

fn run_here(mut command: Command) -> anyhow::Result<Ran> {
    // Files, not pipes: a full pipe would stop the command, and what a grandchild inherits would keep it open.
    let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > DEADLINE {
            child.kill()?;
            child.wait()?;
            bail!("{command:?} did not end in {} s: {}", DEADLINE.as_secs(), read(stderr)?);
        }
        std::thread::sleep(POLL);
    };
    Ok(Ran { code: status.code(), stdout: read(stdout)?, stderr: read(stderr)? })
}

fn read(mut file: File) -> anyhow::Result<String> {
    file.rewind()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

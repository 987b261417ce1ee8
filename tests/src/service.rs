//! `ltv serve` as a process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::wait::until;

/// How long the service may take until it listens.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// How long it may take to end when asked: it answers what is under way first.
const STOP_DEADLINE: Duration = Duration::from_secs(40);

/// A running service.
#[derive(Debug)]
pub struct Service {
    child: Child,
    url: String,
}

impl Service {
    /// Starts it and waits until it listens. `log` gets what it writes to standard error.
    ///
    /// # Errors
    /// When it ends, or does not listen in time.
    pub async fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let errors = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
        let stdout = child.stdout.take().context("the service has no standard output")?;
        // From here on a failure ends the process.
        let mut service = Self { child, url: String::new() };
        let line = tokio::time::timeout(START_DEADLINE, first_line(stdout)).await;
        let line = line.context("the service did not listen in time")??;
        let told: Value =
            serde_json::from_str(&line).with_context(|| format!("the first line is no JSON: {line}"))?;
        let url = told.get("listening").and_then(Value::as_str);
        url.with_context(|| format!("the first line names no address: {line}"))?.clone_into(&mut service.url);
        Ok(service)
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it with SIGKILL, at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it with SIGTERM to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(asked.success(), "could not ask process {pid} to end");
        until("the service ends after SIGTERM", STOP_DEADLINE, async || Ok(self.child.try_wait()?)).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.kill();
    }
}

/// The first line; what follows is read and left.
async fn first_line(stdout: ChildStdout) -> anyhow::Result<String> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        let _nobody_waits = tell.send(lines.next());
        lines.for_each(drop);
    });
    let line = told.await.context("the service closed its standard output")?;
    Ok(line.context("the service ended before it listened")??)
}

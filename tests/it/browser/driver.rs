//! A real browser, headless, driven over its DevTools protocol: the few commands that the tests need.
//!
//! Only the names below are read from what the browser says, so that another version of it does no harm.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use e2e::until;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Where a browser may be, beside what `CHROMIUM` names.
const PLACES: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
/// It talks to nobody but the service, and keeps nothing.
const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--remote-debugging-port=0",
];
/// How long the browser may take to start.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// How long one command, or the load of a page, may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// A desk.
const DESK: (u32, u32) = (1280, 900);

/// A running browser with one tab. It ends with this value.
pub struct Browser {
    child: Child,
    folder: TempDir,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    asked: u64,
    loads: u64,
    /// What pages complained of since it was last taken.
    troubles: Vec<String>,
    /// Names of files whose download has ended.
    downloads: Vec<String>,
}

impl Browser {
    /// Starts it with an empty tab.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("browser").tempdir()?;
        let mut command = Command::new(binary()?);
        command.args(FLAGS).arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
        command.arg("about:blank").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
        let socket = match connect(&folder.path().join("profile")).await {
            Ok(socket) => socket,
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error);
            }
        };
        let mut browser = Self {
            child,
            folder,
            socket,
            session: None,
            asked: 0,
            loads: 0,
            troubles: Vec::new(),
            downloads: Vec::new(),
        };
        browser.attach().await?;
        Ok(browser)
    }

    async fn attach(&mut self) -> anyhow::Result<()> {
        let downloads = self.folder.path().join("downloads");
        std::fs::create_dir(&downloads)?;
        let allow = json!({"behavior": "allow", "downloadPath": downloads, "eventsEnabled": true});
        self.call("Browser.setDownloadBehavior", allow).await?;
        let target = self.call("Target.createTarget", json!({"url": "about:blank"})).await?;
        let attach = json!({"targetId": at(&target, "/targetId"), "flatten": true});
        let attached = self.call("Target.attachToTarget", attach).await?;
        self.session = Some(at(&attached, "/sessionId").as_str().context("no session")?.to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({})).await?;
        }
        self.resize(DESK.0, DESK.1).await
    }

    /// Makes the page as large as this.
    pub async fn resize(&mut self, width: u32, height: u32) -> anyhow::Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    /// Makes it as large as a desk again.
    pub async fn at_a_desk(&mut self) -> anyhow::Result<()> {
        self.resize(DESK.0, DESK.1).await
    }

    /// Prefers `light` or `dark`.
    pub async fn prefer(&mut self, scheme: &str) -> anyhow::Result<()> {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&mut self, url: &str) -> anyhow::Result<()> {
        let before = self.loads;
        let answer = self.call("Page.navigate", json!({"url": url})).await?;
        if let Some(error) = answer.get("errorText").and_then(Value::as_str) {
            bail!("{url} cannot be opened: {error}");
        }
        self.loaded_after(before, url).await
    }

    /// What is to be seen now, as a PNG file.
    pub async fn picture(&mut self) -> anyhow::Result<Vec<u8>> {
        let taken = self.call("Page.captureScreenshot", json!({"format": "png"})).await?;
        let text = taken.get("data").and_then(Value::as_str).context("no picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
    }

    /// Clicks on what a selector finds, and waits until the page that this leads to is loaded.
    pub async fn follow(&mut self, selector: &str) -> anyhow::Result<()> {
        let before = self.loads;
        self.click(selector).await?;
        self.loaded_after(before, selector).await
    }

    /// Clicks on what a selector finds.
    pub async fn click(&mut self, selector: &str) -> anyhow::Result<()> {
        let found = format!(
            "(() => {{ const found = document.querySelector({}); found?.click(); return !!found; }})()",
            quoted(selector)
        );
        let clicked = self.evaluate(&found).await?;
        ensure!(clicked == true, "there is no `{selector}` to click on: {}", self.address().await?);
        Ok(())
    }

    /// Writes into a control.
    pub async fn fill(&mut self, selector: &str, value: &str) -> anyhow::Result<()> {
        let script = format!(
            "(() => {{ const found = document.querySelector({}); if (found) found.value = {}; return !!found; }})()",
            quoted(selector),
            quoted(value)
        );
        ensure!(self.evaluate(&script).await? == true, "there is no `{selector}` to write into");
        Ok(())
    }

    /// Clicks on a link to a file; its name and content.
    pub async fn download(&mut self, selector: &str) -> anyhow::Result<(String, String)> {
        self.downloads.clear();
        self.click(selector).await?;
        let wait = async {
            while self.downloads.is_empty() {
                self.hear().await?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(DEADLINE, wait)
            .await
            .with_context(|| format!("no file came of `{selector}`"))??;
        let name = self.downloads.remove(0);
        let path = self.folder.path().join("downloads").join(&name);
        let content =
            std::fs::read_to_string(&path).with_context(|| format!("no file {}", path.display()))?;
        std::fs::remove_file(path)?;
        Ok((name, content))
    }

    /// The value of a script, awaited where it is a promise.
    pub async fn evaluate(&mut self, script: &str) -> anyhow::Result<Value> {
        let question = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", question).await?;
        if let Some(exception) = answer.get("exceptionDetails") {
            bail!("a script of the test failed: {exception}");
        }
        Ok(at(&answer, "/result/value").clone())
    }

    /// The text of what a selector finds first; empty where it finds nothing.
    pub async fn text(&mut self, selector: &str) -> anyhow::Result<String> {
        let script = format!("document.querySelector({})?.innerText ?? ''", quoted(selector));
        Ok(self.evaluate(&script).await?.as_str().unwrap_or_default().trim().to_owned())
    }

    /// How many elements a selector finds.
    pub async fn count(&mut self, selector: &str) -> anyhow::Result<u64> {
        let script = format!("document.querySelectorAll({}).length", quoted(selector));
        self.evaluate(&script).await?.as_u64().context("no count")
    }

    /// Where it is.
    pub async fn address(&mut self) -> anyhow::Result<String> {
        Ok(self
            .evaluate("location.pathname + location.search")
            .await?
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// What pages complained of since this was last asked: errors and warnings of the console, exceptions, what could
    /// not be loaded, what the content security policy refused.
    pub fn take_troubles(&mut self) -> Vec<String> {
        std::mem::take(&mut self.troubles)
    }

    async fn loaded_after(&mut self, before: u64, what: &str) -> anyhow::Result<()> {
        let wait = async {
            while self.loads == before {
                self.hear().await?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(DEADLINE, wait)
            .await
            .with_context(|| format!("{what} leads to no page that loads"))?
    }

    async fn call(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        let id = self.asked;
        let mut question = json!({"id": id, "method": method, "params": params});
        if let (Some(session), Some(members)) = (&self.session, question.as_object_mut()) {
            members.insert("sessionId".to_owned(), json!(session));
        }
        self.socket.send(Message::text(question.to_string())).await?;
        let wait = async {
            loop {
                let told = self.hear().await?;
                if at(&told, "/id") == id {
                    ensure!(told.get("error").is_none(), "{method} failed: {}", at(&told, "/error"));
                    return Ok(at(&told, "/result").clone());
                }
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.with_context(|| format!("{method} was not answered"))?
    }

    /// The next thing that the browser says; events are noted.
    async fn hear(&mut self) -> anyhow::Result<Value> {
        loop {
            let Message::Text(text) = self.socket.next().await.context("the browser has ended")?? else {
                continue;
            };
            let told: Value = serde_json::from_str(&text)?;
            self.note(&told);
            return Ok(told);
        }
    }

    fn note(&mut self, told: &Value) {
        let said = |path: &str| at(told, path).to_string();
        match at(told, "/method").as_str() {
            Some("Page.loadEventFired") => self.loads += 1,
            Some("Runtime.exceptionThrown") => self.troubles.push(said("/params/exceptionDetails")),
            Some("Runtime.consoleAPICalled") if is_bad(at(told, "/params/type")) => {
                self.troubles.push(said("/params/args"));
            }
            Some("Log.entryAdded") if is_bad(at(told, "/params/entry/level")) => {
                self.troubles.push(said("/params/entry"));
            }
            Some("Browser.downloadProgress") if at(told, "/params/state") == "completed" => {
                let path = at(told, "/params/filePath").as_str().map(Path::new).and_then(Path::file_name);
                self.downloads.extend(path.map(|name| name.to_string_lossy().into_owned()));
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What stands at a place in what was said; null where nothing does.
fn at<'a>(told: &'a Value, path: &str) -> &'a Value {
    told.pointer(path).unwrap_or(&Value::Null)
}

fn is_bad(level: &Value) -> bool {
    matches!(level.as_str(), Some("error" | "warning" | "assert"))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn binary() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    let found = PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    found.context("there is no browser: run ./scripts/test, which installs Chromium, or name one in CHROMIUM")
}

/// Connects as soon as the browser has written down where it listens.
async fn connect(profile: &Path) -> anyhow::Result<WebSocketStream<MaybeTlsStream<TcpStream>>> {
    let port_file = profile.join("DevToolsActivePort");
    let url = until("the browser listens", START_DEADLINE, async || {
        let told = std::fs::read_to_string(&port_file).unwrap_or_default();
        let mut lines = told.lines();
        Ok(lines.next().zip(lines.next()).map(|(port, path)| format!("ws://127.0.0.1:{port}{path}")))
    })
    .await?;
    let (socket, _) = connect_async(url).await.context("the browser takes no connection")?;
    Ok(socket)
}

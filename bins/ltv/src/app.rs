//! A running service: pipeline, workers and HTTP server. The same for `serve`, `demo` and `conformance`.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context;
use http_api::{AppState, ServerHandle};
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::{LtvDataPipeline, Workers};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::wiring::{Use, open_pipeline, open_store};

/// A running service.
pub struct App {
    /// The pipeline.
    pub pipeline: LtvDataPipeline,
    /// Where it listens.
    pub address: SocketAddr,
    workers: Workers,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
}

impl App {
    /// Starts the service. `listen` overrules the settings.
    pub async fn start(
        config: &Config,
        listen: Option<SocketAddr>,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        let store = open_store(config, Use::Serve).await?;
        let pipeline = open_pipeline(config, store).await?;
        let wanted = listen.unwrap_or(config.listen);
        let listener = TcpListener::bind(wanted).with_context(|| {
            format!("could not listen on {wanted}; choose another with --listen, such as 127.0.0.1:0")
        })?;
        let address = listener.local_addr().context("the listener has no address")?;
        let mut state = AppState::new(pipeline.clone());
        state.metrics = metrics;
        state.loopback_metrics = config.loopback_metrics;
        state.limits = config.limits;
        let server =
            http_api::serve(state, listener, config.workers).context("could not start the HTTP server")?;
        let handle = server.handle();
        let serving = tokio::spawn(server);
        let workers = pipeline.start();
        Ok(Self { pipeline, address, workers, server: handle, serving })
    }

    /// The address for people and providers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the process is asked to stop.
    pub async fn until_asked_to_stop(&self) -> anyhow::Result<()> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            asked = tokio::signal::ctrl_c() => asked?,
            _ = terminate.recv() => {}
        }
        Ok(())
    }

    /// Stops: answers what is under way, ends the transactions under way.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(true).await;
        self.serving.await.context("the HTTP server ended badly")??;
        self.workers.stop().await;
        Ok(())
    }
}

//! The HTTP server with the settings that the service promises.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};

use crate::route_table::configure_whole;
use crate::state::AppState;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many connections there may be, all workers together.
const CONNECTIONS_MAX: usize = 10_000;
/// How long requests under way may take when the server stops, in seconds.
const GRACE_SECONDS: u64 = 25;

/// Serves the whole API and the dashboard on a listener.
///
/// The server takes no signals: stop it with `server.handle().stop(true)`, which lets requests under way finish.
/// A limit of connections per address does not exist yet; the gateway in front has to set it.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(state: AppState, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let workers = workers.max(1);
    let server = HttpServer::new(move || App::new().configure(configure_whole(state.clone())))
        .workers(workers)
        .max_connections(CONNECTIONS_MAX.div_ceil(workers))
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(GRACE_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

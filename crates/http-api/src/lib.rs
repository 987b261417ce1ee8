#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod auth;
mod body;
mod dashboard;
mod edge;
mod failure;
mod fields;
mod problem;
mod query;
mod request_id;
mod route_table;
mod routes;
mod server;
mod session_cookie;
mod shapes;
mod state;

pub use actix_web::dev::{Server, ServerHandle};

pub use auth::Access;
pub use route_table::{RouteInfo, configure, configure_whole, route_infos};
pub use server::serve;
pub use state::{AppState, Limits};

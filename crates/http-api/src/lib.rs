#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod auditing;
mod auth;
mod body;
mod dashboard;
mod edge;
mod etag;
mod failure;
mod fields;
mod idempotency;
mod lists;
mod openapi;
mod problem;
mod query;
mod request_id;
mod route_table;
mod routes;
mod server;
mod session_cookie;
mod shapes;
mod state;
mod throttle;

pub use actix_web::dev::{Server, ServerHandle};

pub use auth::{Access, Scope};
pub use openapi::document as openapi_document;
pub use route_table::{RouteInfo, configure, configure_whole, route_infos};
pub use server::serve;
pub use state::{AppState, Limits};

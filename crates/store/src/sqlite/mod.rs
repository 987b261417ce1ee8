//! The embedded store: two files in a folder, each with one writer.

#[path = "../body/admin.rs"]
mod admin;
#[path = "../body/audit.rs"]
mod audit;
#[path = "../body/book.rs"]
mod book;
#[path = "../body/closure.rs"]
mod closure;
#[path = "../body/decisions.rs"]
mod decisions;
mod dialect;
#[path = "../body/edges.rs"]
mod edges;
#[path = "../body/facts.rs"]
mod facts;
#[path = "../body/finish.rs"]
mod finish;
mod handle;
#[path = "../body/inbox.rs"]
mod inbox;
#[path = "../body/jobs.rs"]
mod jobs;
#[path = "../body/ledger.rs"]
mod ledger;
mod pool;
#[path = "../body/query.rs"]
mod query;
#[path = "../body/records.rs"]
mod records;
mod scratch;
#[path = "../body/seal.rs"]
mod seal;
mod settings;
#[path = "../body/status.rs"]
mod status;
#[path = "../body/touched.rs"]
mod touched;
#[path = "../body/verify.rs"]
mod verify;
#[path = "../body/work.rs"]
mod work;

pub(crate) use handle::SqliteStore;
use handle::SqliteStore as Handle;

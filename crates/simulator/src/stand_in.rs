//! A local Stripe that answers reads, on a loopback port of its own.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use chrono::{DateTime, Utc};

use crate::answers;
use crate::calendar::DAY;
use crate::faults::Faults;
use crate::world::World;

/// How many days back the list of messages reaches, unless told otherwise.
pub const EVENTS_DAYS: u32 = 30;

/// A server that answers as Stripe documents: `GET /v1/balance_transactions`, `GET /v1/invoice_payments`,
/// `GET /v1/events`, `GET /v1/invoices/{id}/lines`, and single objects. It stops when it is dropped.
#[derive(Debug)]
pub struct StripeStandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    handle: Mutex<Option<ServerHandle>>,
}

/// The page that a walk through a list was given last, so that it can be given once more.
#[derive(Debug, Clone)]
pub(crate) struct LastPage {
    pub(crate) last_id: String,
    pub(crate) body: web::Bytes,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    key: Option<String>,
    shown_until: Mutex<Option<i64>>,
    events_seconds: AtomicI64,
    all_if_since: AtomicI64,
    is_unavailable: AtomicBool,
    calls: AtomicU64,
    pages: AtomicU64,
    endpoints: Mutex<BTreeMap<String, u64>>,
    last_pages: Mutex<BTreeMap<String, LastPage>>,
}

impl StripeStandIn {
    /// Starts on 127.0.0.1, a free port. Any key is good.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(world: World, faults: Faults) -> io::Result<Self> {
        Self::launch(world, faults, None)
    }

    /// Starts on 127.0.0.1, a free port; any other key than this is answered 401.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start_with_key(world: World, faults: Faults, key: &str) -> io::Result<Self> {
        Self::launch(world, faults, Some(key.to_owned()))
    }

    fn launch(world: World, faults: Faults, key: Option<String>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            world,
            faults,
            key,
            shown_until: Mutex::new(None),
            events_seconds: AtomicI64::new(i64::from(EVENTS_DAYS) * DAY),
            all_if_since: AtomicI64::new(i64::MIN),
            is_unavailable: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            endpoints: Mutex::default(),
            last_pages: Mutex::default(),
        });
        let (address, handle) = serve(Arc::clone(&shared), 0)?;
        Ok(Self { address, shared, handle: Mutex::new(Some(handle)) })
    }

    /// Where it is, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on shows only what was created by `at`; with `None` everything, as it does when never asked. Moves
    /// forward only: an earlier time than one given before changes nothing.
    pub fn reveal_until(&self, at: Option<DateTime<Utc>>) {
        let asked = at.map_or(i64::MAX, |at| at.timestamp());
        let mut shown = lock(&self.shared.shown_until);
        *shown = Some(shown.map_or(asked, |before| before.max(asked)));
    }

    /// The list of messages reaches so many days back from what is shown, instead of [`EVENTS_DAYS`].
    pub fn keep_events(&self, days: u32) {
        self.shared.events_seconds.store(i64::from(days).saturating_mul(DAY), Ordering::Relaxed);
    }

    /// The story of years is played at `now`, in minutes: who asks for the messages of about the last
    /// [`EVENTS_DAYS`] gets all that are shown, since in the story they have only just been made. Who asks for fewer
    /// days gets those, as always.
    pub fn compress_time(&self, now: DateTime<Utc>) {
        self.keep_events(u32::MAX);
        let long_ago = now.timestamp().saturating_sub((i64::from(EVENTS_DAYS) - 1) * DAY);
        self.shared.all_if_since.store(long_ago, Ordering::Relaxed);
    }

    /// From now on answers every call with 503, or answers again.
    pub fn set_unavailable(&self, is_unavailable: bool) {
        self.shared.is_unavailable.store(is_unavailable, Ordering::Relaxed);
    }

    /// Closes the port, so that connections are refused. Nothing when it is closed already.
    pub async fn go_down(&self) {
        let handle = lock(&self.handle).take();
        if let Some(handle) = handle {
            handle.stop(false).await;
        }
    }

    /// Opens the same port again. Nothing when it is open.
    ///
    /// # Errors
    /// When somebody else has taken the port meanwhile.
    pub async fn come_back(&self) -> io::Result<()> {
        let mut handle = lock(&self.handle);
        if handle.is_none() {
            *handle = Some(serve(Arc::clone(&self.shared), self.address.port())?.1);
        }
        Ok(())
    }

    /// How many calls it has answered, refusals included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// How many calls each endpoint has answered, by collection: `events`, `charges/{id}`, `invoices/{id}/lines`.
    #[must_use]
    pub fn calls_by_endpoint(&self) -> BTreeMap<String, u64> {
        lock(&self.shared.endpoints).clone()
    }

    /// Stops it, and waits until its port is closed.
    pub async fn stop(self) {
        self.go_down().await;
    }
}

impl Drop for StripeStandIn {
    fn drop(&mut self) {
        // The order to stop is sent at once; nobody needs to wait for it.
        if let Some(handle) = lock(&self.handle).take() {
            drop(handle.stop(false));
        }
    }
}

fn serve(shared: Arc<Shared>, port: u16) -> io::Result<(SocketAddr, ServerHandle)> {
    let data = web::Data::from(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/v1/{collection}", web::get().to(answers::list))
            .route("/v1/{collection}/{id}", web::get().to(answers::object))
            .route("/v1/invoices/{id}/lines", web::get().to(answers::lines))
            .default_service(web::to(answers::unknown))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind((Ipv4Addr::LOCALHOST, port))?;
    let address =
        server.addrs().first().copied().ok_or_else(|| io::Error::other("the server has no address"))?;
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((address, handle))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn until(&self) -> i64 {
        lock(&self.shown_until).unwrap_or(i64::MAX)
    }

    /// The oldest second of which messages are still listed: counted from what is shown, not from the real time.
    pub(crate) fn events_since(&self) -> i64 {
        let newest = self.world.newest_event().unwrap_or(i64::MAX);
        self.until().min(newest).saturating_sub(self.events_seconds.load(Ordering::Relaxed))
    }

    /// From when on messages are asked for, in the time of the story.
    pub(crate) fn asked_since(&self, since: i64) -> i64 {
        if since <= self.all_if_since.load(Ordering::Relaxed) { i64::MIN } else { since }
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        self.is_unavailable.load(Ordering::Relaxed)
    }

    /// Counts the call.
    pub(crate) fn enter(&self, endpoint: &str) -> u64 {
        *lock(&self.endpoints).entry(endpoint.to_owned()).or_default() += 1;
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn is_good_key(&self, given: Option<&str>) -> bool {
        let key = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        self.key.as_deref().map_or(!key.is_empty(), |wanted| wanted == key)
    }

    /// The page before once more, where this walk's turn has come; else `page`, which is remembered. A walk is known
    /// by its list and filters, and goes on from the last row that it was given.
    pub(crate) fn page_or_repetition(&self, walk: &str, cursor: &str, page: LastPage) -> web::Bytes {
        let number = self.pages.fetch_add(1, Ordering::Relaxed) + 1;
        let mut last_pages = lock(&self.last_pages);
        let before = last_pages.get(walk).filter(|before| before.last_id == cursor);
        if let Some(before) = before.filter(|_| self.faults.repeats_page(number)) {
            return before.body.clone();
        }
        let body = page.body.clone();
        last_pages.insert(walk.to_owned(), page);
        body
    }
}

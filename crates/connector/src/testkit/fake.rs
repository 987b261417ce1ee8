//! A provider in memory, for tests of what calls one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use ltv_core::{MessageId, Origin, Provider, Timestamp};

use crate::signature::hmac_sha256;
use crate::{
    AcceptError, Cursor, ListName, Message, ObjectRef, Observed, Page, PaymentProvider, ProviderError,
    RawMessage,
};

/// The header that makes a message genuine, and its value.
pub const SIGNED: (&str, &str) = ("fake-signature", "good");
/// How many messages a page holds.
const PAGE: usize = 2;
/// Its one list.
const LISTS: &[ListName] = &[ListName("settlements")];

/// What a [`FakeProvider`] makes of a message.
pub type Observing = Box<dyn Fn(MessageId, &Message) -> Result<Observed, ProviderError> + Send + Sync>;

/// Holds objects, a list and the events that it sent. Webhooks are [`webhook`]s.
pub struct FakeProvider {
    observing: Observing,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    date: Timestamp,
    objects: BTreeMap<ObjectRef, Message>,
    needs: BTreeMap<String, Vec<ObjectRef>>,
    listed: Vec<Message>,
    sent: Vec<Message>,
    faults: VecDeque<Fault>,
    down: bool,
    calls: Vec<String>,
}

enum Fault {
    Fails(ProviderError),
    Hangs,
}

/// A message as [`FakeProvider`] understands it.
#[must_use]
pub fn message(origin: Origin, source_id: &str, kind: &str, data: &str, at: Timestamp) -> Message {
    Message {
        provider: Provider::Stripe,
        origin,
        source_id: source_id.to_owned(),
        kind: kind.to_owned(),
        observed_at: at,
        livemode: None,
        account: None,
        substance: hmac_sha256(b"substance", &[kind.as_bytes(), b"|", data.as_bytes()]),
        payload: Bytes::from(format!("{source_id}|{kind}|{}|{data}", at.timestamp())),
    }
}

/// A genuine webhook that becomes the message of [`message`].
#[must_use]
pub fn webhook(source_id: &str, kind: &str, data: &str, at: Timestamp) -> RawMessage {
    let body = message(Origin::Webhook, source_id, kind, data, at).payload;
    RawMessage { headers: vec![(SIGNED.0.to_owned(), SIGNED.1.to_owned())], body }
}

/// The answer that refuses a call.
#[must_use]
pub fn refused(status: u16, operation: &str) -> ProviderError {
    ProviderError::Refused {
        provider: Provider::Stripe,
        operation: operation.to_owned(),
        status,
        code: None,
        should_retry: None,
        retry_after_seconds: None,
    }
}

impl FakeProvider {
    /// An empty one, which shows of a message what `observing` says.
    #[must_use]
    pub fn new(observing: Observing) -> Self {
        Self { observing, state: Mutex::new(State::default()) }
    }

    /// The time of its answers.
    pub fn set_date(&self, date: Timestamp) {
        self.state().date = date;
    }

    /// Lets an object be read.
    pub fn hold(&self, object: ObjectRef, message: Message) {
        self.state().objects.insert(object, message);
    }

    /// Says what the message of this id needs.
    pub fn let_need(&self, source_id: &str, needs: Vec<ObjectRef>) {
        self.state().needs.insert(source_id.to_owned(), needs);
    }

    /// Adds to its list.
    pub fn list(&self, message: Message) {
        self.state().listed.push(message);
    }

    /// Adds to the events that it sent, whether or not they arrived.
    pub fn send(&self, message: Message) {
        self.state().sent.push(message);
    }

    /// Makes the next call that has no other fault before it fail.
    pub fn fail_next(&self, error: ProviderError) {
        self.state().faults.push_back(Fault::Fails(error));
    }

    /// Makes the next call that has no other fault before it last forever.
    pub fn hang_next(&self) {
        self.state().faults.push_back(Fault::Hangs);
    }

    /// Makes all calls fail with status 503, or no longer.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The calls so far, such as `fetch charge ch_1`, `list settlements` and `events`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    async fn called(&self, operation: &str) -> Result<(), ProviderError> {
        let (fault, down) = {
            let mut state = self.state();
            state.calls.push(operation.to_owned());
            (state.faults.pop_front(), state.down)
        };
        match fault {
            Some(Fault::Fails(error)) => Err(error),
            Some(Fault::Hangs) => std::future::pending().await,
            None if down => Err(refused(503, operation)),
            None => Ok(()),
        }
    }

    /// A page from where the cursor stands.
    fn page(&self, messages: &[Message], cursor: &Cursor, ends: fn(usize) -> Cursor) -> Page {
        let start = cursor.0.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0_usize);
        let rest = messages.get(start..).unwrap_or_default();
        let messages: Vec<Message> = rest.iter().take(PAGE).cloned().collect();
        let end = start.saturating_add(messages.len());
        let has_more = rest.len() > PAGE;
        let next = if has_more { Cursor(Some(end.to_string())) } else { ends(end) };
        let complete_through = (!has_more).then(|| self.state().date);
        Page { messages, next, has_more, complete_through }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PaymentProvider for FakeProvider {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn mapping_version(&self) -> i32 {
        1
    }

    async fn accept(&self, raw: &RawMessage, _now: Timestamp) -> Result<Message, AcceptError> {
        if raw.header(SIGNED.0) != Some(SIGNED.1) {
            return Err(AcceptError::Unauthentic);
        }
        let text = String::from_utf8_lossy(&raw.body).into_owned();
        let mut parts = text.splitn(4, '|');
        let (Some(id), Some(kind), Some(at), Some(data)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AcceptError::Malformed { detail: "not four parts".to_owned() });
        };
        let at = at.parse().ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
        match at {
            Some(at) => Ok(message(Origin::Webhook, id, kind, data, at)),
            None => Err(AcceptError::Malformed { detail: "no time".to_owned() }),
        }
    }

    fn observe(&self, id: MessageId, message: &Message) -> Result<Observed, ProviderError> {
        (self.observing)(id, message)
    }

    fn needs(&self, message: &Message) -> Vec<ObjectRef> {
        self.state().needs.get(&message.source_id).cloned().unwrap_or_default()
    }

    async fn fetch(&self, object: &ObjectRef) -> Result<Message, ProviderError> {
        let operation = format!("fetch {} {}", object.object_type, object.key.id());
        self.called(&operation).await?;
        let held = self.state().objects.get(object).cloned();
        held.ok_or_else(|| refused(404, &operation))
    }

    fn lists(&self) -> &'static [ListName] {
        LISTS
    }

    fn announces_settlement(&self, _message: &Message) -> bool {
        false
    }

    async fn list_since(&self, list: ListName, cursor: &Cursor) -> Result<Page, ProviderError> {
        self.called(&format!("list {}", list.0)).await?;
        let listed = self.state().listed.clone();
        Ok(self.page(&listed, cursor, |end| Cursor(Some(end.to_string()))))
    }

    fn sweeps(&self) -> bool {
        true
    }

    async fn events_since(&self, since: Timestamp, cursor: &Cursor) -> Result<Page, ProviderError> {
        self.called("events").await?;
        let sent = self.state().sent.clone();
        let wanted: Vec<Message> =
            sent.into_iter().rev().filter(|message| message.observed_at >= since).collect();
        Ok(self.page(&wanted, cursor, |_end| Cursor(None)))
    }
}

//! A scenario folder: webhook bodies in delivery order, and what the lists would answer.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::business::SimEvent;
use crate::calendar;
use crate::world::{EventRow, ListKind, Listed, Stored, World, collection_of};

/// Why a folder cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or a file cannot be read.
    #[error("could not read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A file is not the JSON that belongs there.
    #[error("{path} is not {expected}")]
    Json {
        /// Which.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A message says nothing of when it was made.
    #[error("{path}: `created` is neither seconds nor an RFC 3339 time")]
    Created {
        /// Which.
        path: PathBuf,
    },
    /// There is nothing to play.
    #[error("{path} holds no message: name them 01-….json, 02-….json, in delivery order")]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: Created,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Created {
    Seconds(i64),
    Text(String),
}

#[derive(Deserialize)]
struct Data {
    object: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    object: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    created: i64,
}

#[derive(Deserialize)]
struct ListBody {
    data: Vec<Box<RawValue>>,
}

impl World {
    /// Reads a scenario folder: files named `NN-….json` are one webhook body each, in name order;
    /// `balance_transactions.json` and `invoice_payments.json` are lists, or bare arrays, newest first. A list that is
    /// not there is empty; a single object is answered from its newest state in messages and lists.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn from_folder(folder: &Path) -> Result<(Vec<SimEvent>, Self), FolderError> {
        let mut world = Self::default();
        let mut states = Vec::new();
        let mut events = Vec::new();
        for path in message_files(folder)? {
            let body = Bytes::from(read(&path)?);
            let (event, state) = message(&path, body)?;
            states.extend(state);
            events.push(event);
        }
        if events.is_empty() {
            return Err(FolderError::Empty { path: folder.to_owned() });
        }
        // In the same second what was created comes before what became of it.
        states.sort_by_key(|state| (state.since, !state.is_creation));
        for kind in [ListKind::BalanceTransactions, ListKind::InvoicePayments] {
            world.set_list(kind, list(&folder.join(format!("{}.json", kind.name())))?);
        }
        for state in states {
            world.add_state(state.collection, &state.id, state.since, Stored::Plain(state.body));
        }
        world.set_events(listed_events(&events));
        Ok((events, world))
    }
}

/// What the list of messages shows: each once, no thin ones.
fn listed_events(events: &[SimEvent]) -> Vec<EventRow> {
    let mut seen = BTreeSet::new();
    let is_listed = |event: &&SimEvent| {
        let kind = serde_json::from_slice::<Named>(&event.body).ok().and_then(|named| named.object);
        kind.is_none_or(|kind| kind == "event")
    };
    let mut listed: Vec<&SimEvent> =
        events.iter().filter(is_listed).filter(|event| seen.insert(event.id.as_str())).collect();
    listed.sort_by_key(|event| event.at);
    listed.into_iter().map(|event| EventRow::Given(Box::new(event.clone()))).collect()
}

struct FoundState {
    collection: &'static str,
    id: String,
    since: i64,
    is_creation: bool,
    body: Bytes,
}

fn message_files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let failed = |source| FolderError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_str().is_some_and(is_message_name) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn is_message_name(name: &str) -> bool {
    let Some((number, _rest)) = name.split_once('-') else { return false };
    let numbered = number.len() >= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered && Path::new(name).extension().is_some_and(|extension| extension == "json")
}

fn read(path: &Path) -> Result<Vec<u8>, FolderError> {
    fs::read(path).map_err(|source| FolderError::Read { path: path.to_owned(), source })
}

fn message(path: &Path, body: Bytes) -> Result<(SimEvent, Option<FoundState>), FolderError> {
    let unreadable = |source| FolderError::Json {
        path: path.to_owned(),
        expected: "a webhook body with id, type and created",
        source,
    };
    let envelope: Envelope = serde_json::from_slice(&body).map_err(unreadable)?;
    let at = match &envelope.created {
        Created::Seconds(seconds) => Some(calendar::instant(*seconds)),
        Created::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
    };
    let at = at.ok_or_else(|| FolderError::Created { path: path.to_owned() })?;
    let state =
        envelope.data.and_then(|data| data.object).and_then(|object| state_of(&object, at, &envelope.kind));
    Ok((SimEvent { at, id: envelope.id, kind: envelope.kind, body }, state))
}

fn state_of(object: &RawValue, at: DateTime<Utc>, kind: &str) -> Option<FoundState> {
    let named: Named = serde_json::from_str(object.get()).ok()?;
    Some(FoundState {
        collection: collection_of(&named.object?)?,
        id: named.id?,
        since: at.timestamp(),
        is_creation: kind.ends_with(".created"),
        body: Bytes::copy_from_slice(object.get().as_bytes()),
    })
}

fn list(path: &Path) -> Result<Vec<Listed>, FolderError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |source| FolderError::Json {
        path: path.to_owned(),
        expected: "a list or an array of objects",
        source,
    };
    let bytes = read(path)?;
    let bare = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let rows: Vec<Box<RawValue>> = if bare {
        serde_json::from_slice(&bytes).map_err(failed)?
    } else {
        serde_json::from_slice::<ListBody>(&bytes).map_err(failed)?.data
    };
    let mut listed = Vec::with_capacity(rows.len());
    for row in rows.iter().rev() {
        let known: Row = serde_json::from_str(row.get()).map_err(failed)?;
        let body = Bytes::copy_from_slice(row.get().as_bytes());
        listed.push(Listed { created: known.created, id: known.id, body: Stored::Plain(body) });
    }
    Ok(listed)
}

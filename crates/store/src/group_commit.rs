//! Group commit: callers hand over a message and wait; one transaction takes all that wait.
//!
//! No timer: whatever queued up while the last transactions committed is the next group, so an idle system adds no
//! delay and a busy one makes large groups. The queue is bounded, and a full one is told at once. Transactions run in
//! tasks of their own, so a caller that goes away changes nothing.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::rows::{Appended, NewMessage};
use crate::traits::Store;
use crate::{ROWS_MAX, StoreError};

/// How many groups may commit at once: SQLite has one writer, PostgreSQL overlaps their flushes.
const GROUPS_SQLITE: usize = 1;
const GROUPS_POSTGRES: usize = 3;

/// Why a message was not stored.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// Too many wait already.
    #[error("too many messages wait to be stored")]
    Full,
    /// The store failed; those of the same group were told the same.
    #[error("could not store the message")]
    Store(#[source] Arc<StoreError>),
}

type Answer = Result<Appended, GroupError>;
type Waiting = (NewMessage, oneshot::Sender<Answer>);

/// Stores messages in groups.
#[derive(Debug, Clone)]
pub struct GroupCommit {
    queue: mpsc::Sender<Waiting>,
}

impl GroupCommit {
    /// Starts the task that commits groups, with room for `queue_max` messages that wait. It ends with the last copy
    /// of this handle.
    #[must_use]
    pub fn spawn(store: Arc<dyn Store>, queue_max: usize) -> Self {
        let (queue, waiting) = mpsc::channel(queue_max.max(1));
        tokio::spawn(commit_groups(store, waiting));
        Self { queue }
    }

    /// Stores a message; answers once it is on disk.
    ///
    /// # Errors
    /// [`GroupError`]
    pub async fn append(&self, message: NewMessage) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send((message, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => GroupError::Full,
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        answered.await.unwrap_or_else(|_gone| Err(stopped()))
    }
}

fn stopped() -> GroupError {
    GroupError::Store(Arc::new(StoreError::Connection {
        detail: "the task that stores messages has ended".to_owned(),
    }))
}

async fn commit_groups(store: Arc<dyn Store>, mut waiting: mpsc::Receiver<Waiting>) {
    let groups = if store.backend() == "sqlite" { GROUPS_SQLITE } else { GROUPS_POSTGRES };
    let turns = Arc::new(Semaphore::new(groups));
    let mut group = Vec::with_capacity(ROWS_MAX);
    // The turn first: while there is none, the next group grows.
    while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
        if waiting.recv_many(&mut group, ROWS_MAX).await == 0 {
            return;
        }
        let (store, group) = (Arc::clone(&store), std::mem::take(&mut group));
        tokio::spawn(async move {
            commit(store.as_ref(), group).await;
            drop(turn);
        });
    }
}

async fn commit(store: &dyn Store, group: Vec<Waiting>) {
    let (messages, answers): (Vec<NewMessage>, Vec<oneshot::Sender<Answer>>) = group.into_iter().unzip();
    // Kept only where one could spoil the group for others.
    let copies = if messages.len() > 1 { messages.clone() } else { Vec::new() };
    match store.append(messages).await {
        Ok(appended) => {
            for (answer, appended) in answers.into_iter().zip(appended) {
                // Nobody waits any more: the message is stored all the same.
                drop(answer.send(Ok(appended)));
            }
        }
        Err(error) if !error.is_retryable() && !copies.is_empty() => {
            for (message, answer) in copies.into_iter().zip(answers) {
                drop(answer.send(alone(store, message).await));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for answer in answers {
                drop(answer.send(Err(GroupError::Store(Arc::clone(&error)))));
            }
        }
    }
}

/// Stores one message by itself, since something in its group cannot be stored.
async fn alone(store: &dyn Store, message: NewMessage) -> Answer {
    match store.append(vec![message]).await {
        Ok(appended) => appended.first().copied().ok_or_else(stopped).map(Ok)?,
        Err(error) => Err(GroupError::Store(Arc::new(error))),
    }
}

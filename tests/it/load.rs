//! A small made-up business, its stand-in, and many connections that tell of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use chrono::{TimeZone, Utc};
use e2e::{SECRET, now};
use serde_json::Value;
use simulator::{BusinessConfig, DeliveryOrder, History, Mix, Sender, SimEvent, deliveries, invent};

/// Invents a live business that began with 2025.
pub fn business(suppliers: u32, months: u32, seed: u64) -> anyhow::Result<History> {
    let start = Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).single().context("no such day")?;
    Ok(invent(&BusinessConfig { suppliers, months, seed, start, livemode: true, mix: Mix::Plain }))
}

/// What is to be sent and what was answered.
#[derive(Debug, Default)]
struct Mail {
    waiting: VecDeque<SimEvent>,
    acknowledged: BTreeMap<String, SimEvent>,
    /// Acknowledged, then sent again and not called a duplicate.
    forgotten: BTreeSet<String>,
    answers: u64,
}

/// A shared heap of mail.
#[derive(Debug, Clone, Default)]
pub struct Post(Arc<Mutex<Mail>>);

impl Post {
    /// With these messages waiting, delivered messily: late, doubled, out of order.
    pub fn of(events: &[SimEvent], seed: u64) -> Self {
        let waiting = deliveries(events, DeliveryOrder::Messy { seed }).into();
        Self(Arc::new(Mutex::new(Mail { waiting, ..Mail::default() })))
    }

    /// How many messages were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.with(|mail| mail.acknowledged.len())
    }

    /// How many answers there were.
    pub fn answers(&self) -> u64 {
        self.with(|mail| mail.answers)
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.with(|mail| mail.waiting.len())
    }

    /// Puts all acknowledged messages on the heap once more.
    pub fn again(&self) {
        self.with(|mail| mail.waiting = mail.acknowledged.values().cloned().collect());
    }

    /// Fails if a message was acknowledged and then not known.
    pub fn nothing_was_forgotten(&self) -> anyhow::Result<()> {
        let forgotten = self.with(|mail| mail.forgotten.clone());
        ensure!(forgotten.is_empty(), "acknowledged and then not known: {forgotten:?}");
        Ok(())
    }

    /// Sends over so many connections, until nothing waits or the service is gone; with `endless` what was acknowledged
    /// is sent again.
    pub async fn send(&self, url: &str, connections: usize, endless: bool) -> anyhow::Result<()> {
        let mut senders = Vec::new();
        for _ in 0..connections {
            let (post, sender) = (self.clone(), Sender::new(url, SECRET)?);
            senders.push(tokio::spawn(async move { post.send_one_by_one(&sender, endless).await }));
        }
        for sender in senders {
            sender.await??;
        }
        Ok(())
    }

    async fn send_one_by_one(&self, sender: &Sender, endless: bool) -> anyhow::Result<()> {
        while let Some((event, known)) = self.next(endless) {
            match sender.send(&event.body, now()).await {
                Ok(sent) if sent.is_accepted() => self.acknowledge(event, known, &sent.body),
                Ok(sent) if sent.is_retryable() => self.put_back(event),
                Ok(sent) => anyhow::bail!("{} was answered {}: {}", event.id, sent.status, sent.body),
                // Gone in the middle of it: whether it was taken is not known, so it is sent again.
                Err(_gone) => {
                    self.put_back(event);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next message, and whether it had been acknowledged before it is sent now.
    fn next(&self, endless: bool) -> Option<(SimEvent, bool)> {
        self.with(|mail| {
            if mail.waiting.is_empty() && endless {
                mail.waiting = mail.acknowledged.values().cloned().collect();
            }
            let event = mail.waiting.pop_front()?;
            let known = mail.acknowledged.contains_key(&event.id);
            Some((event, known))
        })
    }

    fn put_back(&self, event: SimEvent) {
        self.with(|mail| mail.waiting.push_back(event));
    }

    fn acknowledge(&self, event: SimEvent, known: bool, answer: &Value) {
        self.with(|mail| {
            mail.answers += 1;
            if known && answer.get("duplicate") != Some(&Value::Bool(true)) {
                mail.forgotten.insert(event.id.clone());
            }
            mail.acknowledged.insert(event.id.clone(), event);
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Mail) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

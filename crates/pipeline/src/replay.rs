//! Replay: build the ledger anew from the inbox and the block log, block by block, and compare; and verify.

use std::sync::Arc;

use store::{BlockHead, Store, VerifyFinding};

use crate::book;
use crate::error::PipelineError;
use crate::observe::{self, Observer};
use crate::pipeline::{Inner, LtvDataPipeline};

/// How many blocks are read at once.
const BLOCKS_PAGE: i64 = 200;
/// How many messages are read at once.
const MESSAGES_PAGE: i64 = 500;

/// What a replay gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// The digest of the ledger that was built.
    pub digest: String,
    /// The digest of the ledger that stands.
    pub live_digest: String,
    /// How many entries were built.
    pub entries: i64,
    /// How many blocks were built.
    pub blocks: i64,
    /// Whether digest, every entry and every block hash are those of the ledger that stands.
    pub equal: bool,
    /// What differs, in words.
    pub differences: Vec<String>,
}

/// What verifying gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many blocks were checked.
    pub blocks: i64,
    /// How many entries.
    pub entries: i64,
    /// How many messages.
    pub messages: i64,
    /// What is wrong.
    pub findings: Vec<VerifyFinding>,
}

impl LtvDataPipeline {
    /// Rebuilds the ledger into an empty one beside it, block by block, compares, and drops it again.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn replay_verify(&self) -> Result<ReplayReport, PipelineError> {
        let scratch = self.inner.store.scratch_ledger().await?;
        let report = rebuild_and_compare(&self.inner, &scratch).await;
        self.inner.store.drop_scratch(scratch).await?;
        report
    }

    /// Rebuilds the ledger from the inbox alone, without the block log, and answers its digest: the same for every
    /// delivery order.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn digest_from_inbox(&self) -> Result<String, PipelineError> {
        let scratch = self.inner.store.scratch_ledger().await?;
        let built = async {
            observe_all(&self.inner, &scratch).await?;
            book_rest(&self.inner, &scratch).await?;
            Ok::<_, PipelineError>(scratch.digest().await?.finish())
        }
        .await;
        self.inner.store.drop_scratch(Arc::clone(&scratch)).await?;
        built
    }

    /// Rebuilds the ledger, books what was still waiting, and puts it in the place of the one that stands. No server
    /// may be running.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn replay(&self) -> Result<ReplayReport, PipelineError> {
        let scratch = self.inner.store.scratch_ledger().await?;
        let report = rebuild_and_compare(&self.inner, &scratch).await?;
        book_rest(&self.inner, &scratch).await?;
        self.inner.store.swap_in(scratch).await?;
        Ok(report)
    }

    /// Checks seals, chain, balances, running totals, and that every stored message can be opened and is what was
    /// received.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn verify(&self) -> Result<VerifyReport, PipelineError> {
        let mut findings = self.inner.store.verify().await?;
        findings.extend(self.inner.store.verify_audit().await?);
        let messages = verify_messages(&self.inner, &mut findings).await?;
        let (_, entries, blocks) = self.inner.store.entries_fingerprint().await?;
        Ok(VerifyReport { blocks, entries, messages, findings })
    }

    /// The order-free digest of everything booked.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn digest(&self) -> Result<String, PipelineError> {
        Ok(self.inner.store.digest().await?.finish())
    }
}

async fn rebuild_and_compare(inner: &Inner, scratch: &Arc<dyn Store>) -> Result<ReplayReport, PipelineError> {
    observe_all(inner, scratch).await?;
    rebook_all(inner, scratch).await?;
    compare(inner, scratch).await
}

/// Maps every message of the inbox again.
async fn observe_all(inner: &Inner, scratch: &Arc<dyn Store>) -> Result<(), PipelineError> {
    let observer = Observer {
        store: Arc::clone(scratch),
        vault: inner.vault.clone(),
        integrations: Arc::clone(&inner.integrations),
        // Drift has been counted when the message came.
        tallies: Arc::default(),
        settings: inner.settings.clone(),
    };
    loop {
        if observer.pass(inner.clock.now()).await?.messages == 0 {
            return Ok(());
        }
    }
}

/// Books block by block what the log says.
async fn rebook_all(inner: &Inner, scratch: &Arc<dyn Store>) -> Result<(), PipelineError> {
    let mut after = 0;
    loop {
        let blocks = inner.store.blocks(after, BLOCKS_PAGE).await?;
        let Some(last) = blocks.last() else { return Ok(()) };
        after = last.number;
        for block in &blocks {
            let (log, completeness) = inner.store.block_log(block.number).await?;
            scratch.rebook(block, log, completeness, Arc::clone(&inner.booker)).await?;
        }
    }
}

/// Books whatever is dirty.
async fn book_rest(inner: &Inner, scratch: &Arc<dyn Store>) -> Result<(), PipelineError> {
    loop {
        let report = book::pass(scratch.as_ref(), &inner.booker, &inner.settings, inner.clock.now()).await?;
        if report.marks == 0 {
            return Ok(());
        }
    }
}

async fn compare(inner: &Inner, scratch: &Arc<dyn Store>) -> Result<ReplayReport, PipelineError> {
    let live_head = inner.store.head().await?;
    let head = scratch.head().await?;
    let live_digest = inner.store.digest().await?.finish();
    let digest = scratch.digest().await?.finish();
    let (live_print, live_entries, _) = inner.store.entries_fingerprint().await?;
    let (print, entries, blocks) = scratch.entries_fingerprint().await?;
    let mut differences = head_differences(&live_head, &head);
    if digest != live_digest {
        differences.push(format!("digest: built {digest}, standing {live_digest}"));
    }
    if print != live_print {
        differences.push(format!("entries: built {entries}, standing {live_entries}, not the same"));
    }
    Ok(ReplayReport { digest, live_digest, entries, blocks, equal: differences.is_empty(), differences })
}

fn head_differences(live: &BlockHead, built: &BlockHead) -> Vec<String> {
    let mut differences = Vec::new();
    if live.number != built.number {
        differences.push(format!("blocks: built {}, standing {}", built.number, live.number));
    } else if live.hash != built.hash {
        differences.push(format!("the hash of block {} is not the same", live.number));
    }
    differences
}

async fn verify_messages(inner: &Inner, findings: &mut Vec<VerifyFinding>) -> Result<i64, PipelineError> {
    let mut after = ltv_core::MessageId(0);
    let mut count: i64 = 0;
    loop {
        let messages = inner.store.messages_after(after, MESSAGES_PAGE).await?;
        let Some(last) = messages.last() else { return Ok(count) };
        after = last.id;
        for message in &messages {
            count = count.saturating_add(1);
            if let Err(error) = observe::open(&inner.vault, message).await {
                findings.push(VerifyFinding {
                    check: "message",
                    detail: format!("message {}: {error}", message.id),
                });
            }
        }
    }
}

//! Why a supplier's realised LTV is what it is, down to the raw messages.

use std::collections::BTreeMap;

use ltv_core::explain::{Explained, ExplainedPosting, explain};
use ltv_core::{MessageId, SupplierId};
use store::PostingFilter;

use super::types::{AskError, ExplainNode, ExplainSource, Meta, View, Viewed};
use crate::pipeline::{Inner, LtvDataPipeline};

/// How many postings are read at once.
const PAGE: i64 = 2_000;

impl LtvDataPipeline {
    /// A tree whose children sum to their parents, and whose leaves name raw messages.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn explain(
        &self,
        id: &SupplierId,
        view: &View,
    ) -> Result<(Viewed, ExplainNode, Meta), AskError> {
        let inner = &self.inner;
        let answer = self.realised(id, view).await?;
        let resolved =
            inner.resolve(&View { known_at: Some(answer.viewed.known_at), ..view.clone() }).await?;
        let filter = PostingFilter {
            party: Some(answer.party),
            as_of: view.as_of,
            block_max: Some(resolved.block.number),
            limit: PAGE,
            ..PostingFilter::default()
        };
        let postings = inner.all_postings(filter).await?;
        let tree = explain(&postings, answer.viewed.currency)?;
        let sources = inner.sources(&tree).await?;
        Ok((answer.viewed, node_of(tree, &sources), answer.meta))
    }
}

impl Inner {
    async fn all_postings(&self, mut filter: PostingFilter) -> Result<Vec<ExplainedPosting>, AskError> {
        let mut postings = Vec::new();
        loop {
            let page = self.store.postings(&filter).await?;
            let Some(last) = page.last() else { return Ok(postings) };
            filter.before = Some((last.posting.key.effective_at, last.id));
            postings.extend(
                page.into_iter().map(|line| ExplainedPosting { anchor: line.anchor, posting: line.posting }),
            );
        }
    }

    /// The messages behind the leaves.
    async fn sources(&self, tree: &Explained) -> Result<BTreeMap<MessageId, ExplainSource>, AskError> {
        let mut ids = Vec::new();
        collect(tree, &mut ids);
        self.sources_of(ids).await
    }

    /// What names these messages; order and repetition do not matter.
    pub(super) async fn sources_of(
        &self,
        mut ids: Vec<MessageId>,
    ) -> Result<BTreeMap<MessageId, ExplainSource>, AskError> {
        ids.sort_unstable();
        ids.dedup();
        let messages = self.store.messages(&ids).await?;
        Ok(messages
            .into_iter()
            .map(|message| {
                let source = ExplainSource {
                    inbox_id: message.id.0,
                    provider: message.provider.to_string(),
                    event_id: message.source_id,
                    sha256: hex::encode(message.sha256),
                };
                (message.id, source)
            })
            .collect())
    }
}

fn collect(node: &Explained, ids: &mut Vec<MessageId>) {
    ids.extend(node.source);
    node.children.iter().for_each(|child| collect(child, ids));
}

fn node_of(node: Explained, sources: &BTreeMap<MessageId, ExplainSource>) -> ExplainNode {
    ExplainNode {
        label: node.label,
        value: node.value,
        children: node.children.into_iter().map(|child| node_of(child, sources)).collect(),
        source: node.source.and_then(|id| sources.get(&id).cloned()),
    }
}

//! Why MRR under one policy is not that under another.

use ltv_core::Money;
use ltv_core::subscription::{Bridge, MrrError, shown};

use super::book_of_business::FactPages;
use super::business::{BridgeAnswer, BridgeLine};
use super::types::{AskError, View};
use super::view::policy_named;
use crate::pipeline::LtvDataPipeline;

impl LtvDataPipeline {
    /// Why MRR under `policy_b` is not that under `policy_a`, reason by reason.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn bridge(
        &self,
        view: &View,
        policy_a: &str,
        policy_b: &str,
    ) -> Result<BridgeAnswer, AskError> {
        let inner = &self.inner;
        let (a, b) = (policy_named("policyA", policy_a)?, policy_named("policyB", policy_b)?);
        let view = View { policy: Some(a.name.clone()), ..view.clone() };
        let looked = inner.look(&view).await?;
        let block = looked.resolved.block.number;
        let rates = inner.rates_at(block).await?;
        let mut bridge = Bridge::new(&a, &b, looked.currency, looked.resolved.shown_as_of);
        let mut pages = FactPages::at(&inner.store, block);
        while let Some(page) = pages.next().await? {
            for (_, facts) in page {
                bridge.add(&facts, &rates)?;
            }
            // Between pages others get their turn.
            tokio::task::yield_now().await;
        }
        let (from, to) = (bridge.from().rounded()?, bridge.to().rounded()?);
        let meta = looked.meta;
        Ok(BridgeAnswer {
            viewed: looked.viewed,
            policy_a: a.name,
            policy_b: b.name,
            from,
            to,
            lines: lines_of(&bridge, from, to)?,
            meta,
        })
    }
}

fn lines_of(bridge: &Bridge, from: Money, to: Money) -> Result<Vec<BridgeLine>, MrrError> {
    let lines = bridge.lines();
    let change = to.minor().checked_sub(from.minor()).ok_or(MrrError::Overflow)?;
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<_> = lines.iter().map(|line| line.amount).collect();
    let amounts = shown(Money::from_minor(change, from.currency()), &parts)?;
    let each = lines.into_iter().zip(amounts);
    Ok(each
        .map(|(line, amount)| BridgeLine { reason: line.reason, amount, suppliers: line.suppliers })
        .collect())
}

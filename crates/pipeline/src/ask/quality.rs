//! How good the data is.

use ltv_core::Money;

use super::status::{drift, total};
use super::types::{AskError, DataQuality, QualityCheck, View};
use crate::pipeline::LtvDataPipeline;

/// How many findings of one check are named.
const NAMED_MAX: i64 = 5;

impl LtvDataPipeline {
    /// Checks the data. The comprehensive level also checks seals, chain and totals, which reads everything.
    ///
    /// # Errors
    /// [`AskError`]
    pub async fn data_quality(&self, comprehensive: bool) -> Result<DataQuality, AskError> {
        let inner = &self.inner;
        inner.tallies.flush(inner.store.as_ref()).await?;
        let tallies = inner.store.tallies().await?;
        let resolved = inner.resolve(&View::default()).await?;
        let balances = inner.sums(&resolved, None).await?;
        let currency = inner.currency(&View::default(), &balances);
        let figures = balances.figures(currency)?;
        let meta = inner.meta(&resolved, &balances, &figures, currency).await?;
        let statuses = self.integration_status().await?;
        let mut checks = vec![
            self.counts_add_up().await?,
            check(
                "no_dead_letters",
                statuses.iter().map(|s| s.dead.saturating_add(s.quarantined)).sum(),
                "messages could not be worked on",
            ),
            self.no_stuck_cases().await?,
            self.no_suspense().await?,
            check("no_drift", total(&tallies, None, "drift"), "things were not understood"),
            balanced(&balances),
        ];
        if comprehensive {
            checks.push(self.sealed().await?);
        }
        let passed = checks.iter().filter(|check| check.passed).count();
        let score = passed.saturating_mul(100).checked_div(checks.len()).unwrap_or(0);
        Ok(DataQuality {
            level: if comprehensive { "comprehensive" } else { "basic" },
            checked_at: inner.clock.now(),
            score: u8::try_from(score).unwrap_or(100),
            checks,
            duplicates: total(&tallies, None, "duplicate"),
            rejected: total(&tallies, None, "rejected"),
            test_mode: statuses.iter().map(|status| status.test_mode).sum(),
            drift: drift(&tallies, None),
            suspense: suspense(&balances, currency),
            gaps: meta.gaps,
        })
    }

    /// accepted = done + pending + dead + quarantined, per integration (I14).
    async fn counts_add_up(&self) -> Result<QualityCheck, AskError> {
        let off: i64 = self
            .inner
            .store
            .status()
            .await?
            .values()
            .map(|c| {
                c.accepted
                    .saturating_sub(c.done)
                    .saturating_sub(c.pending)
                    .saturating_sub(c.dead)
                    .saturating_sub(c.quarantined)
                    .abs()
            })
            .sum();
        Ok(check("counts_add_up", off, "messages are unaccounted for"))
    }

    async fn no_stuck_cases(&self) -> Result<QualityCheck, AskError> {
        let stuck = self.inner.store.stuck_cases(NAMED_MAX).await?;
        let names: Vec<String> = stuck.iter().map(|(anchor, reason)| format!("{anchor}: {reason}")).collect();
        Ok(named("no_stuck_cases", names, "cases could not be computed"))
    }

    async fn no_suspense(&self) -> Result<QualityCheck, AskError> {
        let open = self.inner.store.suspense(NAMED_MAX).await?;
        let names: Vec<String> =
            open.iter().map(|(anchor, _, amount)| format!("{anchor}: {amount}")).collect();
        Ok(named("no_suspense", names, "amounts are in suspense"))
    }

    async fn sealed(&self) -> Result<QualityCheck, AskError> {
        let findings = self.inner.store.verify().await?;
        let names: Vec<String> =
            findings.iter().map(|finding| format!("{}: {}", finding.check, finding.detail)).collect();
        Ok(named("sealed_and_balanced", names, "findings"))
    }
}

fn check(name: &'static str, found: i64, what: &str) -> QualityCheck {
    let detail = if found == 0 { "none".to_owned() } else { format!("{found} {what}") };
    QualityCheck { name, passed: found == 0, found, detail }
}

fn named(name: &'static str, names: Vec<String>, what: &str) -> QualityCheck {
    let found = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let mut made = check(name, found, what);
    if found > 0 {
        made.detail = format!("{}: {}", made.detail, names.join("; "));
    }
    made
}

/// The whole book sums to zero in each currency (I6).
fn balanced(balances: &ltv_core::ledger::Balances) -> QualityCheck {
    let off = balances
        .currencies()
        .into_iter()
        .filter(|currency| {
            let sum: i128 = balances
                .sums
                .iter()
                .filter(|((_, c), _)| c == currency)
                .map(|(_, (amount, _))| i128::from(*amount))
                .sum();
            sum != 0
        })
        .count();
    check("book_balances", i64::try_from(off).unwrap_or(i64::MAX), "currencies do not sum to zero")
}

fn suspense(balances: &ltv_core::ledger::Balances, currency: ltv_core::Currency) -> Money {
    let key = (ltv_core::ledger::Account::Suspense, currency);
    Money::from_minor(balances.sums.get(&key).map_or(0, |(amount, _)| *amount), currency)
}

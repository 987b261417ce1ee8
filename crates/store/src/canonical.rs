//! The canonical form of a block, and its hash. Booking, booking again and verifying all go through here.
//!
//! A block's hash is SHA-256 over: the hash before it; its number and time of recording (microseconds), eight bytes
//! each, the highest first; then the SHA-256 of each of these lists. Entry lines in the order of case, sequence and
//! posting key; log lines in the order of case, message and mapping; completeness lines in the order of integration;
//! and, where there are any, facts in the order of case, kind and party. In a list each field is preceded by its length in four bytes, so that no two lists read the same. Numbers that the
//! database gives out to postings are left out: a ledger built anew has others.

use sha2::{Digest, Sha256};

use crate::models::{CompletenessRow, FactRow, LogRow, PostingRow};
use crate::models_admin::AuditRecord;

/// Everything that a block seals.
pub(crate) struct Sealed<'a> {
    pub(crate) previous_hash: &'a [u8],
    pub(crate) number: i64,
    pub(crate) recorded_at_micros: i64,
    pub(crate) postings: &'a [PostingRow],
    pub(crate) log: &'a [LogRow],
    pub(crate) completeness: &'a [CompletenessRow],
    pub(crate) facts: &'a [FactRow],
}

impl Sealed<'_> {
    /// The hash of the block.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.previous_hash);
        hash.update(self.number.to_be_bytes());
        hash.update(self.recorded_at_micros.to_be_bytes());
        hash.update(entry_lines(self.postings).finish());
        hash.update(log_lines(self.log).finish());
        hash.update(completeness_lines(self.completeness).finish());
        // Left out of a block that has none: blocks from before there were facts keep their hash.
        if !self.facts.is_empty() {
            hash.update(fact_lines(self.facts).finish());
        }
        hash.finalize().into()
    }
}

/// A list of fields that is hashed as it grows.
#[derive(Default)]
pub(crate) struct Lines(Sha256);

impl Lines {
    fn text(&mut self, text: &str) {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, number: i64) {
        self.0.update(8_u32.to_be_bytes());
        self.0.update(number.to_be_bytes());
    }

    /// Adds a posting of an entry.
    pub(crate) fn posting(&mut self, row: &PostingRow) {
        self.text(&row.anchor);
        self.number(i64::from(row.sequence));
        self.text(&row.account);
        self.text(&row.party);
        self.text(&row.integration);
        self.text(&row.currency);
        self.number(row.amount_minor);
        self.number(row.quantity);
        self.number(row.effective_at.0.timestamp_micros());
        self.text(&row.fact);
        self.number(row.source_message);
    }

    /// Adds a version of facts.
    pub(crate) fn fact(&mut self, row: &FactRow) {
        self.text(&row.anchor);
        self.text(&row.kind);
        self.text(&row.party);
        self.text(&row.body);
    }

    /// Adds a text that may be missing; a missing one is not the same as an empty one.
    fn optional(&mut self, text: Option<&String>) {
        self.number(i64::from(text.is_some()));
        self.text(text.map_or("", String::as_str));
    }

    /// The hash of the list.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The place of a posting among those of its block.
pub(crate) fn sort_postings(postings: &mut [&PostingRow]) {
    postings.sort_by(|a, b| place(a).cmp(&place(b)));
}

type Place<'a> = (&'a str, i32, &'a str, &'a str, &'a str, crate::sql::Ts, &'a str, i64, i64, i64);

fn place(row: &PostingRow) -> Place<'_> {
    // The last three make the order total even where rows were added by hand.
    (
        &row.anchor,
        row.sequence,
        &row.account,
        &row.party,
        &row.currency,
        row.effective_at,
        &row.fact,
        row.amount_minor,
        row.quantity,
        row.source_message,
    )
}

fn entry_lines(postings: &[PostingRow]) -> Lines {
    let mut sorted: Vec<&PostingRow> = postings.iter().collect();
    sort_postings(&mut sorted);
    let mut lines = Lines::default();
    for row in sorted {
        lines.posting(row);
    }
    lines
}

fn log_lines(log: &[LogRow]) -> Lines {
    let mut sorted: Vec<&LogRow> = log.iter().collect();
    sorted.sort();
    let mut lines = Lines::default();
    for row in sorted {
        lines.text(&row.anchor);
        lines.number(row.message_id);
        lines.number(i64::from(row.mapping_version));
    }
    lines
}

fn completeness_lines(completeness: &[CompletenessRow]) -> Lines {
    let mut sorted: Vec<&CompletenessRow> = completeness.iter().collect();
    sorted.sort();
    let mut lines = Lines::default();
    for row in sorted {
        lines.text(&row.integration);
        lines.number(row.complete_through.0.timestamp_micros());
    }
    lines
}

fn fact_lines(facts: &[FactRow]) -> Lines {
    let mut sorted: Vec<&FactRow> = facts.iter().collect();
    sorted.sort();
    let mut lines = Lines::default();
    for row in sorted {
        lines.fact(row);
    }
    lines
}

/// The hash of a record of the audit log: SHA-256 over the hash of the record before, then all its fields, each
/// preceded by its length.
pub(crate) fn audit_hash(row: &AuditRecord) -> [u8; 32] {
    let mut lines = Lines::default();
    lines.0.update(&row.previous_hash);
    lines.number(row.seq);
    lines.number(row.at.0.timestamp_micros());
    let texts = [
        &row.actor_kind,
        &row.actor_id,
        &row.actor_roles,
        &row.action,
        &row.object,
        &row.outcome,
        &row.code_version,
    ];
    for text in texts {
        lines.text(text);
    }
    let optionals =
        [&row.reason, &row.request_id, &row.source_ip_hash, &row.before_digest, &row.after_digest];
    for text in optionals {
        lines.optional(text.as_ref());
    }
    lines.number(row.block);
    lines.0.update(&row.block_hash);
    lines.finish()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::sql::Ts;

    fn a_posting(anchor: &str, amount_minor: i64) -> PostingRow {
        PostingRow {
            anchor: anchor.into(),
            sequence: 1,
            account: "bank".into(),
            party: "stripe:cus_1".into(),
            integration: "main".into(),
            currency: "GBP".into(),
            amount_minor,
            quantity: 0,
            effective_at: Ts(DateTime::UNIX_EPOCH),
            fact: anchor.into(),
            source_message: 1,
            block: 1,
        }
    }

    fn hash(postings: &[PostingRow], log: &[LogRow]) -> [u8; 32] {
        Sealed {
            previous_hash: &[0; 32],
            number: 1,
            recorded_at_micros: 2,
            postings,
            log,
            completeness: &[],
            facts: &[],
        }
        .hash()
    }

    #[test]
    fn the_order_in_which_rows_are_read_has_no_say() {
        let (a, b) = (a_posting("stripe:a", 1), a_posting("stripe:b", 2));
        assert_eq!(hash(&[a.clone(), b.clone()], &[]), hash(&[b, a], &[]));
    }

    #[test]
    fn a_changed_amount_changes_the_hash() {
        assert_ne!(hash(&[a_posting("stripe:a", 1)], &[]), hash(&[a_posting("stripe:a", 2)], &[]));
    }

    #[test]
    fn text_cannot_move_from_one_field_into_the_next() {
        let mut left = a_posting("stripe:a", 1);
        let mut right = left.clone();
        left.account = "ab".into();
        left.party = "c".into();
        right.account = "a".into();
        right.party = "bc".into();
        assert_ne!(hash(&[left], &[]), hash(&[right], &[]));
    }

    #[test]
    fn a_log_line_that_is_left_out_changes_the_hash() {
        let line = LogRow { anchor: "stripe:a".into(), message_id: 1, mapping_version: 1, block: 1 };
        assert_ne!(hash(&[], &[line]), hash(&[], &[]));
    }

    #[test]
    fn facts_are_sealed_and_a_block_without_any_has_the_hash_that_it_always_had() {
        let version = |kind: &str, body: &str| FactRow {
            anchor: "stripe:a".into(),
            kind: kind.into(),
            party: "stripe:cus_1".into(),
            block: 1,
            body: body.into(),
        };
        let hash = |facts: &[FactRow]| {
            Sealed {
                previous_hash: &[0; 32],
                number: 1,
                recorded_at_micros: 2,
                postings: &[],
                log: &[],
                completeness: &[],
                facts,
            }
            .hash()
        };
        let mut before = Sha256::new();
        before.update([0; 32]);
        before.update(1_i64.to_be_bytes());
        before.update(2_i64.to_be_bytes());
        for _ in 0..3 {
            before.update(Lines::default().finish());
        }
        assert_eq!(hash(&[]), <[u8; 32]>::from(before.finalize()));
        let (a, b) = (version("rate", "[]"), version("return", "[]"));
        assert_ne!(hash(&[]), hash(std::slice::from_ref(&a)));
        assert_ne!(hash(std::slice::from_ref(&a)), hash(&[version("rate", "[1]")]));
        assert_eq!(hash(&[a.clone(), b.clone()]), hash(&[b, a]));
    }

    #[test]
    fn a_missing_text_is_not_an_empty_one() {
        let lines = |text: Option<&String>| {
            let mut lines = Lines::default();
            lines.optional(text);
            lines.finish()
        };
        assert_ne!(lines(None), lines(Some(&String::new())));
    }
}

//! Dead letters: retried, discarded, and never lost.

use ltv_core::MessageId;
use ltv_core::testkit::day;
use pipeline::{AskError, DeadLetterFilter, Decided, Redriven};

use crate::bench::{Bench, POISON};

async fn one_letter(bench: &Bench, kind: &str) -> MessageId {
    bench.deliver_text("evt_1", kind, POISON, day(1)).await;
    let letters = bench.pipeline.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    MessageId(letters[0].id)
}

#[tokio::test]
async fn a_mended_mapping_and_a_retry_bring_a_letter_back_to_life() {
    let bench = Bench::new().await;
    let id = one_letter(&bench, "charge.succeeded").await;
    let detail = bench.pipeline.dead_letter(id).await.unwrap();
    let letter = detail.letter.unwrap();
    assert!(letter.reason.contains("it is poison"), "{}", letter.reason);
    assert!(detail.bears_money && detail.entries.is_empty());
    assert_eq!(detail.message.event_id, "evt_1");
    bench.mend_the_mapping();
    assert_eq!(bench.pipeline.redrive_dead_letter(id, "k", false).await.unwrap(), Redriven::Queued);
    bench.pass(0).await;
    let detail = bench.pipeline.dead_letter(id).await.unwrap();
    assert_eq!((detail.letter, detail.redrives), (None, 1));
    assert_eq!(detail.entries, [("stripe:ch_poison".to_owned(), 1)], "it names what it moved");
    assert_eq!(bench.pipeline.redrive_dead_letter(id, "k", false).await.unwrap(), Redriven::NoSuch);
    let other = bench.pipeline.dead_letter(MessageId(999)).await;
    assert!(matches!(other, Err(AskError::NotFound { .. })));
}

#[tokio::test]
async fn after_three_retries_a_person_has_to_confirm_the_next() {
    let bench = Bench::new().await;
    let id = one_letter(&bench, "charge.succeeded").await;
    for _ in 0..3 {
        assert_eq!(bench.pipeline.redrive_dead_letter(id, "k", false).await.unwrap(), Redriven::Queued);
        bench.pass(0).await;
    }
    let refused = bench.pipeline.redrive_dead_letter(id, "k", false).await.unwrap();
    assert_eq!(refused, Redriven::NeedsConfirmation { redrives: 3 });
    let all = DeadLetterFilter::default();
    assert_eq!(bench.pipeline.retry_dead_letters(&all, "k").await.unwrap(), 0, "nor with all others");
    assert_eq!(bench.pipeline.redrive_dead_letter(id, "k", true).await.unwrap(), Redriven::Queued);
}

#[tokio::test]
async fn a_filter_retries_what_fits() {
    let bench = Bench::new().await;
    one_letter(&bench, "charge.succeeded").await;
    bench.deliver_text("evt_2", "refund.created", POISON, day(1)).await;
    let kind = |kind: &str| DeadLetterFilter { kind: Some(kind.to_owned()), ..DeadLetterFilter::default() };
    assert_eq!(bench.pipeline.retry_dead_letters(&kind("payout.paid"), "k").await.unwrap(), 0);
    assert_eq!(bench.pipeline.retry_dead_letters(&kind("refund.created"), "k").await.unwrap(), 1);
    bench.mend_the_mapping();
    bench.pass(0).await;
    assert_eq!(bench.pipeline.dead_letters(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_discard_of_what_bears_money_needs_two_persons() {
    let bench = Bench::new().await;
    let id = one_letter(&bench, "charge.succeeded").await;
    let pipeline = &bench.pipeline;
    assert_eq!(pipeline.approve_discard(id, "bob").await.unwrap(), Decided::NotProposed);
    assert!(matches!(pipeline.propose_discard(id, "ann", " ").await, Err(AskError::BadQuestion { .. })));
    assert_eq!(pipeline.propose_discard(id, "ann", "a test of the sender").await.unwrap(), Decided::Done);
    assert_eq!(pipeline.approve_discard(id, "ann").await.unwrap(), Decided::SamePerson);
    assert_eq!(pipeline.approve_discard(id, "bob").await.unwrap(), Decided::Done);
    let letters = pipeline.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters[0].discarded_at, Some(bench.now()), "it stays where it is");
    assert_eq!(pipeline.redrive_dead_letter(id, "k", true).await.unwrap(), Redriven::Discarded);
    let status = bench.status().await;
    assert_eq!((status.accepted, status.dead), (1, 1));
    assert_eq!(pipeline.propose_discard(MessageId(999), "ann", "none").await.unwrap(), Decided::NoSuch);
}

#[tokio::test]
async fn a_discard_of_what_bears_none_needs_one() {
    let bench = Bench::new().await;
    let id = one_letter(&bench, "customer.updated").await;
    bench.pipeline.propose_discard(id, "ann", "harmless").await.unwrap();
    assert_eq!(bench.pipeline.approve_discard(id, "ann").await.unwrap(), Decided::Done);
}

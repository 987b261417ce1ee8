//! Disputes and inquiries. Their money is in their balance transactions alone.

use ltv_core::Body;
use ltv_core::observation::{Dispute, DisputeStatus};

use super::amount::Denomination;
use super::settlement;
use super::sink::{Sink, own_key, reference};
use crate::error::MappingError;
use crate::model::Node;

/// Maps a dispute and each balance transaction that it holds.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let money = Denomination::of(node, "currency")?;
    let body = Dispute {
        payment: reference(node, "charge"),
        amount: money.need_unsigned(node, "amount")?,
        status: sink.word(&node.need_text("status")?, "dispute.status", status, DisputeStatus::Unknown),
        reason: node.text("reason").map(|reason| reason.into_owned()),
        created_at: node.need_instant("created")?,
    };
    sink.show(own_key(node)?, Body::Dispute(body));
    for whole in node.list("balance_transactions").unwrap_or_default() {
        settlement::map(&whole, sink)?;
    }
    Ok(())
}

fn status(word: &str) -> Option<DisputeStatus> {
    Some(match word {
        "warning_needs_response" => DisputeStatus::InquiryOpen,
        "warning_under_review" => DisputeStatus::InquiryUnderReview,
        "warning_closed" | "prevented" => DisputeStatus::InquiryClosed,
        "needs_response" | "appeal_needs_response" => DisputeStatus::Open,
        "under_review" | "appeal_under_review" => DisputeStatus::UnderReview,
        "won" => DisputeStatus::Won,
        "lost" => DisputeStatus::Lost,
        _ => return None,
    })
}

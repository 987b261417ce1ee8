//! Disputes: money taken back by the customer's bank, and inquiries, which take none.

use crate::billing::Sale;
use crate::calendar::DAY;
use crate::catalogue::DISPUTE_FEE;
use crate::objects::Party;
use crate::random::Random;
use crate::returns::{self, later};
use crate::scene::{Moved, Movement, Scene, Subject};
use crate::template::Value;
use crate::truth::TruthFigures;

/// A dispute in its present state.
#[derive(Debug)]
struct Dispute {
    id: String,
    amount: i64,
    at: i64,
    status: &'static str,
    moved: Vec<Moved>,
    answered: bool,
}

impl Dispute {
    fn subject(&self) -> Subject<'_> {
        Subject { collection: "disputes", id: &self.id }
    }

    fn body(&self, scene: &Scene, sale: &Sale) -> String {
        let bodies: Vec<&str> = self.moved.iter().map(|moved| moved.body.as_str()).collect();
        let inquiry = self.status.starts_with("warning");
        scene.templates.dispute.fill(&[
            ("id", Value::from(&self.id)),
            ("amount", self.amount.into()),
            ("currency", "gbp".into()),
            ("balance_transactions", Value::Json(&format!("[{}]", bodies.join(",")))),
            ("charge", Value::from(&sale.charge)),
            ("created", self.at.into()),
            ("is_charge_refundable", inquiry.into()),
            ("livemode", scene.livemode.into()),
            ("payment_intent", Value::from(&sale.intent)),
            ("reason", (if inquiry { "general" } else { "fraudulent" }).into()),
            ("status", self.status.into()),
            ("due_by", (self.at + 9 * DAY).into()),
            ("has_evidence", self.answered.into()),
            ("submission_count", i64::from(self.answered).into()),
            ("case_type", (if inquiry { "inquiry" } else { "chargeback" }).into()),
            ("network_reason_code", "10.4".into()),
        ])
    }

    fn tell(&self, scene: &mut Scene, sale: &Sale, kind: &'static str, at: i64, previous: Option<&str>) {
        let body = self.body(scene, sale);
        match previous {
            None => scene.tell(at, kind, self.subject(), body),
            Some(status) => {
                let previous = format!(r#"{{"status":"{status}"}}"#);
                scene.tell_change(at, kind, self.subject(), body, previous);
            }
        }
    }
}

/// The customer, one who pays in pounds, disputes what has not been refunded; true when it was in the end lost.
pub(crate) fn dispute(
    scene: &mut Scene,
    party: &Party,
    sale: &mut Sale,
    random: &mut Random,
    from: i64,
) -> bool {
    let at = later(from, random.between(5, 35), random);
    let amount = sale.returns.left();
    if at >= scene.end || amount <= 0 {
        return false;
    }
    let mut dispute = Dispute {
        id: scene.id("du"),
        amount,
        at,
        status: "needs_response",
        moved: Vec::new(),
        answered: false,
    };
    sale.disputed = true;
    take(scene, party, sale, &mut dispute);
    answer(scene, sale, &mut dispute, random);
    let closed_at = later(at, random.between(20, 40), random);
    let won = random.chance(450);
    if closed_at < scene.end && won {
        give_back(scene, party, sale, &mut dispute, closed_at);
    } else if closed_at < scene.end {
        let before = std::mem::replace(&mut dispute.status, "lost");
        dispute.tell(scene, sale, "charge.dispute.closed", closed_at, Some(before));
    }
    !won
}

/// A part is refunded, the rest disputed.
pub(crate) fn refund_then_dispute(
    scene: &mut Scene,
    party: &Party,
    sale: &mut Sale,
    random: &mut Random,
) -> bool {
    let at = later(sale.at, random.between(1, 5), random);
    let amount = random.between(sale.amount / 10, sale.amount / 2);
    returns::refund(scene, party, sale, amount, at).is_some() && dispute(scene, party, sale, random, at)
}

/// The customer's bank asks and is content with the answer; no money moves.
pub(crate) fn inquiry(scene: &mut Scene, party: &Party, sale: &Sale, random: &mut Random) {
    let at = later(sale.at, random.between(3, 20), random);
    if at >= scene.end {
        return;
    }
    let status = "warning_needs_response";
    let mut dispute =
        Dispute { id: scene.id("du"), amount: sale.amount, at, status, moved: Vec::new(), answered: false };
    dispute.tell(scene, sale, "charge.dispute.created", at, None);
    scene.books.add(&party.id, at, TruthFigures { inquiries: 1, ..TruthFigures::default() });
    let closed_at = later(at, random.between(20, 40), random);
    if closed_at < scene.end {
        let before = std::mem::replace(&mut dispute.status, "warning_closed");
        dispute.tell(scene, sale, "charge.dispute.closed", closed_at, Some(before));
    }
}

/// The money and the fee leave.
fn take(scene: &mut Scene, party: &Party, sale: &mut Sale, dispute: &mut Dispute) {
    let description = format!("Chargeback withdrawal for {}", sale.charge);
    let moved = scene.move_money(&Movement {
        at: dispute.at,
        amount: -dispute.amount,
        fees: &[(DISPUTE_FEE, "Dispute fee")],
        currency: "gbp",
        category: "dispute",
        kind: "adjustment",
        source: &dispute.id,
        description: Some(&description),
    });
    dispute.moved.push(moved);
    dispute.tell(scene, sale, "charge.dispute.created", dispute.at, None);
    dispute.tell(scene, sale, "charge.dispute.funds_withdrawn", dispute.at, None);
    let (_, tax) = sale.returns.give_back(dispute.amount);
    scene.books.add(
        &party.id,
        dispute.at,
        TruthFigures {
            chargebacks: dispute.amount - tax,
            disputes: 1,
            dispute_fees: DISPUTE_FEE,
            net_revenue: tax - dispute.amount - DISPUTE_FEE,
            provider_balance: -dispute.amount - DISPUTE_FEE,
            ..TruthFigures::default()
        },
    );
}

fn answer(scene: &mut Scene, sale: &Sale, dispute: &mut Dispute, random: &mut Random) {
    let at = later(dispute.at, 3, random);
    if at < scene.end {
        let before = std::mem::replace(&mut dispute.status, "under_review");
        dispute.answered = true;
        dispute.tell(scene, sale, "charge.dispute.updated", at, Some(before));
    }
}

/// The money comes back; the fee does not.
fn give_back(scene: &mut Scene, party: &Party, sale: &mut Sale, dispute: &mut Dispute, at: i64) {
    let description = format!("Chargeback reversal for {}", sale.charge);
    let moved = scene.move_money(&Movement {
        at,
        amount: dispute.amount,
        fees: &[],
        currency: "gbp",
        category: "dispute_reversal",
        kind: "adjustment",
        source: &dispute.id,
        description: Some(&description),
    });
    dispute.moved.push(moved);
    let before = std::mem::replace(&mut dispute.status, "won");
    dispute.tell(scene, sale, "charge.dispute.funds_reinstated", at, None);
    dispute.tell(scene, sale, "charge.dispute.closed", at, Some(before));
    let (_, tax) = sale.returns.give_back(-dispute.amount);
    scene.books.add(
        &party.id,
        at,
        TruthFigures {
            chargebacks: -dispute.amount - tax,
            net_revenue: dispute.amount + tax,
            provider_balance: dispute.amount,
            ..TruthFigures::default()
        },
    );
}

//! Taking money for an invoice: what is told when it works, and when it does not.

use crate::calendar::HOUR;
use crate::catalogue::{exchange_fee, payment_fee};
use crate::invoices::{Invoice, InvoiceState};
use crate::objects::Party;
use crate::scene::{Movement, Scene, Subject};
use crate::template::Value;
use crate::truth::{RunningReturns, TruthFigures, share_of};

/// A payment that was taken, and what came of it so far.
#[derive(Debug)]
pub(crate) struct Sale {
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) at: i64,
    pub(crate) amount: i64,
    /// The provider's counter of what was refunded; disputes are not in it.
    pub(crate) refunded: i64,
    pub(crate) disputed: bool,
    /// What it was worth in pence when it was taken.
    pub(crate) settled: i64,
    pub(crate) returns: RunningReturns,
    settlement: String,
    description: String,
}

impl Sale {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { collection: "charges", id: &self.charge }
    }

    pub(crate) fn body(&self, scene: &Scene, party: &Party) -> String {
        charge_body(
            scene,
            party,
            &Attempt {
                charge: &self.charge,
                intent: &self.intent,
                at: self.at,
                amount: self.amount,
                description: &self.description,
                taken: Some((&self.settlement, self.refunded, self.disputed)),
            },
        )
    }
}

struct Attempt<'a> {
    charge: &'a str,
    intent: &'a str,
    at: i64,
    amount: i64,
    description: &'a str,
    /// The settlement, the refunded amount and whether it is disputed; none when the attempt failed.
    taken: Option<(&'a str, i64, bool)>,
}

const APPROVED: &str = r#"{"advice_code":null,"network_advice_code":null,"network_decline_code":null,"network_status":"approved_by_network","reason":null,"risk_level":"normal","seller_message":"Payment complete.","type":"authorized"}"#;
const DECLINED: &str = r#"{"advice_code":"try_again_later","network_advice_code":null,"network_decline_code":"51","network_status":"declined_by_network","reason":"insufficient_funds","risk_level":"normal","seller_message":"The bank returned the decline code `insufficient_funds`.","type":"issuer_declined"}"#;

fn charge_body(scene: &Scene, party: &Party, attempt: &Attempt<'_>) -> String {
    let taken = attempt.taken;
    let refunded = taken.map_or(0, |(_, refunded, _)| refunded);
    let failed = taken.is_none();
    scene.templates.charge.fill(&[
        ("id", attempt.charge.into()),
        ("amount", attempt.amount.into()),
        ("amount_captured", (if failed { 0 } else { attempt.amount }).into()),
        ("amount_authorized", taken.map(|_| attempt.amount).into()),
        ("amount_refunded", refunded.into()),
        ("balance_transaction", taken.map(|(settlement, _, _)| settlement).into()),
        ("captured", (!failed).into()),
        ("created", attempt.at.into()),
        ("currency", party.market.currency.into()),
        ("country", party.market.country.into()),
        ("customer", Value::from(&party.id)),
        ("email", Value::from(&party.email)),
        ("name", Value::from(&party.name)),
        ("description", attempt.description.into()),
        ("disputed", taken.is_some_and(|(_, _, disputed)| disputed).into()),
        ("failure_code", failed.then_some("card_declined").into()),
        ("failure_message", failed.then_some("Your card was declined.").into()),
        ("livemode", scene.livemode.into()),
        ("outcome", Value::Json(if failed { DECLINED } else { APPROVED })),
        ("paid", (!failed).into()),
        ("payment_intent", attempt.intent.into()),
        ("payment_method", Value::from(&party.payment_method)),
        ("last4", Value::from(&party.last4)),
        ("refunded", (!failed && refunded == attempt.amount).into()),
        ("status", (if failed { "failed" } else { "succeeded" }).into()),
    ])
}

fn intent_body(scene: &Scene, party: &Party, invoice: &Invoice, charge: &str, failed: bool) -> String {
    let error = format!(
        r#"{{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card has insufficient funds.","charge":"{charge}","doc_url":"https://stripe.com/docs/error-codes/card-declined"}}"#
    );
    scene.templates.payment_intent.fill(&[
        ("id", Value::from(&invoice.intent)),
        ("amount", invoice.total().into()),
        ("amount_received", (if failed { 0 } else { invoice.total() }).into()),
        ("created", invoice.created.into()),
        ("currency", party.market.currency.into()),
        ("customer", Value::from(&party.id)),
        ("description", Value::from(&invoice.description())),
        ("last_payment_error", if failed { Value::Json(&error) } else { Value::Null }),
        ("latest_charge", charge.into()),
        ("livemode", scene.livemode.into()),
        ("payment_method", (!failed).then_some(&party.payment_method).into()),
        ("status", (if failed { "requires_payment_method" } else { "succeeded" }).into()),
    ])
}

/// The payment works: five messages, one settlement, one payment in the books.
pub(crate) fn collect(scene: &mut Scene, party: &Party, invoice: &mut Invoice, at: i64) -> Sale {
    let charge = scene.id("ch");
    let (amount, description) = (invoice.total(), invoice.description());
    let settled = scene.rates.settle(party.market.currency, amount, at);
    let mut fees = vec![(payment_fee(settled), "Stripe processing fees")];
    if !party.market.is_home() {
        fees.push((exchange_fee(settled), "Stripe currency conversion fee"));
    }
    let settlement = scene.move_money(&Movement {
        at,
        amount: settled,
        fees: &fees,
        currency: party.market.currency,
        category: "charge",
        kind: "charge",
        source: &charge,
        description: Some(&description),
    });
    let fee: i64 = fees.iter().map(|(fee, _)| fee).sum();
    let tax = share_of(invoice.tax(), settled, amount);
    let sale = Sale {
        charge,
        intent: invoice.intent.clone(),
        at,
        amount,
        refunded: 0,
        disputed: false,
        settled,
        returns: RunningReturns::new(amount, settled, tax),
        settlement: settlement.id,
        description,
    };
    invoice.attempts += 1;
    invoice.state = InvoiceState::Paid { at: at + 3 };
    tell_payment(scene, party, invoice, &sale);
    scene.books.add(
        &party.id,
        at,
        TruthFigures {
            payments: 1,
            gross: settled,
            tax,
            processor_fees: fee,
            net_revenue: settled - tax - fee,
            recurring: if invoice.is_recurring() { settled } else { 0 },
            one_off: if invoice.is_recurring() { 0 } else { settled },
            provider_balance: settled - fee,
            ..TruthFigures::default()
        },
    );
    sale
}

/// An invoice of nothing is paid without any payment.
pub(crate) fn settle_free(scene: &mut Scene, party: &Party, invoice: &mut Invoice, at: i64) {
    invoice.attempts += 1;
    invoice.state = InvoiceState::Paid { at };
    let body = invoice.body(scene, party);
    scene.tell(at, "invoice.paid", invoice.subject(), body);
}

/// An invoice that came while collection was paused is worth nothing.
pub(crate) fn void(scene: &mut Scene, party: &Party, invoice: &mut Invoice, at: i64) {
    invoice.state = InvoiceState::Void { at };
    let body = invoice.body(scene, party);
    scene.tell(at, "invoice.voided", invoice.subject(), body);
}

fn tell_payment(scene: &mut Scene, party: &Party, invoice: &Invoice, sale: &Sale) {
    let body = sale.body(scene, party);
    scene.tell(sale.at, "charge.succeeded", sale.subject(), body);
    let intent = intent_body(scene, party, invoice, &sale.charge, false);
    let subject = Subject { collection: "payment_intents", id: &invoice.intent };
    scene.tell(sale.at + 1, "payment_intent.succeeded", subject, intent);
    let payment = scene.id("inpay");
    let body = scene.templates.invoice_payment.fill(&[
        ("id", Value::from(&payment)),
        ("amount", sale.amount.into()),
        ("created", (sale.at + 2).into()),
        ("currency", party.market.currency.into()),
        ("invoice", Value::from(&invoice.id)),
        ("livemode", scene.livemode.into()),
        ("payment_intent", Value::from(&invoice.intent)),
    ]);
    scene.list_invoice_payment(sale.at + 2, &payment, &body);
    let subject = Subject { collection: "invoice_payments", id: &payment };
    scene.tell(sale.at + 2, "invoice_payment.paid", subject, body);
    let body = invoice.body(scene, party);
    scene.tell(sale.at + 3, "invoice.paid", invoice.subject(), body.clone());
    scene.tell(sale.at + 3, "invoice.payment_succeeded", invoice.subject(), body);
}

/// The card is declined; nothing moves. `next_attempt` is when the provider tries again.
pub(crate) fn decline(
    scene: &mut Scene,
    party: &Party,
    invoice: &mut Invoice,
    at: i64,
    next_attempt: Option<i64>,
) {
    let charge = scene.id("ch");
    let body = charge_body(
        scene,
        party,
        &Attempt {
            charge: &charge,
            intent: &invoice.intent,
            at,
            amount: invoice.total(),
            description: &invoice.description(),
            taken: None,
        },
    );
    scene.tell(at, "charge.failed", Subject { collection: "charges", id: &charge }, body);
    let intent = intent_body(scene, party, invoice, &charge, true);
    let subject = Subject { collection: "payment_intents", id: &invoice.intent };
    scene.tell(at, "payment_intent.payment_failed", subject, intent);
    invoice.attempts += 1;
    invoice.state = InvoiceState::Open { next_attempt };
    let body = invoice.body(scene, party);
    scene.tell(at + 1, "invoice.payment_failed", invoice.subject(), body);
}

/// The provider gives an invoice up.
pub(crate) fn write_off(scene: &mut Scene, party: &Party, invoice: &mut Invoice, at: i64) {
    invoice.state = InvoiceState::Uncollectible { at };
    let body = invoice.body(scene, party);
    scene.tell(at, "invoice.marked_uncollectible", invoice.subject(), body);
}

/// How long after a renewal's invoice its payment is tried.
pub(crate) const PAYMENT_AFTER: i64 = HOUR;

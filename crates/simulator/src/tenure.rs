//! One subscription from its start to its end, period by period.

use crate::billing::{self, PAYMENT_AFTER, Sale};
use crate::calendar::{self, DAY, HOUR};
use crate::catalogue::{self, Plan};
use crate::changes;
use crate::coupons::Lasts;
use crate::disputes;
use crate::invoices::Invoice;
use crate::mrr::{Kind, Pence, monthly};
use crate::objects::Subscription;
use crate::returns::{self, later};
use crate::scene::Scene;
use crate::supplier::{self, Supplier};

/// Per thousand.
const CONVERTS: u64 = 700;
const IS_DECLINED: u64 = 60;
const RETRY_WORKS: u64 = 600;
const IS_REFUNDED_IN_PART: u64 = 15;
const IS_ASKED_ABOUT: u64 = 5;
const IS_DISPUTED_LATE: u64 = 40;
/// The days between the tries of one invoice.
const RETRY_DAYS: [i64; 2] = [3, 5];

/// How a subscription begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) at: i64,
    pub(crate) trial_end: Option<i64>,
    /// True when it goes on from another that has just ended.
    pub(crate) continues: bool,
}

/// How a subscription ended.
#[derive(Debug)]
pub(crate) enum Ending {
    StoryOver,
    Left {
        at: i64,
        /// True when the supplier never returns.
        for_good: bool,
    },
    /// Another plan goes on from `at`.
    Switched {
        at: i64,
        plan: Plan,
    },
}

/// A subscription, and what the story must know of its present period.
#[derive(Debug)]
pub(crate) struct Tenure {
    pub(crate) subscription: Subscription,
    /// Abroad: what this period's payment became, and what it was.
    rate: Option<(i64, i64)>,
    /// What paid for this period.
    pub(crate) sale: Option<Sale>,
}

impl Tenure {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self { subscription, rate: None, sale: None }
    }

    /// Lives until the subscription or the story is over.
    pub(crate) fn live(mut self, scene: &mut Scene, supplier: &mut Supplier, start: Start) -> Ending {
        let mut first_at = start.at;
        if let Some(trial_end) = start.trial_end {
            if let Some(ending) = self.try_out(scene, supplier, start.at, trial_end) {
                return ending;
            }
            first_at = trial_end;
        }
        let first_month = calendar::month_of_second(first_at);
        for number in 0.. {
            let month = first_month + number * self.subscription.plan.months;
            let at = calendar::second_of(month, supplier.day, supplier.second);
            if at >= scene.end {
                return Ending::StoryOver;
            }
            if self.subscription.cancel_asked_at.is_some() {
                return self.run_out(scene, supplier, at);
            }
            let turn = Turn { at, is_first: number == 0, start };
            if let Some(ending) = self.live_a_period(scene, supplier, turn) {
                return ending;
            }
        }
        Ending::StoryOver
    }

    /// What it is worth a month now.
    pub(crate) fn worth(&self, supplier: &Supplier) -> Pence {
        if self.subscription.is_paused {
            return Pence::default();
        }
        let within = supplier.party.market.tax.is_within();
        monthly(self.recurring_price(), self.subscription.plan.months, within, self.rate)
    }

    /// What a period costs after the discount that recurs.
    pub(crate) fn recurring_price(&self) -> i64 {
        let price = self.subscription.price();
        let discount = self.subscription.discount.as_ref().filter(|discount| discount.recurs());
        price - discount.map_or(0, |discount| discount.of(price))
    }

    /// The trial; it ends with the subscription where the supplier is not convinced.
    fn try_out(
        &mut self,
        scene: &mut Scene,
        supplier: &mut Supplier,
        at: i64,
        trial_end: i64,
    ) -> Option<Ending> {
        self.subscription.status = "trialing";
        self.subscription.period = (at, trial_end);
        let body = self.subscription.body(scene, &supplier.party);
        scene.tell(at, "customer.subscription.created", self.subscription.subject(), body);
        if trial_end >= scene.end {
            return Some(Ending::StoryOver);
        }
        if supplier.random.chance(CONVERTS) {
            return None;
        }
        self.subscription.reason = Some("cancellation_requested");
        supplier::end(scene, supplier, &mut self.subscription, trial_end);
        Some(Ending::Left { at: trial_end, for_good: false })
    }

    fn live_a_period(&mut self, scene: &mut Scene, supplier: &mut Supplier, turn: Turn) -> Option<Ending> {
        let ended_discount = self.end_discount(scene, supplier, turn);
        let mut invoice = self.renew(scene, supplier, turn);
        self.sale = None;
        if self.subscription.is_paused {
            billing::void(scene, &supplier.party, &mut invoice, turn.at + HOUR);
        } else if invoice.total() == 0 {
            billing::settle_free(scene, &supplier.party, &mut invoice, turn.at + 2);
        } else if !supplier.party.market.is_home() {
            let sale = billing::collect(scene, &supplier.party, &mut invoice, turn.pays_at());
            self.rate = Some((sale.settled, sale.amount));
            self.sale = Some(sale);
        }
        self.count(scene, supplier, turn, ended_discount);
        if supplier.party.market.is_home() && !self.subscription.is_paused && invoice.total() > 0 {
            match self.pay(scene, supplier, &mut invoice, turn) {
                Ok(sale) => self.sale = Some(sale),
                Err(ending) => return Some(ending),
            }
        }
        self.forget_single_discount(scene, supplier, turn);
        self.small_things(scene, supplier, turn);
        changes::change(self, scene, supplier, turn.at)
    }

    /// The new period and its invoice.
    fn renew(&mut self, scene: &mut Scene, supplier: &mut Supplier, turn: Turn) -> Invoice {
        let previous = self.previous(turn);
        let month = calendar::month_of_second(turn.at) + self.subscription.plan.months;
        self.subscription.period = (turn.at, calendar::second_of(month, supplier.day, supplier.second));
        self.subscription.status = "active";
        let invoice =
            Invoice::of_period(scene, &mut supplier.party, &self.subscription, turn.is_first, turn.at);
        self.subscription.latest_invoice = Some(invoice.id.clone());
        let is_new = turn.is_first && turn.start.trial_end.is_none();
        let body = self.subscription.body(scene, &supplier.party);
        let subject = self.subscription.subject();
        if is_new {
            scene.tell(turn.at, "customer.subscription.created", subject, body);
        } else {
            scene.tell_change(turn.at, "customer.subscription.updated", subject, body, previous);
        }
        if let Some(discount) = self.subscription.discount.as_ref().filter(|_| is_new) {
            discount.tell(scene, &supplier.party, &self.subscription, "customer.discount.created", turn.at);
        }
        invoice
    }

    fn previous(&self, turn: Turn) -> String {
        let period = self.subscription.previous_period();
        if turn.is_first { period.replacen('{', r#"{"status":"trialing","#, 1) } else { period }
    }

    /// True when the discount ends with this period.
    fn end_discount(&mut self, scene: &mut Scene, supplier: &Supplier, turn: Turn) -> bool {
        let end = self.subscription.discount.as_ref().and_then(|discount| discount.end);
        if !turn.is_over_for(end) {
            return false;
        }
        if let Some(discount) = self.subscription.discount.take() {
            discount.tell(scene, &supplier.party, &self.subscription, "customer.discount.deleted", turn.at);
        }
        true
    }

    /// What the new period does to MRR.
    fn count(&self, scene: &mut Scene, supplier: &Supplier, turn: Turn, ended_discount: bool) {
        let (customer, worth) = (&supplier.party.id, self.worth(supplier));
        if turn.is_first && turn.start.continues {
            scene.mrr.replace(customer, turn.at, worth);
        } else if turn.is_first {
            scene.mrr.begin(customer, turn.at, worth);
        } else {
            let kind = if ended_discount { Kind::DiscountEnd } else { Kind::Fx };
            scene.mrr.change(customer, turn.at, kind, worth);
        }
    }

    /// Tries to take the money, up to three times; the provider ends the subscription when it never comes.
    fn pay(
        &mut self,
        scene: &mut Scene,
        supplier: &mut Supplier,
        invoice: &mut Invoice,
        turn: Turn,
    ) -> Result<Sale, Ending> {
        let mut at = turn.pays_at();
        if turn.is_first || !supplier.random.chance(IS_DECLINED) {
            return Ok(billing::collect(scene, &supplier.party, invoice, at));
        }
        for days in RETRY_DAYS {
            let next = at + days * DAY;
            billing::decline(scene, &supplier.party, invoice, at, Some(next));
            supplier::set_status(scene, &supplier.party, &mut self.subscription, "past_due", at + 2);
            if next >= scene.end {
                return Err(Ending::StoryOver);
            }
            at = next;
            if supplier.random.chance(RETRY_WORKS) {
                let sale = billing::collect(scene, &supplier.party, invoice, at);
                supplier::set_status(scene, &supplier.party, &mut self.subscription, "active", at + 4);
                return Ok(sale);
            }
        }
        billing::decline(scene, &supplier.party, invoice, at, None);
        self.subscription.reason = Some("payment_failed");
        self.leave(scene, supplier, at + 2);
        billing::write_off(scene, &supplier.party, invoice, at + 3);
        Err(Ending::Left { at: at + 2, for_good: false })
    }

    /// A discount of one invoice is gone with it.
    fn forget_single_discount(&mut self, scene: &mut Scene, supplier: &Supplier, turn: Turn) {
        let is_single =
            self.subscription.discount.as_ref().is_some_and(|discount| discount.lasts == Lasts::Once);
        if !is_single {
            return;
        }
        let at = turn.at + 30;
        if let Some(mut discount) = self.subscription.discount.take() {
            let previous = format!(r#"{{"discounts":["{}"]}}"#, discount.id);
            discount.end = Some(at);
            discount.tell(scene, &supplier.party, &self.subscription, "customer.discount.deleted", at);
            let body = self.subscription.body(scene, &supplier.party);
            let subject = self.subscription.subject();
            scene.tell_change(at, "customer.subscription.updated", subject, body, previous);
        }
    }

    /// What touches money, not MRR: small refunds, questions of the bank, extras.
    fn small_things(&mut self, scene: &mut Scene, supplier: &mut Supplier, turn: Turn) {
        if let Some(sale) = &mut self.sale {
            let Supplier { party, random, .. } = &mut *supplier;
            if random.chance(IS_REFUNDED_IN_PART) {
                let at = later(sale.at, random.between(1, 4), random);
                let amount = random.between(sale.amount / 50, sale.amount / 10);
                returns::refund(scene, party, sale, amount, at);
            } else if party.market.is_home() && random.chance(IS_ASKED_ABOUT) {
                disputes::inquiry(scene, party, sale, random);
            }
        }
        changes::buy_extras(scene, supplier, turn.at, self.subscription.plan.months);
    }

    /// The paid period is over, and so is the subscription. Now and then its last payment is disputed after all.
    fn run_out(&mut self, scene: &mut Scene, supplier: &mut Supplier, at: i64) -> Ending {
        self.leave(scene, supplier, at);
        let Supplier { party, random, .. } = &mut *supplier;
        let mut for_good = false;
        if let Some(sale) = self.sale.as_mut().filter(|_| party.market.is_home()) {
            for_good = random.chance(IS_DISPUTED_LATE);
            if for_good {
                disputes::dispute(scene, party, sale, random, at);
            }
        }
        Ending::Left { at, for_good }
    }

    /// The subscription ends, and its MRR with it.
    pub(crate) fn leave(&mut self, scene: &mut Scene, supplier: &Supplier, at: i64) {
        supplier::end(scene, supplier, &mut self.subscription, at);
        scene.mrr.change(&supplier.party.id, at, Kind::Churn, Pence::default());
    }

    /// The plan of another size, the same otherwise.
    pub(crate) fn plan_of(&self, supplier: &Supplier, tier: usize) -> Plan {
        catalogue::plan(tier, &supplier.party.market, self.subscription.plan.months)
    }
}

/// The period that begins.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: i64,
    is_first: bool,
    start: Start,
}

impl Turn {
    /// The first payment is taken at once, the others an hour after the invoice.
    fn pays_at(self) -> i64 {
        self.at + if self.is_first { 5 } else { PAYMENT_AFTER }
    }

    fn is_over_for(self, end: Option<i64>) -> bool {
        end.is_some_and(|end| end <= self.at)
    }
}

//! How long the heart of the ledger takes: one typical case, and one split.
#![expect(clippy::unwrap_used, reason = "a broken benchmark must fail loudly")]

use divan::{Bencher, black_box};
use ltv_core::ledger::Case;
use ltv_core::observation::DisputeStatus;
use ltv_core::policy::Policy;
use ltv_core::testkit::{a_charge, a_dispute, a_refund, a_settlement, an_invoice, an_invoice_payment, key};
use ltv_core::{Currency, Money, Observation};

fn main() {
    divan::main();
}

/// A charge with its invoice, a refund and a dispute, as six messages would tell it.
fn a_typical_case() -> Vec<Observation> {
    vec![
        a_charge("ch_1").of("120.00 GBP").from("cus_1").intent("pi_1").build(),
        a_charge("ch_1")
            .of("120.00 GBP")
            .from("cus_1")
            .intent("pi_1")
            .refunded("20.00 GBP")
            .told_on(5)
            .build(),
        a_settlement("txn_1").of_charge("ch_1", "120.00 GBP").fee("3.78").build(),
        an_invoice("in_1", "120.00 GBP", "20.00").recurring_line("100.00", "20.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("120.00 GBP").build(),
        a_refund("re_1").of("ch_1", "20.00 GBP").on(5).build(),
        a_settlement("txn_2").of_refund("re_1", "-20.00 GBP").on(5).build(),
        a_dispute("du_1").of("ch_1", "100.00 GBP").status(DisputeStatus::Lost).build(),
        a_settlement("txn_3").of_dispute("du_1", "-100.00 GBP").fee("20.00").on(9).build(),
    ]
}

#[divan::bench]
fn gather_and_target(bencher: Bencher) {
    let (told, policy) = (a_typical_case(), Policy::preset_default());
    bencher.bench(|| Case::gather(key("ch_1"), black_box(&told)).target(&policy).unwrap());
}

#[divan::bench(args = [2, 32, 512])]
fn allocate(bencher: Bencher, parts: u64) {
    let weights: Vec<u64> = (1..=parts).collect();
    let whole = Money::from_minor(1_234_567_891, Currency::GBP);
    bencher.bench(|| black_box(whole).allocate(black_box(&weights)).unwrap());
}

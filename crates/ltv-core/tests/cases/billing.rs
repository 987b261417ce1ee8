//! Invoices, their tax and sorts of income, credit and credit notes.

use ltv_core::ledger::{Account, Case};
use ltv_core::observation::{CreditNoteStatus, InvoicePaymentStatus, InvoiceStatus};
use ltv_core::policy::{Policy, WithoutInvoice};
use ltv_core::testkit::{a_charge, a_credit_note, a_settlement, an_invoice, an_invoice_payment, key};

use crate::{balance, figures, target, text};

#[test]
fn tax_and_sort_of_income_come_from_the_invoice_once_it_is_linked() {
    let mut told = vec![
        a_charge("ch_1").of("2851.20 GBP").from("cus_1").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "2851.20 GBP").fee("42.97").build(),
        an_invoice("in_1", "2851.20 GBP", "475.20").build(),
    ];
    assert_eq!(text(figures("ch_1", &told).one_off), "2851.20");
    told.push(an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("2851.20 GBP").build());
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.tax), text(figures.net_revenue)), ("475.20".to_owned(), "2333.03".to_owned()));
    assert_eq!((text(figures.recurring), text(figures.one_off)), ("2851.20".to_owned(), "0.00".to_owned()));
    assert_eq!(text(figures.provider_balance), "2808.23");
}

#[test]
fn an_old_and_a_new_shape_of_one_link_count_once() {
    let told = [
        a_charge("ch_1").of("58.80 GBP").intent("pi_1").build(),
        an_invoice("in_1", "58.80 GBP", "9.80").build(),
        an_invoice_payment("in_1+ch_1", "in_1").by_charge("ch_1").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("58.80 GBP").build(),
    ];
    for shown in [&told[..3], &told[..]] {
        let figures = figures("ch_1", shown);
        assert_eq!((text(figures.gross), text(figures.tax)), ("58.80".to_owned(), "9.80".to_owned()));
        assert_eq!(text(figures.recurring), "58.80");
    }
}

#[test]
fn one_off_lines_are_told_apart_from_recurring_ones() {
    let told = [
        a_charge("ch_1").of("802.47 GBP").intent("pi_1").build(),
        an_invoice("in_1", "802.47 GBP", "0.00")
            .recurring_line("302.47", "0.00")
            .one_off_line("500.00", "0.00")
            .build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("802.47 GBP").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.recurring), text(figures.one_off)), ("302.47".to_owned(), "500.00".to_owned()));
    assert_eq!(figures.payments, 1);
}

#[test]
fn credit_money_outside_and_payments_share_the_tax_of_an_invoice_exactly() {
    let invoice = an_invoice("in_1", "100.00 GBP", "16.67");
    let told = [
        invoice.balance("-20.01", "0.00").paid_outside("20.01").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("29.99 GBP").build(),
        an_invoice_payment("inpay_2", "in_1").by_intent("pi_2").of("29.99 GBP").build(),
        a_charge("ch_1").of("29.99 GBP").intent("pi_1").build(),
        a_charge("ch_2").of("29.99 GBP").intent("pi_2").build(),
    ];
    let books = target("in_1", &told);
    // The invoice's own lines fall on one instant; the running share after credit and outside is 6.67 of 16.67.
    assert_eq!(balance(&books, Account::TaxRecurring, 9), -667);
    let tax = |charge: &str| figures(charge, &told).tax.minor();
    assert_eq!((tax("ch_1"), tax("ch_2")), (500, 500));
    assert_eq!(667 + tax("ch_1") + tax("ch_2"), 1_667);
}

#[test]
fn payments_of_one_invoice_take_their_tax_one_after_the_other() {
    let shared = [
        an_invoice("in_1", "100.00 GBP", "16.67").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("33.33 GBP").build(),
        an_invoice_payment("inpay_2", "in_1").by_intent("pi_2").of("33.33 GBP").build(),
        an_invoice_payment("inpay_3", "in_1").by_intent("pi_3").of("33.34 GBP").build(),
    ];
    let tax = |charge: &str, intent: &str, amount: &str| {
        let mut told = shared.to_vec();
        told.push(a_charge(charge).of(amount).intent(intent).build());
        figures(charge, &told).tax.minor()
    };
    let taxes = [
        tax("ch_1", "pi_1", "33.33 GBP"),
        tax("ch_2", "pi_2", "33.33 GBP"),
        tax("ch_3", "pi_3", "33.34 GBP"),
    ];
    assert_eq!(taxes, [556, 555, 556]);
}

#[test]
fn credit_takes_its_tax_before_what_is_paid_outside_and_that_before_payments() {
    let told = [
        an_invoice("in_1", "100.00 GBP", "16.67").balance("-33.33", "0.00").paid_outside("33.33").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("33.34 GBP").build(),
        a_charge("ch_1").of("33.34 GBP").intent("pi_1").build(),
    ];
    assert_eq!(balance(&target("in_1", &told), Account::TaxRecurring, 9), -(556 + 555));
    assert_eq!(figures("ch_1", &told).tax.minor(), 556);
}

#[test]
fn a_payment_smaller_than_the_link_says_takes_its_part_of_the_tax() {
    let told = [
        a_charge("ch_1").of("50.00 GBP").intent("pi_1").build(),
        an_invoice("in_1", "100.00 GBP", "20.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("100.00 GBP").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), text(figures.tax)), ("50.00".to_owned(), "10.00".to_owned()));
    assert_eq!(text(figures.recurring), "50.00");
}

#[test]
fn what_an_old_link_leaves_over_counts_as_a_payment_without_invoice() {
    let told = [
        a_charge("ch_1").of("70.00 GBP").build(),
        an_invoice("in_1", "60.00 GBP", "10.00").recurring_line("50.00", "10.00").build(),
        an_invoice_payment("in_1+ch_1", "in_1").by_charge("ch_1").build(),
    ];
    let policy = Policy { without_invoice: WithoutInvoice::Recurring, ..Policy::preset_default() };
    let books = Case::gather(key("ch_1"), &told).target(&policy).unwrap();
    assert_eq!(balance(&books, Account::RevenueRecurring, 9), -6_000);
    assert_eq!(text(figures("ch_1", &told).one_off), "10.00");
}

#[test]
fn a_link_that_is_open_or_withdrawn_gives_no_tax() {
    for status in [InvoicePaymentStatus::Open, InvoicePaymentStatus::Canceled] {
        let told = [
            a_charge("ch_1").of("60.00 GBP").intent("pi_1").build(),
            an_invoice("in_1", "60.00 GBP", "10.00").build(),
            an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("60.00 GBP").status(status).build(),
        ];
        assert_eq!(text(figures("ch_1", &told).tax), "0.00");
    }
}

#[test]
fn a_payment_beyond_its_invoice_is_one_off_for_the_excess() {
    let told = [
        a_charge("ch_1").of("70.00 GBP").intent("pi_1").build(),
        an_invoice("in_1", "60.00 GBP", "10.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("70.00 GBP").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), text(figures.tax)), ("70.00".to_owned(), "10.00".to_owned()));
    assert_eq!((text(figures.recurring), text(figures.one_off)), ("60.00".to_owned(), "10.00".to_owned()));
}

#[test]
fn a_void_invoice_gives_a_payment_no_tax() {
    let told = [
        a_charge("ch_1").of("60.00 GBP").intent("pi_1").build(),
        an_invoice("in_1", "60.00 GBP", "10.00").status(InvoiceStatus::Void).build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("60.00 GBP").build(),
    ];
    assert_eq!(text(figures("ch_1", &told).tax), "0.00");
}

#[test]
fn the_policy_says_how_a_payment_without_an_invoice_counts() {
    let told = [a_charge("ch_1").of("60.00 GBP").build()];
    let policy = Policy { without_invoice: WithoutInvoice::Recurring, ..Policy::preset_default() };
    let books = Case::gather(key("ch_1"), &told).target(&policy).unwrap();
    assert_eq!(balance(&books, Account::RevenueRecurring, 9), -6_000);
    assert_eq!(balance(&target("ch_1", &told), Account::RevenueOneOff, 9), -6_000);
}

#[test]
fn an_invoice_paid_outside_is_money_in_the_bank() {
    let told = [an_invoice("in_1", "58.80 GBP", "9.80").to("cus_1").paid_outside("58.80").build()];
    let figures = figures("in_1", &told);
    assert_eq!((text(figures.gross), text(figures.tax)), ("58.80".to_owned(), "9.80".to_owned()));
    assert_eq!(
        (text(figures.net_revenue), text(figures.provider_balance)),
        ("49.00".to_owned(), "0.00".to_owned())
    );
    assert_eq!(balance(&target("in_1", &told), Account::Bank, 9), 5_880);
    for status in [InvoiceStatus::Void, InvoiceStatus::Draft, InvoiceStatus::Unknown("new".to_owned())] {
        let told = [an_invoice("in_1", "58.80 GBP", "9.80").paid_outside("58.80").status(status).build()];
        assert!(target("in_1", &told).lines.is_empty());
    }
}

#[test]
fn credit_notes_and_credit_move_what_is_owed_and_never_count_income_twice() {
    let note = [a_credit_note("cn_2", "6.00 GBP", "1.00").to("cus_1").credited("6.00").build()];
    let given = figures("cn_2", &note);
    assert_eq!((text(given.customer_credit), text(given.gross)), ("6.00".to_owned(), "0.00".to_owned()));
    assert_eq!(text(given.tax), "-1.00");

    let next = [
        an_invoice("in_3", "58.80 GBP", "9.80").to("cus_1").balance("-6.00", "0.00").build(),
        an_invoice_payment("inpay_3", "in_3").by_intent("pi_3").of("52.80 GBP").build(),
        a_charge("ch_3").of("52.80 GBP").from("cus_1").intent("pi_3").build(),
    ];
    let used = figures("in_3", &next);
    assert_eq!((text(used.customer_credit), text(used.gross)), ("-6.00".to_owned(), "0.00".to_owned()));
    assert_eq!(text(used.tax), "1.00");
    let paid = figures("ch_3", &next);
    assert_eq!((text(paid.gross), text(paid.tax)), ("52.80".to_owned(), "8.80".to_owned()));

    let void =
        [a_credit_note("cn_2", "6.00 GBP", "1.00").credited("6.00").status(CreditNoteStatus::Void).build()];
    assert!(target("cn_2", &void).lines.is_empty());
    let refunded = [a_credit_note("cn_1", "12.00 GBP", "2.00").build()];
    assert!(target("cn_1", &refunded).lines.is_empty());
}

#[test]
fn a_negative_invoice_makes_credit_that_the_next_one_uses() {
    let down = [an_invoice("in_1", "-40.00 GBP", "-8.00").balance("0.00", "-40.00").build()];
    let credit = figures("in_1", &down);
    assert_eq!((text(credit.gross), text(credit.customer_credit)), ("0.00".to_owned(), "40.00".to_owned()));
    assert_eq!((credit.payments, text(credit.refunds)), (0, "0.00".to_owned()));
    assert_eq!(text(credit.tax), "-8.00");

    let next = [
        an_invoice("in_2", "60.00 GBP", "12.00").balance("-40.00", "0.00").build(),
        an_invoice_payment("inpay_2", "in_2").by_intent("pi_2").of("20.00 GBP").build(),
        a_charge("ch_2").of("20.00 GBP").intent("pi_2").build(),
    ];
    let (used, paid) = (figures("in_2", &next), figures("ch_2", &next));
    assert_eq!(text(used.customer_credit), "-40.00");
    assert_eq!(
        (text(paid.gross), text(paid.tax), text(used.tax)),
        ("20.00".into(), "4.00".into(), "8.00".into())
    );
}

#[test]
fn a_debt_that_the_next_invoice_collects_is_income_once() {
    let small = [an_invoice("in_1", "0.20 GBP", "0.00").balance("0.00", "0.20").build()];
    let next = [
        an_invoice("in_2", "10.00 GBP", "2.00").balance("0.20", "0.00").build(),
        an_invoice_payment("inpay_2", "in_2").by_intent("pi_2").of("10.20 GBP").build(),
        a_charge("ch_2").of("10.20 GBP").intent("pi_2").build(),
    ];
    let sum: i64 = [figures("in_1", &small), figures("in_2", &next), figures("ch_2", &next)]
        .iter()
        .map(|figures| figures.recurring.minor() + figures.one_off.minor())
        .sum();
    assert_eq!(sum, 1_020);
    assert_eq!(text(figures("ch_2", &next).tax), "2.00");
}

#[test]
fn a_change_within_a_period_bills_its_credit_and_its_charge_as_one() {
    let told = [
        a_charge("ch_1").of("40.00 GBP").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "40.00 GBP").fee("0.80").build(),
        an_invoice("in_1", "40.00 GBP", "6.67")
            .recurring_line("-32.67", "-6.53")
            .recurring_line("66.00", "13.20")
            .build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("40.00 GBP").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.tax), text(figures.net_revenue)), ("6.67".to_owned(), "32.53".to_owned()));
    assert_eq!(
        (text(figures.recurring), text(figures.provider_balance)),
        ("40.00".to_owned(), "39.20".to_owned())
    );
}

#[test]
fn a_foreign_payment_takes_its_tax_at_the_rate_at_which_it_settled() {
    let told = [
        a_charge("ch_1").of("120.00 USD").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "96.01 GBP").build(),
        an_invoice("in_1", "120.00 USD", "20.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("120.00 USD").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), text(figures.tax)), ("96.01".to_owned(), "16.00".to_owned()));
    // An invoice in a currency that the customer did not pay in says nothing of this payment.
    let other = [told[0].clone(), an_invoice("in_1", "96.00 GBP", "16.00").build(), told[3].clone()];
    let unlinked = target("ch_1", &other);
    assert!(unlinked.lines.keys().all(|key| key.account != Account::TaxRecurring));
}

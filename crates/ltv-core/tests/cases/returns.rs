//! Refunds, disputes, and the tax and exchange in them.

use ltv_core::ledger::Account;
use ltv_core::observation::{DisputeStatus, RefundStatus, SettlementKind};
use ltv_core::testkit::{a_charge, a_dispute, a_refund, a_settlement, an_invoice, an_invoice_payment};

use crate::{balance, figures, target, text};

#[test]
fn two_partial_refunds_count_once_each_and_the_fee_is_kept() {
    let first = [
        a_charge("ch_1").of("21.00 GBP").refunded("8.00 GBP").told_on(2).build(),
        a_settlement("txn_1").of_charge("ch_1", "21.00 GBP").fee("0.86").build(),
        a_refund("re_1").of("ch_1", "8.00 GBP").build(),
    ];
    let after_one = figures("ch_1", &first);
    assert_eq!((after_one.refund_count, text(after_one.refunds)), (1, "8.00".to_owned()));
    assert_eq!(text(after_one.net_revenue), "12.14");

    let mut all = first.to_vec();
    all.push(a_charge("ch_1").of("21.00 GBP").refunded("21.00 GBP").told_on(3).build());
    all.push(a_refund("re_2").of("ch_1", "13.00 GBP").on(3).build());
    let end = figures("ch_1", &all);
    assert_eq!((end.refund_count, text(end.refunds)), (2, "21.00".to_owned()));
    assert_eq!((text(end.net_revenue), text(end.unexplained)), ("-0.86".to_owned(), "0.00".to_owned()));
}

#[test]
fn a_counter_above_the_known_refunds_is_unexplained_until_the_refund_arrives() {
    let mut told = vec![
        a_charge("ch_1").of("21.00 GBP").build(),
        a_charge("ch_1").of("21.00 GBP").refunded("8.00 GBP").told_on(4).build(),
    ];
    assert_eq!(text(figures("ch_1", &told).unexplained), "8.00");
    assert_eq!(text(figures("ch_1", &told).refunds), "0.00");
    told.push(a_refund("re_1").of("ch_1", "8.00 GBP").on(4).build());
    assert_eq!(text(figures("ch_1", &told).unexplained), "0.00");
}

#[test]
fn a_counter_from_before_a_refund_failed_is_no_gap() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").refunded("30.00 GBP").told_on(3).build(),
        a_settlement("txn_1").of_charge("ch_1", "99.00 GBP").build(),
        a_refund("re_1").of("ch_1", "30.00 GBP").status(RefundStatus::Failed).told_on(9).build(),
        a_settlement("txn_2").of_refund("re_1", "-30.00 GBP").on(2).build(),
    ];
    assert_eq!(text(figures("ch_1", &told).unexplained), "0.00");
}

#[test]
fn the_tax_of_three_refunds_is_a_running_share_that_ends_exactly() {
    let told = [
        a_charge("ch_1").of("100.00 GBP").from("cus_1").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "100.00 GBP").build(),
        an_invoice("in_1", "100.00 GBP", "16.67").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("100.00 GBP").build(),
        a_refund("re_1").of("ch_1", "33.33 GBP").on(2).build(),
        a_refund("re_2").of("ch_1", "33.33 GBP").on(3).build(),
        a_refund("re_3").of("ch_1", "33.34 GBP").on(4).build(),
    ];
    let books = target("ch_1", &told);
    let by_refund = |account| -> Vec<i64> {
        let lines = books.lines.iter().filter(|(key, _)| key.account == account);
        lines.map(|(_, line)| line.amount_minor).collect()
    };
    assert_eq!(by_refund(Account::TaxReturned), [556, 555, 556]);
    assert_eq!(by_refund(Account::Refunds), [2_777, 2_778, 2_778]);
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.tax), text(figures.refunds)), ("16.67".to_owned(), "83.33".to_owned()));
    assert_eq!(text(figures.net_revenue), "0.00");
}

#[test]
fn a_dispute_that_is_won_gives_back_money_and_fee_at_its_date() {
    let told = [
        a_charge("ch_1").of("80.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "80.00 GBP").fee("1.40").build(),
        a_dispute("du_1").of("ch_1", "80.00 GBP").on(5).build(),
        a_settlement("txn_2").of_dispute("du_1", "-80.00 GBP").fee("20.00").on(5).build(),
        a_dispute("du_1").of("ch_1", "80.00 GBP").on(5).status(DisputeStatus::Won).told_on(40).build(),
        a_settlement("txn_3")
            .of(SettlementKind::DisputeReversal, Some("du_1"), "80.00 GBP")
            .fee("-20.00")
            .on(40)
            .build(),
    ];
    let books = target("ch_1", &told);
    for (at, chargebacks, fees, net) in [(4, 0, 0, 7_860), (10, 8_000, 2_000, -2_140), (41, 0, 0, 7_860)] {
        assert_eq!(balance(&books, Account::Chargebacks, at), chargebacks, "day {at}");
        assert_eq!(balance(&books, Account::DisputeFees, at), fees, "day {at}");
        assert_eq!(balance(&books, Account::ProviderBalance, at), net, "day {at}");
    }
    let figures = figures("ch_1", &told);
    assert_eq!((figures.disputes, text(figures.net_revenue)), (1, "78.60".to_owned()));
}

#[test]
fn an_inquiry_moves_no_money_and_is_no_dispute() {
    let told = [
        a_charge("ch_1").of("50.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "50.00 GBP").fee("0.95").build(),
        a_dispute("du_1").of("ch_1", "50.00 GBP").status(DisputeStatus::InquiryOpen).build(),
        a_dispute("du_1").of("ch_1", "50.00 GBP").status(DisputeStatus::InquiryClosed).told_on(20).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((figures.inquiries, figures.disputes), (1, 0));
    assert_eq!(
        (text(figures.net_revenue), text(figures.chargebacks)),
        ("49.05".to_owned(), "0.00".to_owned())
    );
}

#[test]
fn a_refund_at_another_rate_is_worth_its_share_and_the_rest_is_exchange() {
    let told = [
        a_charge("ch_1").of("7800 JPY").build(),
        a_settlement("txn_1").of_charge("ch_1", "40.64 GBP").fee("2.33").build(),
        a_refund("re_1").of("ch_1", "3900 JPY").build(),
        a_settlement("txn_2").of_refund("re_1", "-20.51 GBP").on(2).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), text(figures.refunds)), ("40.64".to_owned(), "20.32".to_owned()));
    assert_eq!(
        (text(figures.net_revenue), text(figures.fx_difference)),
        ("17.99".to_owned(), "-0.19".to_owned())
    );
    assert_eq!(text(figures.provider_balance), "17.80");
}

#[test]
fn a_refund_that_fails_days_later_leaves_nothing() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "99.00 GBP").fee("1.69").build(),
        a_refund("re_1").of("ch_1", "30.00 GBP").build(),
        a_settlement("txn_2").of_refund("re_1", "-30.00 GBP").on(2).build(),
        a_refund("re_1").of("ch_1", "30.00 GBP").status(RefundStatus::Failed).told_on(9).build(),
        a_settlement("txn_3").of(SettlementKind::RefundFailure, Some("re_1"), "30.00 GBP").on(9).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.refunds), figures.refund_count), ("0.00".to_owned(), 0));
    assert_eq!(
        (text(figures.net_revenue), text(figures.provider_balance)),
        ("97.31".to_owned(), "97.31".to_owned())
    );
    let books = target("ch_1", &told);
    assert_eq!(balance(&books, Account::Refunds, 5), 3_000);
    assert_eq!(balance(&books, Account::Refunds, 9), 0);
}

#[test]
fn a_refund_that_was_withdrawn_before_it_moved_is_nothing() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").build(),
        a_refund("re_1").of("ch_1", "30.00 GBP").status(RefundStatus::Canceled).told_on(3).build(),
    ];
    assert_eq!(target("ch_1", &told), target("ch_1", &told[..1]));
}

#[test]
fn a_dispute_that_comes_back_at_another_rate_leaves_the_difference_as_exchange() {
    let told = [
        a_charge("ch_1").of("100.00 USD").build(),
        a_settlement("txn_1").of_charge("ch_1", "80.00 GBP").build(),
        a_dispute("du_1").of("ch_1", "100.00 USD").build(),
        a_settlement("txn_2").of_dispute("du_1", "-78.00 GBP").fee("15.00").on(5).build(),
        a_settlement("txn_3").of(SettlementKind::DisputeReversal, Some("du_1"), "81.00 GBP").on(30).build(),
    ];
    let withdrawn = figures("ch_1", &told[..4]);
    assert_eq!(
        (text(withdrawn.chargebacks), text(withdrawn.fx_difference)),
        ("80.00".into(), "2.00".to_owned())
    );
    let end = figures("ch_1", &told);
    assert_eq!((text(end.chargebacks), text(end.fx_difference)), ("0.00".to_owned(), "3.00".to_owned()));
    assert_eq!(text(end.provider_balance), "68.00");
}

#[test]
fn what_a_refund_costs_beside_is_a_fee() {
    let told = [
        a_charge("ch_1").of("50.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "50.00 GBP").build(),
        a_refund("re_1").of("ch_1", "50.00 GBP").build(),
        a_settlement("txn_2").of_refund("re_1", "-50.00 GBP").fee("0.25").on(2).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!(
        (text(figures.processor_fees), text(figures.net_revenue)),
        ("0.25".to_owned(), "-0.25".to_owned())
    );
}

#[test]
fn a_refund_that_moved_another_amount_than_it_says_is_taken_at_its_word() {
    let told = [
        a_charge("ch_1").of("50.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "50.00 GBP").build(),
        a_refund("re_1").of("ch_1", "20.00 GBP").build(),
        a_settlement("txn_2").of_refund("re_1", "-21.00 GBP").on(2).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!(
        (text(figures.refunds), text(figures.provider_balance)),
        ("20.00".to_owned(), "29.00".to_owned())
    );
    assert_eq!(
        (text(figures.unexplained), text(figures.fx_difference)),
        ("1.00".to_owned(), "0.00".to_owned())
    );
}

#[test]
fn a_dispute_after_a_part_was_refunded_gives_back_only_the_tax_that_is_left() {
    let told = [
        a_charge("ch_1").of("60.00 GBP").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "60.00 GBP").build(),
        an_invoice("in_1", "60.00 GBP", "10.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("60.00 GBP").build(),
        a_refund("re_1").of("ch_1", "30.00 GBP").on(2).build(),
        a_dispute("du_1").of("ch_1", "60.00 GBP").on(5).build(),
        a_settlement("txn_2").of_dispute("du_1", "-60.00 GBP").on(5).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.refunds), text(figures.chargebacks)), ("25.00".to_owned(), "55.00".to_owned()));
    assert_eq!(text(figures.net_revenue), "-30.00");
}

#[test]
fn a_gap_of_the_counter_is_dated_by_the_message_that_told_it_and_never_by_a_read() {
    let told = [
        a_charge("ch_1").of("21.00 GBP").build(),
        a_charge("ch_1").of("21.00 GBP").refunded("8.00 GBP").told_on(4).build(),
    ];
    let read = |day| a_charge("ch_1").of("21.00 GBP").refunded("8.00 GBP").read_on(day).build();
    let without = target("ch_1", &told);
    assert_eq!(balance(&without, Account::Unexplained, 3), 0);
    assert_eq!(balance(&without, Account::Unexplained, 4), 800);
    for day in [4, 5, 9] {
        let with = [told[0].clone(), told[1].clone(), read(day)];
        assert_eq!(target("ch_1", &with), without, "read on day {day}");
    }
    // A later message that repeats the counter does not date it anew.
    let again = a_charge("ch_1").of("21.00 GBP").refunded("8.00 GBP").told_on(7).build();
    assert_eq!(target("ch_1", &[told[0].clone(), told[1].clone(), again]), without);
}

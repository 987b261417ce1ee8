//! What a payment took, and when it counts.

use ltv_core::ledger::Account;
use ltv_core::observation::{DisputeStatus, PaymentStatus, SettlementKind};
use ltv_core::testkit::{a_charge, a_dispute, a_refund, a_settlement, an_invoice, an_invoice_payment};
use ltv_core::{Party, Provider};

use crate::{balance, figures, target, text};

#[test]
fn the_part_of_an_authorisation_that_was_never_taken_is_no_refund() {
    let charge = |refunded: &str, on| {
        a_charge("ch_1").of("300.00 GBP").captured("180.00 GBP").refunded(refunded).told_on(on).build()
    };
    let mut told = vec![
        charge("120.00 GBP", 1),
        a_settlement("txn_1").of_charge("ch_1", "180.00 GBP").fee("2.90").build(),
    ];
    let before = figures("ch_1", &told);
    assert_eq!((text(before.gross), text(before.refunds)), ("180.00".to_owned(), "0.00".to_owned()));
    assert_eq!(
        (text(before.net_revenue), text(before.unexplained)),
        ("177.10".to_owned(), "0.00".to_owned())
    );

    told.push(charge("170.00 GBP", 5));
    assert_eq!(text(figures("ch_1", &told).unexplained), "50.00");
    told.push(a_refund("re_1").of("ch_1", "50.00 GBP").on(5).build());
    let after = figures("ch_1", &told);
    assert_eq!((text(after.refunds), text(after.net_revenue)), ("50.00".to_owned(), "127.10".to_owned()));
    assert_eq!(text(after.unexplained), "0.00");
}

#[test]
fn a_remainder_that_moves_as_a_refund_reduces_the_gross() {
    let told = [
        a_charge("ch_1").of("300.00 GBP").captured("180.00 GBP").refunded("120.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "300.00 GBP").fee("2.90").build(),
        a_refund("re_0").of("ch_1", "120.00 GBP").on(1).build(),
        a_settlement("txn_2")
            .of(SettlementKind::PartialCaptureReversal, Some("re_0"), "-120.00 GBP")
            .on(1)
            .build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), figures.refund_count), ("180.00".to_owned(), 0));
    assert_eq!(
        (text(figures.provider_balance), text(figures.unexplained)),
        ("177.10".to_owned(), "0.00".to_owned())
    );
}

#[test]
fn a_charge_that_reports_nothing_captured_counts_by_its_movement() {
    let told = [
        a_charge("ch_1").of("40.00 GBP").captured("0.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "40.00 GBP").build(),
    ];
    assert_eq!(text(figures("ch_1", &told).gross), "40.00");
    assert_eq!(text(figures("ch_1", &told[..1]).gross), "40.00");
}

#[test]
fn an_amount_that_does_not_agree_with_its_movement_waits_in_suspense() {
    let told = [
        a_charge("ch_1").of("40.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "39.00 GBP").build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!(
        (text(figures.gross), text(figures.provider_balance)),
        ("40.00".to_owned(), "39.00".to_owned())
    );
    assert_eq!(text(figures.unexplained), "1.00");
    assert_eq!(balance(&target("ch_1", &told), Account::Suspense, 9), 100);
}

#[test]
fn a_charge_that_no_message_shows_counts_by_its_movement_and_belongs_to_nobody_yet() {
    let told = [
        a_settlement("txn_1").of_charge("ch_1", "99.00 GBP").fee("1.69").build(),
        a_dispute("du_1").of("ch_1", "99.00 GBP").status(DisputeStatus::Lost).build(),
        a_settlement("txn_2").of_dispute("du_1", "-99.00 GBP").fee("20.00").on(5).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((figures.payments, figures.disputes), (1, 1));
    assert_eq!((text(figures.gross), text(figures.chargebacks)), ("99.00".to_owned(), "99.00".to_owned()));
    assert_eq!(
        (text(figures.net_revenue), text(figures.provider_balance)),
        ("-21.69".to_owned(), "-21.69".to_owned())
    );
    let nobody = Party::Unassigned(Provider::Stripe);
    assert!(target("ch_1", &told).lines.keys().all(|key| key.party == nobody));
}

#[test]
fn an_authorisation_that_is_let_go_is_neither_income_nor_refund() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").authorised().refunded("99.00 GBP").build(),
        a_refund("re_1").of("ch_1", "99.00 GBP").build(),
    ];
    assert!(target("ch_1", &told).lines.is_empty());
}

#[test]
fn a_capture_counts_from_when_it_was_told() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").authorised().build(),
        a_charge("ch_1").of("99.00 GBP").told_on(6).build(),
    ];
    let books = target("ch_1", &told);
    assert_eq!(balance(&books, Account::ProviderBalance, 5), 0);
    assert_eq!(balance(&books, Account::ProviderBalance, 6), 9_900);
}

#[test]
fn an_announced_payment_is_pending_until_it_counts_or_fails() {
    let announced = a_charge("ch_1").of("150.00 GBP").status(PaymentStatus::Pending).build();
    assert_eq!(text(figures("ch_1", std::slice::from_ref(&announced)).pending), "150.00");

    let paid = [announced.clone(), a_charge("ch_1").of("150.00 GBP").told_on(5).build()];
    let books = target("ch_1", &paid);
    assert_eq!((balance(&books, Account::Pending, 3), balance(&books, Account::Pending, 7)), (15_000, 0));
    assert_eq!(balance(&books, Account::RevenueOneOff, 3), 0);

    let failed =
        [announced, a_charge("ch_1").of("150.00 GBP").status(PaymentStatus::Failed).told_on(6).build()];
    let books = target("ch_1", &failed);
    assert_eq!((balance(&books, Account::Pending, 3), balance(&books, Account::Pending, 7)), (15_000, 0));
    assert_eq!(text(figures("ch_1", &failed).gross), "0.00");
}

#[test]
fn a_payment_that_fails_after_it_came_in_goes_back_at_its_date() {
    let told = [
        a_charge("ch_1").of("60.00 GBP").intent("pi_1").build(),
        a_settlement("txn_1").of_charge("ch_1", "60.00 GBP").fee("0.60").build(),
        an_invoice("in_1", "60.00 GBP", "10.00").build(),
        an_invoice_payment("inpay_1", "in_1").by_intent("pi_1").of("60.00 GBP").build(),
        a_settlement("txn_2").of(SettlementKind::ChargeFailure, Some("ch_1"), "-60.00 GBP").on(6).build(),
    ];
    let end = figures("ch_1", &told);
    assert_eq!((end.payments, text(end.gross), text(end.tax)), (0, "0.00".to_owned(), "0.00".to_owned()));
    assert_eq!(text(end.provider_balance), "-0.60");
    assert_eq!(balance(&target("ch_1", &told), Account::TaxRecurring, 5), -1_000);
    assert_eq!(figures("ch_1", &told[..4]).payments, 1);
}

#[test]
fn a_failed_attempt_and_an_unknown_status_are_no_income() {
    for status in [PaymentStatus::Failed, PaymentStatus::Unknown("maybe".to_owned())] {
        let told = [a_charge("ch_1").status(status).build()];
        assert!(target("ch_1", &told).lines.is_empty());
    }
}

#[test]
fn when_a_capture_was_read_says_nothing_about_when_it_happened() {
    let told = [
        a_charge("ch_1").of("99.00 GBP").authorised().build(),
        a_charge("ch_1").of("99.00 GBP").read_on(6).build(),
    ];
    assert_eq!(balance(&target("ch_1", &told), Account::ProviderBalance, 2), 9_900);
}

#[test]
fn more_taken_than_authorised_leaves_nothing_unexplained() {
    let told = [a_charge("ch_1").of("40.00 GBP").captured("45.00 GBP").build()];
    let figures = figures("ch_1", &told);
    assert_eq!((text(figures.gross), text(figures.unexplained)), ("45.00".to_owned(), "0.00".to_owned()));
}

#[test]
fn a_movement_of_another_balance_settles_nothing() {
    let told = [
        a_charge("ch_1").of("40.00 GBP").build(),
        a_settlement("txn_1").of_charge("ch_1", "40.00 GBP").fee("1.00").of_another_balance().build(),
    ];
    assert_eq!(text(figures("ch_1", &told).provider_balance), "40.00");
}

#[test]
fn a_failure_that_is_shown_before_the_payment_moved_takes_it_back() {
    let told = [
        a_charge("ch_1").of("60.00 GBP").build(),
        a_settlement("txn_2").of(SettlementKind::ChargeFailure, Some("ch_1"), "-60.00 GBP").on(6).build(),
    ];
    let figures = figures("ch_1", &told);
    assert_eq!((figures.payments, text(figures.gross)), (0, "0.00".to_owned()));
    assert_eq!(text(figures.provider_balance), "0.00");
}

#[test]
fn a_remainder_that_its_refund_names_is_no_refund_whatever_the_movement_names() {
    let mut refund = a_refund("re_0").of("ch_1", "120.00 GBP").settlement("txn_2").on(1).build();
    let movement = |source| {
        a_settlement("txn_2").of(SettlementKind::PartialCaptureReversal, Some(source), "-120.00 GBP").build()
    };
    let told = |refund, source| {
        [
            a_charge("ch_1").of("300.00 GBP").captured("180.00 GBP").refunded("120.00 GBP").build(),
            a_settlement("txn_1").of_charge("ch_1", "300.00 GBP").fee("2.90").build(),
            refund,
            movement(source),
        ]
    };
    for source in ["ch_1", "re_0"] {
        let figures = figures("ch_1", &told(refund.clone(), source));
        assert_eq!((text(figures.gross), figures.refund_count), ("180.00".to_owned(), 0), "{source}");
        assert_eq!(text(figures.provider_balance), "177.10", "{source}");
        assert_eq!(text(figures.unexplained), "0.00", "{source}");
    }
    // A refund that names another movement is one.
    if let ltv_core::Body::Refund(body) = &mut refund.body {
        body.settlement = None;
    }
    assert_eq!(figures("ch_1", &told(refund, "ch_1")).refund_count, 1);
}

#[test]
fn that_a_read_met_a_payment_while_it_was_pending_leaves_no_trace_once_it_counts() {
    let pending = || a_charge("ch_1").of("150.00 GBP").authorised().status(PaymentStatus::Pending);
    let met = pending().read_on(2).build();
    assert_eq!(text(figures("ch_1", std::slice::from_ref(&met)).pending), "150.00");
    let without = [
        a_charge("ch_1").of("150.00 GBP").told_on(5).build(),
        a_settlement("txn_1").of_charge("ch_1", "150.00 GBP").on(5).build(),
    ];
    let with = [without[0].clone(), without[1].clone(), met];
    assert_eq!(target("ch_1", &with), target("ch_1", &without));
    // What a webhook told did happen, and stays.
    let told = [without[0].clone(), without[1].clone(), pending().build()];
    assert_eq!(balance(&target("ch_1", &told), Account::Pending, 3), 15_000);
}

/// Direct debits move in the balance when they are sent to the bank, days before it is known whether they succeed.
#[test]
fn a_movement_of_a_pending_payment_counts_once_the_payment_succeeds_and_not_at_all_when_it_fails() {
    let charge = |status| a_charge("ch_1").of("150.00 GBP").status(status);
    let pending = charge(PaymentStatus::Pending).build();
    let moved = a_settlement("txn_1").of_charge("ch_1", "150.00 GBP").fee("5.10").build();
    let announced = [pending.clone(), moved.clone()];
    let before = figures("ch_1", &announced);
    assert_eq!(
        (before.payments, text(before.gross), text(before.net_revenue)),
        (0, "0.00".into(), "0.00".into())
    );
    assert_eq!((text(before.pending), text(before.unexplained)), ("150.00".to_owned(), "0.00".to_owned()));

    let paid = [pending.clone(), moved.clone(), charge(PaymentStatus::Succeeded).told_on(5).build()];
    let (books, after) = (target("ch_1", &paid), figures("ch_1", &paid));
    assert_eq!(
        (text(after.net_revenue), text(after.provider_balance)),
        ("144.90".into(), "144.90".to_owned())
    );
    assert_eq!(
        (balance(&books, Account::RevenueOneOff, 4), balance(&books, Account::RevenueOneOff, 5)),
        (0, -15_000)
    );
    assert_eq!((balance(&books, Account::Pending, 4), balance(&books, Account::Pending, 5)), (15_000, 0));

    let mut failed = vec![pending, moved, charge(PaymentStatus::Failed).told_on(6).build()];
    // The balance does not agree with the payment until its failure has moved, too.
    assert_eq!(text(figures("ch_1", &failed).unexplained), "144.90");
    failed.push(
        a_settlement("txn_2")
            .of(SettlementKind::ChargeFailure, Some("ch_1"), "-150.00 GBP")
            .fee("-5.10")
            .on(6)
            .build(),
    );
    let books = target("ch_1", &failed);
    assert_eq!(
        (figures("ch_1", &failed).payments, text(figures("ch_1", &failed).unexplained)),
        (0, "0.00".to_owned())
    );
    assert!((1..9).all(|day| balance(&books, Account::RevenueOneOff, day) == 0));
    assert!((1..9).all(|day| balance(&books, Account::ProviderBalance, day) == 0));
    assert_eq!((balance(&books, Account::Pending, 5), balance(&books, Account::Pending, 6)), (15_000, 0));
}

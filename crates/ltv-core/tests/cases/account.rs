//! Payouts, the account's own movements, and what cannot be explained.

use ltv_core::ledger::{Account, Case};
use ltv_core::observation::{PayoutStatus, RefundStatus, SettlementKind};
use ltv_core::policy::Policy;
use ltv_core::testkit::{
    a_credit_note, a_payout, a_refund, a_settlement, an_invoice, an_invoice_payment, key,
};
use ltv_core::{Body, Currency, Party, Provider};

use crate::{balance, figures, target, text};

#[test]
fn payouts_are_never_revenue_and_one_that_failed_comes_back() {
    let sent = [
        a_payout("po_1", "154.32 GBP").build(),
        a_settlement("txn_1").of(SettlementKind::Payout, Some("po_1"), "-154.32 GBP").build(),
    ];
    let failed = [
        a_payout("po_2", "48.70 GBP").status(PayoutStatus::Failed).build(),
        a_settlement("txn_2").of(SettlementKind::Payout, Some("po_2"), "-48.70 GBP").build(),
        a_settlement("txn_3").of(SettlementKind::Payout, Some("po_2"), "48.70 GBP").on(4).build(),
    ];
    let (sent_figures, failed_figures) = (figures("po_1", &sent), figures("po_2", &failed));
    assert_eq!(
        (text(sent_figures.provider_balance), text(sent_figures.gross)),
        ("-154.32".into(), "0.00".to_owned())
    );
    assert_eq!((text(failed_figures.provider_balance), failed_figures.payments), ("0.00".to_owned(), 0));
    assert!(target("po_1", &sent).lines.keys().all(|key| key.party == Party::Account(Provider::Stripe)));
    // Without its movement the status decides; a failed one never left.
    assert_eq!(text(figures("po_1", &sent[..1]).provider_balance), "-154.32");
    assert!(target("po_2", &failed[..1]).lines.is_empty());
}

#[test]
fn movements_of_the_account_are_booked_by_their_kind() {
    for (kind, account) in [
        (SettlementKind::Fee, Account::ProcessorFees),
        (SettlementKind::TopUp, Account::Bank),
        (SettlementKind::Transfer, Account::Transfers),
        (SettlementKind::Unknown("new_kind".to_owned()), Account::Suspense),
    ] {
        let told = [a_settlement("txn_1").of(kind, None, "-5.00 GBP").build()];
        let books = target("txn_1", &told);
        assert_eq!(balance(&books, account, 9), 500);
        assert_eq!(balance(&books, Account::ProviderBalance, 9), -500);
        assert!(books.lines.keys().all(|key| key.party == Party::Account(Provider::Stripe)));
    }
    let other =
        [a_settlement("txn_1").of(SettlementKind::Fee, None, "-5.00 GBP").of_another_balance().build()];
    assert!(target("txn_1", &other).lines.is_empty());
}

#[test]
fn money_of_a_refund_whose_charge_is_unknown_waits_in_suspense_until_the_link_arrives() {
    let alone = [a_settlement("txn_1").of_refund("re_1", "-10.00 GBP").build()];
    let figures_alone = figures("re_1", &alone);
    assert_eq!(
        (text(figures_alone.unexplained), text(figures_alone.refunds)),
        ("10.00".into(), "0.00".to_owned())
    );
    assert_eq!(balance(&target("re_1", &alone), Account::Suspense, 9), 1_000);

    let mut linked = alone.to_vec();
    linked.push(a_refund("re_1").of("ch_1", "10.00 GBP").build());
    assert!(target("re_1", &linked).lines.is_empty(), "its money belongs to the charge's case now");
    assert!(target("txn_1", &linked).lines.is_empty());
    let charge = figures("ch_1", &linked);
    assert_eq!((text(charge.refunds), text(charge.unexplained)), ("10.00".to_owned(), "0.00".to_owned()));
}

#[test]
fn objects_that_bear_no_money_have_empty_books() {
    let link = [an_invoice_payment("inpay_1", "in_1").by_charge("ch_9").of("5.00 GBP").build()];
    assert!(target("inpay_1", &link).lines.is_empty());
    assert!(target("ch_unknown", &link).lines.is_empty());
}

#[test]
fn amounts_too_large_for_the_books_are_an_error_and_not_a_wrap() {
    let most = ltv_core::Money::from_minor(i64::MAX, Currency::GBP).to_string();
    let told = [
        a_settlement("txn_1").of_charge("ch_1", &most).build(),
        a_settlement("txn_2").of_charge("ch_1", &most).build(),
    ];
    let error = Case::gather(key("ch_1"), &told).target(&Policy::preset_default()).unwrap_err();
    assert_eq!(error.to_string(), "an amount of case `stripe:ch_1` is too large");
}

#[test]
fn a_refund_that_names_no_charge_is_unexplained_until_it_moves_or_fails() {
    let told = |status| {
        let mut refund = a_refund("re_1").of("ch_1", "10.00 GBP").status(status).build();
        if let Body::Refund(body) = &mut refund.body {
            body.payment = None;
        }
        refund
    };
    assert_eq!(text(figures("re_1", &[told(RefundStatus::Pending)]).unexplained), "10.00");
    assert!(target("re_1", &[told(RefundStatus::Failed)]).lines.is_empty());
    let moved =
        [told(RefundStatus::Succeeded), a_settlement("txn_1").of_refund("re_1", "-10.00 GBP").build()];
    assert_eq!(balance(&target("re_1", &moved), Account::Suspense, 9), 1_000);
    assert_eq!(text(figures("re_1", &moved).unexplained), "10.00");
}

#[test]
fn a_movement_that_names_an_invoice_or_a_credit_note_is_kept_when_that_is_shown() {
    let shown = [
        ("in_1", an_invoice("in_1", "60.00 GBP", "10.00").build()),
        ("cn_1", a_credit_note("cn_1", "60.00 GBP", "10.00").build()),
        ("inpay_1", an_invoice_payment("inpay_1", "in_1").by_charge("ch_9").of("5.00 GBP").build()),
    ];
    for (named, object) in shown {
        let told = [
            a_settlement("txn_1").of(SettlementKind::Fee, Some(named), "-0.40 GBP").build(),
            a_settlement("txn_2")
                .of(SettlementKind::Unknown("new".to_owned()), Some(named), "7.00 GBP")
                .build(),
            object,
        ];
        let before = figures(named, &told[..2]);
        let after = figures(named, &told);
        assert_eq!(text(before.provider_balance), "6.60", "{named}");
        assert_eq!(after.provider_balance, before.provider_balance, "{named}");
        assert_eq!(text(after.processor_fees), "0.40", "{named}");
        assert_eq!(text(after.unexplained), "7.00", "{named}");
    }
}

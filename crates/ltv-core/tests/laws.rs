//! The laws of the ledger, as properties over whole small histories.
#![expect(clippy::unwrap_used, reason = "a broken test must fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use ltv_core::digest::Digest;
use ltv_core::explain::{Explained, ExplainedPosting, explain};
use ltv_core::ledger::{Account, Balances, Case, Entry, Figures, Line, LineKey, Posting, Target};
use ltv_core::money::{Rounding, div_round};
use ltv_core::observation::{Body, ObservationSet};
use ltv_core::policy::Policy;
use ltv_core::testkit::{
    ChargeHistory, a_charge, a_refund, a_settlement, an_invoice, an_invoice_payment, charge_histories, key,
};
use ltv_core::{Currency, Money, Observation, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

type Posted = BTreeMap<LineKey, Line>;

fn target(anchor: &str, observations: &[Observation]) -> Target {
    Case::gather(key(anchor), observations).target(&Policy::preset_default()).unwrap()
}

/// Adds an entry to what is posted, and keeps lines that came to zero, as a store does.
fn post(posted: &mut Posted, entry: &Entry) {
    for posting in entry.postings() {
        let line = posted.entry(posting.key.clone()).or_insert(Line {
            amount_minor: 0,
            quantity: 0,
            ..posting.line
        });
        line.amount_minor += posting.line.amount_minor;
        line.quantity += posting.line.quantity;
    }
}

fn sum(target: &Target, account: Account, currency: Currency) -> i64 {
    let lines = target.lines.iter().filter(|(key, _)| key.account == account && key.currency == currency);
    lines.map(|(_, line)| line.amount_minor).sum()
}

fn figures(target: &Target) -> Figures {
    let mut balances = Balances::default();
    for (key, line) in &target.lines {
        balances.add(key.account, key.currency, line.amount_minor, line.quantity).unwrap();
    }
    balances.figures(Currency::GBP).unwrap()
}

/// A history with its observations in any order, and some of them twice.
fn shuffled() -> impl Strategy<Value = (ChargeHistory, Vec<Observation>)> {
    charge_histories().prop_flat_map(|history| {
        let told = history.observations.clone();
        let repeats = proptest::sample::subsequence(told.clone(), 0..=told.len());
        let order = repeats.prop_map(move |repeats| [told.clone(), repeats].concat()).prop_shuffle();
        (Just(history), order)
    })
}

fn without_returns(history: &ChargeHistory) -> Vec<Observation> {
    let of_payment = |body: &Body| match body {
        Body::Payment(_) | Body::Invoice(_) | Body::InvoicePayment(_) => true,
        Body::Settlement(movement) => {
            movement.source == Some(key(history.anchor)) && movement.amount.minor() > 0
        }
        _ => false,
    };
    history.observations.iter().filter(|told| of_payment(&told.body)).cloned().collect()
}

fn assert_children_sum(explained: &Explained) {
    if explained.children.is_empty() {
        assert!(
            explained.source.is_some() || explained.value.is_zero(),
            "`{}` names no message",
            explained.label
        );
        return;
    }
    let values = explained.children.iter().map(|child| child.value);
    assert_eq!(Money::try_sum(values, explained.value.currency()).unwrap(), explained.value);
    explained.children.iter().for_each(assert_children_sum);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_leave_the_target_equal((history, told) in shuffled()) {
        prop_assert_eq!(target(history.anchor, &history.observations), target(history.anchor, &told));
    }

    #[test]
    fn booking_after_each_message_in_any_order_ends_at_the_target_and_stays_there(
        (history, told) in shuffled(),
    ) {
        let mut posted = Posted::new();
        for count in 1..=told.len() {
            let wanted = target(history.anchor, told.get(..count).unwrap());
            if let Some(entry) = wanted.entry(&posted).unwrap() {
                let balance: i64 = entry.postings().iter()
                    .filter(|posting| posting.key.currency == Currency::GBP)
                    .map(|posting| posting.line.amount_minor).sum();
                prop_assert_eq!(balance, 0);
                post(&mut posted, &entry);
            }
            prop_assert_eq!(wanted.entry(&posted).unwrap(), None);
        }
        posted.retain(|_, line| line.amount_minor != 0 || line.quantity != 0);
        let reached: Vec<_> = posted.iter().map(|(key, line)| (key, line.amount_minor, line.quantity)).collect();
        let end = target(history.anchor, &history.observations);
        let wanted: Vec<_> = end.lines.iter().map(|(key, line)| (key, line.amount_minor, line.quantity)).collect();
        prop_assert_eq!(reached, wanted);
    }

    #[test]
    fn lines_sum_to_zero_in_each_currency_whatever_has_come_so_far(
        (history, told) in shuffled(),
        shown in any::<prop::sample::Index>(),
    ) {
        let target = target(history.anchor, told.get(..shown.index(told.len() + 1)).unwrap());
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        for (key, line) in &target.lines {
            *sums.entry(key.currency).or_default() += line.amount_minor;
        }
        prop_assert!(sums.values().all(|sum| *sum == 0));
    }

    #[test]
    fn the_provider_balance_is_what_its_movements_say(history in charge_histories()) {
        let target = target(history.anchor, &history.observations);
        prop_assert_eq!(sum(&target, Account::ProviderBalance, history.currency), history.net_minor);
        prop_assert_eq!(sum(&target, Account::Suspense, history.currency), 0);
        prop_assert_eq!(sum(&target, Account::Unexplained, history.currency), 0);
        if history.same_currency {
            prop_assert_eq!(sum(&target, Account::FxDifference, history.currency), 0);
        }
    }

    #[test]
    fn figures_add_up_to_what_is_left_at_the_provider(history in charge_histories()) {
        let target = target(history.anchor, &history.observations);
        let figures = figures(&target);
        let tax_owed = figures.tax.minor() - sum(&target, Account::TaxReturned, history.currency);
        let left = figures.net_revenue.minor() + tax_owed + figures.fx_difference.minor();
        prop_assert_eq!(left, figures.provider_balance.minor());
        prop_assert_eq!(figures.recurring.minor() + figures.one_off.minor(), figures.gross.minor());
    }

    #[test]
    fn a_full_return_gives_back_exactly_the_tax_and_the_gross(
        history in charge_histories(),
        cuts in proptest::collection::vec(1_u64..1_000, 1..6),
    ) {
        let mut told = without_returns(&history);
        let paid = told.iter().find_map(|told| match &told.body {
            Body::Payment(payment) => Some(payment.amount),
            _ => None,
        }).unwrap();
        for (index, part) in paid.allocate(&cuts).unwrap().into_iter().enumerate() {
            let id = format!("re_part_{index}");
            told.push(a_refund(&id).of(history.anchor, &part.to_string()).on(50).build());
        }
        let target = target(history.anchor, &told);
        let tax = -sum(&target, Account::TaxRecurring, history.currency)
            - sum(&target, Account::TaxOneOff, history.currency);
        prop_assert_eq!(sum(&target, Account::TaxReturned, history.currency), tax);
        let back = sum(&target, Account::TaxReturned, history.currency)
            + sum(&target, Account::Refunds, history.currency);
        prop_assert_eq!(back, history.gross_minor);
        prop_assert!(sum(&target, Account::TaxReturned, history.currency) >= 0);
    }

    #[test]
    fn the_tax_given_back_is_the_running_share_at_every_moment(
        history in charge_histories().prop_filter("settles as it was paid", |history| history.same_currency),
    ) {
        let target = target(history.anchor, &history.observations);
        let moments: BTreeSet<Timestamp> = target.lines.keys().map(|key| key.effective_at).collect();
        for moment in moments {
            let until = |accounts: &[Account]| -> i64 {
                let lines = target.lines.iter();
                lines.filter(|(key, _)| key.effective_at <= moment && accounts.contains(&key.account))
                    .map(|(_, line)| line.amount_minor).sum()
            };
            let tax = until(&[Account::TaxReturned]);
            let returned = until(&[Account::TaxReturned, Account::Refunds, Account::Chargebacks]);
            let counted = i128::from(returned.clamp(0, history.gross_minor));
            let share = div_round(
                i128::from(history.tax_minor) * counted, i128::from(history.gross_minor), Rounding::HalfEven,
            );
            prop_assert_eq!(Some(i128::from(tax)), share, "at {}", moment);
        }
    }

    #[test]
    fn a_refund_that_failed_leaves_the_sums_as_if_it_had_never_been(history in charge_histories()) {
        let failed = |told: &Observation, id: &str| matches!(&told.body,
            Body::Settlement(movement) if movement.source == Some(key(id)) && movement.amount.minor() >= 0);
        let ids: Vec<String> = (0..4).map(|index| format!("re_{index}"))
            .filter(|id| history.observations.iter().any(|told| failed(told, id))).collect();
        let is_of = |told: &Observation, id: &String| told.object == key(id)
            || matches!(&told.body, Body::Settlement(movement) if movement.source == Some(key(id)));
        let without: Vec<Observation> = history.observations.iter()
            .filter(|told| !ids.iter().any(|id| is_of(told, id))).cloned().collect();
        let (with, without) = (target(history.anchor, &history.observations), target(history.anchor, &without));
        for account in Account::ALL {
            let sums = (sum(&with, *account, Currency::GBP), sum(&without, *account, Currency::GBP));
            prop_assert_eq!(sums.0, sums.1, "{}", account);
        }
        prop_assert_eq!(figures(&with).refund_count, figures(&without).refund_count);
    }

    #[test]
    fn all_that_pays_an_invoice_shares_its_tax_and_its_sorts_exactly(
        total in 1_i64..5_000_000,
        tax_percent in 0_i64..30,
        one_off_percent in 0_i64..=100,
        weights in proptest::collection::vec(0_u64..1_000, 3..8).prop_filter("pays", |all| all.iter().sum::<u64>() > 0),
    ) {
        let pounds = |minor| Money::from_minor(minor, Currency::GBP);
        let tax = total * tax_percent / 100;
        let (once, once_tax) = ((total - tax) * one_off_percent / 100, tax * one_off_percent / 100);
        let parts = pounds(total).allocate(&weights).unwrap();
        let (credit, rest) = parts.split_first().unwrap();
        let (outside, payments) = rest.split_first().unwrap();
        let text = |money: Money| money.to_decimal_string();
        let mut told = vec![
            an_invoice("in_1", &pounds(total).to_string(), &text(pounds(tax)))
                .recurring_line(&text(pounds(total - tax - once)), &text(pounds(tax - once_tax)))
                .one_off_line(&text(pounds(once)), &text(pounds(once_tax)))
                .balance(&text(credit.checked_neg().unwrap()), "0.00")
                .paid_outside(&text(*outside))
                .build(),
        ];
        for (index, part) in payments.iter().enumerate() {
            let (charge, intent, link) = (format!("ch_{index}"), format!("pi_{index}"), format!("inpay_{index}"));
            told.push(a_charge(&charge).of(&part.to_string()).intent(&intent).build());
            told.push(an_invoice_payment(&link, "in_1").by_intent(&intent).of(&part.to_string()).build());
        }
        let charges = (0..payments.len()).map(|index| format!("ch_{index}"));
        let cases: Vec<Target> =
            std::iter::once("in_1".to_owned()).chain(charges).map(|anchor| target(&anchor, &told)).collect();
        let sum_of = |account| -> i64 { cases.iter().map(|case| sum(case, account, Currency::GBP)).sum() };
        prop_assert_eq!(-sum_of(Account::TaxOneOff), once_tax);
        prop_assert_eq!(-sum_of(Account::TaxRecurring), tax - once_tax);
        prop_assert_eq!(-sum_of(Account::RevenueOneOff), once);
        prop_assert_eq!(-sum_of(Account::RevenueRecurring), total - tax - once);
        prop_assert_eq!(sum_of(Account::CustomerCredit), credit.minor());
        prop_assert_eq!(sum_of(Account::Bank), outside.minor());
    }

    #[test]
    fn explain_sums_to_the_net_revenue_and_leaves_name_messages(history in charge_histories()) {
        let target = target(history.anchor, &history.observations);
        let postings: Vec<ExplainedPosting> = target.lines.iter().map(|(line_key, line)| ExplainedPosting {
            anchor: key(history.anchor),
            posting: Posting { key: line_key.clone(), line: *line },
        }).collect();
        let explained = explain(&postings, Currency::GBP).unwrap();
        prop_assert_eq!(explained.value, figures(&target).net_revenue);
        prop_assert_eq!(explained.children.len(), 6);
        prop_assert_eq!(explained.children.first().unwrap().value, figures(&target).gross);
        assert_children_sum(&explained);
    }

    #[test]
    fn the_digest_is_that_of_the_target_however_it_was_posted((history, told) in shuffled()) {
        let (mut at_once, mut in_steps, mut posted) = (Digest::default(), Digest::default(), Posted::new());
        for (line_key, line) in &target(history.anchor, &history.observations).lines {
            at_once.add(history.anchor, line_key, line.amount_minor, line.quantity);
        }
        for count in 1..=told.len() {
            let wanted = target(history.anchor, told.get(..count).unwrap());
            if let Some(entry) = wanted.entry(&posted).unwrap() {
                for posting in entry.postings() {
                    in_steps.add(history.anchor, &posting.key, posting.line.amount_minor, posting.line.quantity);
                }
                post(&mut posted, &entry);
            }
        }
        prop_assert_eq!(at_once.finish(), in_steps.finish());
    }

    #[test]
    fn the_union_of_sets_is_commutative_associative_and_idempotent(
        (history, told) in shuffled(),
        (first, second) in (0_usize..40, 0_usize..40),
    ) {
        let (low, high) = (first.min(second).min(told.len()), first.max(second).min(told.len()));
        let set = |observations: &[Observation]| observations.iter().cloned().collect::<ObservationSet>();
        let (a, b, c) = (
            set(told.get(..low).unwrap()), set(told.get(low..high).unwrap()), set(told.get(high..).unwrap()),
        );
        let whole = set(&history.observations);
        prop_assert_eq!(a.clone().merge(b.clone()), b.clone().merge(a.clone()));
        prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.clone().merge(b.clone().merge(c.clone())));
        prop_assert_eq!(whole.clone().merge(whole.clone()), whole.clone());
        prop_assert_eq!(c.merge(a).merge(b), whole);
    }

    #[test]
    fn a_split_adds_up_and_keeps_the_sign(
        minor in any::<i64>(),
        weights in proptest::collection::vec(any::<u64>(), 0..12),
    ) {
        let whole = Money::from_minor(minor, Currency::GBP);
        match whole.allocate(&weights) {
            Ok(parts) => {
                prop_assert_eq!(Money::try_sum(parts.iter().copied(), Currency::GBP).unwrap(), whole);
                for (part, weight) in parts.iter().zip(&weights) {
                    prop_assert!(part.is_zero() || part.minor().signum() == minor.signum());
                    prop_assert!(*weight != 0 || part.is_zero());
                }
                if let Ok(mirrored) = whole.checked_neg() {
                    let turned: Vec<Money> = mirrored.allocate(&weights).unwrap();
                    prop_assert!(parts.iter().zip(turned).all(|(a, b)| a.checked_neg().unwrap() == b));
                }
            }
            Err(_) => prop_assert!(weights.iter().all(|weight| *weight == 0)),
        }
    }

    #[test]
    fn rounding_is_never_further_than_half_and_mirrors_at_zero(numer in any::<i64>(), denom in 1_i64..i64::MAX) {
        let (numer, denom) = (i128::from(numer), i128::from(denom));
        let rounded = div_round(numer, denom, Rounding::HalfEven).unwrap();
        prop_assert!((numer - rounded * denom).abs() * 2 <= denom);
        prop_assert_eq!(div_round(-numer, denom, Rounding::HalfEven).unwrap(), -rounded);
        prop_assert!((div_round(numer, denom, Rounding::Down).unwrap() * denom).abs() <= numer.abs());
    }

    #[test]
    fn money_survives_its_text_and_its_json(minor in any::<i64>(), code in "(GBP|JPY|KWD|CLF)") {
        let money = Money::from_minor(minor, code.parse().unwrap());
        prop_assert_eq!(Money::parse(&money.to_decimal_string(), money.currency()).unwrap(), money);
        let json = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
    }

    #[test]
    fn any_text_is_an_amount_or_an_error_and_never_a_panic(text in ".{0,24}") {
        if let Ok(money) = Money::parse(&text, Currency::GBP) {
            prop_assert_eq!(Money::parse(&money.to_decimal_string(), Currency::GBP).unwrap(), money);
        }
    }

    #[test]
    fn observations_survive_their_json(history in charge_histories()) {
        let json = serde_json::to_string(&history.observations).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Observation>>(&json).unwrap(), history.observations);
    }

    #[test]
    fn any_amounts_at_all_give_a_target_or_an_error_and_never_a_panic(
        history in charge_histories(),
        amounts in proptest::collection::vec(any::<i64>(), 1..4),
        source in "(ch_1|re_0|du_1|re_9)",
    ) {
        let mut told = history.observations;
        for (index, minor) in amounts.into_iter().enumerate() {
            let amount = Money::from_minor(minor, Currency::GBP).to_string();
            told.push(a_settlement(&format!("txn_x{index}")).of_refund(&source, &amount).build());
            told.push(a_settlement(&format!("txn_y{index}")).of_charge(&source, &amount).build());
        }
        if let Ok(target) = Case::gather(key("ch_1"), &told).target(&Policy::preset_default()) {
            let sum: i128 = target.lines.iter().filter(|(key, _)| key.currency == Currency::GBP)
                .map(|(_, line)| i128::from(line.amount_minor)).sum();
            prop_assert_eq!(sum, 0);
        }
    }
}

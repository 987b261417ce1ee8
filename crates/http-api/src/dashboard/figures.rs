//! The figures block as people read it.

use ltv_core::ledger::Figures;

use super::format;

/// One line of the block.
pub(super) struct Line {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// A count or other remark beside it.
    pub(super) note: String,
    /// Deserves attention.
    pub(super) alert: bool,
}

/// How net revenue comes about, then what stands beside it.
pub(super) struct Block {
    pub(super) net: String,
    pub(super) payments: String,
    pub(super) steps: Vec<Line>,
    pub(super) beside: Vec<Line>,
}

fn line(label: &'static str, value: String) -> Line {
    Line { label, value, note: String::new(), alert: false }
}

fn noted(label: &'static str, value: String, (number, one, many): (i64, &str, &str)) -> Line {
    let word = if number == 1 { one } else { many };
    Line { note: format!("{} {word}", format::count(number)), ..line(label, value) }
}

impl Block {
    /// Of these figures.
    pub(super) fn new(figures: &Figures) -> Self {
        let amount = format::amount;
        Self {
            net: amount(figures.net_revenue),
            payments: format::count(figures.payments),
            steps: vec![
                noted("Gross, with tax", amount(figures.gross), (figures.payments, "payment", "payments")),
                line("Tax", amount(figures.tax)),
                noted("Refunds", amount(figures.refunds), (figures.refund_count, "refund", "refunds")),
                noted("Chargebacks", amount(figures.chargebacks), (figures.disputes, "dispute", "disputes")),
                line("Processor fees", amount(figures.processor_fees)),
                line("Dispute fees", amount(figures.dispute_fees)),
            ],
            beside: vec![
                line("Recurring, in gross", amount(figures.recurring)),
                line("One-off, in gross", amount(figures.one_off)),
                line("Difference by exchange rates", amount(figures.fx_difference)),
                line("Pending", amount(figures.pending)),
                line("Credit of customers", amount(figures.customer_credit)),
                line("Left at the provider", amount(figures.provider_balance)),
                line("Inquiries", format::count(figures.inquiries)),
                Line {
                    alert: !figures.unexplained.is_zero(),
                    ..line("Unexplained", amount(figures.unexplained))
                },
            ],
        }
    }
}

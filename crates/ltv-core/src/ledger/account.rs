//! The chart of accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::ParseIdError;

macro_rules! accounts {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// An account. Debits are positive: assets and costs carry positive balances, income and debts negative ones.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Account {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Account {
            /// Every account, in the order of the chart.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name in tables and answers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        impl FromStr for Account {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$name),)+
                    _ => Err(ParseIdError::new("account", text)),
                }
            }
        }
    };
}

accounts! {
    /// Money at the provider.
    ProviderBalance = "provider_balance",
    /// Money in the bank: payouts, and what was paid outside the provider.
    Bank = "bank",
    /// Money moved between the provider balance and other balances: transfers, reserves.
    Transfers = "transfers",
    /// Income from recurring lines, without tax. A posting's quantity counts payments.
    RevenueRecurring = "revenue.recurring",
    /// Income from one-off lines, or from payments of no known invoice, without tax. Quantity counts payments.
    RevenueOneOff = "revenue.one_off",
    /// Tax owed on recurring lines, as charged.
    TaxRecurring = "tax.recurring",
    /// Tax owed on one-off lines, as charged.
    TaxOneOff = "tax.one_off",
    /// Tax given back with refunds and chargebacks.
    TaxReturned = "tax.returned",
    /// Money given back, without its tax. Quantity counts refunds.
    Refunds = "refunds",
    /// Money forced back, without its tax. Quantity counts disputes, inquiries left out.
    Chargebacks = "chargebacks",
    /// Kept by the provider for processing, and its fees on the account.
    ProcessorFees = "processor_fees",
    /// Kept by the provider for disputes.
    DisputeFees = "dispute_fees",
    /// Owed to customers: credit that they paid in or were given.
    CustomerCredit = "customer_credit",
    /// Differences of exchange rates between a payment and its return. Credit is a gain.
    FxDifference = "fx_difference",
    /// Money that cannot be explained yet.
    Suspense = "suspense",
    /// Memorandum: payments announced and not yet received.
    Pending = "memo.pending",
    /// Memorandum: the size of what is unexplained: suspense, and gaps to the providers' cumulative counters.
    Unexplained = "memo.unexplained",
    /// Memorandum: quantity counts inquiries.
    Inquiries = "memo.inquiries",
    /// The other side of the memorandum accounts.
    Memorandum = "memo.contra",
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_survives_its_name_and_an_unknown_name_is_refused() {
        for account in Account::ALL {
            assert_eq!(account.as_str().parse::<Account>().as_ref(), Ok(account));
            assert_eq!(serde_json::to_string(account).unwrap(), format!("\"{account}\""));
        }
        assert!("revenue".parse::<Account>().is_err());
    }
}

//! Exact money: whole minor units of one currency.

mod allocate;
mod currency;
mod exchange;
#[expect(clippy::module_inception, reason = "the module's main type")]
mod money;
mod rounding;

pub use currency::{Currency, CurrencyError};
pub use exchange::{Converted, Rate};
pub use money::{Money, MoneyError};
pub use rounding::{Rounding, div_round, share};

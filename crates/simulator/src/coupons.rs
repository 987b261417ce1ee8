//! Discounts of subscriptions.

use crate::objects::{Party, Subscription};
use crate::scene::{Scene, Subject};
use crate::template::Value;

/// What a coupon takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Off {
    Percent(i64),
    /// Minor units of each invoice.
    Amount(i64),
}

/// How long a coupon lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    Once,
    Months(i64),
    Forever,
}

/// A discount in its present state.
#[derive(Debug, Clone)]
pub(crate) struct Discount {
    pub(crate) id: String,
    pub(crate) off: Off,
    pub(crate) lasts: Lasts,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
}

impl Discount {
    /// What it takes off an amount.
    pub(crate) fn of(&self, amount: i64) -> i64 {
        match self.off {
            Off::Percent(percent) => amount * percent / 100,
            Off::Amount(off) => off.min(amount),
        }
    }

    pub(crate) fn recurs(&self) -> bool {
        self.lasts != Lasts::Once
    }

    /// Tells that it began or ended.
    pub(crate) fn tell(
        &self,
        scene: &mut Scene,
        party: &Party,
        subscription: &Subscription,
        kind: &'static str,
        at: i64,
    ) {
        let (percent, amount) = match self.off {
            Off::Percent(percent) => (Some(percent), None),
            Off::Amount(amount) => (None, Some(amount)),
        };
        let (duration, months) = match self.lasts {
            Lasts::Once => ("once", None),
            Lasts::Months(months) => ("repeating", Some(months)),
            Lasts::Forever => ("forever", None),
        };
        let size = percent
            .map_or_else(|| format!("{}OFF", amount.unwrap_or(0) / 100), |percent| format!("{percent}PC"));
        let coupon = format!("SIM-{size}-{}", duration.to_uppercase());
        let percent_text = percent.map_or_else(|| "null".to_owned(), |percent| format!("{percent}.0"));
        let body = scene.templates.discount.fill(&[
            ("id", Value::from(&self.id)),
            ("customer", Value::from(&party.id)),
            ("subscription", Value::from(&subscription.id)),
            ("coupon", Value::from(&coupon)),
            ("currency", amount.map(|_| party.market.currency).into()),
            ("amount_off", amount.into()),
            ("percent_off", Value::Json(&percent_text)),
            ("duration", duration.into()),
            ("months", months.into()),
            ("livemode", scene.livemode.into()),
            ("start", self.start.into()),
            ("end", self.end.into()),
        ]);
        scene.tell(at, kind, Subject { collection: "discounts", id: &self.id }, body);
    }
}

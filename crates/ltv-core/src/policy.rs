//! The named, versioned choices behind a metric, as data.

use serde::{Deserialize, Serialize};

/// A policy. Every answer names the policy under which it was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its name and version, such as `default@1`.
    pub name: String,
    /// How a payment of no known invoice counts.
    pub without_invoice: WithoutInvoice,
}

/// How a payment of no known invoice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutInvoice {
    /// As one-off income.
    OneOff,
    /// As recurring income.
    Recurring,
}

impl Policy {
    /// The house's own choices.
    #[must_use]
    pub fn preset_default() -> Self {
        Self { name: "default@1".to_owned(), without_invoice: WithoutInvoice::OneOff }
    }

    /// The preset of this name, with or without its version.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        matches!(name, "default" | "default@1").then(Self::preset_default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_is_found_by_name_and_survives_its_json() {
        let preset = Policy::preset_default();
        assert_eq!(Policy::by_name("default"), Some(preset.clone()));
        assert_eq!(Policy::by_name(&preset.name), Some(preset.clone()));
        assert_eq!(Policy::by_name("default@0"), None);
        let json = serde_json::to_string(&preset).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), preset);
    }
}

//! Names of things. Each is a type of its own, so that two kinds of id cannot be confused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An outside system that tells of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Stripe.
    Stripe,
}

impl Provider {
    /// The name in keys, routes and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that names nothing of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}")]
pub struct ParseIdError {
    what: &'static str,
    text: String,
}

impl ParseIdError {
    pub(crate) fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.chars().take(80).collect() }
    }
}

impl FromStr for Provider {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "stripe" => Ok(Self::Stripe),
            _ => Err(ParseIdError::new("provider", text)),
        }
    }
}

/// A provider's object: the provider and its own id for it, written `stripe:ch_123`.
///
/// Ordered by provider, then by id, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey {
    provider: Provider,
    id: String,
}

impl ObjectKey {
    /// Names the object `id` of `provider`.
    #[must_use]
    pub fn new(provider: Provider, id: impl Into<String>) -> Self {
        Self { provider, id: id.into() }
    }

    /// Whose object it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// The provider's own id, such as `ch_123`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.id)
    }
}

impl FromStr for ObjectKey {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((provider, id)) if !id.is_empty() => Ok(Self::new(provider.parse()?, id)),
            _ => Err(ParseIdError::new("object key", text)),
        }
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.to_string()
    }
}

/// One provider's customer, or the stand-in for money that belongs to none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Party {
    /// The customer, as the provider names it. Written `stripe:cus_123`.
    Customer(ObjectKey),
    /// Whose money this is has not been told yet. Written `stripe:unassigned`.
    Unassigned(Provider),
    /// The business's own account: payouts, account fees. Written `stripe:account`.
    Account(Provider),
}

impl Party {
    /// Whose party it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self {
            Self::Customer(key) => key.provider(),
            Self::Unassigned(provider) | Self::Account(provider) => *provider,
        }
    }

    /// True for a real customer, which is what a supplier is made of.
    #[must_use]
    pub fn is_customer(&self) -> bool {
        matches!(self, Self::Customer(_))
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(key) => key.fmt(f),
            Self::Unassigned(provider) => write!(f, "{provider}:unassigned"),
            Self::Account(provider) => write!(f, "{provider}:account"),
        }
    }
}

impl FromStr for Party {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key: ObjectKey = text.parse()?;
        Ok(match key.id() {
            "unassigned" => Self::Unassigned(key.provider()),
            "account" => Self::Account(key.provider()),
            _ => Self::Customer(key),
        })
    }
}

impl TryFrom<String> for Party {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Party> for String {
    fn from(party: Party) -> Self {
        party.to_string()
    }
}

/// A supplier: WedSync's paying customer. Until identity links come, each party is one supplier.
///
/// Written `sup_` and 32 hexadecimal digits: the head of SHA-256 over the party's name, so that every store and
/// every replay gives the same party the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SupplierId(String);

impl SupplierId {
    /// The supplier that this party alone makes.
    #[must_use]
    pub fn of(party: &Party) -> Self {
        use sha2::Digest;
        let hash = sha2::Sha256::digest(party.to_string());
        let mut text = String::from("sup_");
        for byte in hash.iter().take(16) {
            text.push_str(&format!("{byte:02x}"));
        }
        Self(text)
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SupplierId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SupplierId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sup_").unwrap_or_default();
        if hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError::new("supplier id", text))
        }
    }
}

impl TryFrom<String> for SupplierId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SupplierId> for String {
    fn from(id: SupplierId) -> Self {
        id.0
    }
}

/// The store's number of a message in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub i64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_parties_survive_their_text() {
        for text in ["stripe:cus_1", "stripe:unassigned", "stripe:account", "stripe:in_1+ch_1", "stripe:a:b"]
        {
            let party: Party = text.parse().unwrap();
            assert_eq!(party.to_string(), text);
            assert_eq!(
                serde_json::from_str::<Party>(&serde_json::to_string(&party).unwrap()).unwrap(),
                party
            );
        }
        assert!("stripe:cus_1".parse::<Party>().unwrap().is_customer());
        assert!(!"stripe:account".parse::<Party>().unwrap().is_customer());
        for text in ["", "stripe", "stripe:", ":cus_1", "other:cus_1"] {
            assert!(text.parse::<ObjectKey>().is_err(), "`{text}` must be refused");
        }
    }

    #[test]
    fn a_party_is_always_the_same_supplier_and_another_party_another() {
        let supplier = |text: &str| SupplierId::of(&text.parse().unwrap());
        assert_eq!(supplier("stripe:cus_1"), supplier("stripe:cus_1"));
        assert_ne!(supplier("stripe:cus_1"), supplier("stripe:cus_2"));
        let id = supplier("stripe:cus_1");
        assert_eq!(id.as_str().parse::<SupplierId>().unwrap(), id);
        for text in ["sup_", "sup_XYZ", "cus_1", "sup_0123456789abcdef0123456789ABCDEF"] {
            assert!(text.parse::<SupplierId>().is_err(), "`{text}` must be refused");
        }
    }
}

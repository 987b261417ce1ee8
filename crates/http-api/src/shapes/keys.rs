//! API keys.

use ltv_core::Timestamp;
use pipeline::{CreatedKey, KeyView};
use secrecy::ExposeSecret as _;
use serde::Serialize;

/// A key, without its secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyShape {
    id: String,
    label: String,
    roles: Vec<&'static str>,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    /// The suppliers that it is limited to; null: all.
    suppliers: Option<Vec<String>>,
    last_used_at: Option<Timestamp>,
    replaces: Option<String>,
}

impl From<KeyView> for KeyShape {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id,
            label: key.label,
            roles: key.roles.into_iter().map(|role| role.as_str()).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            suppliers: key.suppliers.map(|all| all.iter().map(ToString::to_string).collect()),
            last_used_at: key.last_used_at,
            replaces: key.replaces,
        }
    }
}

/// A key that was just made: the one time that it is told. No `Debug`, so that it is not logged by mistake.
#[derive(Serialize)]
pub(crate) struct CreatedKeyShape {
    key: String,
    #[serde(flatten)]
    view: KeyShape,
}

impl From<CreatedKey> for CreatedKeyShape {
    fn from(created: CreatedKey) -> Self {
        Self { key: created.text.expose_secret().to_owned(), view: created.view.into() }
    }
}

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

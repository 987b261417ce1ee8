//! API keys and dashboard sessions.
//!
//! A key's secret is shown once and kept as HMAC-SHA-256 under a pepper; a session's token is kept as SHA-256. A revoked
//! key ends at once: both are looked up in the store at each use.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use ltv_core::{SupplierId, Timestamp};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use store::{ApiKeyRow, SessionRow, Store, StoreError};
use vault::api_key::{ApiKeyText, Environment};
use vault::{Vault, VaultError};

use crate::access::{ConflictingRoles, Principal, Role, RoleBeyondScope, check_scope, check_separation};

/// The longest life of a key.
const TTL_DAYS_MAX: u32 = 90;
/// How long a dashboard session lasts.
const SESSION_HOURS: i64 = 12;
/// How long a one-time sign-in link can be used.
const LINK_HOURS: i64 = 24;
/// How long a key that was rotated still works, at most.
const OVERLAP_HOURS_MAX: u32 = 24;
/// How often the use of a key is written down.
const TOUCH_SECONDS: i64 = 60;
/// How many suppliers a key can be limited to.
const SUPPLIERS_MAX: usize = 1_000;
/// The longest name of a key.
const LABEL_CHARS_MAX: usize = 100;

/// Why a key was not made, or could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key without roles may nothing.
    #[error("give the key at least one role")]
    NoRoles,
    /// Separate duties.
    #[error(transparent)]
    Conflicting(#[from] ConflictingRoles),
    /// Roles that concern the whole store.
    #[error(transparent)]
    BeyondScope(#[from] RoleBeyondScope),
    /// A key limited to no supplier, or to too many.
    #[error("a key is limited to 1 to {SUPPLIERS_MAX} suppliers, or not at all")]
    SuppliersOutOfRange,
    /// The key before would work for too long.
    #[error("a rotated key works for at most {max} more hours")]
    OverlapTooLong {
        /// The most.
        max: u32,
    },
    /// Its life would be too long, or no life at all.
    #[error("a key lives 1 to {max} days")]
    TtlOutOfRange {
        /// The most.
        max: u32,
    },
    /// Its name is too long.
    #[error("a key's label has at most {LABEL_CHARS_MAX} characters")]
    LabelTooLong,
    /// A stored key has a role that this version does not know.
    #[error("key `{id}` has an unknown role")]
    UnknownRole {
        /// Which key.
        id: String,
        /// The cause.
        #[source]
        source: crate::access::UnknownWord,
    },
    /// A stored key is limited to something that is no supplier.
    #[error("key `{id}` is limited to something that is no supplier")]
    UnreadableScope {
        /// Which key.
        id: String,
        /// The cause.
        #[source]
        source: <SupplierId as FromStr>::Err,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error("the vault failed")]
    Vault(#[from] VaultError),
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Its id.
    pub id: String,
    /// A name for people.
    pub label: String,
    /// Its roles.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The suppliers that it is limited to; `None`: all.
    pub suppliers: Option<Vec<SupplierId>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The id of the key that it takes the place of.
    pub replaces: Option<String>,
}

/// What a new key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// A name for people.
    pub label: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// The suppliers that it is limited to; `None`: all.
    pub suppliers: Option<BTreeSet<SupplierId>>,
    /// How many days it lives.
    pub ttl_days: u32,
}

/// A key that was just made.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key itself; shown this once.
    pub text: SecretString,
    /// The rest.
    pub view: KeyView,
}

/// A session that was just made.
#[derive(Debug)]
pub struct SignIn {
    /// The session's token, or the link's.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub principal: Principal,
}

/// Makes and checks keys and sessions.
pub(crate) struct Keys {
    store: Arc<dyn Store>,
    vault: Vault,
    /// When the use of each key was last written down.
    touched: Mutex<BTreeMap<String, Timestamp>>,
}

impl Keys {
    pub(crate) fn new(store: Arc<dyn Store>, vault: Vault) -> Self {
        Self { store, vault, touched: Mutex::default() }
    }

    pub(crate) async fn create(&self, new: NewKey, now: Timestamp) -> Result<CreatedKey, KeyError> {
        check_new(&new)?;
        let expires_at = later(now, TimeDelta::days(i64::from(new.ttl_days)));
        let suppliers = new.suppliers.map(|all| all.iter().map(ToString::to_string).collect());
        let roles = new.roles.iter().map(|role| role.as_str().to_owned()).collect();
        self.add(new.label, roles, suppliers, (now, expires_at), None).await
    }

    /// Makes a key like another, that takes its place: the other ends after the overlap. `None`: there is no such
    /// key, or it has ended.
    pub(crate) async fn rotate(
        &self,
        id: &str,
        overlap_hours: u32,
        now: Timestamp,
    ) -> Result<Option<CreatedKey>, KeyError> {
        if overlap_hours > OVERLAP_HOURS_MAX {
            return Err(KeyError::OverlapTooLong { max: OVERLAP_HOURS_MAX });
        }
        let Some(old) = self.valid_row(id, now).await? else { return Ok(None) };
        let life = old
            .expires_at
            .signed_duration_since(old.created_at)
            .min(TimeDelta::days(i64::from(TTL_DAYS_MAX)));
        let made = self
            .add(old.label, old.roles, old.suppliers, (now, later(now, life)), Some(old.id.clone()))
            .await?;
        self.store.expire_api_key(&old.id, later(now, TimeDelta::hours(i64::from(overlap_hours)))).await?;
        Ok(Some(made))
    }

    async fn add(
        &self,
        label: String,
        roles: Vec<String>,
        suppliers: Option<Vec<String>>,
        (created_at, expires_at): (Timestamp, Timestamp),
        replaces: Option<String>,
    ) -> Result<CreatedKey, KeyError> {
        let made = self.vault.new_api_key(Environment::Live)?;
        let row = ApiKeyRow {
            id: made.id().to_owned(),
            label,
            secret_hash: made.hash(&self.vault.pepper().await?),
            roles,
            created_at,
            expires_at,
            revoked_at: None,
            suppliers,
            last_used_at: None,
            replaces,
        };
        self.store.add_api_key(&row).await?;
        Ok(CreatedKey { text: made.text(), view: view_of(&row)? })
    }

    pub(crate) async fn list(&self) -> Result<Vec<KeyView>, KeyError> {
        self.store.api_keys().await?.iter().map(view_of).collect()
    }

    pub(crate) async fn revoke(&self, id: &str, now: Timestamp) -> Result<bool, KeyError> {
        Ok(self.store.revoke_api_key(id, now).await?)
    }

    /// Who holds this key; `None`: nobody, not any more, or not yet.
    pub(crate) async fn authenticate(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, KeyError> {
        // A mistyped key fails its checksum and costs no look-up.
        let Ok(given) = ApiKeyText::parse(text) else { return Ok(None) };
        let pepper = self.vault.pepper().await?;
        let row = self.store.api_keys().await?.into_iter().find(|row| row.id == given.id());
        match row {
            Some(row) if is_valid(&row, now) && given.verify(&pepper, &row.secret_hash) => {
                self.touch(&row.id, now).await;
                principal_of(&row).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Makes a session for the holder of this key.
    pub(crate) async fn sign_in(&self, text: &str, now: Timestamp) -> Result<Option<SignIn>, KeyError> {
        match self.authenticate(text, now).await? {
            Some(principal) => {
                self.open(principal, false, TimeDelta::hours(SESSION_HOURS), now).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Makes a link that signs in once as the holder of the key `key_id`.
    pub(crate) async fn one_time_link(
        &self,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Option<SignIn>, KeyError> {
        match self.principal(key_id, now).await? {
            Some(principal) => self.open(principal, true, TimeDelta::hours(LINK_HOURS), now).await.map(Some),
            None => Ok(None),
        }
    }

    /// Turns a one-time link into a session.
    pub(crate) async fn redeem(&self, token: &str, now: Timestamp) -> Result<Option<SignIn>, KeyError> {
        match self.store.session(&token_hash(token), now).await? {
            Some(row) if row.one_time => match self.principal(&row.key_id, now).await? {
                Some(principal) => {
                    self.open(principal, false, TimeDelta::hours(SESSION_HOURS), now).await.map(Some)
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Who is signed in with this token.
    pub(crate) async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Principal>, KeyError> {
        match self.store.session(&token_hash(token), now).await? {
            Some(row) if !row.one_time => self.principal(&row.key_id, now).await,
            _ => Ok(None),
        }
    }

    pub(crate) async fn sign_out(&self, token: &str) -> Result<(), KeyError> {
        Ok(self.store.end_session(&token_hash(token)).await?)
    }

    async fn open(
        &self,
        principal: Principal,
        one_time: bool,
        life: TimeDelta,
        now: Timestamp,
    ) -> Result<SignIn, KeyError> {
        let mut bits = [0_u8; 32];
        self.vault.fill_random(&mut bits)?;
        let token = hex::encode(bits);
        let expires_at = later(now, life);
        let row = SessionRow {
            token_hash: token_hash(&token),
            key_id: principal.key_id.clone(),
            one_time,
            expires_at,
        };
        self.store.add_session(&row).await?;
        Ok(SignIn { token: token.into(), expires_at, principal })
    }

    async fn principal(&self, key_id: &str, now: Timestamp) -> Result<Option<Principal>, KeyError> {
        let row = self.valid_row(key_id, now).await?;
        if row.is_some() {
            self.touch(key_id, now).await;
        }
        row.as_ref().map(principal_of).transpose()
    }

    async fn valid_row(&self, key_id: &str, now: Timestamp) -> Result<Option<ApiKeyRow>, KeyError> {
        Ok(self.store.api_keys().await?.into_iter().find(|row| row.id == key_id && is_valid(row, now)))
    }

    /// Writes down that a key was used, at most once a minute. A failure is no reason to turn the caller away.
    async fn touch(&self, id: &str, now: Timestamp) {
        if !self.is_touch_due(id, now) {
            return;
        }
        if let Err(error) = self.store.touch_api_key(id, now).await {
            tracing::warn!(key.id = %id, %error, "Could not write down that key {id} was used");
        }
    }

    fn is_touch_due(&self, id: &str, now: Timestamp) -> bool {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let recent =
            |at: &Timestamp| now.signed_duration_since(*at) < TimeDelta::seconds(TOUCH_SECONDS) && *at <= now;
        if touched.get(id).is_some_and(recent) {
            return false;
        }
        touched.insert(id.to_owned(), now);
        true
    }
}

fn check_new(new: &NewKey) -> Result<(), KeyError> {
    if new.roles.is_empty() {
        return Err(KeyError::NoRoles);
    }
    if !(1..=TTL_DAYS_MAX).contains(&new.ttl_days) {
        return Err(KeyError::TtlOutOfRange { max: TTL_DAYS_MAX });
    }
    if new.label.chars().count() > LABEL_CHARS_MAX {
        return Err(KeyError::LabelTooLong);
    }
    if let Some(suppliers) = &new.suppliers {
        if !(1..=SUPPLIERS_MAX).contains(&suppliers.len()) {
            return Err(KeyError::SuppliersOutOfRange);
        }
        check_scope(&new.roles)?;
    }
    Ok(check_separation(&new.roles)?)
}

fn is_valid(row: &ApiKeyRow, now: Timestamp) -> bool {
    row.revoked_at.is_none() && now < row.expires_at
}

fn roles_of(row: &ApiKeyRow) -> Result<BTreeSet<Role>, KeyError> {
    row.roles
        .iter()
        .map(|role| role.parse().map_err(|source| KeyError::UnknownRole { id: row.id.clone(), source }))
        .collect()
}

fn principal_of(row: &ApiKeyRow) -> Result<Principal, KeyError> {
    let suppliers = suppliers_of(row)?.map(|all| all.into_iter().collect());
    Ok(Principal { key_id: row.id.clone(), roles: roles_of(row)?, suppliers })
}

fn suppliers_of(row: &ApiKeyRow) -> Result<Option<Vec<SupplierId>>, KeyError> {
    let Some(texts) = &row.suppliers else { return Ok(None) };
    let ids = texts.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>();
    ids.map(Some).map_err(|source| KeyError::UnreadableScope { id: row.id.clone(), source })
}

fn view_of(row: &ApiKeyRow) -> Result<KeyView, KeyError> {
    Ok(KeyView {
        id: row.id.clone(),
        label: row.label.clone(),
        roles: roles_of(row)?.into_iter().collect(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        suppliers: suppliers_of(row)?,
        last_used_at: row.last_used_at,
        replaces: row.replaces.clone(),
    })
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn later(now: Timestamp, by: TimeDelta) -> Timestamp {
    now.checked_add_signed(by).unwrap_or(now)
}

//! Roles and permissions: deny by default.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in keys, answers and documents.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord {
                        what: $what,
                        text: text.chars().take(40).collect(),
                        known: Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }
    };
}

/// A word that names no role or permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}; there are: {known}")]
pub struct UnknownWord {
    what: &'static str,
    text: String,
    known: String,
}

words! {
    /// What a key may be for.
    Role, "role" {
        /// Looks at figures.
        Viewer = "viewer",
        /// Looks into figures.
        Analyst = "analyst",
        /// Runs the service.
        Operator = "operator",
        /// Proposes adjustments.
        Preparer = "preparer",
        /// Approves them.
        Approver = "approver",
        /// Handles personal data.
        Privacy = "privacy",
        /// Handles keys.
        Security = "security",
        /// Checks.
        Auditor = "auditor",
    }
}

words! {
    /// What a route or command needs.
    Permission, "permission" {
        /// Metrics, LTV, status, data quality, reconciliation.
        ReadMetrics = "metrics:read",
        /// Explain, lineage, ledger, timeline, dead-letter list, jobs.
        ReadLedger = "ledger:read",
        /// Personal data.
        ReadPersonalData = "personal-data:read",
        /// Sync, retry of dead letters, exports.
        Operate = "operations:run",
        /// Integration configuration.
        ChangeConfig = "config:write",
        /// Keys, roles, rotation.
        ManageKeys = "keys:manage",
        /// Audit log, verify.
        ReadAudit = "audit:read",
        /// Prometheus metrics.
        ReadTelemetry = "telemetry:read",
    }
}

impl Role {
    /// Whether this role has a permission: the table of roles and permissions.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        use Role as R;
        match permission {
            P::ReadMetrics => {
                matches!(self, R::Viewer | R::Analyst | R::Operator | R::Preparer | R::Approver | R::Auditor)
            }
            P::ReadLedger => {
                matches!(self, R::Analyst | R::Operator | R::Preparer | R::Approver | R::Auditor)
            }
            P::ReadPersonalData => matches!(self, R::Privacy),
            P::Operate => matches!(self, R::Operator),
            P::ChangeConfig => matches!(self, R::Operator | R::Security),
            P::ManageKeys => matches!(self, R::Security),
            P::ReadAudit => matches!(self, R::Security | R::Auditor),
            P::ReadTelemetry => matches!(self, R::Operator | R::Security),
        }
    }
}

/// Who asks: an API key, directly or through a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The key's id.
    pub key_id: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
}

impl Principal {
    /// Whether any of the roles has a permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.may(permission))
    }
}

/// Two roles that one principal may not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("one key cannot be {first} and {second}: these duties are separate")]
pub struct ConflictingRoles {
    first: Role,
    second: Role,
}

/// Refuses combinations that would let one person act alone where two are needed.
///
/// # Errors
/// [`ConflictingRoles`]
pub fn check_separation(roles: &BTreeSet<Role>) -> Result<(), ConflictingRoles> {
    for (first, second) in [(Role::Preparer, Role::Approver), (Role::Operator, Role::Security)] {
        if roles.contains(&first) && roles.contains(&second) {
            return Err(ConflictingRoles { first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_a_row_in_the_table_may_nothing() {
        let privacy: Vec<_> = Permission::ALL.iter().filter(|p| Role::Privacy.may(**p)).collect();
        assert_eq!(privacy, [&Permission::ReadPersonalData]);
        assert!(!Role::Security.may(Permission::ReadMetrics));
        assert!(Role::Viewer.may(Permission::ReadMetrics));
        assert!(!Role::Viewer.may(Permission::ReadLedger));
    }

    #[test]
    fn separate_duties_are_kept_apart() {
        assert!(check_separation(&BTreeSet::from([Role::Operator, Role::Security])).is_err());
        assert!(check_separation(&BTreeSet::from([Role::Preparer, Role::Approver])).is_err());
        assert!(check_separation(&BTreeSet::from([Role::Operator, Role::Analyst])).is_ok());
    }

    #[test]
    fn words_round_trip_and_unknown_ones_name_the_known() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        let error = "boss".parse::<Role>().unwrap_err().to_string();
        assert!(error.contains("viewer, analyst"), "{error}");
    }
}

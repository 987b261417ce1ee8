//! Roles and permissions: deny by default.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use ltv_core::SupplierId;

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
        /// Proposing adjustments, and proposing to discard a dead letter.
        ProposeAdjustment = "adjustments:propose",
        /// Approving what another proposed: adjustments, discards.
        ApproveAdjustment = "adjustments:approve",
        /// Proposing to erase a person's data.
        ProposeErase = "erasure:propose",
        /// Approving an erasure that another proposed.
        ApproveErase = "erasure:approve",
        /// Backups, and proposing a restore.
        Backup = "backup:run",
        /// Approving a restore that another proposed.
        Restore = "restore:approve",
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
            P::ProposeAdjustment => matches!(self, R::Preparer),
            P::ApproveAdjustment | P::ApproveErase => matches!(self, R::Approver),
            P::ProposeErase => matches!(self, R::Privacy),
            P::Backup => matches!(self, R::Operator),
            P::Restore => matches!(self, R::Security),
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
    /// The suppliers that it may see; `None`: all, and what concerns the whole store.
    pub suppliers: Option<BTreeSet<SupplierId>>,
}

impl Principal {
    /// Whether it may see this supplier. What it may see of it, its roles say.
    #[must_use]
    pub fn may_see(&self, supplier: &SupplierId) -> bool {
        self.suppliers.as_ref().is_none_or(|suppliers| suppliers.contains(supplier))
    }

    /// Whether it is limited to some suppliers: it sees nothing of the whole store then.
    #[must_use]
    pub fn is_scoped(&self) -> bool {
        self.suppliers.is_some()
    }

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

/// A role that a key of some suppliers may not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key that is limited to suppliers may be viewer or analyst, not {role}: other roles concern the whole store"
)]
pub struct RoleBeyondScope {
    role: Role,
}

/// Refuses roles that concern the whole store for a key that is limited to some suppliers.
///
/// # Errors
/// [`RoleBeyondScope`]
pub fn check_scope(roles: &BTreeSet<Role>) -> Result<(), RoleBeyondScope> {
    match roles.iter().find(|role| !matches!(role, Role::Viewer | Role::Analyst)) {
        Some(role) => Err(RoleBeyondScope { role: *role }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of roles and permissions, line by line as it is written: `x` may.
    const TABLE: [(&str, &str); 14] = [
        //                       viewer analyst operator preparer approver privacy security auditor
        ("metrics:read", "x x x x x . . x"),
        ("ledger:read", ". x x x x . . x"),
        ("personal-data:read", ". . . . . x . ."),
        ("operations:run", ". . x . . . . ."),
        ("config:write", ". . x . . . x ."),
        ("adjustments:propose", ". . . x . . . ."),
        ("adjustments:approve", ". . . . x . . ."),
        ("erasure:propose", ". . . . . x . ."),
        ("erasure:approve", ". . . . x . . ."),
        ("keys:manage", ". . . . . . x ."),
        ("backup:run", ". . x . . . . ."),
        ("restore:approve", ". . . . . . x ."),
        ("audit:read", ". . . . . . x x"),
        ("telemetry:read", ". . x . . . x ."),
    ];

    #[test]
    fn every_role_has_exactly_the_permissions_of_the_table() {
        assert_eq!(TABLE.len(), Permission::ALL.len(), "every permission has its line");
        for (name, marks) in TABLE {
            let permission: Permission = name.parse().unwrap();
            let marks: Vec<&str> = marks.split(' ').collect();
            assert_eq!(marks.len(), Role::ALL.len());
            for (role, mark) in Role::ALL.iter().zip(marks) {
                assert_eq!(role.may(permission), mark == "x", "{role} × {permission}");
            }
        }
    }

    #[test]
    fn nobody_proposes_and_approves_the_same() {
        use Permission as P;
        let pairs = [
            (P::ProposeAdjustment, P::ApproveAdjustment),
            (P::ProposeErase, P::ApproveErase),
            (P::Backup, P::Restore),
        ];
        for role in Role::ALL {
            for (first, second) in pairs {
                assert!(!(role.may(first) && role.may(second)), "{role}: {first}, {second}");
            }
        }
    }

    #[test]
    fn a_key_of_some_suppliers_is_viewer_or_analyst_and_sees_these_alone() {
        assert!(check_scope(&BTreeSet::from([Role::Viewer, Role::Analyst])).is_ok());
        for role in Role::ALL.iter().filter(|role| !matches!(role, Role::Viewer | Role::Analyst)) {
            assert!(check_scope(&BTreeSet::from([Role::Viewer, *role])).is_err(), "{role}");
        }
        let of = |id: &str| SupplierId::of(&ltv_core::Party::from_str(id).unwrap());
        let (own, foreign) = (of("stripe:cus_1"), of("stripe:cus_2"));
        let roles = BTreeSet::from([Role::Viewer]);
        let scoped = Principal {
            key_id: "k".to_owned(),
            roles: roles.clone(),
            suppliers: Some(BTreeSet::from([own.clone()])),
        };
        assert!(scoped.is_scoped() && scoped.may_see(&own) && !scoped.may_see(&foreign));
        let free = Principal { key_id: "k".to_owned(), roles, suppliers: None };
        assert!(!free.is_scoped() && free.may_see(&own) && free.may_see(&foreign));
    }

    #[test]
    fn a_role_without_a_row_in_the_table_may_nothing() {
        let privacy: Vec<_> = Permission::ALL.iter().filter(|p| Role::Privacy.may(**p)).collect();
        assert_eq!(privacy, [&Permission::ReadPersonalData, &Permission::ProposeErase]);
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

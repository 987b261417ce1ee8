//! Where a test's store is.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::ltv;
use crate::postgres::Postgres;
use crate::room::room;

/// The store that a flow runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded.
    Sqlite,
    /// A private server.
    Postgres,
}

/// A store of its own, in a folder of its own. It stays while it is held.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    store: String,
}

impl Place {
    /// Makes one.
    ///
    /// # Errors
    /// When there is no room for it.
    pub async fn new(backend: Backend) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("ltv").tempdir_in(room())?;
        let store = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("store").display()),
            Backend::Postgres => Postgres::shared().await?.new_database().await?,
        };
        Ok(Self { folder, store })
    }

    /// The same place, with the store seen by another role of PostgreSQL.
    #[must_use]
    pub fn seen_by(mut self, role: &str) -> Self {
        self.store = self.store.replacen("postgres://postgres@", &format!("postgres://{role}@"), 1);
        self
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The store's address.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Where the root key is.
    #[must_use]
    pub fn root_key(&self) -> PathBuf {
        self.folder().join("root.key")
    }

    /// `ltv` on this store: give it a command and arguments.
    ///
    /// # Errors
    /// When it is not built.
    pub fn ltv(&self) -> anyhow::Result<Command> {
        let mut command = ltv()?;
        self.equip(&mut command);
        Ok(command)
    }

    /// Points a command at this store by its environment.
    pub fn equip(&self, command: &mut Command) {
        command
            .env("LTV__STORE__URL", &self.store)
            .env("LTV__KEYS__ROOT_KEY_FILE", self.root_key())
            .env("XDG_DATA_HOME", self.folder())
            .env("NO_COLOR", "1")
            .current_dir(self.folder());
    }
}

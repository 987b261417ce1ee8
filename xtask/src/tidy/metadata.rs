//! The workspace's packages and what they depend on, as cargo tells it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// What `cargo metadata` says of the workspace; only what the checks read.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What its manifest names, optional ones included.
    pub dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's own name, also where the manifest renames it.
    pub name: String,
    /// What it is needed for.
    pub kind: Option<Kind>,
}

/// What a dependency is needed for, when not for the crate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Tests, benches, examples.
    Dev,
    /// The build script.
    Build,
}

/// Asks cargo, which touches no network for this.
pub fn load(root: &Path) -> anyhow::Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("could not run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> anyhow::Result<Vec<Package>> {
    let metadata: Metadata = serde_json::from_slice(json).context("could not read cargo metadata")?;
    Ok(metadata.packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_kinds_and_passes_over_the_rest() {
        let json = br#"{"version":1,"packages":[{"name":"store","id":"x","dependencies":[
            {"name":"diesel","kind":null,"optional":false,"rename":"orm"},
            {"name":"tempfile","kind":"dev"},{"name":"cc","kind":"build"}]}]}"#;
        let packages = parse(json).unwrap();
        let kinds: Vec<_> = packages[0].dependencies.iter().map(|d| (d.name.as_str(), d.kind)).collect();
        assert_eq!(kinds, [("diesel", None), ("tempfile", Some(Kind::Dev)), ("cc", Some(Kind::Build))]);
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert!(parse(br#"{"version":1}"#).is_err());
    }
}

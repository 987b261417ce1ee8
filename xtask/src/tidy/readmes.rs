//! Every crate has a README, which is its front page and its documentation.

use super::report::Finding;
use super::tree::Tree;

/// Names the crates without a README, or with an empty one.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.iter()
        .filter_map(|(path, _)| folder_of_crate(path))
        .map(|folder| format!("{folder}/README.md"))
        .filter(|readme| tree.text(readme).is_none_or(|text| text.trim().is_empty()))
        .map(|readme| {
            Finding::new(readme, "is missing or empty: what is the crate for, and what does it never do?")
        })
        .collect()
}

/// `crates/store` for `crates/store/Cargo.toml`.
fn folder_of_crate(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let name = folder.strip_prefix("crates/").or_else(|| folder.strip_prefix("bins/"))?;
    (!name.contains('/')).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_with_a_readme_passes_and_other_packages_need_none() {
        let tree = Tree::from([
            ("crates/store/Cargo.toml", ""),
            ("crates/store/README.md", "# store\n"),
            ("xtask/Cargo.toml", ""),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn a_crate_without_a_readme_or_with_an_empty_one_is_found() {
        let tree = Tree::from([
            ("bins/ltv/Cargo.toml", ""),
            ("crates/store/Cargo.toml", ""),
            ("crates/store/README.md", "\n"),
        ]);
        let places: Vec<_> = check(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["bins/ltv/README.md", "crates/store/README.md"]);
    }
}

//! The changelog tells what the next release brings.

use super::report::Finding;
use super::tree::Tree;

const PATH: &str = "CHANGELOG.md";
const HEADING: &str = "## [Unreleased]";

/// Demands a section for what is not released yet, with at least one entry.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(PATH) else {
        return vec![Finding::new(PATH, "is missing")];
    };
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != HEADING);
    if lines.next().is_none() {
        return vec![Finding::new(PATH, format!("has no section `{HEADING}`"))];
    }
    let mut section = lines.take_while(|line| !line.starts_with("## "));
    if section.any(|line| !line.is_empty() && !line.starts_with('#')) {
        Vec::new()
    } else {
        vec![Finding::new(PATH, format!("says nothing under `{HEADING}`: name what changes for users"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check(&Tree::from([(PATH, text)])).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn an_entry_under_unreleased_passes() {
        assert_eq!(problems("# Changelog\n\n## [Unreleased]\n\n### Added\n- Something.\n"), [""; 0]);
    }

    #[test]
    fn entries_of_a_release_do_not_count_for_the_next_one() {
        let found = problems("## [Unreleased]\n\n### Added\n\n## [0.1.0]\n- Something.\n");
        assert_eq!(found, ["says nothing under `## [Unreleased]`: name what changes for users"]);
    }

    #[test]
    fn a_missing_section_and_a_missing_file_are_found() {
        assert_eq!(problems("## [0.1.0]\n- Something.\n"), ["has no section `## [Unreleased]`"]);
        assert_eq!(check(&Tree::default()), [Finding::new(PATH, "is missing")]);
    }
}

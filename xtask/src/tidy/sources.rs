//! Every module says first what it is for, and stays short enough to be read.

use super::report::Finding;
use super::tree::Tree;

/// Lines beyond which a file is worth a second look.
const LINES_MAX: usize = 500;

/// Names the modules that do not begin with `//!`.
pub fn without_docs(tree: &Tree) -> Vec<Finding> {
    tree.iter()
        .filter(|(path, text)| is_module(path) && !is_documented(text))
        .map(|(path, _)| {
            Finding::new(path, "does not begin with `//!`: say in a sentence what the module is for")
        })
        .collect()
}

/// Names the modules that are long. A generated schema is as long as it is.
pub fn too_long(tree: &Tree) -> Vec<Finding> {
    tree.iter()
        .filter(|(path, _)| is_module(path) && !path.ends_with("/schema.rs") && !is_test(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| Finding::new(path, format!("has {lines} lines: does it do one job?")))
        .collect()
}

/// `crates/*/src/**.rs`, `bins/*/src/**.rs`, `xtask/src/**.rs`.
fn is_module(path: &str) -> bool {
    let below = |folder: &str| {
        let in_package = path.strip_prefix(folder).and_then(|rest| rest.split_once('/'));
        in_package.is_some_and(|(_, rest)| rest.starts_with("src/"))
    };
    path.ends_with(".rs") && (below("crates/") || below("bins/") || path.starts_with("xtask/src/"))
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// Attributes of the crate (`#![…]`) may come first, one that includes a README counts as the documentation.
fn is_documented(text: &str) -> bool {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && (!line.starts_with("#!") || line.starts_with("#![doc")));
    first.is_some_and(|line| line.starts_with("//!") || line.starts_with("#![doc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn modules_that_say_what_they_are_for_pass() {
        let tree = Tree::from([
            ("bins/ltv/src/main.rs", "\n#![forbid(unsafe_code)]\n//! Wires everything.\n"),
            ("crates/store/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\nmod schema;\n"),
            ("crates/store/tests/suite.rs", "use store::Store;\n"),
            ("xtask/src/main.rs", "//! Checks.\n"),
        ]);
        assert_eq!(places(without_docs(&tree)), [""; 0]);
    }

    #[test]
    fn a_module_that_begins_with_code_a_plain_comment_or_nothing_is_found() {
        let tree = Tree::from([
            ("bins/ltv/src/main.rs", "fn main() {}\n//! Too late.\n"),
            ("crates/store/src/lib.rs", "// No module documentation.\n"),
            ("xtask/src/main.rs", ""),
        ]);
        assert_eq!(
            places(without_docs(&tree)),
            ["bins/ltv/src/main.rs", "crates/store/src/lib.rs", "xtask/src/main.rs"]
        );
    }

    #[test]
    fn only_a_file_over_the_limit_is_long() {
        let at_limit = "//! x\n".repeat(LINES_MAX);
        let over = "//! x\n".repeat(LINES_MAX + 1);
        let tree = Tree::from([
            ("crates/store/src/fits.rs", at_limit.as_str()),
            ("crates/store/src/long.rs", over.as_str()),
            ("crates/store/src/schema.rs", over.as_str()),
            ("crates/store/src/book/tests.rs", over.as_str()),
            ("crates/store/src/book_tests.rs", over.as_str()),
            ("crates/store/tests/suite.rs", over.as_str()),
        ]);
        assert_eq!(places(too_long(&tree)), ["crates/store/src/long.rs"]);
    }
}

//! The text files that the checks look at, in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

/// Folders whose text is read.
const FOLDERS: [&str; 5] = ["bins", "crates", "migrations", "tests", "xtask"];

/// Kinds of files that a check looks at. Fixtures are none of them.
const EXTENSIONS: [&str; 4] = ["md", "rs", "sql", "toml"];

/// Folders deeper than this are nobody's; a loop of links ends here.
const DEPTH_MAX: usize = 12;

/// Text files by their path from the root, parts joined by `/`.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the files below `root`.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        for folder in FOLDERS {
            if root.join(folder).is_dir() {
                tree.read_folder(root, folder, DEPTH_MAX)?;
            }
        }
        tree.read_file(root, "CHANGELOG.md")?;
        Ok(tree)
    }

    /// The file's text, if there is such a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Every path and text, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn read_folder(&mut self, root: &Path, folder: &str, depth_left: usize) -> anyhow::Result<()> {
        let Some(depth_left) = depth_left.checked_sub(1) else { return Ok(()) };
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("could not list {folder}"))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not list {folder}"))?;
            let name = entry.file_name();
            let name = name.to_str().with_context(|| format!("a name in {folder} is not UTF-8"))?;
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let path = format!("{folder}/{name}");
            if entry.path().is_dir() {
                self.read_folder(root, &path, depth_left)?;
            } else if EXTENSIONS.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                self.read_file(root, &path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, root: &Path, path: &str) -> anyhow::Result<()> {
        let file = root.join(path);
        if file.is_file() {
            let text = fs::read_to_string(&file).with_context(|| format!("could not read {path}"))?;
            self.files.insert(path.to_owned(), text);
        }
        Ok(())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Tree {
    fn from(files: [(&str, &str); N]) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kinds_of_files_that_checks_look_at_and_no_build_output() {
        let root = tempfile::tempdir().unwrap();
        for path in ["crates/a/src/lib.rs", "crates/a/target/x.rs", "crates/a/src/page.html", "docs/x.md"] {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        let tree = Tree::load(root.path()).unwrap();
        assert_eq!(tree.iter().collect::<Vec<_>>(), [("crates/a/src/lib.rs", "crates/a/src/lib.rs")]);
        assert_eq!(tree.text("CHANGELOG.md"), None);
    }

    #[test]
    fn a_file_that_is_not_text_is_an_error_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("migrations")).unwrap();
        fs::write(root.path().join("migrations/up.sql"), [0xff, 0xfe]).unwrap();
        let error = Tree::load(root.path()).unwrap_err();
        assert_eq!(error.to_string(), "could not read migrations/up.sql");
    }
}

//! `tidy`: reads the tree and cargo's metadata once, then runs every check on them.
//!
//! Each check is a pure function in a module of its own, so that its tests need no files.

mod arrows;
mod changelog;
mod metadata;
mod migrations;
mod readmes;
mod report;
mod sources;
mod tree;

use std::path::Path;

pub use report::Report;

/// Runs every check on the workspace at `root`.
pub fn run(root: &Path) -> anyhow::Result<Report> {
    let tree = tree::Tree::load(root)?;
    let packages = metadata::load(root)?;
    let mut report = Report::default();
    report.failures("arrows", arrows::check(&packages));
    report.failures("migrations", migrations::check(&tree));
    report.failures("module docs", sources::without_docs(&tree));
    report.failures("changelog", changelog::check(&tree));
    report.failures("readme", readmes::check(&tree));
    report.warnings("file size", sources::too_long(&tree));
    Ok(report)
}

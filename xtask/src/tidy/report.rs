//! What the checks found.

use std::fmt;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file or crate.
    pub place: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl Finding {
    pub fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// The findings of all checks, in the order in which they ran.
#[derive(Debug, Default)]
pub struct Report {
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    name: &'static str,
    /// A warning does not fail the run.
    fails: bool,
    findings: Vec<Finding>,
}

impl Report {
    /// Adds a check whose findings fail the run.
    pub fn failures(&mut self, name: &'static str, findings: Vec<Finding>) {
        self.checks.push(Check { name, fails: true, findings });
    }

    /// Adds a check whose findings are only shown.
    pub fn warnings(&mut self, name: &'static str, findings: Vec<Finding>) {
        self.checks.push(Check { name, fails: false, findings });
    }

    /// True when nothing was found that fails the run.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| !check.fails || check.findings.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let level = if check.fails { "error" } else { "warning" };
            if check.findings.is_empty() {
                writeln!(f, "tidy: {}: fine", check.name)?;
            }
            for finding in &check.findings {
                writeln!(f, "{level}: {}: {}: {}", check.name, finding.place, finding.problem)?;
            }
        }
        writeln!(f, "tidy: {}", if self.passed() { "passed" } else { "failed" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_finding() -> Vec<Finding> {
        vec![Finding::new("crates/store/src/lib.rs", "is too long")]
    }

    #[test]
    fn a_failure_fails_the_run_and_is_named_with_its_place() {
        let mut report = Report::default();
        report.failures("module docs", one_finding());
        assert!(!report.passed());
        assert_eq!(
            report.to_string(),
            "error: module docs: crates/store/src/lib.rs: is too long\ntidy: failed\n"
        );
    }

    #[test]
    fn a_warning_is_shown_and_passes() {
        let mut report = Report::default();
        report.failures("arrows", Vec::new());
        report.warnings("file size", one_finding());
        assert!(report.passed());
        assert_eq!(
            report.to_string(),
            "tidy: arrows: fine\nwarning: file size: crates/store/src/lib.rs: is too long\ntidy: passed\n"
        );
    }
}

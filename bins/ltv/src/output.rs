//! What commands print: one JSON document with `--json`, lines for people without.

use std::io::Write;

use serde::Serialize;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All well.
    Fine,
    /// Something was found wrong.
    FoundWrong,
}

/// Prints to standard output.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether to print JSON.
    pub json: bool,
}

impl Output {
    /// Prints the document, or the lines for people.
    pub fn print(self, document: &impl Serialize, lines: &[String]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, document)?;
            writeln!(out)?;
        } else {
            for line in lines {
                writeln!(out, "{line}")?;
            }
        }
        Ok(out.flush()?)
    }

    /// Tells of progress, on standard error.
    pub fn tell(self, line: &str) {
        // Nobody to tell is no reason to stop.
        let _closed = writeln!(std::io::stderr().lock(), "{line}");
    }
}

//! Tables as files: what a page shows, one line a row, amounts as plain decimals.

use actix_web::HttpResponse;
use actix_web::http::header;

use super::page::PageProblem;
use crate::problem::{Kind, Problem};

/// A table to be downloaded.
pub(super) struct Table {
    /// The file's name, without its ending.
    pub(super) name: &'static str,
    /// Names of its columns.
    pub(super) head: Vec<&'static str>,
    /// Its rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// As an answer that browsers keep as a file.
    pub(super) fn download(self) -> Result<HttpResponse, PageProblem> {
        let name = format!("attachment; filename=\"{}.csv\"", self.name);
        let bytes = self.bytes().map_err(|error| {
            tracing::error!(error = %error, "Could not write a table");
            Problem::new(Kind::Internal, "The table could not be written.")
        })?;
        Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8; header=present")
            .insert_header((header::CONTENT_DISPOSITION, name))
            .body(bytes))
    }

    fn bytes(self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.head)?;
        for row in self.rows {
            writer.write_record(row.into_iter().map(harmless))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// What a spreadsheet would take for a formula is marked as text; numbers are none.
fn harmless(cell: String) -> String {
    let is_number = cell.strip_prefix('-').unwrap_or(&cell).bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula && !is_number { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[&[&str]]) -> String {
        let rows = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        let table = Table { name: "t", head: vec!["a", "b"], rows };
        String::from_utf8(table.bytes().unwrap()).unwrap()
    }

    #[test]
    fn formulas_become_text_and_negative_amounts_stay_numbers() {
        assert_eq!(written(&[&["=1+1", "-12.50"], &["@x", "-x"]]), "a,b\n'=1+1,-12.50\n'@x,'-x\n");
    }

    #[test]
    fn commas_and_quotes_are_kept_within_their_cell() {
        assert_eq!(written(&[&["a,b", "say \"x\""]]), "a,b\n\"a,b\",\"say \"\"x\"\"\"\n");
    }

    #[test]
    fn an_empty_table_has_its_head() {
        assert_eq!(written(&[]), "a,b\n");
    }
}

//! Comma-separated rows with a header; lists are joined by `;`, `meta` is one JSON cell.

use super::rows::{actor_rows, document_rows};
use super::{Rows, Sink};
use crate::data::Scored;
use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::Value;
use std::io::Write;

/// Writes the flat forms.
pub struct CsvSink<'w> {
    out: csv::Writer<Box<dyn Write + Send + 'w>>,
    rows: Rows,
    header: bool,
}

impl<'w> CsvSink<'w> {
    /// Onto `out`.
    pub fn new(out: Box<dyn Write + Send + 'w>, rows: Rows) -> Self {
        CsvSink { out: csv::Writer::from_writer(out), rows, header: false }
    }

    fn all<R: Serialize>(&mut self, rows: Vec<R>) -> Result<()> {
        for r in rows {
            let Ok(Value::Object(mut fields)) = serde_json::to_value(&r) else {
                return Err(Error::Compute("a record could not be written as CSV".into()));
            };
            // The column is always there, whether or not this document has other fields.
            fields.entry("meta").or_insert(Value::Null);
            if !self.header {
                self.out.write_record(fields.keys()).map_err(failed)?;
                self.header = true;
            }
            self.out.write_record(fields.values().map(cell)).map_err(failed)?;
        }
        Ok(())
    }
}

fn cell(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(a) => a.iter().map(cell).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}

fn failed(e: csv::Error) -> Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Error::Closed,
        csv::ErrorKind::Io(e) => Error::io("-", e),
        other => Error::Compute(format!("a row could not be written as CSV: {other:?}")),
    }
}

impl Sink for CsvSink<'_> {
    fn document(&mut self, s: &Scored) -> Result<()> {
        match self.rows {
            Rows::Document => self.all(document_rows(s)),
            Rows::Actor | Rows::Paragraph => self.all(actor_rows(s)),
        }
    }

    fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| failed(e.into()))
    }
}

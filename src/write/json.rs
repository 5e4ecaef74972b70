//! JSON Lines, and one JSON array.

use super::rows::{actor_rows, document_rows, paragraph_rows};
use super::{Rows, Sink, written};
use crate::data::Scored;
use crate::error::{Error, Result};
use serde::Serialize;
use std::io::Write;

/// Writes either form; the array only differs in what stands between the objects.
pub struct JsonSink<'w> {
    out: Box<dyn Write + Send + 'w>,
    rows: Rows,
    array: bool,
    any: bool,
}

impl<'w> JsonSink<'w> {
    /// One object a line.
    pub fn lines(out: Box<dyn Write + Send + 'w>, rows: Rows) -> Self {
        JsonSink { out, rows, array: false, any: false }
    }
    /// One array, an object a line.
    pub fn array(out: Box<dyn Write + Send + 'w>, rows: Rows) -> Self {
        JsonSink { out, rows, array: true, any: false }
    }

    fn all<R: Serialize>(&mut self, rows: Vec<R>) -> Result<()> {
        for r in rows {
            let json = serde_json::to_string(&r)
                .map_err(|e| Error::Compute(format!("a record could not be written as JSON: {e}")))?;
            let before = match (self.array, self.any) {
                (false, _) => "",
                (true, false) => "[\n",
                (true, true) => ",\n",
            };
            let after = if self.array { "" } else { "\n" };
            written(write!(self.out, "{before}{json}{after}"))?;
            self.any = true;
        }
        Ok(())
    }
}

impl Sink for JsonSink<'_> {
    fn document(&mut self, s: &Scored) -> Result<()> {
        match self.rows {
            Rows::Actor => self.all(actor_rows(s)),
            Rows::Paragraph => self.all(paragraph_rows(s)),
            Rows::Document => self.all(document_rows(s)),
        }
    }

    fn finish(&mut self) -> Result<()> {
        if self.array {
            written(self.out.write_all(if self.any { b"\n]\n" } else { b"[]\n" }))?;
        }
        written(self.out.flush())
    }
}

//! Scores to output: one small file a format. Writers are given documents in input order and must be finished.

mod csv;
mod json;
mod rows;
pub mod schema;
mod terminal;

pub use rows::SCHEMA_VERSION;

use crate::data::Scored;
use crate::error::{Error, Result};
use std::io::Write;

/// What one row of the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    /// Document × paragraph × actor.
    #[default]
    Actor,
    /// Every paragraph, its actors nested.
    Paragraph,
    /// Document × actor, aggregated.
    Document,
}

/// How the output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// One JSON array.
    Json,
    /// Comma-separated, with a header.
    Csv,
    /// For a person at a terminal; `colour` says whether it may be coloured.
    Terminal {
        /// Whether escape sequences are welcome.
        colour: bool,
        /// Columns of the terminal.
        width: usize,
    },
}

/// Writes scored documents, one after another.
pub trait Sink {
    /// Write one document.
    ///
    /// # Errors
    /// [`Error::Closed`] where the reader went away, else [`Error::Io`].
    fn document(&mut self, scored: &Scored) -> Result<()>;
    /// Write what closes the output.
    ///
    /// # Errors
    /// As for a document.
    fn finish(&mut self) -> Result<()>;
}

/// The writer for `format`.
///
/// # Errors
/// Rows and format do not go together.
pub fn sink<'w>(out: Box<dyn Write + Send + 'w>, format: Format, rows: Rows) -> Result<Box<dyn Sink + Send + 'w>> {
    Ok(match format {
        Format::JsonLines => Box::new(json::JsonSink::lines(out, rows)),
        Format::Json => Box::new(json::JsonSink::array(out, rows)),
        Format::Csv if rows == Rows::Paragraph => {
            return Err(Error::Usage(
                "--format csv cannot nest actors in paragraphs; use --rows actor, or --format jsonl".into(),
            ));
        }
        Format::Csv => Box::new(csv::CsvSink::new(out, rows)),
        Format::Terminal { colour, width } => Box::new(terminal::TerminalSink::new(out, colour, width)),
    })
}

/// A closed pipe is the reader's right; everything else is an error about standard output.
fn written(r: std::io::Result<()>) -> Result<()> {
    r.map_err(|e| match e.kind() {
        std::io::ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::io("-", e),
    })
}

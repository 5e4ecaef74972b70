//! CSV and TSV: rows under a header, each a document, known by the line it begins on.
//!
//! Built on `csv-core` rather than `csv`, because a quote left open makes the rest of the file one row, and only the
//! core lets a row past the limit be counted and dropped instead of held.

use super::record::{self, Actors};
use super::{Event, Options, Source, bytes, lost, one, size, skipped};
use crate::error::{Error, Origin};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::WINDOWS_1252;
use serde_json::{Map, Value};
use std::io::{BufRead, Read};

pub(super) fn events(reader: impl Read + Send + 'static, path: &str, delimiter: u8, options: &Options) -> Source {
    let (input, start) = match bytes::buffered(reader, path) {
        Ok(opened) => opened,
        Err(error) => return one(Event::Skipped(error)),
    };
    if let Some(reason) = bytes::binary(&start) {
        return one(skipped(Origin::file(path), reason));
    }
    let guessed = guess_delimiter(&start, delimiter);
    let rows = Rows {
        core: ReaderBuilder::new().delimiter(guessed.unwrap_or(delimiter)).build(),
        input,
        line: 1,
        limit: options.max_record_bytes,
    };
    let mut table = Table { rows, header: Vec::new(), path: path.to_owned(), latin: false, options: options.clone() };
    let mut events = Vec::new();
    if let Some(byte) = guessed {
        let text = format!("columns are separated by {:?}, which is a guess from the header", char::from(byte));
        events.push(Event::Notice { at: Origin::file(path), text });
    }
    match table.read_header() {
        Err(error) => {
            events.push(Event::Skipped(error));
            Box::new(events.into_iter())
        }
        Ok(()) => Box::new(events.into_iter().chain(table.flatten())),
    }
}

/// The separator of a header that has none of the expected one: `;`, as spreadsheets write it in much of Europe, a
/// tab, a bar or a comma, where one of them is there.
fn guess_delimiter(header: &[u8], expected: u8) -> Option<u8> {
    let count = |byte: u8| header.iter().filter(|b| **b == byte).count();
    if count(expected) > 0 {
        return None;
    }
    [b';', b'\t', b'|', b','].into_iter().max_by_key(|b| count(*b)).filter(|b| count(*b) > 0)
}

struct Table {
    rows: Rows,
    header: Vec<String>,
    path: String,
    /// Whether a cell that is no UTF-8 was seen, and told.
    latin: bool,
    options: Options,
}

impl Table {
    /// Reads the header, or says why the file is skipped.
    fn read_header(&mut self) -> Result<(), Error> {
        let at = |line| Origin::line(&self.path, line);
        let (line, row) = self.rows.next().map_err(|e| Error::io(&self.path, e))?;
        let cells = match row {
            Row::Cells(cells) => cells,
            Row::TooLong => return Err(lost(at(line), "the header is over the limit: is a quote left open?")),
            Row::End => return Err(lost(Origin::file(&self.path), "nothing but blank lines: expected a header")),
        };
        self.header = cells.iter().map(|c| decode(c).0.trim().to_owned()).collect();
        if !self.header.contains(&self.options.text_field) {
            let reason = record::no_text(&self.options.text_field, &self.header);
            return Err(lost(at(line), format!("{reason} (the first row must be a header)")));
        }
        Ok(())
    }

    fn row(&mut self, line: usize, cells: Vec<Vec<u8>>) -> Vec<Event> {
        let at = Origin::line(&self.path, line);
        if cells.len() != self.header.len() {
            let (is, want) = (cells.len(), self.header.len());
            let reason = format!(
                "the row has {is} fields and the header {want}: is a separator or a quote missing or too many?"
            );
            return vec![skipped(at, reason)];
        }
        let (mut fields, mut events) = (Map::new(), Vec::new());
        for (name, cell) in self.header.iter().zip(&cells) {
            let (text, guessed) = decode(cell);
            if guessed && !std::mem::replace(&mut self.latin, true) {
                let text = "not UTF-8: cells that are not are read as Windows-1252 (Latin-1), which is a guess".into();
                events.push(Event::Notice { at: at.clone(), text });
            }
            // Of columns with the same name the first counts.
            if !fields.contains_key(name) {
                fields.insert(name.clone(), Value::String(text));
            }
        }
        events.extend(record::events(fields, at, Actors::PassThrough, &self.options));
        events
    }
}

impl Iterator for Table {
    /// What one row yields.
    type Item = Vec<Event>;

    fn next(&mut self) -> Option<Vec<Event>> {
        match self.rows.next() {
            Err(error) => {
                self.rows.input = Box::new(std::io::empty());
                Some(vec![Event::Skipped(Error::io(&self.path, error))])
            }
            Ok((_, Row::End)) => None,
            Ok((line, Row::TooLong)) => {
                let limit = size(self.options.max_record_bytes);
                let reason = format!("a row over the limit of {limit}: is a quote left open?");
                Some(vec![skipped(Origin::line(&self.path, line), reason)])
            }
            Ok((line, Row::Cells(cells))) => Some(self.row(line, cells)),
        }
    }
}

/// A cell's text, and whether its encoding was guessed.
fn decode(cell: &[u8]) -> (String, bool) {
    match std::str::from_utf8(cell) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(cell).0.into_owned(), true),
    }
}

enum Row {
    Cells(Vec<Vec<u8>>),
    TooLong,
    End,
}

/// Splits a stream into rows, none longer than the limit.
struct Rows {
    core: Reader,
    input: Box<dyn BufRead + Send>,
    /// The line that the next byte stands on, counted from 1.
    line: usize,
    limit: usize,
}

impl Rows {
    /// The next row and the line it begins on.
    fn next(&mut self) -> std::io::Result<(usize, Row)> {
        self.skip_line_ends()?;
        let first = self.line;
        let (mut out, mut ends) = (vec![0u8; 4096], vec![0usize; 32]);
        let (mut filled, mut fields, mut dropped) = (0, 0, false);
        loop {
            let input = match self.input.fill_buf() {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let (result, read, wrote, ended) = self.core.read_record(input, &mut out[filled..], &mut ends[fields..]);
            self.line += memchr::memchr_iter(b'\n', &input[..read]).count();
            self.input.consume(read);
            filled += wrote;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if dropped || out.len() >= self.limit => {
                    (filled, fields, dropped) = (0, 0, true);
                }
                ReadRecordResult::OutputFull => out.resize((out.len() * 2).min(self.limit), 0),
                // A row of nothing but separators would grow this list without the other.
                ReadRecordResult::OutputEndsFull if dropped || ends.len() >= self.limit => {
                    (filled, fields, dropped) = (0, 0, true);
                }
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                ReadRecordResult::Record if dropped => return Ok((first, Row::TooLong)),
                ReadRecordResult::Record => {
                    let starts = std::iter::once(0).chain(ends[..fields].iter().copied());
                    let spans = starts.zip(&ends[..fields]);
                    let cells = spans.map(|(start, end)| out.get(start..*end).unwrap_or_default().to_vec());
                    return Ok((first, Row::Cells(cells.collect())));
                }
                ReadRecordResult::End => return Ok((first, Row::End)),
            }
        }
    }

    /// Passes over blank lines, so that a row is known by the line it begins on.
    fn skip_line_ends(&mut self) -> std::io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
            if blank == 0 {
                return Ok(());
            }
            self.line += memchr::memchr_iter(b'\n', &input[..blank]).count();
            self.input.consume(blank);
        }
    }
}

//! JSON Lines: one object a line, each line read alone and none longer than the limit held.

use super::record::{self, Actors};
use super::{Event, Options, Source, bytes, one, size, skipped};
use crate::error::{Error, Origin};
use serde_json::{Map, Value};
use std::io::BufRead;

pub(super) fn events(reader: impl std::io::Read + Send + 'static, path: &str, options: &Options) -> Source {
    let (reader, start) = match bytes::buffered(reader, path) {
        Ok(opened) => opened,
        Err(error) => return one(Event::Skipped(error)),
    };
    // A file that is no text at all is told once; a damaged line in one that is costs itself only.
    if let Some(reason) = bytes::binary(&start).filter(|_| !start.trim_ascii_start().starts_with(b"{")) {
        return one(skipped(Origin::file(path), reason));
    }
    let lines = Lines { reader, path: path.to_owned(), line: 0, done: false, options: options.clone() };
    Box::new(lines.flatten())
}

struct Lines {
    reader: Box<dyn BufRead + Send>,
    path: String,
    line: usize,
    done: bool,
    options: Options,
}

impl Iterator for Lines {
    /// What one line yields.
    type Item = Vec<Event>;

    fn next(&mut self) -> Option<Vec<Event>> {
        if self.done {
            return None;
        }
        let mut line = Vec::new();
        self.line += 1;
        let at = Origin::line(&self.path, self.line);
        let limit = self.options.max_record_bytes;
        Some(match read_line(&mut *self.reader, &mut line, limit) {
            Err(error) => {
                self.done = true;
                vec![Event::Skipped(Error::io(&self.path, error))]
            }
            Ok(Line::End) => return None,
            Ok(Line::TooLong(length)) => {
                let mib = length as f64 / f64::from(1 << 20);
                vec![skipped(at, format!("a line of {mib:.1} MiB is over the limit of {}", size(limit)))]
            }
            Ok(Line::Whole) if line.trim_ascii().is_empty() => Vec::new(),
            Ok(Line::Whole) => match object(&line) {
                Ok(fields) => record::events(fields, at, Actors::Read, &self.options),
                Err(reason) => vec![skipped(at, reason)],
            },
        })
    }
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    if let Some(nul) = line.iter().position(|b| *b == 0) {
        return Err(format!("binary, not text (a NUL byte at column {})", nul + 1));
    }
    let text = std::str::from_utf8(line)
        .map_err(|e| format!("not UTF-8 (byte {}): JSON Lines must be UTF-8", e.valid_up_to() + 1))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Array(_)) => Err("a JSON list: expected one object a line, not a list of them".into()),
        Ok(_) => Err("not a JSON object: expected one object a line".into()),
        Err(e) if e.is_eof() => {
            Err("the line ends before its JSON object does: cut off, or written over several lines".into())
        }
        Err(e) => {
            let message = e.to_string();
            let what = message.split(" at line ").next().unwrap_or(&message);
            Err(format!("malformed JSON at column {}: {what}", e.column()))
        }
    }
}

enum Line {
    Whole,
    /// Its length in bytes; only the length was kept.
    TooLong(u64),
    End,
}

/// Reads up to the next line feed into `line`; past `limit` bytes it only counts.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, limit: usize) -> std::io::Result<Line> {
    let (mut length, mut any) = (0u64, false);
    loop {
        let available = match reader.fill_buf() {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let end = memchr::memchr(b'\n', available);
        let part = &available[..end.unwrap_or(available.len())];
        any |= !available.is_empty();
        length += part.len() as u64;
        match length <= limit as u64 {
            true => line.extend_from_slice(part),
            false => *line = Vec::new(),
        }
        let (used, last) = (part.len() + usize::from(end.is_some()), end.is_some() || available.is_empty());
        reader.consume(used);
        if last {
            return Ok(match any {
                false => Line::End,
                true if length > limit as u64 => Line::TooLong(length),
                true => Line::Whole,
            });
        }
    }
}

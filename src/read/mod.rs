//! Reads documents from files, folders and standard input, one at a time and in input order.
//!
//! [`open`] yields [`Event`]s: a document, a notice (something was guessed, replaced or passed over, and reading
//! goes on), or an input that had to be skipped. At most one record is in memory, and none longer than
//! [`Options::max_record_bytes`]. A bad line, row or file costs itself only.

mod bytes;
mod csv;
mod date;
mod fence;
mod folder;
mod html;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod record;
mod text;

use crate::data::Document;
use crate::error::{Error, Origin, Result};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The field or column that holds the text of a record.
    pub text_field: String,
    /// The field or column that holds its id.
    pub id_field: String,
    /// Read every input as this format, whatever its ending. `None`: by the ending, standard input as JSON Lines.
    pub format: Option<Format>,
    /// The longest line, row or whole file that is read, in bytes.
    pub max_record_bytes: usize,
}

impl Default for Options {
    /// Fields `text` and `id`, formats by their ending, records up to 16 MiB.
    fn default() -> Self {
        Options { text_field: "text".into(), id_field: "id".into(), format: None, max_record_bytes: 16 << 20 }
    }
}

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Plain text or Markdown: the file is one article.
    Text,
    /// A web page: its main text is one article.
    Html,
    /// One JSON object a line, each a document.
    JsonLines,
    /// Comma-separated rows under a header, each a document.
    Csv,
    /// The same, separated by tabs.
    Tsv,
    /// Parquet rows, each a document (Cargo feature `parquet`).
    Parquet,
}

impl Format {
    /// All formats, in the order of the manual.
    pub const ALL: [Format; 6] =
        [Format::Text, Format::Html, Format::JsonLines, Format::Csv, Format::Tsv, Format::Parquet];

    /// The format's name: `text`, `html`, `jsonl`, `csv`, `tsv`, `parquet`.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Html => "html",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Parquet => "parquet",
        }
    }

    /// The format that a path's ending names, in any case.
    pub fn of_path(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "txt" | "md" => Format::Text,
            "html" | "htm" => Format::Html,
            "jsonl" | "ndjson" => Format::JsonLines,
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "parquet" => Format::Parquet,
            _ => return None,
        })
    }
}

impl std::str::FromStr for Format {
    type Err = Error;
    /// The format of that [name](Format::as_str).
    fn from_str(name: &str) -> Result<Format> {
        Format::ALL.into_iter().find(|f| f.as_str() == name).ok_or_else(|| {
            let names = Format::ALL.map(Format::as_str).join(", ");
            Error::Usage(format!("unknown input format `{name}`: expected one of {names}"))
        })
    }
}

/// What reading yields.
#[derive(Debug)]
pub enum Event {
    /// A document to score.
    Document(Document),
    /// Something was guessed, replaced, cut or passed over; reading goes on.
    Notice {
        /// Where.
        at: Origin,
        /// What, for a person to read.
        text: String,
    },
    /// One input (a file, a line, a row) could not be read; the rest goes on.
    Skipped(Error),
}

/// The events of one source.
type Source = Box<dyn Iterator<Item = Event> + Send>;

/// Opens files, folders (recursively, each folder's entries by name) and `-`, standard input, in the order given.
///
/// # Errors
/// [`Error::Usage`] where no path is given, or `-` more than once, or `-` as Parquet. Everything that goes wrong
/// with an input comes as [`Event::Skipped`].
pub fn open(paths: &[String], options: Options) -> Result<Events> {
    if paths.is_empty() {
        return Err(Error::Usage("nothing to read: give files, folders, or - for standard input".into()));
    }
    let standard = paths.iter().filter(|p| *p == "-").count();
    if standard > 1 {
        return Err(Error::Usage("standard input (-) can be read once only".into()));
    }
    if standard == 1 && options.format == Some(Format::Parquet) {
        return Err(Error::Usage("Parquet cannot be read from standard input: give the file's path".into()));
    }
    Ok(Events { paths: paths.iter().cloned().collect(), sources: Vec::new(), options })
}

/// Reads one stream in a format other than Parquet, as [`open`] reads a file; `path` is what messages call it.
pub fn stream(reader: impl Read + Send + 'static, path: &str, format: Format, options: &Options) -> Source {
    match format {
        Format::Text => Box::new(text::events(reader, path, options).into_iter()),
        Format::Html => Box::new(html::events(reader, path, options).into_iter()),
        Format::JsonLines => jsonl::events(reader, path, options),
        Format::Csv => csv::events(reader, path, b',', options),
        Format::Tsv => csv::events(reader, path, b'\t', options),
        Format::Parquet => one(skipped(Origin::file(path), "Parquet needs a file, not a stream")),
    }
}

/// The iterator behind [`open`].
pub struct Events {
    paths: VecDeque<String>,
    /// What is being read: a folder's walk below the file it has come to.
    sources: Vec<Layer>,
    options: Options,
}

enum Layer {
    Folder(Box<folder::Walk>),
    File(Source),
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            match self.sources.last_mut() {
                Some(Layer::File(events)) => match events.next() {
                    Some(event) => return Some(event),
                    None => drop(self.sources.pop()),
                },
                Some(Layer::Folder(walk)) => match walk.next() {
                    Some(folder::Step::File(path, format)) => {
                        let source = file(&path, format, &self.options);
                        self.sources.push(Layer::File(source));
                    }
                    Some(folder::Step::Event(event)) => return Some(*event),
                    None => drop(self.sources.pop()),
                },
                None => {
                    let path = self.paths.pop_front()?;
                    let layer = self.layer(&path);
                    self.sources.push(layer);
                }
            }
        }
    }
}

impl Events {
    fn layer(&self, path: &str) -> Layer {
        if path == "-" {
            let format = self.options.format.unwrap_or(Format::JsonLines);
            return Layer::File(stream(std::io::stdin(), "-", format, &self.options));
        }
        let place = PathBuf::from(path);
        if place.is_dir() {
            return Layer::Folder(Box::new(folder::Walk::new(&place, self.options.format)));
        }
        match self.options.format.or_else(|| Format::of_path(&place)) {
            Some(format) => Layer::File(file(&place, format, &self.options)),
            // A path that does not exist is said to be missing, whatever its ending.
            None => Layer::File(one(match std::fs::metadata(&place) {
                Err(error) => Event::Skipped(Error::io(place, error)),
                Ok(_) => skipped(Origin::file(path), unknown_ending(&place)),
            })),
        }
    }
}

fn unknown_ending(path: &Path) -> String {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let advice = match ending.as_deref() {
        Some("json") => "rename it to .jsonl if it has one JSON object a line; else write it so",
        Some("pdf" | "doc" | "docx" | "odt" | "rtf") => "save it as text (.txt) first",
        Some("xls" | "xlsx" | "ods") => "save it as .csv first",
        Some("gz" | "zip" | "xz" | "zst" | "bz2" | "tar") => "unpack it first",
        _ => "name its format to read it all the same",
    };
    format!("unknown ending: expected .txt, .md, .html, .htm, .jsonl, .ndjson, .csv, .tsv or .parquet; {advice}")
}

fn file(path: &Path, format: Format, options: &Options) -> Source {
    let name = path.to_string_lossy().into_owned();
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    match opened {
        Err(error) => one(Event::Skipped(Error::io(path, error))),
        Ok(file) if format == Format::Parquet => parquet_file(file, &name, options),
        Ok(file) => stream(file, &name, format, options),
    }
}

#[cfg(feature = "parquet")]
fn parquet_file(file: File, name: &str, options: &Options) -> Source {
    parquet::events(file, name, options)
}

#[cfg(not(feature = "parquet"))]
fn parquet_file(_: File, name: &str, _: &Options) -> Source {
    one(skipped(Origin::file(name), "this build cannot read Parquet: build with the feature `parquet`, or give .csv"))
}

/// A source of a single event.
fn one(event: Event) -> Source {
    Box::new(std::iter::once(event))
}

/// An input that is lost, and why.
fn lost(at: Origin, reason: impl Into<String>) -> Error {
    Error::Input { at, reason: reason.into() }
}

/// The same as an event.
fn skipped(at: Origin, reason: impl Into<String>) -> Event {
    Event::Skipped(lost(at, reason))
}

/// A byte count for people: `16 MiB`.
fn size(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 20 && b % (1 << 20) == 0 => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b % (1 << 10) == 0 => format!("{} KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}

#[cfg(test)]
mod tests;

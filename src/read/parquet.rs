//! Parquet: one row, one document, read a batch at a time.

use super::fence::fenced;
use super::record::{self, Actors};
use super::{Event, Options, Source, one, size, skipped};
use crate::error::Origin;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::TypePtr;
use serde_json::{Map, Value};
use std::fs::File;

pub(super) fn events(file: File, path: &str, options: &Options) -> Source {
    let at = Origin::file(path);
    let damaged = || "the file is damaged: its Parquet schema or pages cannot be read".to_owned();
    let opened = fenced(|| {
        if file.metadata().is_ok_and(|m| m.len() == 0) {
            return Err("the file is empty".to_owned());
        }
        let reader = SerializedFileReader::new(file).map_err(|e| format!("not a readable Parquet file: {e}"))?;
        let schema = reader.metadata().file_metadata().schema_descr().root_schema();
        let names: Vec<String> = schema.get_fields().iter().map(|f| f.name().to_owned()).collect();
        // The row reader gives nanoseconds as bare numbers.
        let nanos = |f: &&TypePtr| matches!(f.get_basic_info().logical_type_ref(), Some(LogicalType::Timestamp(t)) if t.unit == TimeUnit::NANOS);
        let nanos = schema.get_fields().iter().filter(nanos).map(|f| f.name().to_owned()).collect();
        match names.contains(&options.text_field) {
            true => Ok((reader, nanos)),
            false => Err(record::no_text(&options.text_field, &names)),
        }
    });
    match opened.unwrap_or_else(|| Err(damaged())) {
        Err(reason) => one(skipped(at, reason)),
        Ok((reader, nanos)) => {
            let rows = Some(RowIter::from_file_into(Box::new(reader)));
            Box::new(Rows { rows, path: path.to_owned(), row: 0, nanos, options: options.clone() }.flatten())
        }
    }
}

struct Rows {
    /// `None` once the file ended or could not be read further.
    rows: Option<RowIter<'static>>,
    path: String,
    row: usize,
    /// Columns of time stamps in nanoseconds.
    nanos: Vec<String>,
    options: Options,
}

impl Iterator for Rows {
    /// What one row yields.
    type Item = Vec<Event>;

    fn next(&mut self) -> Option<Vec<Event>> {
        let mut rows = self.rows.take()?;
        self.row += 1;
        let at = Origin::line(&self.path, self.row);
        let stop = |reason: String| Some(vec![skipped(at.clone(), format!("{reason}; the rest of the file is lost"))]);
        // Damaged pages make the reader panic in places where it should fail, so it is dropped after either.
        match fenced(|| {
            let row = rows.next();
            (rows, row)
        }) {
            None => stop("the file is damaged from this row on".into()),
            Some((_, None)) => None,
            Some((_, Some(Err(error)))) => stop(reason(&error)),
            Some((rest, Some(Ok(row)))) => {
                self.rows = Some(rest);
                let limit = self.options.max_record_bytes;
                let fields = object(&row, &self.options.text_field, &self.nanos);
                let length: usize = fields.values().map(|v| v.as_str().map_or(0, str::len)).sum();
                Some(match length > limit {
                    true => vec![skipped(at, format!("a row over the limit of {}", size(limit)))],
                    false => record::events(fields, at, Actors::PassThrough, &self.options),
                })
            }
        }
    }
}

/// What an error of the reader means to a person.
fn reason(error: &ParquetError) -> String {
    match error.to_string().split_once("Disabled feature at compile time: ") {
        Some((_, codec)) => format!("compressed with {codec}, which is not read here: write it with zstd or snappy"),
        None => format!("the file is damaged from this row on ({error})"),
    }
}

/// A row as a JSON object. Some writers do not mark strings as such: our own fields are read as strings where they can
/// be, other bytes are passed through as base64.
fn object(row: &Row, text_field: &str, nanos: &[String]) -> Map<String, Value> {
    let ours = [text_field, "id", "title", "date", "context"];
    row.get_column_iter()
        .map(|(name, field)| {
            let value = match field {
                Field::Bytes(bytes) if ours.contains(&name.as_str()) => {
                    std::str::from_utf8(bytes.data()).map_or_else(|_| field.to_json_value(), Value::from)
                }
                Field::Long(time) if nanos.contains(name) => {
                    Field::TimestampMicros(time.div_euclid(1000)).to_json_value()
                }
                _ => field.to_json_value(),
            };
            (name.clone(), value)
        })
        .collect()
}

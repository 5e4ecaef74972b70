//! One record (a JSON object, a CSV or Parquet row) to one document: the fields that are ours, and the rest as meta.

use super::{Event, Options, date, skipped};
use crate::data::{CodePoints, Document, GivenActor, Span};
use crate::error::Origin;
use serde_json::{Map, Value};

/// Whether a record's `actors` field is read (JSON Lines) or passed through like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actors {
    Read,
    PassThrough,
}

/// The document of one record after its notices, or the record skipped.
pub(super) fn events(fields: Map<String, Value>, at: Origin, actors: Actors, options: &Options) -> Vec<Event> {
    let mut notices = Vec::new();
    match document(fields, &at, actors, options, &mut notices) {
        Err(reason) => vec![skipped(at, reason)],
        Ok(document) => {
            let notices = notices.into_iter().map(|text| Event::Notice { at: at.clone(), text });
            notices.chain([Event::Document(document)]).collect()
        }
    }
}

fn document(
    fields: Map<String, Value>,
    at: &Origin,
    actors: Actors,
    options: &Options,
    notices: &mut Vec<String>,
) -> Result<Document, String> {
    let mut found = Document { origin: at.clone(), ..Document::default() };
    let (mut text, mut given) = (None, None);
    let names: Vec<String> = fields.keys().cloned().collect();
    for (name, value) in fields {
        match name.as_str() {
            n if n == options.text_field => text = Some(value),
            n if n == options.id_field => match value {
                Value::String(id) => found.id = id,
                Value::Number(id) => found.id = id.to_string(),
                Value::Null => {}
                other => {
                    notices.push(format!("`{name}` is neither a string nor a number: the record is named by its line"));
                    found.meta.insert(name, other);
                }
            },
            "title" => found.title = string(name, value, &mut found.meta, notices),
            "context" => found.context = string(name, value, &mut found.meta, notices),
            "date" => found.date = read_date(value, notices),
            "actors" if actors == Actors::Read => given = Some(value),
            _ => drop(found.meta.insert(name, value)),
        }
    }
    found.text = match text {
        Some(Value::String(text)) => text,
        Some(Value::Null) => return Err(format!("`{}` is null: expected the text", options.text_field)),
        Some(_) => return Err(format!("`{}` is not a string", options.text_field)),
        None => return Err(no_text(&options.text_field, &names)),
    };
    if found.text.trim().is_empty() {
        return Err(format!("`{}` is empty", options.text_field));
    }
    if found.id.is_empty() {
        found.id = made_id(at);
    }
    found.actors = match given {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) => Some(read_actors(&list, &found.text)?),
        Some(_) => return Err("`actors` is not a list of objects with `start` and `end`".into()),
    };
    Ok(found)
}

/// What to say where there is no text field: which fields there are, and how to name the right one.
pub(super) fn no_text(field: &str, names: &[String]) -> String {
    const LISTED: usize = 12;
    let mut listed = names.iter().take(LISTED).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => listed.push_str("none"),
        n if n > LISTED => listed.push_str(", …"),
        _ => {}
    }
    format!("no field `{field}`; the fields are {listed}: name the one that holds the text with --text-field")
}

/// A made id: file name and line, or the path of a whole file.
pub(super) fn made_id(at: &Origin) -> String {
    let name = std::path::Path::new(&at.path).file_name().map(|n| n.to_string_lossy());
    match at.line {
        Some(line) => format!("{}:{line}", name.as_deref().unwrap_or(&at.path)),
        None => at.path.clone(),
    }
}

fn string(name: String, value: Value, meta: &mut Map<String, Value>, notices: &mut Vec<String>) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then_some(text),
        Value::Null => None,
        other => {
            notices.push(format!("`{name}` is not a string: passed through, not read"));
            meta.insert(name, other);
            None
        }
    }
}

fn read_date(value: Value, notices: &mut Vec<String>) -> Option<String> {
    let written = match value {
        Value::Null => return None,
        Value::String(s) if s.trim().is_empty() => return None,
        Value::String(s) => s,
        other => other.to_string(),
    };
    let read = date::iso(&written);
    if read.is_none() {
        notices.push(not_iso(&written));
    }
    read
}

/// What to say of a date that cannot be read.
pub(super) fn not_iso(written: &str) -> String {
    let shown: String = written.chars().take(40).collect();
    format!("date `{shown}` is not ISO 8601 (YYYY-MM-DD): the document is read without a date")
}

fn read_actors(list: &[Value], text: &str) -> Result<Vec<GivenActor>, String> {
    let points = CodePoints::new(text);
    let length = points.at(text.len());
    list.iter()
        .enumerate()
        .map(|(i, v)| read_actor(v, text, &points, length).map_err(|e| format!("actors[{i}]: {e}")))
        .collect()
}

fn read_actor(value: &Value, text: &str, points: &CodePoints, length: usize) -> Result<GivenActor, String> {
    let Value::Object(fields) = value else { return Err("not an object with `start` and `end`".into()) };
    let span = |start: &Value, end: &Value| -> Result<Span, String> {
        let (Some(start), Some(end)) = (start.as_u64(), end.as_u64()) else {
            return Err(format!("the span {start} to {end} is not two whole numbers (code points)"));
        };
        let byte = |point: u64| usize::try_from(point).ok().filter(|p| *p <= length).and_then(|p| points.byte(p));
        match (byte(start), byte(end)) {
            (Some(first), Some(last)) if first < last => {
                let span = Span::new(first, last);
                match span.of(text).trim().is_empty() {
                    true => Err(format!("the span {start} to {end} covers nothing but white space")),
                    false => Ok(span),
                }
            }
            (Some(_), Some(_)) => Err(format!("the span {start} to {end} covers nothing")),
            _ => Err(format!("the span {start} to {end} lies outside the text of {length} code points")),
        }
    };
    let mut mentions = Vec::new();
    match (fields.get("start"), fields.get("end")) {
        (Some(start), Some(end)) => mentions.push(span(start, end)?),
        (None, None) => {}
        _ => return Err("`start` and `end` go together".into()),
    }
    match fields.get("mentions") {
        None | Some(Value::Null) => {}
        Some(Value::Array(pairs)) => {
            for pair in pairs {
                let [start, end] = pair.as_array().map(Vec::as_slice).unwrap_or_default() else {
                    return Err(format!("mention {pair} is not a pair [start, end]"));
                };
                let mention = span(start, end)?;
                if !mentions.contains(&mention) {
                    mentions.push(mention);
                }
            }
        }
        Some(_) => return Err("`mentions` is not a list of pairs [start, end]".into()),
    }
    if mentions.is_empty() {
        return Err("neither `start` and `end` nor `mentions`".into());
    }
    let word = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
        Some(_) => Err(format!("`{name}` is not a string")),
    };
    Ok(GivenActor { mentions, code: word("code")?, name: word("name")? })
}

//! Reads the tables of actors: CSV with a header row, or TOML with `[[actor]]` tables.

use crate::error::{Error, Origin, Result};

/// Calls `each` with the line and the cells of every row, in the order of `columns`.
/// A column whose name ends in `?` may be absent; its cells are then empty.
pub(crate) fn csv(
    text: &str,
    path: &str,
    columns: &[&str],
    mut each: impl FnMut(usize, &[&str]) -> Result<()>,
) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| broken(path, &e))?.clone();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let (name, optional) = column.strip_suffix('?').map_or((*column, false), |n| (n, true));
        let place = header.iter().position(|h| h.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
        if place.is_none() && !optional {
            let found = header.iter().collect::<Vec<_>>().join(",");
            return Err(wrong(path, 1, format!("no column `{name}` in the header `{found}`; add it")));
        }
        places.push(place);
    }
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| broken(path, &e))? {
        let line = record.position().map_or(0, |p| p.line() as usize);
        if record.len() != header.len() {
            let reason = format!(
                "{} cells where the header has {}; put a cell with a comma in quotes",
                record.len(),
                header.len()
            );
            return Err(wrong(path, line, reason));
        }
        let cells: Vec<&str> = places.iter().map(|p| p.and_then(|p| record.get(p)).unwrap_or("").trim()).collect();
        each(line, &cells)?;
    }
    Ok(())
}

/// An actor as users write it.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserActor {
    #[serde(default)]
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub code: String,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub office: String,
    #[serde(default)]
    pub gender: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    /// Line in the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// The columns of a user's CSV file.
const USER: [&str; 9] = ["id?", "name", "aliases?", "code?", "type?", "office?", "gender?", "from?", "to?"];

/// Reads a user's file, TOML where it is named so, else CSV.
pub(crate) fn user(path: &std::path::Path) -> Result<Vec<UserActor>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let shown = path.display().to_string();
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        return user_toml(&text, &shown);
    }
    let mut rows = Vec::new();
    csv(&text, &shown, &USER, |line, c| {
        let &[id, name, aliases, code, kind, office, gender, from, to] = c else { return Ok(()) };
        rows.push(UserActor {
            id: id.into(),
            name: name.into(),
            aliases: list(aliases).map(Into::into).collect(),
            code: code.into(),
            kind: kind.into(),
            office: office.into(),
            gender: gender.into(),
            from: from.into(),
            to: to.into(),
            line,
        });
        Ok(())
    })?;
    Ok(rows)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    #[serde(default)]
    actor: Vec<toml::Spanned<UserActor>>,
}

fn user_toml(text: &str, path: &str) -> Result<Vec<UserActor>> {
    let line_of = |byte: usize| text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1;
    let file: UserFile = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |s| line_of(s.start));
        wrong(path, line, format!("{}; expected `[[actor]]` tables with name, code, type, …", e.message()))
    })?;
    Ok(file
        .actor
        .into_iter()
        .map(|a| {
            let line = line_of(a.span().start);
            UserActor { line, ..a.into_inner() }
        })
        .collect())
}

/// The values of a cell that holds several.
pub(crate) fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|s| !s.is_empty())
}

/// An error about one line of a table.
pub(crate) fn wrong(path: &str, line: usize, reason: String) -> Error {
    Error::Actors { at: Origin::line(path, line), reason }
}

fn broken(path: &str, e: &csv::Error) -> Error {
    let line = e.position().map_or(1, |p| p.line() as usize);
    wrong(path, line, format!("not CSV: {e}"))
}

//! Checks a user's table of actors and names what clashes with what is known.

use super::entry::{Form, within};
use super::gazetteer::Gazetteer;
use super::table::{self, UserActor};
use super::words::kind_of;
use crate::error::Result;
use std::path::Path;

/// What a table holds and what is doubtful about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows read.
    pub rows: usize,
    /// What stops the table from being used: `file:line: what is wrong and what to do`.
    pub faults: Vec<String>,
    /// What works, but may surprise: names that mean somebody else too, rows that replace a known actor.
    pub clashes: Vec<String>,
}

/// Reads the table at `path` (CSV or TOML, see [`Gazetteer::with_file`]) and compares it with `gazetteer`.
///
/// # Errors
/// Only if the file cannot be read or is no table at all; faults of rows are in the answer.
pub fn check(gazetteer: &Gazetteer, path: impl AsRef<Path>) -> Result<Checked> {
    let path = path.as_ref();
    let shown = path.display().to_string();
    let rows = table::user(path)?;
    let mut checked = Checked { rows: rows.len(), ..Checked::default() };
    for row in &rows {
        let at = format!("{shown}:{}", row.line);
        checked.faults.extend(faults(row).into_iter().map(|f| format!("{at}: {f}")));
        checked.clashes.extend(clashes(gazetteer, row).into_iter().map(|c| format!("{at}: {c}")));
    }
    for (i, row) in rows.iter().enumerate() {
        if let Some(first) = rows.iter().take(i).find(|r| !r.id.is_empty() && r.id == row.id) {
            checked.faults.push(format!(
                "{shown}:{}: id `{}` again, first on line {}; give another",
                row.line, row.id, first.line
            ));
        }
    }
    Ok(checked)
}

fn faults(row: &UserActor) -> Vec<String> {
    let mut faults = Vec::new();
    if row.name.trim().is_empty() {
        faults.push("no name; give one".into());
    }
    if !row.kind.is_empty() && kind_of(&row.kind).is_none() {
        faults.push(format!("type `{}`; expected state, body, gov, person, group or org", row.kind));
    }
    if row.code.chars().any(char::is_lowercase) {
        faults.push(format!("code `{}`; expected capitals (`USA`, `UNSC`) or `-`", row.code));
    }
    for (what, date) in [("from", &row.from), ("to", &row.to)] {
        if !date.is_empty() && !iso(date) {
            faults.push(format!("{what} `{date}`; expected YYYY, YYYY-MM or YYYY-MM-DD"));
        }
    }
    if iso(&row.from) && iso(&row.to) && !within(&row.from, "", &row.to) {
        faults.push(format!("from `{}` comes after to `{}`", row.from, row.to));
    }
    faults
}

fn iso(date: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = date.split('-').collect();
    matches!(parts.as_slice(), [y] | [y, _] | [y, _, _] if y.len() == 4)
        && parts.iter().skip(1).all(|p| p.len() == 2)
        && parts.iter().all(|p| digits(p))
}

fn clashes(g: &Gazetteer, row: &UserActor) -> Vec<String> {
    let mut clashes = Vec::new();
    if let Some(e) = g.by_id(&row.id) {
        clashes.push(format!("id `{}` replaces {}", row.id, e.name));
    }
    for name in std::iter::once(&row.name).chain(&row.aliases) {
        let Some((_, uses)) = g.names().find(|(known, _)| known == name) else { continue };
        for (i, form) in uses {
            let e = g.entry(*i);
            if e.id != row.id && *form != Form::Adjective {
                clashes.push(format!("`{name}` is also {} ({}); this row wins", e.name, e.id));
            }
        }
        if name.len() < 3 {
            clashes.push(format!("`{name}` is very short and will be found wherever it stands as a word"));
        }
    }
    clashes
}

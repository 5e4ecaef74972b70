//! Walks a folder: every entry by name, recursively; what is hidden or of no known ending is counted and told once.

use super::{Event, Format, skipped};
use crate::error::{Error, Origin};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, IntoIter, WalkDir};

/// How many names a notice lists before it only counts.
const LISTED: usize = 3;

pub(super) enum Step {
    File(PathBuf, Format),
    Event(Box<Event>),
}

pub(super) struct Walk {
    entries: IntoIter,
    root: String,
    format: Option<Format>,
    /// Names of files of unknown ending, the first few, and how many there were.
    unknown: (Vec<String>, usize),
    hidden: usize,
    files: usize,
    done: bool,
}

impl Walk {
    pub(super) fn new(root: &Path, format: Option<Format>) -> Self {
        // Links are followed, as a user who links a folder in means it to be read; walkdir refuses loops.
        let entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        let root = root.to_string_lossy().into_owned();
        Walk { entries, root, format, unknown: (Vec::new(), 0), hidden: 0, files: 0, done: false }
    }

    fn close(&mut self) -> Option<Event> {
        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        let at = Origin::file(&self.root);
        let mut passed = Vec::new();
        let (names, count) = &self.unknown;
        if *count > 0 {
            let more = if *count > names.len() { ", …" } else { "" };
            passed.push(format!("{count} of no known ending ({}{more})", names.join(", ")));
        }
        if self.hidden > 0 {
            passed.push(format!("{} hidden", self.hidden));
        }
        let passed = passed.join(" and ");
        match (self.files, passed.is_empty()) {
            (0, true) => Some(skipped(at, "the folder is empty")),
            (0, false) => Some(skipped(at, format!("no file here can be read; passed over {passed}"))),
            (_, true) => None,
            (_, false) => Some(Event::Notice { at, text: format!("passed over {passed}") }),
        }
    }
}

impl Iterator for Walk {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while let Some(entry) = self.entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().map_or_else(|| PathBuf::from(&self.root), Path::to_path_buf);
                    return Some(Step::Event(Box::new(Event::Skipped(Error::io(path, error.into())))));
                }
            };
            if entry.depth() > 0 && hidden(&entry) {
                self.hidden += 1;
                if entry.file_type().is_dir() {
                    self.entries.skip_current_dir();
                }
                continue;
            }
            if !entry.file_type().is_file() {
                continue;
            }
            match self.format.or_else(|| Format::of_path(entry.path())) {
                Some(format) => {
                    self.files += 1;
                    return Some(Step::File(entry.into_path(), format));
                }
                None => {
                    self.unknown.1 += 1;
                    if self.unknown.0.len() < LISTED {
                        self.unknown.0.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
            }
        }
        self.close().map(|event| Step::Event(Box::new(event)))
    }
}

fn hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

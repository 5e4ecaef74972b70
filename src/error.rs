//! The one error type of the library. Every message names the input it is about,
//! says what was expected, and where it can, what to do.

use std::path::PathBuf;

/// What can go wrong anywhere in `demarche`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or stream could not be opened, read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file, folder or `-` for a standard stream.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// One input (a file, or one line or row of it) could not be understood; the rest goes on.
    #[error("{at}: {reason}")]
    Input {
        /// Where it stands.
        at: Origin,
        /// What was found and what was expected.
        reason: String,
    },
    /// The model's files are absent, damaged or of another make.
    #[error("model {model}: {reason}")]
    Model {
        /// The model's name or folder.
        model: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A data file of actors is wrong.
    #[error("actors file {at}: {reason}")]
    Actors {
        /// File and line.
        at: Origin,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The numbers could not be computed (shapes, devices, memory).
    #[error("inference: {0}")]
    Compute(String),
    /// Options that cannot be meant together.
    #[error("{0}")]
    Usage(String),
    /// The reader of our output went away; the run ends quietly.
    #[error("the output was closed")]
    Closed,
}

/// Result with the library's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Where a piece of input stands: a file (or `-`) and, where it has lines or rows, which one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file's path as the user gave it, or `-` for standard input.
    pub path: String,
    /// One-based line (JSON Lines, text) or row after the header (CSV, Parquet).
    pub line: Option<usize>,
}

impl Origin {
    /// A whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Origin { path: path.into(), line: None }
    }
    /// One line of a file, counted from 1.
    pub fn line(path: impl Into<String>, line: usize) -> Self {
        Origin { path: path.into(), line: Some(line) }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = if self.path == "-" { "standard input" } else { &self.path };
        match self.line {
            Some(line) => write!(f, "{path}:{line}"),
            None => write!(f, "{path}"),
        }
    }
}

impl Error {
    /// An [`Error::Io`] about `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Error::Io { path: path.into().display().to_string(), source }
    }
    /// An [`Error::Model`].
    pub fn model(model: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Model { model: model.into(), reason: reason.into() }
    }
}

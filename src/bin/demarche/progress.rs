//! A bar with rate and time left on standard error, where that is a terminal and the work is long; lines that must be
//! said go above it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{BufRead, BufReader, IsTerminal};
use std::time::Duration;

/// Progress of one run.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For these inputs; `quiet` shows none. The inputs' lines are counted first where they can be.
    pub fn new(paths: &[String], quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Progress { bar: None };
        }
        let total = paths.iter().map(|p| documents(p)).sum::<Option<u64>>();
        let bar = match total {
            // A handful of documents is done before a bar could be read.
            Some(n) if n < 8 => return Progress { bar: None },
            Some(n) => ProgressBar::new(n).with_style(style("{bar:32} {pos}/{len} documents, {per_sec}, {eta} left")),
            None => ProgressBar::new_spinner().with_style(style("{spinner} {pos} documents, {per_sec}, {elapsed}")),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(4));
        bar.enable_steady_tick(Duration::from_millis(500));
        Progress { bar: Some(bar) }
    }

    /// So many more inputs are done.
    pub fn advance(&self, inputs: u64) {
        if let Some(b) = &self.bar {
            b.inc(inputs);
        }
    }

    /// A line for standard error.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(b) => b.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Take the bar away.
    pub fn finish(&self) {
        if let Some(b) = &self.bar {
            b.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Documents in one input, where that can be told without reading it twice over slowly.
fn documents(path: &str) -> Option<u64> {
    let meta = std::fs::metadata(path).ok()?;
    if meta.is_dir() {
        return None;
    }
    let ending = std::path::Path::new(path).extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        "jsonl" | "ndjson" | "csv" | "tsv" => {
            let mut file = BufReader::with_capacity(1 << 20, std::fs::File::open(path).ok()?);
            let mut lines = 0;
            loop {
                let part = file.fill_buf().ok()?;
                if part.is_empty() {
                    return Some(lines);
                }
                lines += part.iter().filter(|&&b| b == b'\n').count() as u64;
                let n = part.len();
                file.consume(n);
            }
        }
        "parquet" => None,
        _ => Some(1),
    }
}

//! `demarche score`: read, score and write, overlapped and in input order.

use crate::args::{Format, InputFormat, Score};
use crate::commands::provenance;
use crate::{exit, progress::Progress};
use demarche::data::{Document, Scored};
use demarche::error::{Error, Result};
use demarche::pipeline::Options;
use demarche::read::{self, Event};
use demarche::write;
use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// Text that goes through the encoder together: enough to keep every core busy, small enough to start writing soon.
const CHUNK_BYTES: usize = 1 << 16;
/// Documents in a chunk at the most.
const CHUNK_DOCUMENTS: usize = 256;

static STOP: AtomicBool = AtomicBool::new(false);

/// What the run came to.
#[derive(Default)]
struct Outcome {
    documents: usize,
    paragraphs: usize,
    actors: usize,
    skipped: usize,
}

/// A chunk on its way from the reader.
#[derive(Default)]
struct Chunk {
    documents: Vec<Document>,
    bytes: usize,
    /// Input lines that this chunk stands for, skipped ones too.
    read: u64,
}

pub fn run(args: Score) -> Result<ExitCode> {
    // A second signal ends the run at once; the first lets the chunk under way be written.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    let options = read::Options {
        text_field: args.text_field.clone(),
        id_field: args.id_field.clone(),
        format: args.input_format.map(Into::into),
        max_record_bytes: args.max_record << 20,
    };
    let events = read::open(&args.paths, options)?;
    if !(0.0..=1.0).contains(&args.abstain) {
        return Err(Error::Usage(format!("--abstain {} is no probability; expected 0 to 1", args.abstain)));
    }
    // While the model loads; where no article comes, nothing waits for it.
    std::thread::spawn(demarche::segment::prepare);
    let loaded = args.model.load(Options { abstain: args.abstain })?;
    if let Some(path) = &args.provenance {
        provenance::write(path, &loaded, &args)?;
    }
    let mut sink = write::sink(output(&args)?, format(&args), args.rows.into())?;
    let progress = Progress::new(&args.paths, args.quiet || args.output.is_none() && std::io::stdout().is_terminal());
    let started = Instant::now();
    let mut outcome = Outcome::default();
    let mut told = BTreeMap::new();
    let result = std::thread::scope(|scope| {
        let (send, chunks) = sync_channel::<(Chunk, Vec<Event>)>(2);
        scope.spawn(move || feed(events, &send));
        let (scored, finished) = sync_channel::<Vec<Scored>>(2);
        let writer = scope.spawn(move || -> Result<()> {
            for chunk in finished {
                for s in &chunk {
                    sink.document(s)?;
                }
            }
            sink.finish()
        });
        for (chunk, asides) in chunks {
            for a in asides {
                outcome.skipped += usize::from(matches!(a, Event::Skipped(_)));
                progress.say(&aside(&a));
            }
            let mut done = Vec::with_capacity(chunk.documents.len());
            let origins: Vec<String> = chunk.documents.iter().map(|d| d.origin.to_string()).collect();
            for (result, origin) in loaded.pipeline.score(chunk.documents).into_iter().zip(origins) {
                match result {
                    Ok(s) => {
                        outcome.documents += 1;
                        outcome.paragraphs += s.paragraphs.len();
                        outcome.actors += s.paragraphs.iter().map(|p| p.actors.len()).sum::<usize>();
                        // What holds of many documents is said of the first and counted for the rest.
                        for n in &s.notes {
                            let count = told.entry(n.clone()).or_insert(0usize);
                            *count += 1;
                            if *count == 1 {
                                progress.say(&format!("note: {origin}: {n}"));
                            }
                        }
                        if s.paragraphs.is_empty() {
                            progress.say(&format!("note: {origin}: no running paragraph in it, nothing scored"));
                        }
                        done.push(s);
                    }
                    Err(e) => {
                        outcome.skipped += 1;
                        progress.say(&format!("skipped: {origin}: {e}"));
                    }
                }
            }
            progress.advance(chunk.read);
            // The writer is gone only when it failed; its reason is collected below.
            if scored.send(done).is_err() || STOP.load(Ordering::SeqCst) {
                break;
            }
        }
        drop(scored);
        writer.join().unwrap_or_else(|_| Err(Error::Compute("the writer stopped".into())))
    });
    progress.finish();
    result?;
    for (note, count) in told.iter().filter(|(_, count)| **count > 1) {
        eprintln!("note: {} more documents: {note}", count - 1);
    }
    if !args.quiet {
        summary(&outcome, started.elapsed().as_secs_f64());
    }
    Ok(match (STOP.load(Ordering::SeqCst), outcome.skipped) {
        (true, _) => exit::interrupted(),
        (_, 0) => ExitCode::SUCCESS,
        _ => exit::partial(),
    })
}

/// Gather documents into chunks; what is said about the input travels with them.
fn feed(events: read::Events, send: &std::sync::mpsc::SyncSender<(Chunk, Vec<Event>)>) {
    let (mut chunk, mut asides) = (Chunk::default(), Vec::new());
    for e in events {
        match e {
            Event::Document(d) => {
                chunk.bytes += d.text.len();
                chunk.documents.push(d);
                chunk.read += 1;
            }
            Event::Notice { .. } => asides.push(e),
            Event::Skipped(_) => {
                chunk.read += 1;
                asides.push(e);
            }
        }
        if chunk.bytes >= CHUNK_BYTES || chunk.documents.len() >= CHUNK_DOCUMENTS || asides.len() >= CHUNK_DOCUMENTS {
            // No receiver: the run is over.
            if send.send((std::mem::take(&mut chunk), std::mem::take(&mut asides))).is_err() {
                return;
            }
        }
    }
    let _ = send.send((chunk, asides));
}

fn aside(e: &Event) -> String {
    match e {
        Event::Notice { at, text } => format!("note: {at}: {text}"),
        Event::Skipped(e) => format!("skipped: {e}"),
        Event::Document(d) => d.origin.to_string(),
    }
}

fn output(args: &Score) -> Result<Box<dyn Write + Send>> {
    Ok(match &args.output {
        Some(path) => Box::new(BufWriter::new(std::fs::File::create(path).map_err(|e| Error::io(path, e))?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    })
}

fn format(args: &Score) -> write::Format {
    let terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let view = || write::Format::Terminal {
        colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        width: textwrap::termwidth(),
    };
    match args.format {
        Some(Format::Jsonl) => write::Format::JsonLines,
        Some(Format::Json) => write::Format::Json,
        Some(Format::Csv) => write::Format::Csv,
        Some(Format::Terminal) => view(),
        None if terminal => view(),
        None => write::Format::JsonLines,
    }
}

fn summary(o: &Outcome, seconds: f64) {
    let rate = o.paragraphs as f64 / seconds.max(1e-6);
    let skipped = match o.skipped {
        0 => String::new(),
        1 => "; 1 input skipped".into(),
        n => format!("; {n} inputs skipped"),
    };
    eprintln!(
        "scored {} documents, {} paragraphs, {} actors in {seconds:.1} s ({rate:.0} paragraphs/s){skipped}",
        o.documents, o.paragraphs, o.actors
    );
}

impl From<InputFormat> for read::Format {
    fn from(f: InputFormat) -> Self {
        match f {
            InputFormat::Text => read::Format::Text,
            InputFormat::Html => read::Format::Html,
            InputFormat::Jsonl => read::Format::JsonLines,
            InputFormat::Csv => read::Format::Csv,
            InputFormat::Tsv => read::Format::Tsv,
            InputFormat::Parquet => read::Format::Parquet,
        }
    }
}

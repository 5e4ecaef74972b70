//! One file per command.

mod actors;
mod audit;
mod eval;
mod model;
mod provenance;
mod score;
mod train;

use crate::args::{Args, Command, EngineName, ModelChoice};
use demarche::actors::Gazetteer;
use demarche::data::Document;
use demarche::error::{Error, Result};
use demarche::pipeline::{Options, Pipeline};
use demarche::read::{self, Event};
use demarche::stance::engine::Engine;
use demarche::store::Model;
use demarche::write::{self, schema};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Run what was asked for.
pub fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Score(a) => score::run(a),
        Command::Eval(a) => eval::run(a),
        Command::Audit(a) => audit::run(a),
        Command::Train(a) => train::run(a),
        Command::Actors(a) => actors::run(a),
        Command::Model(a) => model::run(a),
        Command::Schema { rows } => {
            print(&pretty(&schema::schema(rows.into()))?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// One line or document to standard output; a closed pipe is no fault.
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|e| if e.kind() == std::io::ErrorKind::BrokenPipe { Error::Closed } else { Error::io("-", e) })
}

/// Everything that can be read from `paths`, and how many inputs could not; what there is to say goes to standard error.
fn documents(paths: &[String]) -> Result<(Vec<Document>, usize)> {
    let (mut documents, mut skipped) = (Vec::new(), 0);
    for event in read::open(paths, read::Options::default())? {
        match event {
            Event::Document(d) => documents.push(d),
            Event::Notice { at, text } => eprintln!("note: {at}: {text}"),
            Event::Skipped(e) => {
                skipped += 1;
                eprintln!("skipped: {e}");
            }
        }
    }
    Ok((documents, skipped))
}

fn pretty(v: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(v).map_err(|e| Error::Compute(format!("could not be written as JSON: {e}")))
}

/// What the user chose, loaded.
struct Loaded {
    model: Model,
    pipeline: Pipeline,
    engine: String,
}

impl Loaded {
    /// Which model computed, and how: the head of a report in JSON.
    fn json(&self) -> Value {
        let m = &self.model.manifest;
        json!({"name": m.name, "version": m.version, "sha256": self.model.digest(), "engine": self.engine})
    }
}

impl ModelChoice {
    fn load(&self, options: Options) -> Result<Loaded> {
        if self.threads > 0 {
            // Fails only where a pool exists already, which is then the one we asked for.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build_global();
        }
        // What does not wait for each other goes side by side: a short document should not wait long for its answer.
        let (gazetteer, model) = rayon::join(
            || {
                let gazetteer = Gazetteer::shipped()?;
                match &self.actors {
                    Some(f) => gazetteer.with_file(f),
                    None => Ok(gazetteer),
                }
            },
            || -> Result<_> {
                let model = Model::open(&self.model)?;
                let engine = self.engine(&model)?;
                let composer = model.composer()?;
                Ok((model, engine, composer))
            },
        );
        let (gazetteer, (model, engine, composer)) = (gazetteer?, model?);
        let name = engine.name();
        let pipeline = Pipeline::new(&model, engine, composer, gazetteer, options);
        Ok(Loaded { model, pipeline, engine: name })
    }

    fn engine(&self, model: &Model) -> Result<Engine> {
        let gpu = cfg!(any(feature = "cuda", feature = "metal"));
        match self.engine {
            EngineName::Auto if gpu => Self::candle(model),
            EngineName::Auto | EngineName::Int8 => {
                Engine::int8(&model.config, model.shards.iter().map(demarche::store::Bytes::shared).collect())
            }
            EngineName::Candle => Self::candle(model),
        }
    }

    fn candle(model: &Model) -> Result<Engine> {
        let shards: Vec<&[u8]> = model.shards.iter().map(|s| &**s).collect();
        Engine::candle(&model.config, &shards)
    }
}

impl From<crate::args::Rows> for write::Rows {
    fn from(r: crate::args::Rows) -> Self {
        match r {
            crate::args::Rows::Actor => write::Rows::Actor,
            crate::args::Rows::Paragraph => write::Rows::Paragraph,
            crate::args::Rows::Document => write::Rows::Document,
        }
    }
}

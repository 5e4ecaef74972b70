//! `demarche train`: candle on the CPU, or on a GPU where the build has one.

use super::documents;
use crate::args::{EngineName, ModelChoice, Train};
use crate::exit;
use demarche::error::{Error, Result};
use demarche::gold::GoldParagraph;
use demarche::store::Model;
use demarche::train::{Card, Event, Options, Start, Weights};
use demarche::{gold, pipeline, train};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

pub fn run(args: Train) -> Result<ExitCode> {
    let mut paragraphs = Vec::new();
    for f in &args.train {
        paragraphs.extend(gold::read(f)?);
    }
    let mut trained_on: Vec<String> = args.train.iter().map(|p| p.display().to_string()).collect();
    let dev = args.dev.iter().map(|f| gold::read(f)).collect::<Result<Vec<_>>>()?;
    if args.epochs == 0 || args.tokens == 0 || !(0.0..1.0).contains(&args.dropout) {
        return Err(Error::Usage("--epochs and --tokens must be above 0, --dropout from 0 to below 1".into()));
    }
    if !(0.0..=1.0).contains(&args.gold) || !(0.0..=1.0).contains(&args.swap) {
        return Err(Error::Usage("--gold and --swap are shares, from 0 to 1".into()));
    }
    let mut skipped = 0;
    if let Some(name) = &args.teacher {
        let (said, left_out) = teach(name, args.gold, &args.uncoded, &mut paragraphs)?;
        trained_on.extend(said);
        skipped = left_out;
    }
    let (start, base, rates) = start(args.base, args.init)?;
    let card = Card { name: args.name, base, trained_on, command: std::env::args().collect::<Vec<_>>().join(" ") };
    let options = Options {
        start,
        out: args.out.clone(),
        epochs: args.epochs,
        lr: args.lr.unwrap_or(rates[0]),
        head_lr: args.head_lr.unwrap_or(rates[1]),
        tokens: args.tokens,
        context: args.context,
        swap: args.swap,
        freeze: args.freeze,
        dropout: args.dropout,
        class_weights: args.class_weights,
        weights: Weights::default(),
        seed: args.seed,
        max_steps: args.max_steps,
        card,
    };
    let names: Vec<String> = args.dev.iter().map(|p| p.display().to_string()).collect();
    let mut log = Log { bar: None, names };
    let done = train::train(&paragraphs, &dev, &options, &mut |e| log.tell(&e))?;
    match done.model {
        Some(folder) => {
            eprintln!("best mean macro-F1 {:.4}; score with it: --model {}", done.best, folder.display());
        }
        None => eprintln!("stopped by --max-steps: no model written; the same command without it goes on"),
    }
    Ok(if skipped == 0 { ExitCode::SUCCESS } else { exit::partial() })
}

/// What the run starts from, how the manifest names it, and the learning rates of encoder and heads that suit it.
fn start(base: Option<PathBuf>, init: Option<String>) -> Result<(Start, String, [f64; 2])> {
    match (base, init) {
        (Some(base), _) => {
            let name = base.file_name().map_or_else(|| base.display().to_string(), |n| n.to_string_lossy().into());
            Ok((Start::Base(base), name, [8e-5, 5e-4]))
        }
        (None, Some(init)) => {
            let model = Model::open(&init)?;
            let m = &model.manifest;
            let name = format!("{} {} ({})", m.name, m.version, m.base);
            Ok((Start::Model(Box::new(model)), name, [2e-5, 1e-4]))
        }
        (None, None) => Err(Error::Usage("a run starts from --base or from --init".into())),
    }
}

/// Let `teacher` say what it thinks of the coded paragraphs, and add those that nobody coded. Returns what the manifest is
/// to say of it, and how many inputs were skipped.
fn teach(
    teacher: &str,
    gold: f32,
    uncoded: &[String],
    paragraphs: &mut Vec<GoldParagraph>,
) -> Result<(Vec<String>, usize)> {
    let choice = ModelChoice { model: teacher.into(), engine: EngineName::Auto, threads: 0, actors: None };
    let loaded = choice.load(pipeline::Options::default())?;
    let m = &loaded.model.manifest;
    let left = train::teacher::soften(&loaded.pipeline, paragraphs, gold)?;
    let name = format!("{} {}", m.name, m.version);
    eprintln!("{name} was asked about {} coded paragraphs; {left} keep their labels alone", paragraphs.len());
    let mut said = vec![format!("what {name} says of these")];
    let mut skipped = 0;
    if !uncoded.is_empty() {
        let (texts, left_out) = documents(uncoded)?;
        skipped = left_out;
        let found = train::teacher::find(&loaded.pipeline, texts)?;
        said.push(format!("what {name} says of {} paragraphs that nobody coded", found.len()));
        eprintln!("{name} found actors in {} paragraphs that nobody coded", found.len());
        paragraphs.extend(found);
    }
    Ok((said, skipped))
}

/// Tells the run's events on standard error.
struct Log {
    bar: Option<ProgressBar>,
    names: Vec<String>,
}

impl Log {
    fn say(&self, line: &str) {
        match &self.bar {
            Some(b) => b.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn tell(&mut self, e: &Event) {
        match e {
            Event::Start { paragraphs, steps, done, parameters } => {
                let resumed = if *done > 0 { format!(", going on after step {done}") } else { String::new() };
                eprintln!("{paragraphs} paragraphs, {steps} steps, {parameters} trainable numbers{resumed}");
                if std::io::stderr().is_terminal() {
                    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} steps, {per_sec}, {eta} left {msg}");
                    let bar = ProgressBar::new(*steps as u64).with_position(*done as u64);
                    self.bar = Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
                }
            }
            Event::Step { step, loss, seconds } => match &self.bar {
                Some(b) => {
                    b.set_position(*step as u64);
                    b.set_message(format!("loss {loss:.3}"));
                }
                None if step % 20 == 0 => eprintln!("step {step}  loss {loss:.3}  {seconds:.0} s"),
                None => {}
            },
            Event::Epoch { epoch, loss, dev, score, best } => {
                let kept = if *best { ", kept" } else { "" };
                self.say(&format!("epoch {epoch}  loss {loss:.4}  mean macro-F1 {score:.4}{kept}"));
                for (name, r) in self.names.iter().zip(dev.iter()) {
                    let (g, e) = (r.given.macro_f1, r.end_to_end.f1());
                    self.say(&format!("  {name}: given actors {g:.4}, end to end {e:.4}"));
                }
            }
        }
    }
}
